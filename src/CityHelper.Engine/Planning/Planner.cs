using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Planning.Statistics;
using CityHelper.Engine.Planning.Nearby;
using CityHelper.Engine.Planning.Similar;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Writing;
using GraphQL;
using GraphQL.Types;
using GraphQLParser.AST;

namespace CityHelper.Engine.Planning;

/// <summary>Compiles operations into plans.</summary>
/// <param name="schema">The schema that operations were validated against.</param>
internal sealed class Planner(ISchema schema)
{
    /// <summary>The plan of an operation for one signature of its variables.</summary>
    /// <exception cref="PlanException">The operation is larger than the limits allow.</exception>
    public OperationPlan Compile(Operation operation, VariableValues variables)
    {
        var tables = new TablesRead(schema, variables);
        var collector = new SelectionCollector(operation, schema, variables, tables);
        List<CollectedField> fields = collector.Collect(operation.Root, [operation.Definition.SelectionSet]);
        if (fields.Count > Limits.RootFieldsMax)
        {
            throw new PlanException(new OperationTooLargeError(
                $"The operation has {fields.Count} root fields, {Limits.RootFieldsMax} are allowed: send several operations."));
        }

        var roots = new List<RootPlan>(fields.Count);
        var meta = new List<GraphQLField>();
        new IntrospectionEstimate(operation).Check(fields.Where(f => f.Name is "__schema" or "__type").SelectMany(f => f.Nodes));
        foreach (CollectedField field in fields)
        {
            roots.Add(Root(operation, field, collector, variables, meta));
        }

        if (roots.Sum(r => r.StatementCount) + 1 > Limits.BatchStatementsMax)
        {
            throw new PlanException(new OperationTooLargeError(
                $"The operation needs more than {Limits.BatchStatementsMax} statements: send several operations."));
        }

        // Validation allows one field; `@skip` may leave none, and `__typename` is no event.
        if (operation.Definition.Operation == OperationType.Subscription && roots is not [SubscriptionPlan])
        {
            throw new PlanException(new SubscriptionInvalidError("A subscription selects one field of `Subscription`."));
        }

        return new OperationPlan(roots, meta.Count > 0 ? CachePolicy.None : collector.Cache ?? CachePolicy.None, meta, collector.Fields)
        {
            Tables = tables.Names,
            Further = tables.Further,
        };
    }

    private static RootPlan Root(
        Operation operation, CollectedField field, SelectionCollector collector, VariableValues variables, List<GraphQLField> meta)
    {
        IObjectGraphType root = operation.Root;
        switch (field.Name)
        {
            case "__typename":
                return new RootPlan(RowPlanner.Field(field, nonNull: true, RowPlanner.TypeName(root)));
            case "__schema" or "__type":
                meta.AddRange(field.Nodes);
                return new MetaRootPlan(RowPlanner.Field(field, nonNull: false, new MetaWriter(field.ResponseName)));
        }

        FieldType definition = root.Fields.Find(field.Name)!;
        collector.NoteRootCache(definition);
        FieldBinding? binding = FieldBinding.Of(definition);
        var rows = new RowPlanner(collector, variables, hasTenant: binding is UniqueRowBinding { Tenant: not null } or RowByIdBinding);
        return binding switch
        {
            UniqueRowBinding unique => UniqueRow(rows, field, definition, unique),
            AllRowsBinding all => AllRows(rows, field, definition, all),
            RowOfTenantBinding row => RowOfTenant(rows, field, definition, row),
            RowByIdBinding row => RowById(rows, field, definition, row),
            ConnectionBinding connection => new ConnectionPlanner(rows, collector)
                .Plan(field, definition, connection.Rows, root.Name, connection.Tenant),
            AggregateBinding aggregates => new AggregatePlanner(rows, collector).Plan(field, definition, aggregates, root.Name),
            ClusterBinding clusters => new AggregatePlanner(rows, collector).Plan(field, definition, clusters, root.Name),
            NearbyBinding nearby => new NearbyPlanner(rows, collector).Plan(field, definition, nearby, root.Name),
            SimilarToDraftBinding draft => new SimilarPlanner(rows, collector).PlanRoot(field, definition, draft, root.Name),
            NodeBinding node => Node(rows, field, definition, node, collector, variables),
            SubscriptionBinding subscription => new SubscriptionPlanner(operation, collector, variables)
                .Plan(field, definition, subscription),
            MutationBinding mutation => new MutationPlanner(collector, variables).Plan(field, definition, mutation),
            _ => throw new InvalidOperationException($"{root.Name}.{field.Name} has no root binding."),
        };
    }

    private static UniqueRowPlan UniqueRow(RowPlanner rows, CollectedField field, FieldType definition, UniqueRowBinding binding)
    {
        InputNode name = rows.Argument(field, definition, binding.Argument)!;
        AddRowStatement(rows, field, definition, new UniqueRowSource(binding.Entity, binding.Column.Name, name));
        return new UniqueRowPlan(Writer(field, definition, new SingleRowWriter()), binding, name)
        {
            Statements = rows.Statements,
            Nested = rows.Nested,
            NestedRoots = rows.NestedRoots,
        };
    }

    private static RootPlan AllRows(RowPlanner rows, CollectedField field, FieldType definition, AllRowsBinding binding)
    {
        AddRowStatement(rows, field, definition, new AllRowsSource(binding.Entity, binding.OrderBy.Name));
        return new RootPlan(Writer(field, definition, new RowListWriter(0)))
        {
            Statements = rows.Statements,
            Nested = rows.Nested,
            RowsMax = Limits.ListRowsMax,
        };
    }

    private static RootPlan RowOfTenant(RowPlanner rows, CollectedField field, FieldType definition, RowOfTenantBinding binding)
    {
        InputNode? id = rows.GivenArgument(field, definition, RowOfTenantBinding.IdArgument);
        InputNode? external = rows.GivenArgument(field, definition, binding.External.Argument);
        FieldWriter writer = Writer(field, definition, new SingleRowWriter());
        if (id is null == external is null)
        {
            return new RefusedRootPlan(
                writer, new ExactlyOneArgumentError($"`{RowOfTenantBinding.IdArgument}` and `{binding.External.Argument}`"));
        }

        RowSource source = id is not null
            ? new RowsByKeySource(binding.Entity, several: false)
            : new RowByExternalKeySource(binding.Entity, binding.External, external!);
        AddRowStatement(rows, field, definition, source);
        return new RowOfTenantPlan(writer, binding, rows.Tenant(field, definition, binding.Tenant)!, id)
        {
            Statements = rows.Statements,
            Nested = rows.Nested,
        };
    }

    private static RowByIdPlan RowById(RowPlanner rows, CollectedField field, FieldType definition, RowByIdBinding binding)
    {
        InputNode id = rows.Argument(field, definition, RowByIdBinding.IdArgument)!;
        AddRowStatement(rows, field, definition, new RowsByKeySource(binding.Entity, several: false));
        return new RowByIdPlan(Writer(field, definition, new SingleRowWriter()), binding, id)
        {
            Statements = rows.Statements,
            Nested = rows.Nested,
            NestedRoots = rows.NestedRoots,
        };
    }

    private static void AddRowStatement(RowPlanner rows, CollectedField field, FieldType definition, RowSource source)
    {
        var select = new SelectPlan(source);
        ObjectWriter row = rows.Row(select, (IObjectGraphType)definition.ResolvedType!.GetNamedType(), field.SelectionSets);
        rows.Add(new RootStatement(select, keyset: null, [row]));
    }

    private static NodePlan Node(
        RowPlanner rows,
        CollectedField field,
        FieldType definition,
        NodeBinding binding,
        SelectionCollector collector,
        VariableValues variables)
    {
        InputNode ids = rows.Argument(field, definition, binding.IsList ? NodeBinding.IdsArgument : NodeBinding.IdArgument)!;
        FieldWriter writer = Writer(field, definition, new NodesWriter(binding.IsList));
        var node = (IInterfaceGraphType)definition.ResolvedType!.GetNamedType();
        return new NodePlan(writer, binding, ids, node.PossibleTypes.ToDictionary(
            type => type.Name, type => RowsByKey(writer, field, type, collector, variables)));
    }

    private static RowsByKeyPlan RowsByKey(
        FieldWriter writer, CollectedField field, IObjectGraphType type, SelectionCollector collector, VariableValues variables)
    {
        EntityMap entity = type.Fields.Select(FieldBinding.Of).OfType<GlobalIdBinding>().Single().Entity;
        bool isTenant = entity.TenantColumn is null;
        var rows = new RowPlanner(collector, variables, hasTenant: isTenant);
        var select = new SelectPlan(new RowsByKeySource(entity, several: true));
        int key = select.Expression(SelectPlan.Row, entity.RowKey(SelectPlan.Row), [entity.RowColumn]);
        ObjectWriter row = rows.Row(select, type, field.SelectionSets);
        rows.Add(new NodeStatement(select, key, row));
        return new RowsByKeyPlan(writer, entity)
        {
            Statements = rows.Statements,
            Nested = rows.Nested,
            NestedRoots = rows.NestedRoots,
        };
    }

    internal static FieldWriter Writer(CollectedField field, FieldType definition, ValueWriter value) =>
        RowPlanner.Field(field, definition.ResolvedType is NonNullGraphType, value);
}
