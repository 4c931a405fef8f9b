using System.Globalization;
using System.Text.Json.Nodes;
using CityHelper.Data.Extremes;
using CityHelper.Data.Model;
using CityHelper.Engine;
using CityHelper.Engine.Bindings;
using GraphQL.Types;

namespace CityHelper.Server.Proof;

/// <summary>Ids, codes, times and words that stand out in a city's data, as clients send them.</summary>
internal sealed class ExtremeKeys(CityExtremes city)
{
    /// <summary>The codes of a kind of key: the most frequent one, the rarest there is, one that nothing has.</summary>
    public IReadOnlyList<Extreme> Codes(string column) => [.. Standing(column).Select(key => new Extreme(key.Label, key.Key.Code))];

    /// <summary>Global ids of a type.</summary>
    public IReadOnlyList<Extreme> Ids(string type) => type switch
    {
        nameof(ServiceRequest) => [.. city.Named
            .OrderBy(r => r.Name, StringComparer.Ordinal)
            .Select(r => new Extreme($"the {r.Name} request", Id(type, r.Id)))],
        nameof(Category) => [.. Standing("category").Select(key => new Extreme(key.Label, Id(type, long.Parse(key.Key.Id, CultureInfo.InvariantCulture))))],
        nameof(Agency) => [.. Standing("agency").Select(key => new Extreme(key.Label, Id(type, long.Parse(key.Key.Id, CultureInfo.InvariantCulture))))],
        nameof(Boundary) => Boundaries(),
        nameof(City) => [new(city.Slug, new GlobalId(type, null, city.CityId).ToString())],
        _ => [],
    };

    /// <summary>Global ids of requests of all times, as many as one look-up takes.</summary>
    public JsonArray SpreadIds() => new([.. city.SpreadIds.Select(id => (JsonNode)Id(nameof(ServiceRequest), id))]);

    /// <summary>Global ids of boundaries; none when the city has none.</summary>
    public IReadOnlyList<Extreme> Boundaries() => [.. city.Boundaries.Select(b => new Extreme($"the {b.Name} boundary", Id(nameof(Boundary), b.Id)))];

    /// <summary>Words of the requests that stand out.</summary>
    public IReadOnlyList<Extreme> Words() => Texts("description") is { Count: > 0 } descriptions ? descriptions : Texts("title");

    /// <summary>What a column holds of the requests that stand out.</summary>
    public IReadOnlyList<Extreme> Texts(string column) => [.. city.Named
        .Where(request => request.Texts.ContainsKey(column))
        .Select(request => new Extreme($"{column} of the {request.Name} request", request.Texts[column]))
        .DistinctBy(text => (string)text.Value!)];

    /// <summary>Times of creation: labels that begin with <c>since</c> make bounds of them.</summary>
    public IReadOnlyList<Extreme> Days() => city.Days is not { } days ? [] :
    [
        new("since the first", Moment(days.First)),
        new("since the busiest hour", Moment(days.BusiestHour)),
        new("since the last", Moment(days.Last)),
    ];

    /// <summary>Values that a field of a row is compared with.</summary>
    public IReadOnlyList<Extreme> Of(string type, FieldType field) => (FieldBinding.Of(field), type, field.Name) switch
    {
        (GlobalIdBinding, _, _) => Ids(type),
        (ColumnBinding, _, "status") => Codes("status"),
        (ColumnBinding, nameof(Category), "code") => Codes("category"),
        (ColumnBinding, nameof(Agency), "code") => Codes("agency"),
        (ColumnBinding, nameof(Boundary), "kind") => Codes("kind"),
        (ColumnBinding, nameof(Boundary), "code") => [.. city.Boundaries.Select(b => new Extreme($"the {b.Name} boundary", b.Code))],
        (ColumnBinding, _, "name") => [.. NamesOf(type).Select(name => new Extreme(name, name))],
        (ColumnBinding { Column.ValueType: var time }, _, _) when time == typeof(DateTime) || time == typeof(DateTimeOffset) => Days(),
        (ColumnBinding { Column.Name: var column }, nameof(ServiceRequest), _) => Texts(column),
        (ColumnBinding, nameof(StatusUpdate), _) => Texts("source_status"),
        _ => [],
    };

    /// <summary>A moment as clients write it.</summary>
    public static string Moment(DateTime moment) => moment.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    /// <summary>The values of a column that stand out.</summary>
    public IEnumerable<(string Label, FrequentKey Key)> Standing(string column)
    {
        IReadOnlyList<FrequentKey> keys = city.Keys.GetValueOrDefault(column) ?? [];
        (string Label, FrequentKey? Key)[] all =
        [
            ($"the most frequent {column}", keys.Count == 0 ? null : keys[0]),
            ($"the rarest {column}", keys.LastOrDefault(key => key.Requests > 0)),
            ($"a {column} that none has", keys.FirstOrDefault(key => key.Requests == 0)),
        ];
        return all.Where(key => key.Key is not null).DistinctBy(key => key.Key).Select(key => (key.Label, key.Key!));
    }

    private IEnumerable<string> NamesOf(string type) => type == nameof(Boundary)
        ? city.Boundaries.Select(b => b.Title)
        : Standing(type == nameof(Agency) ? "agency" : "category").Select(key => key.Key.Code);

    private string Id(string type, long row) => new GlobalId(type, city.CityId, row).ToString();
}
