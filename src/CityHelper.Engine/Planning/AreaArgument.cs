using System.Runtime.CompilerServices;
using CityHelper.Engine.Bindings;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Space;
using CityHelper.Engine.Types;

namespace CityHelper.Engine.Planning;

/// <summary>The argument <c>within</c>: which kind of area the plan is made for, and the area of a request.</summary>
/// <param name="node">Its value; null for the area that the row above stands for.</param>
/// <param name="grid">The rows' place on the grid.</param>
internal sealed class AreaArgument(InputNode? node, GridColumns grid)
{
    // Of geometries that the server keeps, of those in documents, and of those that a request sends once and names in several fields.
    private static readonly ConditionalWeakTable<NetTopologySuite.Geometries.Geometry, SurfaceArea> s_surfaces = [];

    /// <summary>The kind: which member is given is part of the variables' shape.</summary>
    public AreaKind Kind { get; } = node is null ? AreaKind.Surface : MemberOf(node) switch
    {
        AreaInput.Viewport => AreaKind.Viewport,
        AreaInput.Circle => AreaKind.Circle,
        _ => AreaKind.Surface,
    };

    /// <summary>Sets the run's area, or says why it cannot be searched.</summary>
    public async ValueTask<RequestError?> BindAsync(RootRun run, CancellationToken cancellation)
    {
        if (node is null)
        {
            return await BindKeptAsync(run, run.AreaKey!.Value, cancellation);
        }

        (string member, object? value) = ((Dictionary<string, object?>)node.Evaluate(run.Variables)!).Single();
        if (value is null)
        {
            return new AreaInvalidError("`within` takes exactly one area that is not null.");
        }

        if (member == AreaInput.Boundary)
        {
            return await BindKeptAsync(run, value as string, cancellation);
        }

        Area area = member switch
        {
            AreaInput.Viewport => Viewport((Dictionary<string, object?>)value),
            AreaInput.Circle => Circle((Dictionary<string, object?>)value),
            _ => Surface((NetTopologySuite.Geometries.Geometry)value, isKept: false),
        };
        run.Area = area;
        return area.Check();
    }

    // Checked when it was stored, so not again.
    private async ValueTask<RequestError?> BindKeptAsync(RootRun run, string? id, CancellationToken cancellation)
    {
        string type = grid.Areas?.TypeName ?? "Boundary";
        if (GlobalId.Parse(id ?? "") is not { } parsed || parsed.Type != type || parsed.Partition is null)
        {
            return new IdInvalidError(type);
        }

        return parsed.Partition == run.Partition
            ? await BindKeptAsync(run, parsed.Row, cancellation)
            : NotThere();
    }

    private async ValueTask<RequestError?> BindKeptAsync(RootRun run, long key, CancellationToken cancellation)
    {
        run.KeptArea = grid.Areas is { } areas ? await areas.FindAsync(run.Partition, key, cancellation) : null;
        run.Area = run.KeptArea is { } kept ? Surface(kept.Geometry, isKept: true) : null;
        return run.Area is null ? NotThere() : null;
    }

    private AreaInvalidError NotThere() => new($"There is no {grid.Areas?.TypeName ?? "area"} of this id here: ask for those there are.");

    /// <summary>The value as the request sent it, to which cursors are bound.</summary>
    public object? Evaluate(Operations.VariableValues variables) => node?.Evaluate(variables);

    private static string MemberOf(InputNode node) => node is ObjectNode { Members: { Count: 1 } members }
        ? members.Keys.Single()
        : throw new PlanException(new AreaInvalidError("`within` takes exactly one area."));

    private static SurfaceArea Surface(NetTopologySuite.Geometries.Geometry geometry, bool isKept) =>
        s_surfaces.GetValue(geometry, g => new SurfaceArea(g, isKept));

    private static ViewportArea Viewport(Dictionary<string, object?> edges) =>
        new(new Viewport(Number(edges, "west"), Number(edges, "south"), Number(edges, "east"), Number(edges, "north")));

    private static CircleArea Circle(Dictionary<string, object?> circle) =>
        new(Number(circle, "longitude"), Number(circle, "latitude"), Number(circle, "metres"));

    private static double Number(Dictionary<string, object?> members, string name) => (double)members[name]!;
}
