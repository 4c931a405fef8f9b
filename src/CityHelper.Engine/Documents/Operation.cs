using GraphQL.Types;
using GraphQLParser.AST;

namespace CityHelper.Engine.Documents;

/// <summary>
/// One operation, parsed and validated once. Persisted operations live as long as the server; free text as long as the
/// bounded cache keeps it.
/// </summary>
public sealed class Operation
{
    internal Operation(
        string id,
        int textChars,
        GraphQLDocument document,
        GraphQLOperationDefinition definition,
        IObjectGraphType root,
        IReadOnlyList<VariableDefinition> variables)
    {
        Id = id;
        TextChars = textChars;
        Document = document;
        Definition = definition;
        Root = root;
        Variables = variables;
        IntrospectionField = document.Definitions.Select(FirstIntrospection).FirstOrDefault(field => field is not null);
        Fragments = document.Definitions.OfType<GraphQLFragmentDefinition>().ToDictionary(f => f.FragmentName.Name.StringValue);
    }

    /// <summary>SHA-256 of the text, lower-case hex.</summary>
    public string Id { get; }

    /// <summary>Characters of the text: the memory of everything that is derived from it grows with them.</summary>
    internal int TextChars { get; }

    /// <summary>The operation's own name, or null.</summary>
    public string? Name => Definition.Name?.StringValue;

    /// <summary>Its kind, as in OpenTelemetry's semantic conventions: <c>query</c>, <c>mutation</c> or <c>subscription</c>.</summary>
    internal string Kind => Definition.Operation switch
    {
        OperationType.Query => "query",
        OperationType.Mutation => "mutation",
        _ => "subscription",
    };

    /// <summary>The introspection field that the operation selects, <c>__schema</c> or <c>__type</c>; null without one.</summary>
    internal string? IntrospectionField { get; }

    internal GraphQLDocument Document { get; }

    internal GraphQLOperationDefinition Definition { get; }

    /// <summary>The root type that its fields are selected from.</summary>
    internal IObjectGraphType Root { get; }

    internal IReadOnlyList<VariableDefinition> Variables { get; }

    internal IReadOnlyDictionary<string, GraphQLFragmentDefinition> Fragments { get; }

    // Validation allows these fields on Query only. The parser bounds the depth of this recursion.
    private static string? FirstIntrospection(ASTNode node) => node switch
    {
        GraphQLOperationDefinition operation => FirstOf(operation.SelectionSet),
        GraphQLFragmentDefinition fragment => FirstOf(fragment.SelectionSet),
        GraphQLInlineFragment inline => FirstOf(inline.SelectionSet),
        GraphQLField field when field.Name.Value == "__schema" || field.Name.Value == "__type" => field.Name.StringValue,
        _ => null,
    };

    private static string? FirstOf(GraphQLSelectionSet selectionSet) =>
        selectionSet.Selections.Select(FirstIntrospection).FirstOrDefault(field => field is not null);
}
