using System.Text.Json.Nodes;
using CityHelper.Data.Extremes;
using CityHelper.Data.Model;
using CityHelper.Engine.Bindings;
using CityHelper.Engine.Types;
using CityHelper.Server.ServiceRequests;

namespace CityHelper.Server.Proof;

/// <summary>Filters that are hard to answer, as clients send them.</summary>
internal sealed class ExtremeFilters(CityExtremes city, ExtremeKeys keys, ExtremePlaces places)
{
    /// <summary>Filters on the rows of a type.</summary>
    public IReadOnlyList<Extreme> Of(FilterInput filter) => filter.RowName == nameof(ServiceRequest) ? Requests() : Members(filter);

    /// <summary>Conditions on a place.</summary>
    public IReadOnlyList<Extreme> Spatial() => [.. places.Polygons().Select(p => p with
    {
        Value = new JsonObject { ["intersects"] = new JsonObject { [SpatialOperationFilterInput.Geometry] = p.Value } },
    })];

    // One condition on each field that values are known for.
    private List<Extreme> Members(FilterInput filter) => [.. filter.Targets.SelectMany(target => FieldBinding.Of(target.Value) switch
    {
        ColumnBinding or GlobalIdBinding => keys.Of(filter.RowName, target.Value)
            .Select(value => new Extreme($"{target.Key} {value.Label}", One(target.Key, Operation(value), value.Value))),
        _ => [],
    })];

    private static string Operation(Extreme value) => value.Label.StartsWith("since", StringComparison.Ordinal) ? "gte" : "eq";

    // What indexes serve (docs/decisions/0005): each indexed column alone with its most frequent value, its rarest, and one that no row has; times; and pairs
    // of columns, of which one index serves one. What a client filters row by row beside them is its own doing, and ends with the statement's time.
    private List<Extreme> Requests() =>
    [
        .. keys.Codes("category").Select(code => new Extreme(code.Label, Category(code.Value))),
        .. keys.Codes("status").Select(status => new Extreme(status.Label, Status(status.Value))),
        .. keys.Codes("agency").Select(code => new Extreme(code.Label, One("agency", One("code", "eq", code.Value)))),
        .. Times(),
        .. Pairs(),
        new("all that is open", One("status", "in", new JsonArray([.. OpenStatuses.Labels.Select(label => (JsonNode)label)]))),
    ];

    private IEnumerable<Extreme> Times()
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

    private IEnumerable<Extreme> Pairs()
    {
        (string Label, FrequentKey Key)[] categories = [.. keys.Standing("category").Take(2)];
        (string Label, FrequentKey Key)[] statuses = [.. keys.Standing("status").Take(2)];
        foreach ((string label, FrequentKey category) in categories)
        {
            foreach ((string of, FrequentKey status) in statuses)
            {
                JsonObject both = Category(category.Code);
                both.Add("status", One("eq", status.Code));
                yield return new($"{label} and {of}", both);
            }
        }
    }

    private static JsonObject Created(DateTime from, DateTime to) =>
        One("createdAt", new JsonObject { ["gte"] = ExtremeKeys.Moment(from), ["lt"] = ExtremeKeys.Moment(to) });

    private static JsonObject Category(JsonNode? code) => One("category", One("code", "eq", code));

    private static JsonObject Status(JsonNode? status) => One("status", "eq", status);

    private static JsonObject One(string member, string operation, JsonNode? value) => One(member, One(operation, value));

    private static JsonObject One(string member, JsonNode? value) => new() { [member] = value?.Parent is null ? value : value.DeepClone() };
}
