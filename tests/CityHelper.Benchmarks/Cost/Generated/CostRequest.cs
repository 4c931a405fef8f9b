using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CityHelper.Benchmarks.Cost.Generated;

/// <summary>A request whose cost is compared with its database time.</summary>
/// <param name="Kind">Its kind, for display.</param>
/// <param name="Operation">The published operation; null for text.</param>
/// <param name="Text">The document; null for a published operation.</param>
/// <param name="Variables">Its variables.</param>
internal sealed record CostRequest(string Kind, string? Operation, string? Text, JsonObject Variables)
{
    private const int ShownCharsMax = 400;

    /// <summary>The request for display, with long values replaced by their length.</summary>
    public override string ToString() =>
        $"{Operation ?? Text} {string.Join(", ", Variables.Select(v => $"{v.Key}={Shown(v.Value)}"))}".ReplaceLineEndings(" ");

    private static string Shown(JsonNode? value)
    {
        string text = value?.ToJsonString() ?? "null";
        return text.Length <= ShownCharsMax ? text
            : value is JsonArray items ? string.Create(CultureInfo.InvariantCulture, $"[{items.Count} items]")
            : value is JsonObject geometry && geometry.ContainsKey("coordinates")
                ? string.Create(CultureInfo.InvariantCulture, $"{geometry["type"]} of {text.Count(c => c == ',') / 2} positions")
            : text[..ShownCharsMax] + "…";
    }
}

/// <summary>
/// The variables of an operation built from JSON parts, where a text with <c>~</c> before it is an enum's value, and one with <c>$</c> a
/// variable. Free text takes parts as literals, with large values as variables that conditions may share; a published operation has all
/// values.
/// </summary>
internal sealed class CostVariables
{
    private readonly List<(string Name, string Type, JsonNode Value)> _all = [];

    /// <summary>The variables of a type so far.</summary>
    public IReadOnlyList<string> Of(string type) => [.. _all.Where(v => v.Type == type).Select(v => v.Name)];

    /// <summary>A new variable.</summary>
    /// <returns>The reference to it: <c>$v0</c>.</returns>
    public string Add(string type, JsonNode value)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"$v{_all.Count}");
        _all.Add((name, type, value));
        return name;
    }

    /// <summary>An operation with this body, and the variables that it uses.</summary>
    public (string Text, JsonObject Given) Operation(string body)
    {
        (string Name, string Type, JsonNode Value)[] used = [.. _all.Where(v => Uses(body, v.Name))];
        string head = used.Length == 0 ? "query " : $"query({string.Join(", ", used.Select(v => $"{v.Name}: {v.Type}"))}) ";
        return (head + body, new JsonObject(used.Select(v => KeyValuePair.Create(v.Name[1..], (JsonNode?)v.Value.DeepClone()))));
    }

    private static bool Uses(string body, string name)
    {
        for (int at = body.IndexOf(name, StringComparison.Ordinal); at >= 0; at = body.IndexOf(name, at + 1, StringComparison.Ordinal))
        {
            if (!char.IsAsciiDigit(body[at + name.Length]))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A part as a GraphQL literal.</summary>
    public static string Literal(JsonNode? part) => part switch
    {
        null => "null",
        JsonObject members => $"{{{string.Join(", ", members.Select(m => $"{m.Key}: {Literal(m.Value)}"))}}}",
        JsonArray items => $"[{string.Join(", ", items.Select(Literal))}]",
        _ when part.GetValueKind() == JsonValueKind.String => part.GetValue<string>() switch
        {
            ['~', .. var name] => name,
            ['$', ..] variable => variable,
            var text => JsonSerializer.Serialize(text),
        },
        _ => part.ToJsonString(),
    };

    /// <summary>A part with its variables replaced by their values.</summary>
    public JsonNode? Whole(JsonNode? part) => part switch
    {
        JsonObject members => new JsonObject(members.Select(m => KeyValuePair.Create(m.Key, Whole(m.Value)))),
        JsonArray items => new JsonArray([.. items.Select(Whole)]),
        not null when part.GetValueKind() == JsonValueKind.String => part.GetValue<string>() switch
        {
            ['~', .. var name] => name,
            ['$', ..] variable => _all.Single(v => v.Name == variable).Value.DeepClone(),
            var text => text,
        },
        _ => part?.DeepClone(),
    };
}
