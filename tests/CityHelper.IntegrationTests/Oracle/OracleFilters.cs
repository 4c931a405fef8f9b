using System.Globalization;
using System.Text.Json.Nodes;
using CityHelper.Data.Model;

namespace CityHelper.IntegrationTests.Oracle;

/// <summary>
/// The meaning of filters, member by member. A row is tested by a predicate, without SQL's third truth value: a positive operation on a
/// missing value is false, and every negative operation is the negation of its positive one.
/// </summary>
internal sealed class OracleFilters(OracleRows rows)
{
    /// <summary>The predicate of a <c>XFilterInput</c>.</summary>
    /// <param name="filter">Null, or a JSON object, which may be empty.</param>
    public Predicate<object> Compile(JsonNode? filter)
    {
        if (filter is null)
        {
            return _ => true;
        }

        List<Predicate<object>> conditions = [.. filter.AsObject().Select(member => Member(member.Key, member.Value))];
        return row => conditions.All(holds => holds(row));
    }

    private Predicate<object> Member(string name, JsonNode? value)
    {
        if (value is null)
        {
            return _ => true;
        }

        return name switch
        {
            "and" => All([.. Items(value).Select(Compile)]),
            "or" => AnyUnlessEmpty([.. Items(value).Select(Compile)]),
            "category" => ToOne(value, row => rows.CategoryOf((ServiceRequest)row)),
            "agency" => ToOne(value, row => row is Category category ? rows.AgencyOf(category) : rows.AgencyOf((ServiceRequest)row)),
            "updates" => Updates(value.AsObject()),
            "location" => Space(value, row => ((ServiceRequest)row).Location),
            "geometry" => Space(value, row => ((Boundary)row).Geometry),
            _ => Column(name, value.AsObject()),
        };
    }

    private Predicate<object> ToOne(JsonNode filter, Func<object, object?> reference)
    {
        if (SaysNothing(filter))
        {
            return _ => true;
        }

        Predicate<object> inner = Compile(filter);
        return row => reference(row) is { } referenced && inner(referenced);
    }

    private static Predicate<object> Space(JsonNode filter, Func<object, NetTopologySuite.Geometries.Geometry?> geometry)
    {
        Predicate<NetTopologySuite.Geometries.Geometry?> holds = OracleSpace.Filter(filter);
        return row => holds(geometry(row));
    }

    private Predicate<object> Updates(JsonObject filter)
    {
        List<Predicate<object>> conditions = [];
        foreach ((string quantifier, JsonNode? value) in filter)
        {
            if (value is null)
            {
                continue;
            }

            if (quantifier == "any")
            {
                bool wanted = value.GetValue<bool>();
                conditions.Add(row => ((ServiceRequest)row).Updates.Count > 0 == wanted);
                continue;
            }

            Predicate<object> inner = Compile(value);
            conditions.Add(quantifier switch
            {
                "some" => row => ((ServiceRequest)row).Updates.Any(u => inner(u)),
                "none" => row => !((ServiceRequest)row).Updates.Any(u => inner(u)),
                "all" => row => ((ServiceRequest)row).Updates.All(u => inner(u)),
                _ => throw new ArgumentException($"The oracle knows no list filter `{quantifier}`."),
            });
        }

        return All(conditions);
    }

    private static Predicate<object> Column(string name, JsonObject operations)
    {
        Predicate<object?> holds = Operations(operations);
        return row => holds(OracleColumns.Value(row, name));
    }

    // The predicate of a value, for the operations of one leaf type.
    private static Predicate<object?> Operations(JsonNode operations)
    {
        List<Predicate<object?>> conditions = [.. operations.AsObject().Select(o => Operation(o.Key, o.Value))];
        return value => conditions.All(holds => holds(value));
    }

    private static Predicate<object?> Operation(string name, JsonNode? operand)
    {
        switch (name)
        {
            case "and":
                List<Predicate<object?>> all = operand is null ? [] : [.. Items(operand).Select(i => Operations(i!))];
                return value => all.All(holds => holds(value));
            case "or":
                List<Predicate<object?>> any = operand is null ? [] : [.. Items(operand).Select(i => Operations(i!))];
                return value => any.Count == 0 || any.Any(holds => holds(value));
            case "nin":
                // A missing list sets no condition here; with `in` it matches no row.
                return Not(Operation("in", operand));
            case "neq":
                return Not(Operation("eq", operand));
            default:
                return name[0] == 'n' ? Not(Positive(name[1..], operand)) : Positive(name, operand);
        }
    }

    private static Predicate<object?> Positive(string name, JsonNode? operand) => name switch
    {
        "eq" => value => Equal(value, operand),
        "in" when operand is null => _ => false,
        "in" => value => Items(operand).Any(item => Equal(value, item)),
        _ when operand is null => _ => false,
        "gt" => value => value is not null && Compare(Time(value), operand) > 0,
        "gte" => value => value is not null && Compare(Time(value), operand) >= 0,
        "lt" => value => value is not null && Compare(Time(value), operand) < 0,
        "lte" => value => value is not null && Compare(Time(value), operand) <= 0,
        "contains" => value => value is string text && text.Contains(operand.GetValue<string>(), StringComparison.Ordinal),
        "startsWith" => value => value is string text && text.StartsWith(operand.GetValue<string>(), StringComparison.Ordinal),
        "endsWith" => value => value is string text && text.EndsWith(operand.GetValue<string>(), StringComparison.Ordinal),
        _ => throw new ArgumentException($"The oracle knows no operation `{name}`."),
    };

    private static DateTime Time(object value) =>
        value as DateTime? ?? throw new ArgumentException($"The oracle cannot order a {value.GetType().Name}.");

    private static bool Equal(object? value, JsonNode? operand) => (value, operand) switch
    {
        (null, null) => true,
        (null, _) or (_, null) => false,
        (DateTime moment, _) => Compare(moment, operand) == 0,
        (ServiceRequestStatus status, _) => OracleColumns.NameOf(status) == operand.GetValue<string>(),
        (string text, _) => text == operand.GetValue<string>(),
        _ => throw new ArgumentException($"The oracle cannot compare a {value.GetType().Name}."),
    };

    // A time has at most seven fraction digits, as many as .NET's ticks: nothing is rounded.
    private static int Compare(DateTime moment, JsonNode operand) =>
        moment.CompareTo(DateTimeOffset.Parse(operand.GetValue<string>(), CultureInfo.InvariantCulture).UtcDateTime);

    /// <summary>A list as GraphQL coerces it: a single value becomes a list of one.</summary>
    public static IEnumerable<JsonNode?> Items(JsonNode? value) => value as IEnumerable<JsonNode?> ?? [value];

    /// <summary>
    /// Whether a filter has no condition at all, in any spelling: <c>{}</c>, <c>{code: null}</c>, <c>{or: []}</c>,
    /// <c>{code: {nin: null}}</c>. The reference of an empty filter need not exist.
    /// </summary>
    public static bool SaysNothing(JsonNode? filter) => filter switch
    {
        null => true,
        JsonObject members => members.All(m => m.Key switch
        {
            "and" => Items(m.Value).All(SaysNothing),
            "or" => Items(m.Value).Any(SaysNothing) || !Items(m.Value).Any(),
            _ when m.Value is JsonObject => SaysNothing(m.Value),
            _ => m.Value is null && SaysNothingWithNull(m.Key),
        }),
        _ => false,
    };

    // With null, members that are input objects set no condition, nor do the negative operations; `eq`, `neq`, `in` and the like
    // do.
    private static bool SaysNothingWithNull(string member) => member is not ("eq" or "neq" or "in" or "gt" or "gte" or "lt" or "lte"
        or "contains" or "startsWith" or "endsWith");

    private static Predicate<object> All(IReadOnlyList<Predicate<object>> conditions) => row => conditions.All(holds => holds(row));

    private static Predicate<object> AnyUnlessEmpty(IReadOnlyList<Predicate<object>> conditions) =>
        row => conditions.Count == 0 || conditions.Any(holds => holds(row));

    private static Predicate<object?> Not(Predicate<object?> predicate) => value => !predicate(value);
}
