using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Filters;
using GraphQL;
using GraphQL.Types;
using GraphQLParser.AST;

namespace CityHelper.Checks.Manifests;

/// <summary>
/// The tables that an operation may read with any variables, as its bindings declare them: each plan of it reads some of them.
/// </summary>
internal static class OperationReads
{
    /// <summary>The tables, by name.</summary>
    /// <param name="schema">The schema.</param>
    /// <param name="operation">The operation.</param>
    /// <param name="variables">Its usual variables: <c>@skip</c> and <c>@include</c> follow them.</param>
    /// <exception cref="PlanException">The operation selects more fields than allowed.</exception>
    public static IReadOnlyCollection<string> Of(ISchema schema, Operation operation, VariableValues variables)
    {
        var tables = new TablesRead(schema, variables: null);
        Walk(new SelectionCollector(operation, schema, variables, tables), operation.Root, [operation.Definition.SelectionSet]);
        return tables.Names;
    }

    // The collector notes the tables. An id may be of any type of nodes, and its row is looked up whatever is selected of it.
    private static void Walk(SelectionCollector collector, IObjectGraphType type, IEnumerable<GraphQLSelectionSet> selections)
    {
        foreach (CollectedField field in collector.Collect(type, selections))
        {
            IGraphType? below = type.Fields.Find(field.Name)?.ResolvedType!.GetNamedType();
            IEnumerable<IObjectGraphType> objects = below switch
            {
                IObjectGraphType row => [row],
                IAbstractGraphType several => several.PossibleTypes,
                _ => [],
            };
            foreach (IObjectGraphType row in objects)
            {
                Walk(collector, row, field.SelectionSets);
            }
        }
    }
}
