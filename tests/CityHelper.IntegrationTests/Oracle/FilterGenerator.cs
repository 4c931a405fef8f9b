using System.Text.Json.Nodes;

namespace CityHelper.IntegrationTests.Oracle;

/// <summary>
/// Random filters with values from the rows, so that they find something. A filter of requests mostly has an index: on indexed columns, or
/// with a condition that leaves few rows beside it.
/// </summary>
internal sealed class FilterGenerator(OracleRows rows, SchemaFile schema, Dice dice)
{
    private const int ConditionsMax = 7;
    private const int DepthMax = 3;
    private const int Attempts = 5;
    private const int Sample = 600;
    private const string Requests = "ServiceRequestFilterInput";

    private static readonly string[] s_indexed = ["status", "category", "agency", "createdAt", "id", "externalId", "and", "or"];

    private readonly OracleFilters _filters = new(rows);
    private readonly OperandGenerator _operands = new(rows, schema, dice);
    private readonly SpatialGenerator _space = new(rows, dice);
    private int _conditionsLeft;
    private bool _indexedOnly;

    /// <summary>
    /// A filter of an input such as <c>CategoryFilterInput</c>, mostly one that some rows of the city pass and some do not. A filter that
    /// finds requests must have an index.
    /// </summary>
    public JsonNode Where(string input, short city, bool mustBeServed)
    {
        JsonNode where = new JsonObject();
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            where = mustBeServed ? Served(city) : Free(input, city);
            if (dice.Chance(12) || Divides(where, input, city))
            {
                break;
            }
        }

        return where;
    }

    // The first rows represent all, because they are in no order.
    private bool Divides(JsonNode where, string input, short city)
    {
        Predicate<object> holds = _filters.Compile(where);
        List<object> some = [.. _operands.Rows(RowTypeOf(input), city).Take(Sample)];
        int passed = some.Count(row => holds(row));
        return passed > 0 && passed < some.Count;
    }

    private JsonObject Free(string input, short city)
    {
        _conditionsLeft = ConditionsMax;
        _indexedOnly = false;
        return Object(input, city, 0);
    }

    private JsonObject Served(short city)
    {
        if (dice.Chance(35) || !schema.Has(Requests, "title"))
        {
            _conditionsLeft = ConditionsMax;
            _indexedOnly = true;
            return Object(Requests, city, 0);
        }

        // One in a hundred has no index and may be refused.
        return dice.Chance(1) ? Free(Requests, city) : Anchored(city);
    }

    private JsonObject Anchored(short city)
    {
        switch (dice.Below(4))
        {
            case 0:
                return And(Anchor(city), Free(Requests, city));
            case 1:
                JsonObject anchor = Anchor(city);
                anchor["and"] = new JsonArray(Free(Requests, city));
                return anchor;
            case 2:
                JsonObject free = Free(Requests, city);
                foreach ((string name, JsonNode? value) in Anchor(city))
                {
                    free[name] = value?.DeepClone();
                }

                return free;
            default:
                _conditionsLeft = ConditionsMax / 2;
                JsonObject branches = new()
                {
                    ["or"] = new JsonArray(And(Named(city), Free(Requests, city)), And(Named(city), new JsonObject())),
                };
                return dice.Chance(50) ? branches : And(branches, Free(Requests, city));
        }
    }

    private static JsonObject And(JsonNode left, JsonNode right) => new() { ["and"] = new JsonArray(left, right) };

    // An indexed condition that leaves few rows.
    private JsonObject Anchor(short city) =>
        dice.Below(6) == 0 ? new JsonObject { ["createdAt"] = _operands.ShortRange(city) } : Named(city);

    // A condition that names rows, categories or agencies; in alternatives, two short times may be far apart.
    private JsonObject Named(short city)
    {
        string reference = dice.Pick(["category", "agency"]);
        return dice.Below(5) switch
        {
            0 => new JsonObject { ["id"] = Key("ServiceRequest", "id", city) },
            1 => new JsonObject { ["externalId"] = Key("ServiceRequest", "externalId", city) },
            2 => new JsonObject
            {
                [reference] = new JsonObject { ["id"] = Key(reference == "agency" ? "Agency" : "Category", "id", city) },
            },
            _ => new JsonObject
            {
                [reference] = new JsonObject { ["code"] = Key(reference == "agency" ? "Agency" : "Category", "code", city) },
            },
        };
    }

    private JsonObject Key(string rowType, string column, short city)
    {
        JsonNode Value() => JsonValue.Create(_operands.Existing(rowType, column, city));
        return dice.Chance(40)
            ? new JsonObject { ["eq"] = Value() }
            : new JsonObject { ["in"] = new JsonArray([.. Enumerable.Range(0, dice.Between(1, 5)).Select(_ => Value())]) };
    }

    private JsonObject Object(string input, short city, int depth)
    {
        var filter = new JsonObject();
        List<SchemaInput> members = [.. schema.Members(input).Where(m => !_indexedOnly || input != Requests || s_indexed.Contains(m.Name))];
        if (dice.Chance(depth == 0 ? 2 : 4))
        {
            return filter;
        }

        int wanted = dice.PickWeighted([1, 2, 3], n => 4 - n);
        for (int i = 0; i < wanted; i++)
        {
            SchemaInput member = dice.PickWeighted(members, m => m.Name is "and" or "or" ? 3 : 2);
            bool joins = member.Name is "and" or "or";
            if (filter.ContainsKey(member.Name) || _conditionsLeft <= 0 || (joins && depth >= DepthMax))
            {
                continue;
            }

            filter[member.Name] = dice.Chance(4) ? null
                : joins ? Joined(input, city, depth)
                : Member(input, member, city, depth);
        }

        return filter;
    }

    private JsonArray Joined(string input, short city, int depth)
    {
        int count = dice.PickWeighted([0, 1, 2, 3], n => n == 0 ? 1 : 5);
        return new JsonArray([.. Enumerable.Range(0, count).Select(_ => (JsonNode)Object(input, city, depth + 1))]);
    }

    private JsonNode Member(string input, SchemaInput member, short city, int depth)
    {
        string type = member.Type.Name;
        if (type.EndsWith("OperationFilterInput", StringComparison.Ordinal))
        {
            _conditionsLeft--;
            bool keyOnly = _indexedOnly && member.Name == "externalId";
            return keyOnly ? Key(RowTypeOf(input), member.Name, city) : _operands.Operations(RowTypeOf(input), member.Name, type, city);
        }

        if (type.StartsWith("ListFilterInputTypeOf", StringComparison.Ordinal))
        {
            return Quantified(type, city, depth);
        }

        if (type is "PointFilterInput" or "MultiPolygonFilterInput")
        {
            _conditionsLeft -= 2;
            return _space.Filter(city, ofPoint: type == "PointFilterInput");
        }

        // An empty condition in nested objects would leave open whether the reference must exist: writes an empty object.
        JsonObject inner = Object(type, city, depth + 1);
        return OracleFilters.SaysNothing(inner) ? [] : inner;
    }

    private JsonObject Quantified(string type, short city, int depth)
    {
        var filter = new JsonObject();
        foreach (SchemaInput quantifier in dice.Shuffled(schema.Members(type)).Take(dice.Between(1, 2)))
        {
            _conditionsLeft--;
            filter[quantifier.Name] = dice.Chance(4) ? null
                : quantifier.Name == "any" ? JsonValue.Create(dice.Chance(70))
                : Object(quantifier.Type.Name, city, depth + 1);
        }

        return filter;
    }

    /// <summary>The type that a filter input is about.</summary>
    public static string RowTypeOf(string input) => input[..^"FilterInput".Length];
}
