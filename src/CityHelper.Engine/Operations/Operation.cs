using GraphQLParser.AST;

namespace CityHelper.Engine.Operations;

/// <summary>
/// One operation, parsed and validated once. Persisted operations live as long as the server; free text as long as the
/// bounded cache keeps it.
/// </summary>
public sealed class Operation
{
    internal Operation(string id, GraphQLDocument document, GraphQLOperationDefinition definition, IReadOnlyList<VariableDefinition> variables)
    {
        Id = id;
        Document = document;
        Definition = definition;
        Variables = variables;
        Fragments = document.Definitions.OfType<GraphQLFragmentDefinition>().ToDictionary(f => f.FragmentName.Name.StringValue);
    }

    /// <summary>SHA-256 of the text, lower-case hex.</summary>
    public string Id { get; }

    /// <summary>The operation's own name, or null.</summary>
    public string? Name => Definition.Name?.StringValue;

    internal GraphQLDocument Document { get; }

    internal GraphQLOperationDefinition Definition { get; }

    internal IReadOnlyList<VariableDefinition> Variables { get; }

    internal IReadOnlyDictionary<string, GraphQLFragmentDefinition> Fragments { get; }
}
