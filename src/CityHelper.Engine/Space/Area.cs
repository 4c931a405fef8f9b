using System.Collections.Concurrent;
using NetTopologySuite.Geometries;
using NetTopologySuite.Geometries.Prepared;

namespace CityHelper.Engine.Space;

/// <summary>The ways in which a request says where rows are looked for.</summary>
internal enum AreaKind
{
    /// <summary>A rectangle of longitudes and latitudes.</summary>
    Viewport,

    /// <summary>A Polygon or MultiPolygon, edges straight in degrees; sent, or kept under an id.</summary>
    Surface,

    /// <summary>All within a distance of a place.</summary>
    Circle,
}

/// <summary>An area that rows are looked for in; its edge belongs to it. SQL judges rows; this judges the cells of the grid.</summary>
internal abstract class Area
{
    /// <summary>A rectangle around the area.</summary>
    public abstract Viewport Box { get; }

    /// <summary>Positions of its shape, by which computing with it takes time; 0 for what has a formula.</summary>
    public virtual int Positions => 0;

    /// <summary>The polygon that a client sent for it; null for what has a formula or is the server's own.</summary>
    public virtual Geometry? Sent => null;

    /// <summary>Why the area cannot be searched, or null: what costs nothing to tell.</summary>
    public abstract RequestError? Check();

    /// <summary>Why its shape cannot be searched, or null: asked last, because it may take some milliseconds.</summary>
    public virtual ValueTask<RequestError?> CheckShapeAsync(GeometryBudget budget, CancellationToken cancellation) => ValueTask.FromResult<RequestError?>(null);

    /// <summary>Whether the rectangle may have a point in common with the area; false is certain.</summary>
    public abstract bool Touches(Viewport cell);

    /// <summary>Whether all of the rectangle certainly lies in the area.</summary>
    public abstract bool Holds(Viewport cell);

    /// <summary>Judges points as SQL does; null where PostGIS alone can, or where it would take long.</summary>
    public virtual PointTest? Points() => null;

    /// <summary>What it costs to hold a rectangle against it, in units of a simple area's microseconds.</summary>
    public virtual int TestCost => 1;

    /// <summary>The few cells that hold it.</summary>
    public virtual CellCover Cover(IReadOnlyList<int> zooms) => CellCover.Of(this, zooms);

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

/// <summary>A polygon or several.</summary>
internal sealed class SurfaceArea : Area
{
    private const int PositionsPerCost = 500;
    private const int PartsPerCost = 10;

    // One that the server keeps is asked again and again, and a borough takes 10 ms to prepare and as long to cut. One that was sent may
    // stand in several fields of a request.
    private readonly ConcurrentDictionary<(int Coarse, int Fine), AreaCells> _cells = new();
    private readonly ConcurrentDictionary<string, CellCover> _covers = new();
    private readonly Lazy<IPreparedGeometry> _prepared;
    private readonly Lazy<SurfacePoints?> _points;
    private readonly bool _isKept;

    /// <param name="geometry">The polygon or polygons.</param>
    /// <param name="isKept">
    /// Whether it is the server's own, such as a district: NTS finds the few edges at a height. A client can send one of which every edge
    /// is there, and then each test looks at all of them: 50 to 100 microseconds for 10,000.
    /// </param>
    public SurfaceArea(Geometry geometry, bool isKept)
    {
        Geometry = geometry;
        _isKept = isKept;
        TestCost = isKept ? 1 : 1 + geometry.NumPoints / PositionsPerCost + geometry.NumGeometries / PartsPerCost;
        _points = new Lazy<SurfacePoints?>(() => SurfacePoints.Of(Geometry, Limits.PointTestEdgesMax));
        Envelope box = geometry.EnvelopeInternal;
        Box = new Viewport(box.MinX, box.MinY, box.MaxX, box.MaxY);
        _prepared = new Lazy<IPreparedGeometry>(() => PreparedGeometryFactory.Prepare(Geometry));
    }

    public override int TestCost { get; }

    // What the server keeps is cut once, and must not wait behind what strangers send then.
    public override int Positions => _isKept && !(_cells.IsEmpty && _covers.IsEmpty) ? 0 : Geometry.NumPoints;

    /// <summary>The polygon or polygons, SRID 4326.</summary>
    public Geometry Geometry { get; }

    /// <summary>What a client sent; null for what the server keeps, whose shape a city has chosen.</summary>
    public override Geometry? Sent => _isKept ? null : Geometry;

    public override Viewport Box { get; }

    // Kept for what is asked again and again; of a literal in a document that is cached it may be a quarter of a megabyte.
    public override PointTest? Points() => _isKept ? _points.Value : SurfacePoints.Of(Geometry, Limits.PointTestEdgesMax);

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

    // The server's own shapes were checked when they were stored.
    public override ValueTask<RequestError?> CheckShapeAsync(GeometryBudget budget, CancellationToken cancellation) =>
        _isKept ? ValueTask.FromResult<RequestError?>(null) : Validity.CheckAsync(Geometry, fault => new AreaInvalidError(fault), budget, cancellation);

    public override CellCover Cover(IReadOnlyList<int> zooms) => _covers.GetOrAdd(string.Join(' ', zooms), _ => base.Cover(zooms));

    public override AreaCells Cells(int coarse, int fine) => _cells.GetOrAdd((coarse, fine), _ => base.Cells(coarse, fine));

    public override bool Touches(Viewport cell) => _prepared.Value.Intersects(Rectangle(cell));

    public override bool Holds(Viewport cell) => _prepared.Value.Covers(Rectangle(cell));

    private Geometry Rectangle(Viewport cell) => Geometry.Factory.ToGeometry(new Envelope(cell.West, cell.East, cell.South, cell.North));
}

/// <summary>All within a distance of a place, in metres on the spheroid of WGS 84.</summary>
/// <param name="longitude">Degrees.</param>
/// <param name="latitude">Degrees.</param>
/// <param name="metres">The radius.</param>
internal sealed class CircleArea(double longitude, double latitude, double metres) : Area
{
    /// <summary>The sphere's mean radius (IUGG); its distances differ from the spheroid's by 0.56 % at most.</summary>
    private const double EarthMetres = 6_371_008.8;

    /// <summary>What the radius is grown and shrunk by where the sphere stands for the spheroid.</summary>
    private const double Slack = 0.01;

    /// <summary>Beyond it a circle is no longer round in degrees.</summary>
    private const double PolarLatitude = 85;

    public double Longitude { get; } = longitude;

    public double Latitude { get; } = latitude;

    public double Metres { get; } = metres;

    public override Viewport Box
    {
        get
        {
            double reach = Metres * (1 + Slack) / EarthMetres * (180 / Math.PI);
            (double south, double north) = (Math.Max(-90, Latitude - reach), Math.Min(90, Latitude + reach));
            double widest = Math.Max(Math.Abs(south), Math.Abs(north));
            double across = widest >= PolarLatitude ? 360 : reach / Math.Cos(widest * (Math.PI / 180));

            // Across the antimeridian both sides count: the rectangle is the whole band then.
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

    // The nearest point of a rectangle lies on the circle's own longitude or latitude as long as neither is far away.
    public override bool Touches(Viewport cell) => Math.Abs(Latitude) >= PolarLatitude
        ? cell.South <= Box.North && cell.North >= Box.South
        : Distance(Nearest(Longitude, cell.West, cell.East), Math.Clamp(Latitude, cell.South, cell.North)) <= Metres * (1 + Slack);

    // Corners are the farthest points of a small rectangle; a large one is not judged.
    public override bool Holds(Viewport cell) =>
        cell.East - cell.West < 1
        && Math.Max(Math.Abs(cell.South), Math.Abs(cell.North)) < PolarLatitude
        && new[] { (cell.West, cell.South), (cell.West, cell.North), (cell.East, cell.South), (cell.East, cell.North) }
            .All(corner => Distance(corner.Item1, corner.Item2) <= Metres * (1 - Slack));

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
