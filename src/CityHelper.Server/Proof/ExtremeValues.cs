using System.Text.Json.Nodes;
using CityHelper.Data.Extremes;
using CityHelper.Data.Model;
using CityHelper.Engine.Bindings;
using CityHelper.Engine.Proof;
using CityHelper.Engine.Types;
using GraphQL;
using GraphQL.Types;

namespace CityHelper.Server.Proof;

/// <summary>
/// What a variable is tried with: by its type, and by where the schema uses it. A variable that nothing is known for gets no value, which the check says.
/// </summary>
internal sealed class ExtremeValues(CityExtremes city)
{
    private readonly ExtremeKeys _keys = new(city);
    private readonly ExtremePlaces _places = new(city);

    private ExtremeFilters Filters => field ??= new ExtremeFilters(city, _keys, _places);

    /// <summary>The values, the usual one first.</summary>
    public IReadOnlyList<Extreme> Of(OperationVariable variable) => variable.Uses is [var use, ..]
        ? Of(variable.Type, use)
        : variable.Type.GetNamedType() is BooleanGraphType ? Booleans() : [];

    private IReadOnlyList<Extreme> Of(IGraphType type, VariableUse use) => type switch
    {
        NonNullGraphType nonNull => Of(nonNull.ResolvedType!, use),
        ListGraphType { ResolvedType: var item } when item!.GetNamedType() is SortInput sort => [.. Orders(sort).Select(order => order with { Value = new JsonArray(order.Value) })],
        ListGraphType { ResolvedType: var item } when item!.GetNamedType() is IdGraphType && use.SelectedTypes.Contains(nameof(ServiceRequest)) =>
            [new("requests of all times", _keys.SpreadIds())],
        ListGraphType list => Lists(Of(list.ResolvedType!, use)),
        ViewportInput => _places.Viewports(),
        CircleInput => _places.Circles(),
        PositionInput => _places.Positions(),
        AreaInput => [.. _places.Areas(), .. _keys.Boundaries().Select(b => b with { Value = new JsonObject { [AreaInput.Boundary] = b.Value } })],
        GeometryType => _places.Polygons(),
        FilterInput filter => Filters.Of(filter),
        ListFilterInput rows => [.. Filters.Of(rows.Rows).Select(f => f with { Value = new JsonObject { [ListFilterInput.Some] = f.Value } })],
        OperationFilterInput => [.. Leaves(use).Select(value => value with { Value = new JsonObject { [Operation(value)] = value.Value } })],
        SpatialFilterInput => Filters.Spatial(),
        SpatialOperationFilterInput => [.. _places.Polygons().Select(p => p with { Value = new JsonObject { [SpatialOperationFilterInput.Geometry] = p.Value } })],
        SortInput sort => Orders(sort),
        _ => Leaves(type, use),
    };

    // A day is a bound, not a moment that something was made in.
    private static string Operation(Extreme value) => value.Label.StartsWith("since", StringComparison.Ordinal) ? "gte" : "eq";

    private IReadOnlyList<Extreme> Leaves(VariableUse use) => use.Compared is { } compared ? _keys.Of(compared.Type, compared.Field) : [];

    private IReadOnlyList<Extreme> Leaves(IGraphType type, VariableUse use)
    {
        if (use.Compared is not null && use.Input is not (SpatialFilterInput or SpatialOperationFilterInput))
        {
            return Leaves(use);
        }

        return type switch
        {
            BooleanGraphType => Booleans(),
            SortEnumType => [new("upwards", SortEnumType.Ascending), new("downwards", SortEnumType.Descending)],
            DateTimeType => _keys.Days(),
            EnumerationGraphType values => [.. values.Values.Select(v => new Extreme(v.Name, v.Name))],
            IdGraphType when use.Input is AreaInput => _keys.Boundaries(),
            IdGraphType => [.. use.SelectedTypes.SelectMany(_keys.Ids)],
            IntGraphType or FloatGraphType or StringGraphType => Named(use),
            _ => [],
        };
    }

    // Arguments of the schema that say what they mean by their names alone.
    private IReadOnlyList<Extreme> Named(VariableUse use) => use.Argument switch
    {
        ConnectionBinding.AfterArgument or ConnectionBinding.BeforeArgument => [Extreme.DeepestPage],
        ConnectionBinding.FirstArgument or ConnectionBinding.LastArgument => [new("the largest page", Engine.Limits.PageRowsMax)],
        FigureFields.ZoomArgument => [new("zoom 9", 9), new("zoom 13", 13), new("zoom 22", Engine.Limits.MapZoomMax)],
        "city" or "slug" => [new(city.Slug, city.Slug)],
        "category" => _keys.Codes("category"),
        "kind" => _keys.Codes("kind"),
        "externalId" => _keys.Texts("external_id"),
        SimilarToDraftBinding.TextArgument => _keys.Words(),
        SimilarRowsBinding.DaysArgument => [new("the most days", Engine.Limits.SimilarDaysMax)],
        NearbyBinding.MetresArgument => [Metres(use)],
        _ when use.Input is SpatialOperationFilterInput or SpatialFilterInput => [new("a hundredth of a degree", 0.01), new("a degree", 1.0)],
        _ => [],
    };

    private static Extreme Metres(VariableUse use) => FieldBinding.Of(use.Field) is NearbyBinding
        ? new("the largest distance", Engine.Limits.NearbyMetresMax)
        : new("the largest distance", Engine.Limits.SimilarMetresMax);

    private static IReadOnlyList<Extreme> Booleans() => [new("yes", true), new("no", false)];

    private static IReadOnlyList<Extreme> Lists(IReadOnlyList<Extreme> items) => items.Count == 0 ? [] :
    [
        .. items.Select(item => item with { Value = new JsonArray(item.Value?.DeepClone()) }),
        new("all of them", new JsonArray([.. items.Select(item => item.Value?.DeepClone())])),
    ];

    private static IReadOnlyList<Extreme> Orders(SortInput sort) => [.. sort.Fields.SelectMany(member => member.ResolvedType switch
    {
        SortInput nested => Orders(nested).Select(order => new Extreme($"{member.Name}.{order.Label}", new JsonObject { [member.Name] = order.Value })),
        _ => new[] { SortEnumType.Descending, SortEnumType.Ascending }
            .Select(direction => new Extreme($"{member.Name} {direction}", new JsonObject { [member.Name] = direction })),
    })];
}
