using System.Runtime.CompilerServices;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;
using NetTopologySuite.Geometries;

namespace CityHelper.Engine.Binding;

/// <summary>The area of one request.</summary>
/// <param name="Area">Where rows are looked for; null for everywhere.</param>
/// <param name="Kept">The area of an id, when it is one.</param>
/// <param name="Error">Why it cannot be searched.</param>
internal readonly record struct BoundArea(Area? Area, KeptArea? Kept, RequestError? Error);

/// <summary>Makes the area of a request from <c>within</c>, or from the row that a connection hangs on.</summary>
/// <param name="lookups">Knows the areas that have an id.</param>
internal sealed class AreaBinder(BindingLookups lookups)
{
    // Of geometries that the server keeps, of those in documents, and of those that a request sends once and names in several fields.
    private static readonly ConditionalWeakTable<Geometry, SurfaceArea> s_surfaces = [];

    /// <summary>The area, or why it cannot be searched.</summary>
    /// <param name="argument">The argument; null when there is none.</param>
    /// <param name="seed">The variables, and the area of the row above.</param>
    /// <param name="partition">The key of the partition.</param>
    /// <param name="cancellation">Ends the look-up.</param>
    public async ValueTask<BoundArea> BindAsync(AreaArgument? argument, RootSeed seed, short partition, CancellationToken cancellation)
    {
        if (argument is null)
        {
            return default;
        }

        if (argument.Node is null)
        {
            return await KeptAsync(argument.Grid, partition, seed.AreaKey!.Value, cancellation);
        }

        (string member, object? value) = ((Dictionary<string, object?>)argument.Node.Evaluate(seed.Variables)!).Single();
        if (value is null)
        {
            return new BoundArea(null, null, new AreaInvalidError("`within` takes exactly one area that is not null."));
        }

        if (member == AreaInput.Boundary)
        {
            return await KeptAsync(argument.Grid, partition, value as string, cancellation);
        }

        Area area = member switch
        {
            AreaInput.Viewport => Viewport((Dictionary<string, object?>)value),
            AreaInput.Circle => Circle((Dictionary<string, object?>)value),
            _ => Surface((Geometry)value, isKept: false),
        };
        return new BoundArea(area, null, area.Check());
    }

    // Checked when it was stored, so not again.
    private async ValueTask<BoundArea> KeptAsync(GridColumns grid, short partition, string? id, CancellationToken cancellation)
    {
        string type = grid.Areas?.TypeName ?? "Boundary";
        if (GlobalId.Parse(id ?? "") is not { } parsed || parsed.Type != type || parsed.Partition is null)
        {
            return new BoundArea(null, null, new IdInvalidError(type));
        }

        return parsed.Partition == partition ? await KeptAsync(grid, partition, parsed.Row, cancellation) : NotThere(grid);
    }

    private async ValueTask<BoundArea> KeptAsync(GridColumns grid, short partition, long key, CancellationToken cancellation)
    {
        if (grid.Areas is not { } areas)
        {
            return NotThere(grid);
        }

        (KeptArea? kept, RequestError? error) = await lookups.AreaAsync(areas, partition, key, cancellation);
        return error is not null ? new BoundArea(null, null, error)
            : kept is null ? NotThere(grid)
            : new BoundArea(Surface(kept.Geometry, isKept: true), kept, null);
    }

    private static BoundArea NotThere(GridColumns grid) =>
        new(null, null, new AreaInvalidError($"There is no {grid.Areas?.TypeName ?? "area"} of this id here: ask for those there are."));

    private static SurfaceArea Surface(Geometry geometry, bool isKept) => s_surfaces.GetValue(geometry, g => new SurfaceArea(g, isKept));

    private static ViewportArea Viewport(Dictionary<string, object?> edges) =>
        new(new Viewport(Number(edges, "west"), Number(edges, "south"), Number(edges, "east"), Number(edges, "north")));

    private static CircleArea Circle(Dictionary<string, object?> circle) =>
        new(Number(circle, "longitude"), Number(circle, "latitude"), Number(circle, "metres"));

    private static double Number(Dictionary<string, object?> members, string name) => (double)members[name]!;
}
