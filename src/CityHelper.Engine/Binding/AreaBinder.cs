using System.Runtime.CompilerServices;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;
using NetTopologySuite.Geometries;

namespace CityHelper.Engine.Binding;

/// <summary>The area of one request.</summary>
/// <param name="Area">The searched area; null for everywhere.</param>
/// <param name="Stored">The stored area, when an id names one.</param>
/// <param name="Error">Why the area cannot be searched.</param>
internal readonly record struct BoundArea(Area? Area, StoredArea? Stored, RequestError? Error);

/// <summary>Makes the area of a request from <c>within</c>, or from the parent row of a connection.</summary>
/// <param name="lookups">Finds stored areas by id.</param>
internal sealed class AreaBinder(BindingLookups lookups)
{
    // For stored geometries, literals of cached documents, and a variable that several fields of a request use.
    private static readonly ConditionalWeakTable<Geometry, SurfaceArea> s_surfaces = [];

    /// <summary>The area, or why it cannot be searched.</summary>
    /// <param name="argument">The argument; null when there is none.</param>
    /// <param name="seed">The variables, and the area of the parent row.</param>
    /// <param name="tenant">The tenant's key.</param>
    /// <param name="cancellation">Cancels the lookup.</param>
    public async ValueTask<BoundArea> BindAsync(AreaArgument? argument, RootSeed seed, short tenant, CancellationToken cancellation)
    {
        if (argument is null)
        {
            return default;
        }

        if (argument.Node is null)
        {
            return await StoredAsync(argument.Grid, tenant, seed.AreaKey!.Value, cancellation);
        }

        (string member, object? value) = ((Dictionary<string, object?>)argument.Node.Evaluate(seed.Variables)!).Single();
        if (value is null)
        {
            return new BoundArea(null, null, new AreaInvalidError("`within` takes exactly one area that is not null."));
        }

        if (member == AreaInput.Boundary)
        {
            return await StoredAsync(argument.Grid, tenant, value as string, cancellation);
        }

        Area area = member switch
        {
            AreaInput.Viewport => Viewport((Dictionary<string, object?>)value),
            AreaInput.Circle => Circle((Dictionary<string, object?>)value),
            _ => Surface((Geometry)value, isStored: false),
        };
        return new BoundArea(area, null, area.Check());
    }

    // A stored geometry was checked when it was stored.
    private async ValueTask<BoundArea> StoredAsync(GridColumns grid, short tenant, string? id, CancellationToken cancellation)
    {
        string type = grid.Areas?.TypeName ?? "Boundary";
        if (GlobalId.Parse(id ?? "") is not { } parsed || parsed.Type != type || parsed.Tenant is null)
        {
            return new BoundArea(null, null, new IdInvalidError(type));
        }

        return parsed.Tenant == tenant ? await StoredAsync(grid, tenant, parsed.Row, cancellation) : NotThere(grid);
    }

    private async ValueTask<BoundArea> StoredAsync(GridColumns grid, short tenant, long key, CancellationToken cancellation)
    {
        if (grid.Areas is not { } areas)
        {
            return NotThere(grid);
        }

        (StoredArea? stored, RequestError? error) = await lookups.AreaAsync(areas, tenant, key, cancellation);
        return error is not null ? new BoundArea(null, null, error)
            : stored is null ? NotThere(grid)
            : new BoundArea(Surface(stored.Geometry, isStored: true), stored, null);
    }

    private static BoundArea NotThere(GridColumns grid) =>
        new(null, null, new AreaInvalidError($"There is no {grid.Areas?.TypeName ?? "area"} of this id here: ask for those there are."));

    /// <summary>The area of a stored geometry; equal geometries share what was computed of them.</summary>
    public static Area Of(StoredArea stored) => Surface(stored.Geometry, isStored: true);

    private static SurfaceArea Surface(Geometry geometry, bool isStored) =>
        s_surfaces.GetValue(geometry, g => new SurfaceArea(g, isStored));

    private static ViewportArea Viewport(Dictionary<string, object?> edges) =>
        new(new Viewport(Number(edges, "west"), Number(edges, "south"), Number(edges, "east"), Number(edges, "north")));

    private static CircleArea Circle(Dictionary<string, object?> circle) =>
        new(Number(circle, "longitude"), Number(circle, "latitude"), Number(circle, "metres"));

    private static double Number(Dictionary<string, object?> members, string name) => (double)members[name]!;
}
