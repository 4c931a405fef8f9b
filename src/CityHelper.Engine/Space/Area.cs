using System.Collections.Concurrent;
using NetTopologySuite.Geometries;
using NetTopologySuite.Geometries.Prepared;

namespace CityHelper.Engine.Space;

/// <summary>The kinds of area that a request can search.</summary>
internal enum AreaKind
{
    /// <summary>A rectangle of longitudes and latitudes.</summary>
    Viewport,

    /// <summary>A Polygon or MultiPolygon, its edges straight in degrees; sent by the client, or a stored area.</summary>
    Surface,

    /// <summary>All points within a distance of a point.</summary>
    Circle,
}

/// <summary>A searched area; its edge belongs to it. SQL tests rows against it; this class tests the cells of the grid.</summary>
internal abstract class Area
{
    /// <summary>The bounding box of the area.</summary>
    public abstract Viewport Box { get; }

    /// <summary>The number of positions, which decides how long computing with it takes; 0 for an area that has a formula.</summary>
    public virtual int Positions => 0;

    /// <summary>The polygon that the client sent; null for an area that has a formula or is stored.</summary>
    public virtual Geometry? Sent => null;

    /// <summary>Equal for areas that are known to be the same.</summary>
    public virtual object Identity => this;

    /// <summary>Why the area cannot be searched, or null. Only cheap checks.</summary>
    public abstract RequestError? Check();

    /// <summary>Why its polygon cannot be searched, or null. Called last, because it may take some milliseconds.</summary>
    public virtual ValueTask<RequestError?> CheckShapeAsync(GeometryBudget budget, CancellationToken cancellation) =>
        ValueTask.FromResult<RequestError?>(null);

    /// <summary>Whether the rectangle may intersect the area; false is certain.</summary>
    public abstract bool Touches(Viewport cell);

    /// <summary>Whether the rectangle certainly lies within the area.</summary>
    public abstract bool Holds(Viewport cell);

    /// <summary>Tests points as SQL does; null where only PostGIS can, or where it would take long.</summary>
    public virtual PointTest? Points() => null;

    /// <summary>Decides in memory whether a point lies in it, as SQL does; null where only PostGIS can tell.</summary>
    /// <param name="points">What <see cref="Points"/> has made.</param>
    /// <param name="longitude">Degrees.</param>
    /// <param name="latitude">Degrees.</param>
    public virtual bool? Decide(PointTest? points, double longitude, double latitude) => points?.Contains(longitude, latitude);

    /// <summary>The cost of testing a rectangle against it, relative to a simple area, which takes microseconds.</summary>
    public virtual int TestCost => 1;

    /// <summary>The few cells that cover it.</summary>
    public virtual CellCovering Covering(IReadOnlyList<int> zooms) => CellCovering.Of(this, zooms);

    /// <summary>The area cut into cells.</summary>
    public virtual AreaCells Cells(int coarse, int fine) => AreaCells.Of(this, coarse, fine);
}

/// <summary>A rectangle.</summary>
internal sealed class ViewportArea(Viewport box) : Area
{
    public override Viewport Box { get; } = box;

    public override PointTest Points() => new BoxPoints(Box);

    public override RequestError? Check() => Box.Check();

    public override bool Touches(Viewport cell) =>
        cell.West <= Box.East && cell.East >= Box.West && cell.South <= Box.North && cell.North >= Box.South;

    public override bool Holds(Viewport cell) =>
        cell.West >= Box.West && cell.East <= Box.East && cell.South >= Box.South && cell.North <= Box.North;
}

/// <summary>A Polygon or MultiPolygon.</summary>
internal sealed class SurfaceArea : Area
{
    private const int PositionsPerCost = 500;
    private const int PartsPerCost = 10;

    // A stored area is used again and again, and a borough takes 10 ms to prepare and another 10 ms to cut. A client's polygon may be in
    // several fields of a request.
    private readonly ConcurrentDictionary<(int Coarse, int Fine), AreaCells> _cells = new();
    private readonly ConcurrentDictionary<string, CellCovering> _coverings = new();
    private readonly Lazy<IPreparedGeometry> _prepared;
    private readonly Lazy<SurfacePoints?> _points;
    private readonly bool _isStored;

    /// <param name="geometry">The polygon or polygons.</param>
    /// <param name="isStored">
    /// Whether it is stored, such as a district: NTS finds the few edges at a latitude. A client can send one that has all edges at one
    /// latitude. Each test then looks at all of them: 50 to 100 microseconds for 10,000.
    /// </param>
    public SurfaceArea(Geometry geometry, bool isStored)
    {
        Geometry = geometry;
        _isStored = isStored;
        TestCost = isStored ? 1 : 1 + geometry.NumPoints / PositionsPerCost + geometry.NumGeometries / PartsPerCost;
        _points = new Lazy<SurfacePoints?>(() => SurfacePoints.Of(Geometry, Limits.PointTestEdgesMax));
        Envelope box = geometry.EnvelopeInternal;
        Box = new Viewport(box.MinX, box.MinY, box.MaxX, box.MaxY);
        _prepared = new Lazy<IPreparedGeometry>(() => PreparedGeometryFactory.Prepare(Geometry));
    }

    public override int TestCost { get; }

    // A stored area is cut once. After that it must not wait behind clients' polygons.
    public override int Positions => _isStored && !(_cells.IsEmpty && _coverings.IsEmpty) ? 0 : Geometry.NumPoints;

    /// <summary>The polygon or polygons, SRID 4326.</summary>
    public Geometry Geometry { get; }

    public override object Identity => Geometry;

    /// <summary>The polygon that the client sent; null for a stored area, whose polygon a city has chosen.</summary>
    public override Geometry? Sent => _isStored ? null : Geometry;

    public override Viewport Box { get; }

    // Kept for stored areas, which are used again and again. Not for a literal of a cached document: it may take a quarter of a megabyte.
    public override PointTest? Points() => _isStored ? _points.Value : SurfacePoints.Of(Geometry, Limits.PointTestEdgesMax);

    public override RequestError? Check()
    {
        if (Geometry is not (Polygon or MultiPolygon) || Geometry.IsEmpty)
        {
            return new AreaInvalidError("The area must be a Polygon or a MultiPolygon that is not empty.");
        }

        if (Box.East - Box.West > Limits.AreaDegreesMax || Box.North - Box.South > Limits.AreaDegreesMax)
        {
            return new AreaInvalidError(
                $"The polygon is wider than {Limits.AreaDegreesMax} degrees: send a smaller one; one across the antimeridian as two.");
        }

        return null;
    }

    // Stored areas were checked when they were stored.
    public override ValueTask<RequestError?> CheckShapeAsync(GeometryBudget budget, CancellationToken cancellation) =>
        _isStored
            ? ValueTask.FromResult<RequestError?>(null)
            : Validity.CheckAsync(Geometry, fault => new AreaInvalidError(fault), budget, cancellation);

    public override CellCovering Covering(IReadOnlyList<int> zooms) =>
        _coverings.GetOrAdd(string.Join(' ', zooms), _ => base.Covering(zooms));

    public override AreaCells Cells(int coarse, int fine) => _cells.GetOrAdd((coarse, fine), _ => base.Cells(coarse, fine));

    public override bool Touches(Viewport cell) => _prepared.Value.Intersects(Rectangle(cell));

    public override bool Holds(Viewport cell) => _prepared.Value.Covers(Rectangle(cell));

    private Geometry Rectangle(Viewport cell) => Geometry.Factory.ToGeometry(new Envelope(cell.West, cell.East, cell.South, cell.North));
}

/// <summary>All points within a distance of a point, in metres on the spheroid of WGS 84.</summary>
/// <param name="longitude">Degrees.</param>
/// <param name="latitude">Degrees.</param>
/// <param name="metres">The radius.</param>
internal sealed class CircleArea(double longitude, double latitude, double metres) : Area
{
    /// <summary>The sphere's mean radius (IUGG); its distances differ from the spheroid's by 0.56 % at most.</summary>
    private const double EarthMetres = 6_371_008.8;

    /// <summary>The share that the radius grows or shrinks by where the sphere approximates the spheroid.</summary>
    private const double Slack = 0.01;

    /// <summary>Beyond this latitude a circle is far from round in degrees.</summary>
    private const double PolarLatitude = 85;

    public double Longitude { get; } = longitude;

    public double Latitude { get; } = latitude;

    public double Metres { get; } = metres;

    public override object Identity => (Longitude, Latitude, Metres);

    public override Viewport Box
    {
        get
        {
            double reach = Metres * (1 + Slack) / EarthMetres * (180 / Math.PI);
            (double south, double north) = (Math.Max(-90, Latitude - reach), Math.Min(90, Latitude + reach));
            double widest = Math.Max(Math.Abs(south), Math.Abs(north));
            double across = widest >= PolarLatitude ? 360 : reach / Math.Cos(widest * (Math.PI / 180));

            // A circle across the antimeridian has parts on both sides: the rectangle is then the whole band of latitudes.
            return Longitude - across < -180 || Longitude + across > 180
                ? new Viewport(-180, south, 180, north)
                : new Viewport(Longitude - across, south, Longitude + across, north);
        }
    }

    public override RequestError? Check()
    {
        if (!(Math.Abs(Longitude) <= 180 && Math.Abs(Latitude) <= 90))
        {
            return new AreaInvalidError("The circle's centre must lie within longitudes -180 to 180 and latitudes -90 to 90.");
        }

        return Metres is > 0 and <= Limits.CircleMetresMax
            ? null
            : new AreaInvalidError($"The circle's `metres` must be more than 0 and at most {Limits.CircleMetresMax}.");
    }

    // The nearest point of a rectangle is the centre, clamped to the rectangle, as long as neither is far away.
    public override bool Touches(Viewport cell) => Math.Abs(Latitude) >= PolarLatitude
        ? cell.South <= Box.North && cell.North >= Box.South
        : Distance(Nearest(Longitude, cell.West, cell.East), Math.Clamp(Latitude, cell.South, cell.North)) <= Metres * (1 + Slack);

    // The corners are the farthest points of a small rectangle. A large rectangle is never certain to lie within.
    public override bool Holds(Viewport cell) =>
        cell.East - cell.West < 1
        && Math.Max(Math.Abs(cell.South), Math.Abs(cell.North)) < PolarLatitude
        && new[] { (cell.West, cell.South), (cell.West, cell.North), (cell.East, cell.South), (cell.East, cell.North) }
            .All(corner => Distance(corner.Item1, corner.Item2) <= Metres * (1 - Slack));

    // The sphere decides all but the rim, where its distances may be wrong.
    public override bool? Decide(PointTest? points, double longitude, double latitude)
    {
        double distance = Distance(longitude, latitude);
        return distance <= Metres * (1 - Slack) ? true : distance > Metres * (1 + Slack) ? false : null;
    }

    private static double Nearest(double longitude, double west, double east)
    {
        double inside = Math.Clamp(longitude, west, east);
        double around = longitude > 0 ? longitude - 360 : longitude + 360;
        double aroundInside = Math.Clamp(around, west, east);
        return Math.Abs(around - aroundInside) < Math.Abs(longitude - inside) ? aroundInside : inside;
    }

    // Haversine on the sphere.
    private double Distance(double longitude, double latitude)
    {
        double toRadians = Math.PI / 180;
        double north = Math.Sin((latitude - Latitude) * toRadians / 2);
        double east = Math.Sin((longitude - Longitude) * toRadians / 2);
        double chord = north * north + Math.Cos(latitude * toRadians) * Math.Cos(Latitude * toRadians) * east * east;
        return 2 * EarthMetres * Math.Asin(Math.Min(1, Math.Sqrt(chord)));
    }
}
