using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CityHelper.IntegrationTests.Oracle;

/// <summary>
/// Writes a value into a document in one of the many equivalent ways: as a literal, as a variable (sent, by default, despite a default,
/// declared nullable or not), in parts of either, with members that are variables without a value.
/// </summary>
internal sealed class InputWriter(SchemaFile schema, OperationDraft draft, Dice dice)
{
    private const double VariablePercent = 18;

    /// <summary>The text of a value at a location of this type.</summary>
    public string Write(JsonNode? value, SchemaTypeUse type) =>
        dice.Chance(VariablePercent) ? Variable(value, type) : Literal(value, type, mayVary: true);

    /// <summary>A variable without a value: equivalent to leaving the argument or member out.</summary>
    public string Absent(SchemaTypeUse type) => Declare((type with { IsNonNull = false }).ToString(), null, null, isGiven: false);

    private string Variable(JsonNode? value, SchemaTypeUse type)
    {
        VariableDraft? same = draft.Variables.FirstOrDefault(v =>
            v.IsGiven && v.Type == type.ToString() && JsonNode.DeepEquals(v.Value, value));
        if (same is not null && dice.Chance(50))
        {
            return "$" + same.Name;
        }

        // A cursor may turn out to be null; the type of any other value may be non-null.
        bool mayBeNonNull = value is not null && !OperationDraft.IsToken(value);
        string declared = type.ToString();
        string nonNull = (type with { IsNonNull = mayBeNonNull }).ToString();
        return dice.Below(5) switch
        {
            0 => Declare(declared, Literal(value, type, mayVary: false), null, isGiven: false),
            1 => Declare(declared, OtherThan(type), Json(value, type), isGiven: true),
            2 => Declare(nonNull, null, Json(value, type), isGiven: true),
            _ => Declare(declared, null, Json(value, type), isGiven: true),
        };
    }

    private string Declare(string type, string? byDefault, JsonNode? value, bool isGiven)
    {
        var variable = new VariableDraft(draft.NewName("v"), type, byDefault, value, isGiven);
        draft.Declare(variable);
        return "$" + variable.Name;
    }

    // In JSON too, a single value is coerced to a list of one.
    private JsonNode? Json(JsonNode? value, SchemaTypeUse type) =>
        type.IsList && value is JsonArray { Count: 1 } list && list[0] is { } only && dice.Chance(15)
            ? only.DeepClone()
            : value?.DeepClone();

    // An unused default, because the variable has a value.
    private string OtherThan(SchemaTypeUse type)
    {
        if (!type.IsNonNull && dice.Chance(40))
        {
            return "null";
        }

        return type.IsList ? "[]" : type.Name switch
        {
            "Int" => "3",
            "Float" => "1.5",
            "Boolean" => "true",
            "DateTime" => "\"2024-02-29T23:59:59.999Z\"",
            "ID" => "\"Q2l0eTox\"",
            "Geometry" => "{type: Point, coordinates: [1, 2]}",
            "AreaInput" => "{viewport: {west: 1, south: 2, east: 3, north: 4}}",
            _ when schema.IsInput(type.Name) =>
                $"{{{string.Join(", ", schema.Members(type.Name)
                    .Where(m => m.Type.IsNonNull)
                    .Select(m => $"{m.Name}: {OtherThan(m.Type)}"))}}}",
            _ when schema.IsEnum(type.Name) => schema.Values(type.Name)[0],
            _ => "\"another\"",
        };
    }

    private string Literal(JsonNode? value, SchemaTypeUse type, bool mayVary)
    {
        switch (value)
        {
            case null:
                return "null";
            case JsonObject geometry when type.Name == "Geometry":
                return GeoJson(geometry);
            case JsonArray items when items.Count == 1 && items[0] is { } only && dice.Chance(10):
                return Literal(only, type.Items, mayVary: false);
            case JsonArray items:
                return $"[{string.Join(dice.Pick([", ", " "]), items.Select(i => Item(i, type.Items, mayVary)))}]";
            case JsonObject members:
                return $"{{{string.Join(", ", Members(members, type.Name, mayVary))}}}";
            default:
                return Leaf(value, type);
        }
    }

    // In a list, an absent variable becomes null too.
    private string Item(JsonNode? item, SchemaTypeUse type, bool mayVary) => (item, mayVary) switch
    {
        (_, false) => Literal(item, type, mayVary: false),
        (null, true) when dice.Chance(30) => Absent(type),
        _ => Write(item, type),
    };

    private IEnumerable<string> Members(JsonObject members, string input, bool mayVary)
    {
        List<string> texts = [];
        foreach ((string name, JsonNode? value) in members)
        {
            // Exactly one member of an area has a value, so its variable must be non-null.
            SchemaTypeUse type = schema.Members(input).Single(m => m.Name == name).Type;
            type = input == "AreaInput" ? type with { IsNonNull = true } : type;
            texts.Add($"{name}: {(mayVary ? Write(value, type) : Literal(value, type, mayVary: false))}");
        }

        List<SchemaInput> others = [.. schema.Members(input).Where(m => !m.Type.IsNonNull && !members.ContainsKey(m.Name))];
        if (mayVary && input != "AreaInput" && others.Count > 0 && dice.Chance(5))
        {
            SchemaInput absent = dice.Pick(others);
            texts.Add($"{absent.Name}: {Absent(absent.Type)}");
        }

        return texts;
    }

    // A scalar in GraphQL; its kind may be HotChocolate's enum or a string.
    private string GeoJson(JsonObject geometry)
    {
        string kind = geometry["type"]!.GetValue<string>();
        return $"{{type: {(dice.Chance(50) ? kind : $"\"{kind}\"")}, coordinates: {geometry["coordinates"]!.ToJsonString()}}}";
    }

    private string Leaf(JsonNode value, SchemaTypeUse type) => value.GetValueKind() switch
    {
        JsonValueKind.String when schema.IsEnum(type.Name) => value.GetValue<string>(),
        JsonValueKind.String => Quoted(value.GetValue<string>()),
        _ => value.ToJsonString(),
    };

    private static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (char c in text)
        {
            quoted.Append(c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                < ' ' => "\\u" + ((int)c).ToString("x4", CultureInfo.InvariantCulture),
                _ => c.ToString(),
            });
        }

        return quoted.Append('"').ToString();
    }
}
