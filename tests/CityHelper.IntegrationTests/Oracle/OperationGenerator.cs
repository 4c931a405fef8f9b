using System.Text.Json;
using System.Text.Json.Nodes;

namespace CityHelper.IntegrationTests.Oracle;

/// <summary>An operation as a client would send it, except for cursors: document and variables have the slots' tokens instead.</summary>
internal sealed record GeneratedOperation(
    string Document, JsonObject Variables, IReadOnlyList<CursorSlot> Slots, IReadOnlyList<VariableDraft> Declared)
{
    /// <summary>The operation with cursors in its slots.</summary>
    /// <param name="cursors">By token; null where there is no row to begin at.</param>
    public (string Document, JsonObject Variables) With(IReadOnlyDictionary<string, string?> cursors)
    {
        string document = Document;
        string variables = Variables.ToJsonString();
        foreach ((string token, string? cursor) in cursors)
        {
            string text = cursor is null ? "null" : JsonSerializer.Serialize(cursor);
            document = document.Replace($"\"{token}\"", text, StringComparison.Ordinal);
            variables = variables.Replace($"\"{token}\"", text, StringComparison.Ordinal);
        }

        return (document, JsonNode.Parse(variables)!.AsObject());
    }

    /// <summary>A separate operation about one connection of this one.</summary>
    public (string Document, JsonObject Variables) Ask(ConnectionQuestion question, string page, string selection)
    {
        string body = question.Body(page, selection);
        HashSet<string> used = [.. OperationDraft.VariablesIn(body)];
        List<VariableDraft> declared = [.. Declared.Where(v => used.Contains(v.Name))];
        return (OperationGenerator.Head(declared) + body, OperationGenerator.Given(declared));
    }
}

/// <summary>
/// Random valid operations over the whole of <see cref="SchemaFile"/>. Each has its own seed, so that a failing one can be generated alone.
/// </summary>
internal sealed class OperationGenerator(OracleRows rows, SchemaFile schema, int seed)
{
    private const int RootsMax = 12;

    public GeneratedOperation Operation(int index)
    {
        var dice = new Dice(unchecked(seed * 1_000_003 + index));
        var draft = new OperationDraft();
        int roots = dice.PickWeighted([1, 2, 3, 5, RootsMax], n => n switch { 1 => 10, 2 => 8, 3 => 5, 5 => 2, _ => 1 });
        string body = new SelectionGenerator(rows, schema, draft, dice).Roots(roots);
        string document = string.Join('\n', [Head(draft.Variables) + body, .. draft.Fragments]);
        return new GeneratedOperation(document, Given(draft.Variables), draft.Slots, draft.Variables);
    }

    /// <summary>The declarations of an operation.</summary>
    public static string Head(IReadOnlyList<VariableDraft> variables) =>
        variables.Count == 0 ? "query " : $"query({string.Join(", ", variables.Select(v => v.Declaration))}) ";

    /// <summary>The values that the request sends.</summary>
    public static JsonObject Given(IReadOnlyList<VariableDraft> variables) =>
        new(variables.Where(v => v.IsGiven).Select(v => KeyValuePair.Create(v.Name, v.Value?.DeepClone())));
}
