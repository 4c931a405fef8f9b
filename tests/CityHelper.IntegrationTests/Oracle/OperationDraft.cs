using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace CityHelper.IntegrationTests.Oracle;

/// <summary>
/// A variable that an operation declares: its type as declared, its default as a literal if there is one, and whether the request sends a
/// value; null is a value too.
/// </summary>
internal sealed record VariableDraft(string Name, string Type, string? Default, JsonNode? Value, bool IsGiven)
{
    public string Declaration => $"${Name}: {Type}" + (Default is null ? "" : $" = {Default}");
}

/// <summary>The connection whose cursors an operation needs: its path, and all its arguments except those of the page.</summary>
/// <param name="Path">The fields from the root to it, each with arguments. There is one parent only.</param>
/// <param name="Field">The connection's field.</param>
/// <param name="Arguments">Its arguments except those of the page.</param>
internal sealed record ConnectionQuestion(IReadOnlyList<string> Path, string Field, IReadOnlyList<string> Arguments)
{
    /// <summary>The question with a page and a selection, without the operation's head.</summary>
    public string Body(string page, string selection) =>
        string.Concat(Path.Select(field => $"{{ {field} "))
        + $"{{ {Field}({string.Join(", ", Arguments.Append(page))}) {selection} }}"
        + string.Concat(Path.Select(_ => " }"));
}

/// <summary>A slot for a cursor in an operation.</summary>
/// <param name="Token">The placeholder in the document or the variables, a complete string, until the cursor is known.</param>
/// <param name="Question">The connection with the cursors.</param>
/// <param name="Fraction">Which of the cursors, as a fraction of their number.</param>
/// <param name="FromEnd">Whether the cursor comes from the last rows of the list, instead of from the first.</param>
internal sealed record CursorSlot(string Token, ConnectionQuestion Question, double Fraction, bool FromEnd);

/// <summary>An operation under construction: its declarations, and its remaining limits.</summary>
internal sealed partial class OperationDraft
{
    private readonly List<VariableDraft> _variables = [];
    private int _names;

    /// <summary>Lists and counts that may be added; the server limits the statements of a batch.</summary>
    public int ListsLeft { get; set; }

    /// <summary>Selections that may be added.</summary>
    public int SelectionsLeft { get; set; }

    /// <summary>Filters that may be added.</summary>
    public int FiltersLeft { get; set; } = 8;

    public List<string> Fragments { get; } = [];

    public List<CursorSlot> Slots { get; } = [];

    public IReadOnlyList<VariableDraft> Variables => _variables;

    /// <summary>A name that nothing else in the operation has.</summary>
    public string NewName(string prefix) => $"{prefix}{++_names}";

    public void Declare(VariableDraft variable) => _variables.Add(variable);

    /// <summary>Whether a value is the token of a <see cref="CursorSlot"/>.</summary>
    public static bool IsToken(JsonNode? value) =>
        value is JsonValue leaf && leaf.TryGetValue(out string? text) && TokenText().IsMatch(text);

    /// <summary>The variables that a part of the document uses.</summary>
    public static IEnumerable<string> VariablesIn(string text) => VariableUse().Matches(text).Select(m => m.Groups[1].Value).Distinct();

    [GeneratedRegex("^@cursor[0-9]+@$")]
    private static partial Regex TokenText();

    [GeneratedRegex(@"\$(v[0-9]+)\b")]
    private static partial Regex VariableUse();
}
