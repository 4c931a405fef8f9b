using CityHelper.Engine.Planning;
using GraphQLParser.AST;

namespace CityHelper.Engine.Operations;

/// <summary>
/// One operation, parsed and validated once. Persisted operations live as long as the server; free text as long as the
/// bounded cache keeps it.
/// </summary>
public sealed class Operation
{
    internal Operation(string id, string text, GraphQLDocument document, GraphQLOperationDefinition definition, IReadOnlyList<VariableDefinition> variables)
    {
        Id = id;
        Text = text;
        Document = document;
        Definition = definition;
        Variables = variables;
        Fragments = document.Definitions.OfType<GraphQLFragmentDefinition>().ToDictionary(f => f.FragmentName.Name.StringValue);
    }

    /// <summary>SHA-256 of the text, lower-case hex.</summary>
    public string Id { get; }

    public string Text { get; }

    /// <summary>The operation's own name, or null.</summary>
    public string? Name => Definition.Name?.StringValue;

    public bool IsQuery => Definition.Operation == OperationType.Query;

    internal GraphQLDocument Document { get; }

    internal GraphQLOperationDefinition Definition { get; }

    internal IReadOnlyList<VariableDefinition> Variables { get; }

    internal IReadOnlyDictionary<string, GraphQLFragmentDefinition> Fragments { get; }

    /// <summary>The plans compiled so far, one per shape of the variables.</summary>
    internal PlanCache Plans { get; } = new();
}
