using CityHelper.Engine.Documents;
using GraphQLParser.AST;

namespace CityHelper.Engine.Planning;

/// <summary>
/// Bounds the size of an introspection response before GraphQL.NET builds it. The introspection types refer to each other, so a kilobyte of
/// fragments can ask for types of fields of types without end (CVE-2024-40094 class).
/// </summary>
internal sealed class IntrospectionEstimate(Operation operation)
{
    private long _nodes;

    /// <summary>Estimates all introspection fields of an operation together: each may appear under many aliases.</summary>
    /// <exception cref="PlanException">The estimate exceeds <see cref="Limits.IntrospectionNodesMax"/>.</exception>
    public void Check(IEnumerable<GraphQLField> fields)
    {
        foreach (GraphQLField field in fields)
        {
            Visit(field, 1);
        }
    }

    // Every visit counts at least one, also for fragments, so that the limit bounds this traversal itself.
    private void Visit(ASTNode selection, long times)
    {
        _nodes += times;
        if (_nodes > Limits.IntrospectionNodesMax)
        {
            throw new PlanException(new IntrospectionTooLargeError());
        }

        (GraphQLSelectionSet? below, long factor) = selection switch
        {
            GraphQLField field => (field.SelectionSet, ListSize(field.Name.StringValue)),
            GraphQLInlineFragment inline => (inline.SelectionSet, 1),
            GraphQLFragmentSpread spread => (operation.Fragments[spread.FragmentName.Name.StringValue].SelectionSet, 1),
            _ => (null, 1),
        };
        foreach (ASTNode child in below?.Selections ?? [])
        {
            Visit(child, times * factor);
        }
    }

    // Roughly this schema's averages; the lists of one type are never all long.
    private static long ListSize(string field) => field switch
    {
        "types" => 60,
        "fields" => 8,
        "inputFields" or "enumValues" => 5,
        "directives" or "possibleTypes" => 6,
        "args" => 3,
        "interfaces" => 2,
        _ => 1,
    };
}
