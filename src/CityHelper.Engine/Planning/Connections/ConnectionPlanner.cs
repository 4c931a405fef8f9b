using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Writing;
using GraphQL;
using GraphQL.Types;

namespace CityHelper.Engine.Planning.Connections;

/// <summary>
/// Plans a connection: one statement for its rows, wherever they are selected, one for the count, and one for each side of the page where
/// the page itself does not show whether there are rows.
/// </summary>
internal sealed class ConnectionPlanner(RowPlanner rows, SelectionCollector collector)
{
    private readonly ConnectionWriters _writers = new(rows, collector);

    /// <summary>Plans a connection of a tenant.</summary>
    /// <param name="field">The field.</param>
    /// <param name="definition">Its definition.</param>
    /// <param name="connection">The rows.</param>
    /// <param name="parent">The type that has the field.</param>
    /// <param name="tenant">The argument that names the tenant; null when nested in a row.</param>
    public RootPlan Plan(CollectedField field, FieldType definition, ConnectionRows connection, string parent, TenantArgument? tenant)
    {
        ConnectionArguments arguments = ConnectionArguments.Of(rows, field, definition, connection, parent);
        if (RowOrder.Of(connection, arguments.Order) is not { } order)
        {
            return new RefusedRootPlan(Planner.Writer(field, definition, new SingleRowWriter()), NoOrder(connection, arguments));
        }

        var filter = new CompiledFilter(connection, arguments.Filter);
        ConnectionQuestion question = Question(connection, arguments, order);
        var source = new ConnectionSource(question, ConnectionPart.Page);
        var select = new SelectPlan(source);
        KeysetColumns keyset = Keyset(select, connection.Access.Entity, new KeysetConditions(question, ConnectionPart.Page));
        ObjectWriter writer = _writers.Connection(
            select, keyset, (IObjectGraphType)definition.ResolvedType!.GetNamedType(), field, connection.Row);
        rows.Add(new RootStatement(select, keyset, _writers.Outputs));
        return new ConnectionPlan(Planner.Writer(field, definition, writer))
        {
            Question = question,
            Arguments = arguments,
            Tenant = rows.Tenant(field, definition, tenant),
            Filter = filter,
            NeedsCursors = _writers.NeedsCursors,
            Statements = rows.Statements,
            Nested = rows.Nested,
            NestedRoots = rows.NestedRoots,
            Backward = question.Backward,
            Probes = [.. Probes(question).Select(part => new FactStatement(FactOf(part), new ConnectionSource(question, part).ExistsSql))],
            Count = _writers.Selects("totalCount") ? new FactStatement(ListFact.TotalCount, source.CountSql) : null,
        };
    }

    /// <summary>Plans a connection over the rows that reference each row of another select.</summary>
    /// <returns>The writer of the connection, for a parent whose rows are the current page.</returns>
    public ValueWriter PlanNested(
        CollectedField field,
        FieldType definition,
        NestedConnectionBinding binding,
        IObjectGraphType parentType,
        SelectPlan parents,
        string alias)
    {
        ConnectionArguments arguments = ConnectionArguments.Of(rows, field, definition, binding.Rows, parentType.Name);
        RowOrder? order = RowOrder.Of(binding.Rows, arguments.Order);
        if (order is not { Kind: OrderKind.Key })
        {
            return new RefusedWriter(NoOrder(binding.Rows, arguments));
        }

        var filter = new CompiledFilter(binding.Rows, arguments.Filter);
        ConnectionQuestion question = Question(binding.Rows, arguments, order);
        int number = rows.ReserveNested();
        var source = new NestedSource(new NestedQuestion(
            number, parents, alias, binding.ParentColumn, binding.Rows.Access.Entity, binding.ChildColumn, question,
            order.KeyDescending != question.Backward));
        var select = new SelectPlan(source);
        int parentKey = select.Column(SelectPlan.Row, NestedSource.ParentKey);
        KeysetColumns keyset = new KeysetColumns(select.Column(SelectPlan.Row, source.Entity.RowColumn), -1);
        ObjectWriter writer = rows.Within(number, () =>
            _writers.Connection(select, keyset, (IObjectGraphType)definition.ResolvedType!.GetNamedType(), field, binding.Rows.Row));
        rows.Add(new NestedStatement(number, select, parentKey, keyset, _writers.Outputs));
        AddNumbers(number, source, question);
        rows.SetNested(number, new NestedConnectionPlan(rows.Parent)
        {
            Arguments = arguments,
            Question = question,
            Filter = filter,
            ChildColumn = binding.ChildColumn,
            OutputCount = _writers.Outputs.Count,
        });
        return new NestedWriter(number, parents.Column(alias, binding.ParentColumn), writer);
    }

    private void AddNumbers(int number, NestedSource source, ConnectionQuestion question)
    {
        foreach (ConnectionPart part in Probes(question))
        {
            rows.Add(new NestedFactStatement(number, FactOf(part), statement => source.ExistsSql(statement, part), isAggregate: false));
        }

        if (_writers.Selects("totalCount"))
        {
            rows.Add(new NestedFactStatement(number, ListFact.TotalCount, source.CountSql, question.Rows.Access.MayBeMany));
        }
    }

    private static ConnectionQuestion Question(ConnectionRows connection, ConnectionArguments arguments, RowOrder order) =>
        new(
            connection,
            arguments.Filter,
            arguments.Area?.Kind,
            order,
            arguments.After is not null,
            arguments.Before is not null,
            arguments.Backward);

    private static OrderNotIndexedError NoOrder(ConnectionRows rows, ConnectionArguments arguments) => new(
        string.Join(", ", rows.Sort.Fields.Select(f => f.Name)),
        "sort by one of these, with `createdAt` after it at most; below a row by `createdAt` only",
        arguments.Coordinate);

    private IEnumerable<ConnectionPart> Probes(ConnectionQuestion question)
    {
        if (question.HasAfter && _writers.Selects("hasPreviousPage"))
        {
            yield return ConnectionPart.BeforePage;
        }

        if (question.HasBefore && _writers.Selects("hasNextPage"))
        {
            yield return ConnectionPart.BehindPage;
        }
    }

    private static ListFact FactOf(ConnectionPart part) =>
        part == ConnectionPart.BeforePage ? ListFact.HasRowsBefore : ListFact.HasRowsBehind;

    private static KeysetColumns Keyset(SelectPlan select, EntityMap entity, KeysetConditions source) => new(
        select.Expression(SelectPlan.Row, entity.RowKey(SelectPlan.Row), [entity.RowColumn]),
        source.CursorValue(SelectPlan.Row) is { } value ? select.Expression(SelectPlan.Row, value, [source.CursorColumn]) : -1);
}
