using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CityHelper.IntegrationTests.Oracle;

/// <summary>Compares an answer with the expected one: same members in the same order, same values, and one cursor per row.</summary>
/// <param name="known">Cursors received before and the keys of their rows: no cursor may belong to two rows.</param>
internal sealed class OracleComparison(IReadOnlyDictionary<string, string> known)
{
    private const string PageKey = "$page";
    private const string RowKey = "$row";

    private readonly Dictionary<(int Page, string Row), string> _cursorOfRow = [];
    private readonly Dictionary<(int Page, string Cursor), string> _rowOfCursor = [];
    private readonly List<(string Cursor, string Row)> _cursors = [];

    /// <summary>The cursors of the answer in order, each with the key of its row.</summary>
    public IReadOnlyList<(string Cursor, string Row)> Cursors => _cursors;

    /// <summary>Marks a cursor in an expected answer. No GraphQL name begins with a dollar.</summary>
    public static JsonNode Cursor(OracleCursor cursor) => new JsonObject
    {
        [PageKey] = cursor.Page.Number,
        [RowKey] = OracleRows.KeyOf(cursor.Row),
    };

    /// <returns>The first difference as a sentence, or null.</returns>
    public string? Difference(JsonNode? expected, JsonElement actual, string path = "data") => expected switch
    {
        JsonObject cursor when cursor.ContainsKey(RowKey) => CursorDifference(cursor, actual, path),
        JsonObject members when actual.ValueKind == JsonValueKind.Object => ObjectDifference(members, actual, path),
        JsonArray items when actual.ValueKind == JsonValueKind.Array => ArrayDifference(items, actual, path),
        JsonValue value when value.GetValueKind() == actual.ValueKind && SameLeaf(value, actual) => null,
        null when actual.ValueKind == JsonValueKind.Null => null,
        _ => Sentence(path, Shown(expected), actual.GetRawText()),
    };

    private string? ObjectDifference(JsonObject expected, JsonElement actual, string path)
    {
        string[] expectedNames = [.. expected.Select(m => m.Key)];
        string[] actualNames = [.. actual.EnumerateObject().Select(m => m.Name)];
        return !expectedNames.SequenceEqual(actualNames)
            ? Sentence(path, $"the members {string.Join(", ", expectedNames)}", $"the members {string.Join(", ", actualNames)}")
            : expectedNames
                .Select(name => Difference(expected[name], actual.GetProperty(name), $"{path}.{name}"))
                .FirstOrDefault(d => d is not null);
    }

    private string? ArrayDifference(JsonArray expected, JsonElement actual, string path) =>
        expected.Count != actual.GetArrayLength()
            ? Sentence(path, $"{expected.Count} items {expected.ToJsonString()}", $"{actual.GetArrayLength()} items {actual.GetRawText()}")
            : Enumerable
                .Range(0, expected.Count)
                .Select(i => Difference(expected[i], actual[i], $"{path}[{i}]"))
                .FirstOrDefault(d => d is not null);

    private string? CursorDifference(JsonObject expected, JsonElement actual, string path)
    {
        string row = expected[RowKey]!.GetValue<string>();
        int page = expected[PageKey]!.GetValue<int>();
        if (actual.ValueKind != JsonValueKind.String || actual.GetString() is not { Length: > 0 } cursor)
        {
            return Sentence(path, $"a cursor of {row}", actual.GetRawText());
        }

        if (known.TryGetValue(cursor, out string? other) && other != row)
        {
            return Sentence(path, $"a cursor of {row}", $"the cursor that an answer before gave for {other}: {cursor}");
        }

        if (!_cursorOfRow.TryAdd((page, row), cursor) && _cursorOfRow[(page, row)] != cursor)
        {
            return Sentence(path, $"the cursor {_cursorOfRow[(page, row)]}, which the same page has for {row}", cursor);
        }

        if (!_rowOfCursor.TryAdd((page, cursor), row) && _rowOfCursor[(page, cursor)] != row)
        {
            return Sentence(path, $"a cursor of {row}", $"the cursor that the same page has for {_rowOfCursor[(page, cursor)]}: {cursor}");
        }

        _cursors.Add((cursor, row));
        return null;
    }

    private static bool SameLeaf(JsonValue expected, JsonElement actual) => actual.ValueKind switch
    {
        JsonValueKind.Number => double.Parse(expected.ToJsonString(), CultureInfo.InvariantCulture).Equals(actual.GetDouble()),
        JsonValueKind.String => expected.GetValue<string>() == actual.GetString(),
        _ => true,
    };

    private static string Shown(JsonNode? node) => node?.ToJsonString() ?? "null";

    private static string Sentence(string path, string expected, string actual) => $"At {path}\n  expected {expected}\n  got      {actual}";
}
