using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning;
using GraphQL;
using GraphQL.Types;
using GraphQLParser.AST;

namespace CityHelper.Checks.Manifests;

/// <summary>
/// The tables that an operation may read with any variables, as its bindings declare them; each of its plans reads some of them.
/// </summary>
internal static class OperationReads
{
    /// <summary>The tables' names.</summary>
    /// <param name="schema">The schema.</param>
    /// <param name="operation">The operation.</param>
    /// <param name="variables">Its usual variables; they decide <c>@skip</c> and <c>@include</c>.</param>
    /// <exception cref="PlanException">The operation selects more fields than allowed.</exception>
    public static IReadOnlyCollection<string> Of(ISchema schema, Operation operation, VariableValues variables)
    {
        var tables = new TablesRead(schema, variables: null);
        Visit(new SelectionCollector(operation, schema, variables, tables), operation.Root, [operation.Definition.SelectionSet]);
        return tables.Names;
    }

    // The collector records the tables. An id may be of any node type, and its row is looked up whatever is selected of it.
    private static void Visit(SelectionCollector collector, IObjectGraphType type, IEnumerable<GraphQLSelectionSet> selections)
    {
        foreach (CollectedField field in collector.Collect(type, selections))
        {
            IGraphType? nested = type.Fields.Find(field.Name)?.ResolvedType!.GetNamedType();
            IEnumerable<IObjectGraphType> objects = nested switch
            {
                IObjectGraphType row => [row],
                IAbstractGraphType several => several.PossibleTypes,
                _ => [],
            };
            foreach (IObjectGraphType row in objects)
            {
                Visit(collector, row, field.SelectionSets);
            }
        }
    }
}
