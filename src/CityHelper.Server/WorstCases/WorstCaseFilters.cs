using System.Text.Json.Nodes;
using CityHelper.Checks.TestCases;
using CityHelper.Data.WorstCases;
using CityHelper.Engine.Schema;
using CityHelper.Server.ServiceRequests;
using GraphQL.Types;

namespace CityHelper.Server.WorstCases;

/// <summary>Filters that are hard to answer, as clients send them.</summary>
internal sealed class WorstCaseFilters(CityWorstCases city, WorstCaseKeys keys, WorstCaseLocations locations)
{
    /// <summary>Filters on the rows of a type.</summary>
    public IReadOnlyList<WorstCaseValue> Of(FilterInput filter) => keys.IsOfRequests(filter) ? Requests() : Members(filter);

    /// <summary>Conditions on changes, which memory judges: they decide no statement.</summary>
    public IReadOnlyList<WorstCaseValue> OfChanges() =>
        [.. keys.Codes(KeyColumn.Status).Take(1).Select(status => new WorstCaseValue(status.Label, Status(status.Value)))];

    /// <summary>Spatial conditions.</summary>
    public IReadOnlyList<WorstCaseValue> Spatial() => [.. locations.Polygons().Select(p => p with
    {
        Value = new JsonObject { ["intersects"] = new JsonObject { [SpatialOperationFilterInput.Geometry] = p.Value } },
    })];

    /// <summary>The operation to compare a field by. A time is a lower bound, because hardly any row has that exact time.</summary>
    public static string Operation(FieldType field) => WorstCaseKeys.IsTime(field) ? "gte" : "eq";

    // One condition for each field with known values.
    private List<WorstCaseValue> Members(FilterInput filter) => [.. filter.Targets.SelectMany(target => keys.Of(target.Value)
        .Select(value => new WorstCaseValue($"{target.Key} {value.Label}", One(target.Key, Operation(target.Value), value.Value))))];

    // What indexes serve (docs/decisions/0005): each indexed column alone with its most frequent value, its rarest, and one that no row
    // has; times; and pairs of columns, of which one index serves one. A client may add filters that are tested row by row; the statement's
    // time limit bounds them.
    private List<WorstCaseValue> Requests() =>
    [
        .. keys.Codes(KeyColumn.Category).Select(code => new WorstCaseValue(code.Label, Category(code.Value))),
        .. keys.Codes(KeyColumn.Status).Select(status => new WorstCaseValue(status.Label, Status(status.Value))),
        .. keys.Codes(KeyColumn.Agency).Select(code => new WorstCaseValue(code.Label, One("agency", One("code", "eq", code.Value)))),
        .. Times(),
        .. Pairs(),
        new("all that is open", One("status", "in", new JsonArray([.. OpenStatuses.Labels.Select(label => (JsonNode)label)]))),
    ];

    private IEnumerable<WorstCaseValue> Times()
    {
        if (city.Days is not { } days)
        {
            yield break;
        }

        yield return new("the longest time", Created(days.First, days.Last.AddSeconds(1)));
        yield return new("the busiest hour", Created(days.BusiestHour, days.BusiestHour.AddHours(1)));
        yield return new("the oldest month", Created(days.First, days.First.AddDays(30)));
        yield return new("before everything", Created(days.First.AddYears(-1), days.First));
    }

    private IEnumerable<WorstCaseValue> Pairs() =>
        from category in keys.Standing(KeyColumn.Category).Take(2)
        from status in keys.Standing(KeyColumn.Status).Take(2)
        select new WorstCaseValue($"{category.Label} and {status.Label}", Both(category.Key, status.Key));

    private static JsonObject Both(FrequentKey category, FrequentKey status)
    {
        JsonObject both = Category(category.Code);
        both.Add("status", One("eq", status.Code));
        return both;
    }

    private static JsonObject Created(DateTime from, DateTime to) =>
        One("createdAt", new JsonObject { ["gte"] = WorstCaseKeys.Moment(from), ["lt"] = WorstCaseKeys.Moment(to) });

    private static JsonObject Category(JsonNode? code) => One("category", One("code", "eq", code));

    private static JsonObject Status(JsonNode? status) => One("status", "eq", status);

    private static JsonObject One(string member, string operation, JsonNode? value) => One(member, One(operation, value));

    private static JsonObject One(string member, JsonNode? value) => new() { [member] = value?.Parent is null ? value : value.DeepClone() };
}
