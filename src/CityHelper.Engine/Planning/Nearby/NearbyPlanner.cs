using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Writing;
using GraphQL;
using GraphQL.Types;

namespace CityHelper.Engine.Planning.Nearby;

/// <summary>Plans the rows around a position: one statement for the page, and one for the rows before it where that is selected.</summary>
internal sealed class NearbyPlanner(RowPlanner rows, SelectionCollector collector)
{
    public RootPlan Plan(CollectedField field, FieldType definition, NearbyBinding binding, string parent)
    {
        ConnectionArguments arguments = ConnectionArguments.Of(rows, field, definition, binding.Rows, parent);
        var filter = new CompiledFilter(binding.Rows, arguments.Filter);
        var question = new NearbyQuestion(
            binding.Rows,
            arguments.Filter,
            new PositionArgument(rows.Argument(field, definition, NearbyBinding.PositionArgument)!),
            rows.Argument(field, definition, NearbyBinding.MetresArgument)!,
            arguments.After is not null);
        var source = new NearbySource(question);
        var select = new SelectPlan(source);
        int metres = select.Column(SelectPlan.Row, NearbySource.Metres);
        EntityMap entity = source.Entity;
        KeysetColumns keyset = new KeysetColumns(
            select.Expression(SelectPlan.Row, entity.RowKey(SelectPlan.Row), [entity.RowColumn]), metres, IsDouble: true);
        var writers = new ConnectionWriters(rows, collector);
        ObjectWriter writer = writers.Connection(
            select, keyset, (IObjectGraphType)definition.ResolvedType!.GetNamedType(), field, binding.Rows.Row);
        rows.Add(new RootStatement(select, keyset, writers.Outputs));
        return new NearbyPlan(Planner.Writer(field, definition, writer))
        {
            Question = question,
            Arguments = arguments,
            Tenant = rows.Tenant(field, definition, binding.Tenant)!,
            Filter = filter,
            NeedsCursors = writers.NeedsCursors,
            Statements = rows.Statements,
            Nested = rows.Nested,
            NestedRoots = rows.NestedRoots,
            Probes = question.HasAfter && writers.Selects("hasPreviousPage")
                ? [new FactStatement(ListFact.HasRowsBefore, source.ExistsSql)]
                : [],
        };
    }
}
