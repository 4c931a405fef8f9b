using System.Globalization;
using System.Text.Json.Nodes;
using CityHelper.Checks.TestCases;
using CityHelper.Data.WorstCases;
using CityHelper.Data.Model;
using CityHelper.Engine;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using GraphQL.Types;

namespace CityHelper.Server.WorstCases;

/// <summary>
/// Worst-case ids, codes, times and words of a city's data, as clients send them. Fields are identified by the columns that they are bound
/// to.
/// </summary>
internal sealed class WorstCaseKeys
{
    private readonly CityWorstCases _city;
    private readonly EntityMap _requests;
    private readonly Dictionary<EntityMap, Func<EntityMap, IReadOnlyList<WorstCaseValue>>> _ids;

    // Compares by reference: columns of two tables may be equal.
    private readonly Dictionary<ColumnMap, Func<IReadOnlyList<WorstCaseValue>>> _values = new(ReferenceEqualityComparer.Instance);

    /// <param name="city">The city's worst cases.</param>
    /// <param name="database">The tables and columns of the schema's bindings.</param>
    public WorstCaseKeys(CityWorstCases city, DatabaseModel database)
    {
        _city = city;
        _requests = database.Entity(typeof(ServiceRequest));
        EntityMap updates = database.Entity(typeof(StatusUpdate));
        EntityMap categories = database.Entity(typeof(Category));
        EntityMap agencies = database.Entity(typeof(Agency));
        EntityMap boundaries = database.Entity(typeof(Boundary));
        _ids = new()
        {
            [_requests] = type => [.. city.Named.OrderBy(r => r.Kind)
                .Select(r => new WorstCaseValue($"the {WorstCaseNames.Of(r.Kind)} request", Id(type, r.Id)))],
            [categories] = type => IdsOf(type, KeyColumn.Category),
            [agencies] = type => IdsOf(type, KeyColumn.Agency),
            [boundaries] = type => [.. city.Boundaries.Select(b => new WorstCaseValue($"the {b.Name} boundary", Id(type, b.Id)))],
            [database.Entity(typeof(City))] = type => [new(city.Slug, new GlobalId(type.Name, null, city.CityId).ToString())],
        };
        foreach (string text in TextsOf(typeof(ServiceRequest)))
        {
            string column = _requests.Column(text).Name;
            _values[_requests.Column(text)] = () => Texts(column);
        }

        // Updates use the texts of the worst-case requests.
        foreach (string text in TextsOf(typeof(StatusUpdate)))
        {
            _values[updates.Column(text)] = () => Texts(_requests.Column(nameof(ServiceRequest.SourceStatus)).Name);
        }

        _values[_requests.Column(nameof(ServiceRequest.Status))] = () => Codes(KeyColumn.Status);
        _values[updates.Column(nameof(StatusUpdate.Status))] = () => Codes(KeyColumn.Status);
        _values[categories.Column(nameof(Category.Code))] = () => Codes(KeyColumn.Category);
        _values[categories.Column(nameof(Category.Name))] = () => CodesAsNames(KeyColumn.Category);
        _values[agencies.Column(nameof(Agency.Code))] = () => Codes(KeyColumn.Agency);
        _values[agencies.Column(nameof(Agency.Name))] = () => CodesAsNames(KeyColumn.Agency);
        _values[boundaries.Column(nameof(Boundary.Kind))] = () => Codes(KeyColumn.Kind);
        _values[boundaries.Column(nameof(Boundary.Code))] =
            () => [.. city.Boundaries.Select(b => new WorstCaseValue($"the {b.Name} boundary", b.Code))];
        _values[boundaries.Column(nameof(Boundary.Name))] = () => [.. city.Boundaries.Select(b => new WorstCaseValue(b.Title, b.Title))];
    }

    /// <summary>Values to compare a field of a row with; none when no values are known.</summary>
    public IReadOnlyList<WorstCaseValue> Of(FieldType field) => FieldBinding.Of(field) switch
    {
        GlobalIdBinding id => Ids(id.Entity),
        ColumnBinding when IsTime(field) => Days(),
        ColumnBinding { Column: var column } => Of(column),
        _ => [],
    };

    /// <summary>Values to compare a column with, other than a time; none when no values are known.</summary>
    public IReadOnlyList<WorstCaseValue> Of(ColumnMap column) =>
        _values.TryGetValue(column, out Func<IReadOnlyList<WorstCaseValue>>? values) ? values() : [];

    public static bool IsTime(FieldType field) => FieldBinding.Of(field) is ColumnBinding { Column.ValueType: var type }
        && (type == typeof(DateTime) || type == typeof(DateTimeOffset));

    /// <summary>Whether a filter applies to requests.</summary>
    public bool IsOfRequests(FilterInput filter) =>
        filter.Targets.Any(target => FieldBinding.Of(target.Value) is GlobalIdBinding id && IsRequests(id.Entity));

    /// <summary>Whether a table holds the requests.</summary>
    public bool IsRequests(EntityMap entity) => entity == _requests;

    /// <summary>Global ids of a table's rows.</summary>
    public IReadOnlyList<WorstCaseValue> Ids(EntityMap entity) =>
        _ids.TryGetValue(entity, out Func<EntityMap, IReadOnlyList<WorstCaseValue>>? ids) ? ids(entity) : [];

    /// <summary>Global ids of requests of all times, as many as one lookup takes.</summary>
    public JsonArray SpreadIds() => new([.. _city.SpreadIds.Select(id => (JsonNode)Id(_requests, id))]);

    /// <summary>The codes of a column: the most frequent, the rarest, and one that no row has.</summary>
    public IReadOnlyList<WorstCaseValue> Codes(KeyColumn column) =>
        [.. Standing(column).Select(key => new WorstCaseValue(key.Label, key.Key.Code))];

    /// <summary>Words of the worst-case requests.</summary>
    public IReadOnlyList<WorstCaseValue> Words() =>
        Of(_requests.Column(nameof(ServiceRequest.Description))) is { Count: > 0 } descriptions
            ? descriptions
            : Of(_requests.Column(nameof(ServiceRequest.Title)));

    /// <summary>The texts of a column in the worst-case requests.</summary>
    public IReadOnlyList<WorstCaseValue> Texts(string column) => [.. _city.Named
        .Where(request => request.Texts.ContainsKey(column))
        .Select(request => new WorstCaseValue($"{column} of the {WorstCaseNames.Of(request.Kind)} request", request.Texts[column]))
        .DistinctBy(text => (string)text.Value!)];

    /// <summary>Times of creation.</summary>
    public IReadOnlyList<WorstCaseValue> Days() => _city.Days is not { } days ? [] :
    [
        new("since the first", Moment(days.First)),
        new("since the busiest hour", Moment(days.BusiestHour)),
        new("since the last", Moment(days.Last)),
    ];

    /// <summary>A time as clients write it.</summary>
    public static string Moment(DateTime moment) =>
        moment.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    /// <summary>The worst-case values of a column.</summary>
    public IEnumerable<(string Label, FrequentKey Key)> Standing(KeyColumn column)
    {
        IReadOnlyList<FrequentKey> keys = _city.Keys.GetValueOrDefault(column) ?? [];
        string name = WorstCaseNames.Of(column);
        (string Label, FrequentKey? Key)[] all =
        [
            ($"the most frequent {name}", keys.Count == 0 ? null : keys[0]),
            ($"the rarest {name}", keys.LastOrDefault(key => key.Requests > 0)),
            ($"a {name} that none has", keys.FirstOrDefault(key => key.Requests == 0)),
        ];
        return all.Where(key => key.Key is not null).DistinctBy(key => key.Key).Select(key => (key.Label, key.Key!));
    }

    private IReadOnlyList<WorstCaseValue> CodesAsNames(KeyColumn column) =>
        [.. Standing(column).Select(key => new WorstCaseValue(key.Key.Code, key.Key.Code))];

    private IReadOnlyList<WorstCaseValue> IdsOf(EntityMap type, KeyColumn column) =>
        [.. Standing(column).Select(key => new WorstCaseValue(key.Label, Id(type, long.Parse(key.Key.Id, CultureInfo.InvariantCulture))))];

    private string Id(EntityMap type, long row) => new GlobalId(type.Name, _city.CityId, row).ToString();

    private static IEnumerable<string> TextsOf(Type entity) =>
        entity.GetProperties().Where(property => property.PropertyType == typeof(string)).Select(property => property.Name);
}
