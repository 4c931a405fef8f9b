using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;
using NetTopologySuite.Geometries;

namespace CityHelper.Engine.Binding;

/// <summary>
/// The rectangle that a filter's spatial conditions allow: the intersection of an <c>and</c>, the hull of an <c>or</c>. It gives a
/// covering, as <c>within</c> does; SQL still runs the exact tests.
/// </summary>
internal static class LocationBounds
{
    // For conditions that exclude each other: any point will do, since no row passes.
    private static readonly Viewport s_nowhere = new(0, 0, 0, 0);

    private static readonly Envelope s_world = new(-180, 180, -90, 90);

    /// <summary>The rectangle; null when the filter allows the whole world, and so all of the area.</summary>
    /// <param name="input">The filter's type.</param>
    /// <param name="filter">The filter.</param>
    /// <param name="point">The column of the rows' location.</param>
    /// <param name="variables">A request's values, checked.</param>
    /// <param name="area">The bounding box of the area of <c>within</c>; null without one.</param>
    public static Viewport? Of(FilterInput input, InputNode? filter, string point, VariableValues variables, Viewport? area)
    {
        Envelope bounds = Filter(input, filter, point, variables);
        if (bounds.Contains(s_world))
        {
            return null;
        }

        if (bounds.IsNull)
        {
            return s_nowhere;
        }

        var left = new Viewport(bounds.MinX, bounds.MinY, bounds.MaxX, bounds.MaxY);
        return area is { } within ? left.Intersection(within) ?? s_nowhere : left;
    }

    private static Envelope Filter(FilterInput input, InputNode? filter, string point, VariableValues variables) => All(
        InputNode.MembersOf(input, filter).Select(m => m.Field.Name switch
        {
            JoiningFilterInput.And => All(InputNode.ItemsOf(m.Node).Select(item => Filter(input, item, point, variables))),
            JoiningFilterInput.Or => Any(InputNode.ItemsOf(m.Node).Select(item => Filter(input, item, point, variables))),
            _ => FieldBinding.Of(input.Target(m.Field.Name)) is GeometryBinding { IsPoint: true } binding && binding.Column.Name == point
                ? Geometry((SpatialFilterInput)m.Field.ResolvedType!, m.Node, variables)
                : s_world,
        }));

    private static Envelope Geometry(SpatialFilterInput input, InputNode? node, VariableValues variables) => All(
        InputNode.MembersOf(input, node).Select(m => m.Field.Name switch
        {
            JoiningFilterInput.And => All(InputNode.ItemsOf(m.Node).Select(item => Geometry(input, item, variables))),
            JoiningFilterInput.Or => Any(InputNode.ItemsOf(m.Node).Select(item => Geometry(input, item, variables))),
            _ when m.Node.IsNull || m.Field.Name.StartsWith('n') => s_world,
            SpatialFilterInput.X =>
                Numbers(m.Node, variables) is { IsEmpty: false } x ? new Envelope(x.Low, x.High, -90, 90) : new Envelope(),
            SpatialFilterInput.Y =>
                Numbers(m.Node, variables) is { IsEmpty: false } y ? new Envelope(-180, 180, y.Low, y.High) : new Envelope(),
            SpatialFilterInput.Distance => Near(m.Node, variables),
            _ => Around(m.Node, 0, variables),
        }));

    /// <summary>Where rows may lie that intersect the geometry, as every positive operation requires, or lie near it.</summary>
    /// <param name="node">The operation.</param>
    /// <param name="distance">The largest distance from it, in degrees; less than 0 is 0.</param>
    /// <param name="variables">A request's values.</param>
    private static Envelope Around(InputNode node, double distance, VariableValues variables)
    {
        Envelope around = new SpatialOperand(node).Around(variables);
        around.ExpandBy(Math.Max(0, distance));
        return around.Intersection(s_world);
    }

    private static Envelope Near(InputNode node, VariableValues variables) =>
        Numbers(node, variables) is { High: < 360 } range ? Around(node, range.High, variables) : s_world;

    // The range that comparisons allow; other operations do not narrow it. Bounded by 360 degrees: an envelope takes no infinity.
    private static NumberRange Numbers(InputNode node, VariableValues variables)
    {
        (double low, double high) = (-360, 360);
        foreach ((string operation, InputNode operand) in ((ObjectNode)node).Members.Where(m => !m.Value.IsNull))
        {
            object? value = operation is "gt" or "gte" or "lt" or "lte" or "eq" or "in" ? operand.Evaluate(variables) : null;
            (double least, double most) = (operation, value) switch
            {
                ("gt" or "gte", double bound) => (bound, high),
                ("lt" or "lte", double bound) => (low, bound),
                ("eq", double bound) => (bound, bound),
                ("in", List<object?> items) when items.Count > 0 && items.All(i => i is double) =>
                    (items.Min(i => (double)i!), items.Max(i => (double)i!)),
                _ => (low, high),
            };
            (low, high) = (Math.Max(low, least), Math.Min(high, most));
        }

        return new NumberRange(low, high);
    }

    private static Envelope All(IEnumerable<Envelope> parts) => parts.Aggregate(s_world, (a, b) => a.Intersection(b));

    private static Envelope Any(IEnumerable<Envelope> parts)
    {
        Envelope[] all = [.. parts];
        return all.Length == 0 ? s_world : all.Aggregate(new Envelope(), (hull, part) =>
        {
            hull.ExpandToInclude(part);
            return hull;
        });
    }

    private readonly record struct NumberRange(double Low, double High)
    {
        public bool IsEmpty => Low > High;
    }
}
