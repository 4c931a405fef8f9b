using System.Text.Json;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Space;
using GraphQL.Types;
using GraphQLParser.AST;

namespace CityHelper.Engine.Documents;

/// <summary>
/// Coerces JSON and literals to values (GraphQL spec 6.4.1): leaf values as their scalar parses them, lists to <see cref="List{T}"/>, input
/// objects to <see cref="Dictionary{TKey,TValue}"/> with defaults filled in. Absent members stay absent.
/// </summary>
/// <exception cref="InputException">The value does not fit; the message says where and what to send.</exception>
internal static class InputCoercion
{
    /// <summary>Stands for "not given", which differs from null.</summary>
    public static readonly object Absent = new();

    public static object? FromJson(JsonElement json, IGraphType type, string path)
    {
        if (type is NonNullGraphType nonNull)
        {
            return FromJson(json, nonNull.ResolvedType!, path)
                ?? throw new InputException($"{path} must not be null: send a {nonNull.ResolvedType}.");
        }

        if (json.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined)
        {
            return null;
        }

        return type switch
        {
            ListGraphType list => ListFromJson(json, list.ResolvedType!, path),
            IInputObjectGraphType input => ObjectFromJson(json, input, path),
            ScalarGraphType scalar => LeafFromJson(json, scalar, path),
            _ => throw new ArgumentOutOfRangeException(nameof(type), type.Name, "Not an input type."),
        };
    }

    /// <summary>Coerces a literal without variables; it has passed validation.</summary>
    public static object? FromLiteral(GraphQLValue literal, IGraphType type)
    {
        if (type is NonNullGraphType nonNull)
        {
            return FromLiteral(literal, nonNull.ResolvedType!);
        }

        return (literal, type) switch
        {
            (GraphQLNullValue, _) => null,
            (GraphQLListValue items, ListGraphType list) => ItemsOf(items).Select(v => FromLiteral(v, list.ResolvedType!)).ToList(),
            (_, ListGraphType list) => new List<object?> { FromLiteral(literal, list.ResolvedType!) },
            (GraphQLObjectValue value, IInputObjectGraphType input) => ObjectFromLiteral(value, input),
            (_, GeometryType) => GeometryType.FromLiteral(literal),
            (_, ScalarGraphType scalar) => CheckLeaf(scalar.ParseLiteral(literal), scalar.Name),
            _ => throw new ArgumentOutOfRangeException(nameof(literal), literal.Kind, "Not a literal of the type."),
        };
    }

    /// <summary>The items of a literal.</summary>
    public static IReadOnlyList<GraphQLValue> ItemsOf(GraphQLListValue literal)
    {
        CheckLength(literal.Values?.Count ?? 0, "A list");
        return literal.Values ?? [];
    }

    private static void CheckLength(int items, string path)
    {
        if (items > Limits.InputListItemsMax)
        {
            throw new InputException($"{path} has {items} items, {Limits.InputListItemsMax} are allowed: send fewer.");
        }
    }

    private static object? CheckFinite(object? value, string path) => value switch
    {
        double number when !double.IsFinite(number) => throw new InputException($"{path} must be a finite number."),
        double number => Numbers.Calculable(number),
        _ => value,
    };

    /// <summary>
    /// Rejects what PostgreSQL and JSON cannot hold: numbers that are not finite (1e400 parses as infinity), U+0000, and unpaired
    /// surrogates.
    /// </summary>
    private static object? CheckLeaf(object? value, string path) => value is string text && !IsText(text)
        ? throw new InputException($"{path} holds a character that is no text: remove U+0000 and unpaired surrogates.")
        : CheckFinite(value, path);

    private static bool IsText(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\0' || (char.IsSurrogate(text[i]) && (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[++i]))))
            {
                return false;
            }
        }

        return true;
    }

    private static Dictionary<string, object?> ObjectFromLiteral(GraphQLObjectValue value, IInputObjectGraphType input)
    {
        var result = new Dictionary<string, object?>();
        foreach (FieldType field in input.Fields)
        {
            GraphQLObjectField? given = value.Fields?.FirstOrDefault(f => f.Name.Value == field.Name);
            if (given is not null)
            {
                result.Add(field.Name, FromLiteral(given.Value, field.ResolvedType!));
            }
            else if (field.DefaultValue is not null)
            {
                result.Add(field.Name, field.DefaultValue);
            }
        }

        return result;
    }

    private static List<object?> ListFromJson(JsonElement json, IGraphType itemType, string path)
    {
        // A single value stands for a list of one (spec 3.11, input coercion).
        if (json.ValueKind != JsonValueKind.Array)
        {
            return [FromJson(json, itemType, path)];
        }

        int count = json.GetArrayLength();
        CheckLength(count, path);
        var items = new List<object?>(count);
        foreach (JsonElement item in json.EnumerateArray())
        {
            items.Add(FromJson(item, itemType, $"{path}[{items.Count}]"));
        }

        return items;
    }

    private static Dictionary<string, object?> ObjectFromJson(JsonElement json, IInputObjectGraphType input, string path)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new InputException($"{path} must be an object of type {input.Name}.");
        }

        var result = new Dictionary<string, object?>();
        foreach (JsonProperty member in json.EnumerateObject())
        {
            FieldType field = input.Fields.Find(member.Name)
                ?? throw new InputException($"{path} has no field `{member.Name}`.{EngineErrors.Suggest(input)}");

            // JSON allows duplicate keys; the last counts, as in every JavaScript client.
            result[member.Name] = FromJson(member.Value, field.ResolvedType!, $"{path}.{member.Name}");
        }

        foreach (FieldType field in input.Fields)
        {
            if (result.ContainsKey(field.Name))
            {
                continue;
            }

            if (field.DefaultValue is not null)
            {
                result.Add(field.Name, field.DefaultValue);
            }
            else if (field.ResolvedType is NonNullGraphType)
            {
                throw new InputException($"{path}.{field.Name} is missing: send a {field.ResolvedType}.");
            }
        }

        CheckOneOf(input, result, path);
        return result;
    }

    private static void CheckOneOf(IInputObjectGraphType input, Dictionary<string, object?> value, string path)
    {
        if (input.IsOneOf && (value.Count != 1 || value.Values.Single() is null))
        {
            throw new InputException($"{path} takes exactly one field that is not null.{EngineErrors.Suggest(input)}");
        }
    }

    private static object? LeafFromJson(JsonElement json, ScalarGraphType scalar, string path)
    {
        if (scalar is GeometryType)
        {
            return Space.GeoJsonReader.Read(json, path);
        }

        object? raw = json.ValueKind switch
        {
            JsonValueKind.String => json.GetString(),
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            JsonValueKind.Number => Number(json, path),
            _ => throw new InputException($"{path} must be a {scalar.Name}."),
        };
        try
        {
            return CheckLeaf(scalar.ParseValue(raw), path);
        }
        catch (Exception cause) when (cause is InvalidOperationException or FormatException or OverflowException or ArgumentException)
        {
            throw new InputException($"{path} is no {scalar.Name}.", cause);
        }
    }

    private static object Number(JsonElement json, string path)
    {
        if (json.TryGetInt32(out int small))
        {
            return small;
        }

        if (json.TryGetInt64(out long large))
        {
            return large;
        }

        double real = json.GetDouble();
        CheckFinite(real, path);

        // "2.0" and "2e0" are valid for Int too (spec 3.5.1, input coercion); a double is exact in its range.
        return real == Math.Floor(real) && Math.Abs(real) <= int.MaxValue ? (object)(int)real : real;
    }
}
