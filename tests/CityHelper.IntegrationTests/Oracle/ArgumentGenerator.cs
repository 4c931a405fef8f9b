using System.Text.Json.Nodes;

namespace CityHelper.IntegrationTests.Oracle;

/// <summary>The location of a selection.</summary>
/// <param name="City">The city that values are taken from.</param>
/// <param name="Path">The fields from the root to here; null when there may be several parents, or other fields around.</param>
/// <param name="Connections">The enclosing connections.</param>
/// <param name="IsInFragment">Whether other locations may use this too.</param>
/// <param name="IsBelowCities">Whether a city here is one of all cities.</param>
internal sealed record Place(short City, IReadOnlyList<string>? Path, int Connections, bool IsInFragment, bool IsBelowCities)
{
    public static Place Root { get; } = new(OracleRows.NycId, [], 0, false, false);

    /// <summary>The location of the one object of a field.</summary>
    public Place Below(string field) => this with { Path = Path is null ? null : [.. Path, field] };
}

internal sealed class ArgumentGenerator(OracleRows rows, SchemaFile schema, OperationDraft draft, Dice dice)
{
    private readonly InputWriter _inputs = new(schema, draft, dice);
    private readonly FilterGenerator _filters = new(rows, schema, dice);
    private readonly OrderGenerator _orders = new(schema, dice);
    private readonly AreaGenerator _areas = new(rows, dice);
    private readonly NearGenerator _near = new(rows, dice);
    private readonly OperandGenerator _operands = new(rows, schema, dice);

    /// <summary>A condition of <c>@skip</c> or <c>@include</c>.</summary>
    public string Condition(bool value) => _inputs.Write(JsonValue.Create(value), new SchemaTypeUse("Boolean", false, true, false));

    /// <summary>The arguments of a type's field, in parentheses or empty.</summary>
    public string For(string type, SchemaField field, Place place)
    {
        IEnumerable<string> arguments = field.Name switch
        {
            _ when field.Type.Name.EndsWith("Connection", StringComparison.Ordinal) => Connection(type, field, place),
            _ when field.Arguments.Count == 0 => [],
            "updates" => Updates(field),
            "possibleDuplicates" => Similar(field, place),
            "duplicateCandidates" => Draft(field, place),
            "city" => [Argument(field, "slug", SlugOf(place.City, mayBeUnknown: true))],
            "node" => [Argument(field, "id", AnyId(place.City))],
            "nodes" => [Argument(field, "ids", Ids(place.City))],
            "serviceRequest" => One(field, place.City),
            "boundary" => [Argument(field, "id", _operands.IdOf("Boundary", place.City))],
            "geometry" => Zoom(field),
            _ => throw new ArgumentException($"Nothing generates the arguments of {type}.{field.Name}."),
        };
        string text = string.Join(", ", dice.Shuffled(arguments));
        return text.Length == 0 ? "" : $"({text})";
    }

    /// <summary>The id of any object that has one; sometimes of no object.</summary>
    public JsonNode AnyId(short city)
    {
        string type = dice.Pick(schema.PossibleTypes("Node"));
        return type != "City" ? _operands.IdOf(type, city)
            : dice.Chance(15) ? new Engine.GlobalId("City", null, 3).ToString()
            : OracleRows.KeyOf(rows.Cities.Single(c => c.Id == city));
    }

    private IEnumerable<string> Updates(SchemaField field) => dice.Below(8) switch
    {
        0 => [],
        1 => [Argument(field, "last", null)],
        2 => [$"last: {_inputs.Absent(field.Arguments[0].Type)}"],
        _ => [Argument(field, "last", dice.Between(0, 5))],
    };

    private IEnumerable<string> Zoom(SchemaField field) => dice.Below(8) switch
    {
        0 => [],
        1 => [Nothing(field, "zoom")],
        _ => [Argument(field, "zoom", dice.Between(-1, 18))],
    };

    // Few, because each of them may have nested ones.
    private IEnumerable<string> Similar(SchemaField field, Place place)
    {
        if (place.Connections > 0 || dice.Chance(70))
        {
            yield return Argument(field, "first", dice.Between(0, 3));
        }

        // For many rows at once, only small distances and few days are allowed.
        bool isOne = place.Path is not null && place.Connections == 0;
        foreach (
            (string name, JsonNode value) in new[]
            {
                ("withinMetres", _near.SmallRadius(isOne ? 500 : 150)),
                ("withinDays", _near.Days(isOne ? 90 : 14)),
            }
        )
        {
            if (dice.Chance(70))
            {
                yield return Argument(field, name, value);
            }
            else if (dice.Chance(20))
            {
                yield return Nothing(field, name);
            }
        }
    }

    private IEnumerable<string> Draft(SchemaField field, Place place)
    {
        List<string> arguments =
        [
            Argument(field, "city", SlugOf(place.City, mayBeUnknown: false)),
            Argument(field, "category", _near.Category(place.City)),
            Argument(field, "location", _near.Position(place.City)),
            .. Similar(field, place),
        ];
        if (dice.Chance(60))
        {
            arguments.Add(Argument(field, "description", _near.Description(place.City)));
        }

        return arguments;
    }

    private IEnumerable<string> One(SchemaField field, short city)
    {
        string given = dice.Pick(["id", "externalId"]);
        string other = given == "id" ? "externalId" : "id";
        JsonNode value = given == "id" ? _operands.IdOf("ServiceRequest", city)
            : dice.Chance(10) ? "no such key" : _operands.Existing("ServiceRequest", "externalId", city);
        List<string> arguments = [Argument(field, "city", SlugOf(city, mayBeUnknown: false)), Argument(field, given, value)];
        if (dice.Chance(10))
        {
            arguments.Add(dice.Chance(50) ? Argument(field, other, null) : $"{other}: {_inputs.Absent(TypeOf(field, other))}");
        }

        return arguments;
    }

    private JsonArray Ids(short city)
    {
        int count = dice.Chance(4) ? dice.Between(40, 50) : dice.Between(0, 6);
        JsonNode[] ids = [.. Enumerable.Range(0, count).Select(_ => AnyId(dice.Chance(80) ? city : OracleRows.SpringfieldId))];
        return new JsonArray([.. ids.Select(id => dice.Chance(10) ? dice.Pick(ids).DeepClone() : id)]);
    }

    private JsonNode SlugOf(short city, bool mayBeUnknown) =>
        mayBeUnknown && dice.Chance(6) ? "atlantis" : rows.Cities.Single(c => c.Id == city).Slug;

    private IEnumerable<string> Connection(string type, SchemaField field, Place place)
    {
        List<string> question = [.. Question(type, field, place)];
        return question.Concat(Page(type, field, place, question));
    }

    private IEnumerable<string> Question(string type, SchemaField field, Place place)
    {
        bool isRoot = type == "Query";
        if (isRoot)
        {
            yield return Argument(field, "city", SlugOf(place.City, mayBeUnknown: false));
        }

        if (Offers(field, "kind") && dice.Chance(50))
        {
            yield return dice.Chance(20) ? Nothing(field, "kind")
                : Argument(field, "kind", dice.Chance(8) ? "no such kind" : _operands.Existing("Boundary", "kind", place.City));
        }

        if (Offers(field, "to"))
        {
            yield return Argument(field, "to", _near.Position(place.City));
            yield return Argument(field, "withinMetres", _near.Radius());
        }

        // An argument without a generated value is null, or a variable without a value.
        bool hasArea = Offers(field, "within");
        bool inArea = hasArea && dice.Chance(30);
        if (hasArea && (inArea || dice.Chance(6)))
        {
            yield return inArea ? Argument(field, "within", _areas.Area(place.City, dice.Chance(60))) : Nothing(field, "within");
        }

        bool filters = draft.FiltersLeft > 0 && dice.Chance(65);
        if (filters || dice.Chance(10))
        {
            draft.FiltersLeft -= filters ? 1 : 0;
            string input = TypeOf(field, "where").Name;
            yield return filters
                ? Argument(field, "where", _filters.Where(input, place.City, mustBeServed: hasArea || input == "ServiceRequestFilterInput"))
                : Nothing(field, "where");
        }

        bool orders = dice.Chance(50);
        if (Offers(field, "order") && (orders || dice.Chance(10)))
        {
            // In an area, or nested in a category or an agency, requests are ordered by creation time.
            bool byCreationOnly = !hasArea || (inArea && !dice.Chance(2));
            yield return orders
                ? Argument(field, "order", _orders.Order(TypeOf(field, "order").Name, byCreationOnly))
                : Nothing(field, "order");
        }
    }

    private IEnumerable<string> Page(string type, SchemaField field, Place place, IReadOnlyList<string> question)
    {
        bool mayBeLeftOut = type is "Query" or "City";
        int size =
            place.Connections == 0 ? (dice.Chance(5) ? dice.Between(0, 40) : dice.Between(1, 8))
            : dice.Chance(3) ? 0
            : dice.Between(1, 5);
        bool backward = Offers(field, "last") && dice.Chance(35);
        if (!mayBeLeftOut || place.Connections > 0 || dice.Chance(85))
        {
            yield return Argument(field, backward ? "last" : "first", size);
            if (dice.Chance(8) && Offers(field, "last"))
            {
                yield return Nothing(field, backward ? "first" : "last");
            }
        }
        else if (dice.Chance(40))
        {
            yield return Nothing(field, "first");
        }

        foreach (string bound in new[] { "after", "before" }.Where(b => Offers(field, b)))
        {
            if (place.Path is not null && dice.Chance(25))
            {
                yield return Argument(field, bound, Slot(field, place, question, bound));
            }
            else if (dice.Chance(3))
            {
                yield return Nothing(field, bound);
            }
        }
    }

    // A lower bound is mostly before an upper one.
    private string Slot(SchemaField field, Place place, IReadOnlyList<string> question, string bound)
    {
        string token = $"@cursor{draft.Slots.Count}@";
        double fraction = dice.Fraction() * 0.7 + (bound == "after" ? 0 : 0.3);
        bool fromEnd = Offers(field, "last") && dice.Chance(40);
        draft.Slots.Add(new CursorSlot(token, new ConnectionQuestion(place.Path!, field.Name, question), fraction, fromEnd));
        return token;
    }

    private string Nothing(SchemaField field, string name) =>
        dice.Chance(50) ? Argument(field, name, null) : $"{name}: {_inputs.Absent(TypeOf(field, name))}";

    private string Argument(SchemaField field, string name, JsonNode? value) => $"{name}: {_inputs.Write(value, TypeOf(field, name))}";

    private static bool Offers(SchemaField field, string argument) => field.Arguments.Any(a => a.Name == argument);

    private static SchemaTypeUse TypeOf(SchemaField field, string argument) => field.Arguments.Single(a => a.Name == argument).Type;
}
