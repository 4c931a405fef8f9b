using CityHelper.Engine.Bindings;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Operations;
using CityHelper.Engine.Types;
using GraphQL;
using GraphQL.Types;
using GraphQLParser.AST;

namespace CityHelper.Engine.Planning;

/// <summary>Compiles operations to plans.</summary>
/// <param name="schema">The schema that operations were validated against.</param>
/// <param name="cursorKeys">The keys of cursors.</param>
internal sealed class Planner(ISchema schema, CursorKeys cursorKeys)
{
    /// <summary>The plan of an operation for one shape of its variables.</summary>
    /// <exception cref="PlanException">The operation is larger than the limits allow.</exception>
    public OperationPlan Compile(Operation operation, VariableValues variables)
    {
        var collector = new SelectionCollector(operation, schema, variables);
        List<CollectedField> fields = collector.Collect(schema.Query, [operation.Definition.SelectionSet]);
        if (fields.Count > Limits.RootFieldsMax)
        {
            throw new PlanException(new OperationTooLargeError(
                $"The operation has {fields.Count} root fields, {Limits.RootFieldsMax} are allowed: send several operations."));
        }

        var roots = new List<RootPlan>(fields.Count);
        var meta = new List<GraphQLField>();
        CachePolicy? cache = null;
        foreach (CollectedField field in fields)
        {
            roots.Add(Root(field, collector, variables, meta, ref cache));
        }

        if (roots.Sum(r => r.Statements.Count + (r.Count is null ? 0 : 1)) > Limits.BatchStatementsMax)
        {
            throw new PlanException(new OperationTooLargeError(
                $"The operation needs more than {Limits.BatchStatementsMax} statements: send several operations."));
        }

        return new OperationPlan(roots, meta.Count > 0 ? CachePolicy.None : cache ?? CachePolicy.None, meta);
    }

    private RootPlan Root(
        CollectedField field, SelectionCollector collector, VariableValues variables, List<GraphQLField> meta, ref CachePolicy? cache)
    {
        switch (field.Name)
        {
            case "__typename":
                return new RootPlan(RowPlanner.Field(field, nonNull: true, RowPlanner.TypeName(schema.Query)), []);
            case "__schema" or "__type":
                meta.AddRange(field.Nodes);
                return new MetaRootPlan(RowPlanner.Field(field, nonNull: false, new MetaWriter(field.ResponseName)));
        }

        FieldType definition = schema.Query.Fields.Find(field.Name)!;
        CachePolicy policy = CachePolicy.Of(definition);
        cache = cache is null ? policy : cache.And(policy);
        var rows = new RowPlanner(collector, variables);
        return FieldBinding.Of(definition) switch
        {
            UniqueRowBinding unique => SingleRow(rows, field, definition,
                new UniqueRowSource(unique.Entity, unique.Column.Name, rows.Argument(field, definition, unique.Argument)!)),
            AllRowsBinding all => AllRows(rows, field, definition, all),
            RowOfPartitionBinding row => RowOfPartition(rows, field, definition, row),
            ConnectionBinding connection => new ConnectionPlanner(rows, collector, cursorKeys).Plan(field, definition, connection),
            _ => throw new InvalidOperationException($"Query.{field.Name} has no root binding."),
        };
    }

    private static RootPlan SingleRow(RowPlanner rows, CollectedField field, FieldType definition, RowSource source)
    {
        AddRowStatement(rows, field, definition, source);
        return new RootPlan(Writer(field, definition, new SingleRowWriter()), rows.Statements);
    }

    private static RootPlan AllRows(RowPlanner rows, CollectedField field, FieldType definition, AllRowsBinding binding)
    {
        AddRowStatement(rows, field, definition, new AllRowsSource(binding.Entity, binding.OrderBy.Name));
        return new RootPlan(Writer(field, definition, new RowListWriter(0)), rows.Statements);
    }

    private static RootPlan RowOfPartition(RowPlanner rows, CollectedField field, FieldType definition, RowOfPartitionBinding binding)
    {
        InputNode? id = Given(rows.Argument(field, definition, RowOfPartitionBinding.IdArgument));
        InputNode? external = Given(rows.Argument(field, definition, binding.External.Argument));
        FieldWriter writer = Writer(field, definition, new SingleRowWriter());
        if (id is null == external is null)
        {
            return new RefusedRootPlan(
                writer, new ExactlyOneArgumentError($"`{RowOfPartitionBinding.IdArgument}` and `{binding.External.Argument}`"));
        }

        RowSource source = id is not null
            ? new RowByKeySource(binding.Entity)
            : new RowByExternalKeySource(binding.Entity, binding.External, external!);
        AddRowStatement(rows, field, definition, source);
        InputNode partition = rows.Argument(field, definition, binding.Partition.Name)!;
        return new RowOfPartitionPlan(writer, rows.Statements, binding, partition, id);
    }

    private static void AddRowStatement(RowPlanner rows, CollectedField field, FieldType definition, RowSource source)
    {
        var select = new SelectPlan(source);
        ObjectWriter row = rows.Row(select, (IObjectGraphType)definition.ResolvedType!.GetNamedType(), field.SelectionSets);
        rows.Add(new RootStatement(select, keyOrdinal: -1, [row]));
    }

    private static InputNode? Given(InputNode? node) => node is null || node.IsNull ? null : node;

    internal static FieldWriter Writer(CollectedField field, FieldType definition, ValueWriter value) =>
        RowPlanner.Field(field, definition.ResolvedType is NonNullGraphType, value);
}
