using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using CityHelper.Checks.TestCases;
using CityHelper.Data.WorstCases;
using CityHelper.Data.Model;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using GraphQL;
using GraphQL.Types;

namespace CityHelper.Server.WorstCases;

/// <summary>
/// Chooses the values to test a variable with: by its type, and by the binding of the field that it is used at. A variable without known
/// values gets none, which the check reports.
/// </summary>
/// <param name="city">The city's worst cases.</param>
/// <param name="database">The tables and columns of the schema's bindings.</param>
internal sealed class WorstCaseValues(CityWorstCases city, DatabaseModel database) : IWorstCaseValues
{
    private readonly WorstCaseKeys _keys = new(city, database);
    private readonly WorstCaseLocations _locations = new(city);

    /// <summary>The number of requests, the city, and a hash of its worst cases: equal data has an equal hash.</summary>
    public string Data
    {
        get
        {
            string facts = string.Join('|', [
                .. from column in city.Keys
                   orderby column.Key
                   from key in column.Value
                   select Text($"{WorstCaseNames.Of(column.Key)} {key.Code} {key.Requests}"),
                .. city.SpreadIds.Select(id => Text($"{id}")),
                .. city.Named.Select(request => Text($"{WorstCaseNames.Of(request.Kind)} {request.Id}")),
                .. city.Boundaries.Select(boundary => Text($"{boundary.Name} {boundary.Code}"))]);
            string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(facts)))[..8];
            return Text($"{city.Requests:N0} requests of {city.Slug} ({hash})");
        }
    }

    public string WhyNone => "the city's data has none, such as no boundaries (`cityhelper import-boundaries`) or no requests";

    private WorstCaseFilters Filters => field ??= new WorstCaseFilters(city, _keys, _locations);

    public IReadOnlyList<WorstCaseValue> Of(OperationVariable variable) => variable.Uses is [var use, ..]
        ? Of(variable.Type, use)
        : variable.Type.GetNamedType() is BooleanGraphType ? Booleans() : [];

    private IReadOnlyList<WorstCaseValue> Of(IGraphType type, VariableUse use) => type switch
    {
        NonNullGraphType nonNull => Of(nonNull.ResolvedType!, use),
        ListGraphType { ResolvedType: var item } when item!.GetNamedType() is SortInput sort =>
            [.. Orders(sort).Select(order => order with { Value = new JsonArray(order.Value) })],
        ListGraphType { ResolvedType: var item } when item!.GetNamedType() is IdGraphType && use.SelectedRows.Any(_keys.IsRequests) =>
            [new("requests of all times", _keys.SpreadIds())],
        ListGraphType list => Lists(Of(list.ResolvedType!, use)),
        ViewportInput => _locations.Viewports(),
        CircleInput => _locations.Circles(),
        PositionInput => _locations.Positions(),
        AreaInput => [.. _locations.Areas(), .. Within(AreaInput.Boundary, Areas())],
        GeometryType => _locations.Polygons(),
        FilterInput filter => Filters.Of(filter),
        ChangeWhereInput => Filters.OfChanges(),
        ListFilterInput rows => [.. Within(ListFilterInput.Some, Filters.Of(rows.Rows))],
        OperationFilterInput => [.. Within(WorstCaseFilters.Operation(use.Compared!), Compared(use))],
        SpatialFilterInput => Filters.Spatial(),
        SpatialOperationFilterInput => [.. Within(SpatialOperationFilterInput.Geometry, _locations.Polygons())],
        SortInput sort => Orders(sort),
        _ => Leaves(type, use),
    };

    // The values as a member of an input object.
    private static IEnumerable<WorstCaseValue> Within(string member, IReadOnlyList<WorstCaseValue> values) =>
        values.Select(value => value with { Value = new JsonObject { [member] = value.Value } });

    private IReadOnlyList<WorstCaseValue> Compared(VariableUse use) => use.Compared is { } field ? _keys.Of(field) : [];

    private IReadOnlyList<WorstCaseValue> Leaves(IGraphType type, VariableUse use)
    {
        if (use.Compared is not null && use.Input is not (SpatialFilterInput or SpatialOperationFilterInput))
        {
            return Compared(use);
        }

        return type switch
        {
            BooleanGraphType => Booleans(),
            SortEnumType => [new("upwards", SortEnumType.Ascending), new("downwards", SortEnumType.Descending)],
            DateTimeType => _keys.Days(),
            EnumerationGraphType values => [.. values.Values.Select(v => new WorstCaseValue(v.Name, v.Name))],
            IdGraphType when use.Input is AreaInput => Areas(),
            IdGraphType => [.. use.SelectedRows.SelectMany(_keys.Ids)],
            IntGraphType or FloatGraphType or StringGraphType when use.Input is SpatialFilterInput or SpatialOperationFilterInput =>
                [new("a hundredth of a degree", 0.01), new("a degree", 1.0)],
            IntGraphType or FloatGraphType or StringGraphType => OfArgument(use.Argument, FieldBinding.Of(use.Field)),
            _ => [],
        };
    }

    // An argument that the engine or the feature declared: the binding of its field says what it means.
    private IReadOnlyList<WorstCaseValue> OfArgument(string argument, FieldBinding? binding) => argument switch
    {
        SubscriptionBinding.AfterArgument when binding is SubscriptionBinding => [new("from now on", null)],
        ConnectionBinding.AfterArgument or ConnectionBinding.BeforeArgument => [WorstCaseValue.DeepestPage],
        ConnectionBinding.FirstArgument or ConnectionBinding.LastArgument => [new("the largest page", Engine.Limits.PageRowsMax)],
        _ when argument == CityOf(binding) => [new(city.Slug, city.Slug)],
        _ when binding?.ListedRows is { } rows && rows.Selectors.Contains(argument) => _keys.Of(rows.Row.Fields.Find(argument)!),
        _ => (argument, binding) switch
        {
            (AggregateFields.ZoomArgument, ClusterBinding) or (GeometryBinding.ZoomArgument, GeometryBinding) =>
                [new("zoom 9", 9), new("zoom 13", 13), new("zoom 22", Engine.Limits.MapZoomMax)],
            (_, RowOfTenantBinding row) when argument == row.External.Argument => _keys.Texts(row.External.Property),
            (_, SimilarToDraftBinding draft) when argument == draft.GroupArgument => _keys.Of(draft.By.GroupName),
            (SimilarToDraftBinding.TextArgument, SimilarToDraftBinding) => _keys.Words(),
            (SimilarRowsBinding.DaysArgument, SimilarRowsBinding or SimilarToDraftBinding) =>
                [new("the most days", Engine.Limits.SimilarDaysMax)],
            (SimilarRowsBinding.MetresArgument, SimilarRowsBinding or SimilarToDraftBinding) =>
                [new("the largest distance", Engine.Limits.SimilarMetresMax)],
            (NearbyBinding.MetresArgument, NearbyBinding) => [new("the largest distance", Engine.Limits.NearbyMetresMax)],
            _ => [],
        },
    };

    /// <summary>The argument that names the city, or null.</summary>
    private static string? CityOf(FieldBinding? binding) => binding switch
    {
        UniqueRowBinding { Tenant: not null } row => row.Argument,
        RowOfTenantBinding row => row.Tenant.Name,
        ConnectionBinding connection => connection.Tenant.Name,
        NearbyBinding nearby => nearby.Tenant.Name,
        AggregateBinding aggregates => aggregates.Tenant?.Name,
        ClusterBinding clusters => clusters.Tenant.Name,
        SubscriptionBinding changes => changes.Tenant?.Name,
        SimilarToDraftBinding draft => draft.Tenant.Name,
        _ => null,
    };

    private IReadOnlyList<WorstCaseValue> Areas() => _keys.Ids(database.Entity(typeof(Boundary)));

    private static IReadOnlyList<WorstCaseValue> Booleans() => [new("yes", true), new("no", false)];

    private static IReadOnlyList<WorstCaseValue> Lists(IReadOnlyList<WorstCaseValue> items) => items.Count == 0 ? [] :
    [
        .. items.Select(item => item with { Value = new JsonArray(item.Value?.DeepClone()) }),
        new("all of them", new JsonArray([.. items.Select(item => item.Value?.DeepClone())])),
    ];

    private static IReadOnlyList<WorstCaseValue> Orders(SortInput sort) => [.. sort.Fields.SelectMany(member => member.ResolvedType switch
    {
        SortInput nested => Orders(nested)
            .Select(order => new WorstCaseValue($"{member.Name}.{order.Label}", new JsonObject { [member.Name] = order.Value })),
        _ => new[] { SortEnumType.Descending, SortEnumType.Ascending }
            .Select(direction => new WorstCaseValue($"{member.Name} {direction}", new JsonObject { [member.Name] = direction })),
    })];

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
