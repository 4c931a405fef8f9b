using CityHelper.Engine;
using CityHelper.IntegrationTests.Oracle;
using NetTopologySuite.Geometries;

namespace CityHelper.IntegrationTests.Fuzzing;

/// <summary>
/// Geometries that are hard to compute with: many edges meet, nearly meet, or coincide with stored ones. Half of the corners lie on
/// requests.
/// </summary>
internal sealed partial class GeoShapes
{
    /// <summary>Decimals of a geometry whose JSON would otherwise be too large for a body: a tenth of a metre.</summary>
    private const int ShortDecimals = 6;

    /// <summary>Positions with all their digits that fit into a body: 40 bytes each.</summary>
    private const int LongPositionsMax = Limits.RequestBytesMax / 45;

    private readonly GeometryFixture _fixture;
    private readonly Dice _dice;
    private readonly (string Name, Func<int, GeoShape> Make, int Weight)[] _families;

    public GeoShapes(GeometryFixture fixture, Dice dice)
    {
        _fixture = fixture;
        _dice = dice;
        _families =
        [
            ("grid", Grid, 4), ("comb", Comb, 4), ("star", Star, 5), ("star line", StarLine, 3), ("spiral", Spiral, 3),
            ("nested rings", Nested, 3), ("holes", Holes, 3), ("tiles", Tiles, 3), ("near-coincident", Coincident, 5),
            ("collinear", Collinear, 5), ("stored", Stored, 8), ("shared edge", SharedEdge, 5), ("tiny", Tiny, 4), ("sliver", Sliver, 3),
            ("points", Points, 5), ("walk", Walk, 5), ("crossed", Crossed, 3), ("repeated", Repeated, 2), ("empty", Empty, 1),
            ("collection", Collection, 1), ("world", World, 2), ("box", Box, 6),
        ];
    }

    /// <summary>A geometry of about this many positions.</summary>
    public (string Family, GeoShape Shape) Next(int positions)
    {
        (string name, Func<int, GeoShape> make, _) = _dice.PickWeighted(_families, f => f.Weight);
        GeoShape shape = make(Math.Max(1, positions));
        return (name, shape.Positions > LongPositionsMax ? shape.Map(Short) : shape);
    }

    /// <summary>An area's geometry: Polygon or MultiPolygon.</summary>
    public (string Family, GeoShape Shape) NextSurface(int positions)
    {
        for (int i = 0; i < 20; i++)
        {
            (string family, GeoShape shape) = Next(positions);
            if (shape.IsSurface)
            {
                return (family, shape);
            }
        }

        return ("box", Box(positions));
    }

    /// <summary>A location: of the lattice, of a request, of a stored boundary, around 0/0, anywhere.</summary>
    public Coordinate Anchor() =>
        _dice.Below(20) switch
        {
            < 8 => GeometryFixture.Lattice(_dice.Between(-16, 16), _dice.Between(-16, 16)),
            < 12 => _dice.Pick(_fixture.Places).Copy(),
            < 15 => Corner(Boundary()),
            < 16 => new Coordinate(0, 0),
            _ => new Coordinate(
                GeometryFixture.Longitude + (_dice.Fraction() - 0.5) * 0.05, GeometryFixture.Latitude + (_dice.Fraction() - 0.5) * 0.05),
        };

    /// <summary>A size in degrees: lattice steps, or any magnitude down to a rounding error.</summary>
    public double Size() => _dice.Below(10) switch
    {
        < 6 => GeometryFixture.Step * _dice.Between(1, 16),
        < 9 => Math.Pow(10, -5 + 4.5 * _dice.Fraction()),
        _ => Math.Pow(10, -16 + 11 * _dice.Fraction()),
    };

    private static Coordinate Short(Coordinate c) => new(Math.Round(c.X, ShortDecimals), Math.Round(c.Y, ShortDecimals));

    private Geometry Boundary() => _dice.Pick([.. _fixture.Boundaries.Values]);

    private Coordinate Corner(Geometry boundary)
    {
        Coordinate[] corners = boundary.Coordinates;
        return corners[_dice.Below(corners.Length)].Copy();
    }

    // Clamped to the world.
    private static Coordinate At(Coordinate anchor, double east, double north) =>
        new(Math.Clamp(anchor.X + east, -180, 180), Math.Clamp(anchor.Y + north, -90, 90));

    private static Coordinate[] Closed(IEnumerable<Coordinate> positions)
    {
        Coordinate[] open = [.. positions];
        return [.. open, open[0].Copy()];
    }

    private static Coordinate[] Rectangle(Coordinate corner, double width, double height) =>
        Closed([corner.Copy(), At(corner, width, 0), At(corner, width, height), At(corner, 0, height)]);

    private GeoShape Box(int n)
    {
        Coordinate corner = Anchor();
        return n < 3 ? GeoShape.Points([corner]) : GeoShape.Polygon(Rectangle(corner, Size(), Size()));
    }

    // Crossing lines: as many lines, as one line, or as a bundle without crossings.
    private GeoShape Grid(int n)
    {
        (Coordinate corner, double size) = (Anchor(), Size());
        int lines = Math.Max(1, n / 4);
        double gap = size / lines;
        Coordinate[][] across = [.. Enumerable.Range(0, lines).Select(i => new[] { At(corner, 0, i * gap), At(corner, size, i * gap) })];
        Coordinate[][] up = [.. Enumerable.Range(0, lines).Select(i => new[] { At(corner, i * gap, 0), At(corner, i * gap, size) })];
        return _dice.Below(3) switch
        {
            0 => GeoShape.Line([
                .. across.SelectMany((l, i) => i % 2 == 0 ? l : [l[1], l[0]]),
                .. up.SelectMany((l, i) => i % 2 == 0 ? l : [l[1], l[0]]),
            ]),
            1 => GeoShape.Lines(across),
            _ => GeoShape.Lines(across.Concat(up)),
        };
    }

    private GeoShape Comb(int n)
    {
        (Coordinate corner, double width, double height) = (Anchor(), Size(), Size());
        int teeth = Math.Max(1, n / 2);
        bool isUpright = _dice.Chance(50);
        Coordinate Place(double along, double out_) => isUpright ? At(corner, along, out_) : At(corner, out_, along);
        Coordinate[] open =
        [
            .. Enumerable
                .Range(0, teeth)
                .SelectMany(i => new[] { Place(i * width / teeth, height * 0.1), Place((i + 0.5) * width / teeth, height) }),
            Place(width, height * 0.1),
            Place(width, 0),
            Place(0, 0),
        ];
        return _dice.Chance(80) ? GeoShape.Polygon(Closed(open)) : GeoShape.Line(open);
    }

    private GeoShape Star(int n)
    {
        (Coordinate middle, double size) = (Anchor(), Size());
        int rays = Math.Max(3, n - 1);
        bool isEven = _dice.Chance(50);
        Coordinate Ray(int i, double share)
        {
            double reach = size * share * (isEven ? 1 - 0.5 * (i % 2) : 0.1 + 0.9 * _dice.Fraction());
            (double sin, double cos) = Math.SinCos(i * 2 * Math.PI / rays);
            return At(middle, reach * cos, reach * sin);
        }

        Coordinate[] shell = Closed(Enumerable.Range(0, rays).Select(i => Ray(i, 1)));
        Coordinate[] hole = Closed(
            Enumerable.Range(0, rays).Select(i => At(middle, (shell[i].X - middle.X) * 0.4, (shell[i].Y - middle.Y) * 0.4)));
        return _dice.Chance(30) ? GeoShape.Polygon(shell, hole) : GeoShape.Polygon(shell);
    }

    // Every edge crosses most others.
    private GeoShape StarLine(int n)
    {
        (Coordinate middle, double size) = (Anchor(), Size());
        int rays = Math.Max(5, n | 1);
        int skip = _dice.Chance(50) ? rays / 2 : _dice.Between(2, Math.Max(2, rays / 2));
        Coordinate[] line = [.. Enumerable.Range(0, rays + 1).Select(i =>
        {
            (double sin, double cos) = Math.SinCos((long)i * skip % rays * 2 * Math.PI / rays);
            return At(middle, size * cos, size * sin);
        })];
        return _dice.Chance(60) ? GeoShape.Line(line) : GeoShape.Polygon(Closed(line[..^1]));
    }

    private GeoShape Spiral(int n)
    {
        (Coordinate middle, double size) = (Anchor(), Size());
        int half = Math.Max(3, n / 2);
        double turns = _dice.Between(1, Math.Max(1, half / 8));
        Coordinate Place(int i, double width)
        {
            double share = (double)i / half;
            (double sin, double cos) = Math.SinCos(share * turns * 2 * Math.PI);
            return At(middle, size * (share + width) * cos, size * (share + width) * sin);
        }

        Coordinate[] inner = [.. Enumerable.Range(1, half).Select(i => Place(i, 0))];
        return _dice.Chance(40)
            ? GeoShape.Line(inner)
            : GeoShape.Polygon(Closed(inner.Concat(Enumerable.Range(1, half).Select(i => Place(half + 1 - i, 0.4 / turns)))));
    }

    // Nested frames, up to one more than the limit of rings.
    private GeoShape Nested(int n)
    {
        (Coordinate middle, double size) = (Anchor(), Size());
        int rings = Math.Clamp(n / 5, 2, _dice.Chance(20) ? Limits.GeometryRingsMax + 2 : Limits.GeometryRingsMax) & ~1;
        Coordinate[] Ring(int i) => Rectangle(At(middle, -size * i / rings, -size * i / rings), 2 * size * i / rings, 2 * size * i / rings);
        return new GeoShape("MultiPolygon", [.. Enumerable.Range(1, rings / 2).Select(i => new[] { Ring(2 * i), Ring(2 * i - 1) })]);
    }

    private GeoShape Holes(int n)
    {
        (Coordinate corner, double size) = (Anchor(), Size());
        int side = (int)Math.Sqrt(Math.Clamp(n / 5, 1, Limits.GeometryRingsMax + 50));
        double gap = size / side;

        // Apart, or corner to corner, which splits the interior.
        double width = gap * _dice.Pick([0.25, 0.5, 1]);
        return GeoShape.Polygon([Rectangle(corner, size, size), .. from x in Enumerable.Range(0, side) from y in Enumerable.Range(0, side)
            where width < gap || (x + y) % 2 == 0
            select Rectangle(At(corner, x * gap, y * gap), width, width)]);
    }

    // Apart, corner to corner, or edge to edge.
    private GeoShape Tiles(int n)
    {
        (Coordinate corner, double size) = (Anchor(), Size());
        int side = (int)Math.Sqrt(Math.Clamp(n / 5, 1, Limits.GeometryRingsMax));
        double gap = size / side;
        int kind = _dice.Below(3);
        double width = kind == 0 ? gap / 2 : gap;
        return new GeoShape("MultiPolygon", [.. from x in Enumerable.Range(0, side) from y in Enumerable.Range(0, side)
            where kind != 1 || (x + y) % 2 == 0
            select new[] { Rectangle(At(corner, x * gap, y * gap), width, width) }]);
    }

    // A geometry and a nearly identical copy.
    private GeoShape Coincident(int n)
    {
        GeoShape one = _dice.Below(3) switch { 0 => Star(n / 2), 1 => Box(4), _ => Walk(n / 2) };
        double apart = _dice.Pick([0, double.Epsilon, 1e-15, 1e-13, 1e-9]);
        GeoShape other = one.Map(c =>
            apart == double.Epsilon
                ? new Coordinate(Math.Min(180, Math.BitIncrement(c.X)), c.Y)
                : At(c, apart, _dice.Chance(50) ? apart : 0));
        return one.IsPoints
            ? GeoShape.Points([.. one.Parts[0][0], .. other.Parts[0][0]])
            : one with { Type = one.IsSurface ? "MultiPolygon" : "MultiLineString", Parts = [.. one.Parts, .. other.Parts] };
    }

    // Positions within straight edges; lines there and back again; pieces of one line.
    private GeoShape Collinear(int n)
    {
        (Coordinate corner, double size) = (Anchor(), Size());
        int side = Math.Max(1, n / 4);
        Coordinate On(double share) => At(corner, size * share, size * share);
        return _dice.Below(4) switch
        {
            0 => GeoShape.Polygon(
                Closed([
                    .. Enumerable.Range(0, side).Select(i => At(corner, size * i / side, 0)),
                    .. Enumerable.Range(0, side).Select(i => At(corner, size, size * i / side)),
                    .. Enumerable.Range(0, side).Select(i => At(corner, size - size * i / side, size)),
                    .. Enumerable.Range(0, side).Select(i => At(corner, 0, size - size * i / side)),
                ])),
            1 => GeoShape.Line([.. Enumerable.Range(0, Math.Max(2, n)).Select(i => On(i % 2))]),
            2 => GeoShape.Lines(
                Enumerable
                    .Range(0, Math.Max(1, n / 2))
                    .Select(i => (IReadOnlyList<Coordinate>)[On(_dice.Fraction()), On(1 + _dice.Fraction())])),
            _ => GeoShape.Line([.. Enumerable.Range(0, Math.Max(2, n)).Select(i => On(_dice.Below(side + 1) / (double)side))]),
        };
    }

    // A stored boundary, all or a part of it, unchanged or moved by almost nothing.
    private GeoShape Stored(int n)
    {
        GeoShape whole = GeoShape.Of(Boundary());
        IReadOnlyList<Coordinate> ring = _dice.Pick(_dice.Pick(whole.Parts));
        IReadOnlyList<Coordinate> some = [.. ring.Take(Math.Max(4, n))];
        GeoShape shape = _dice.Below(7) switch
        {
            0 or 1 when whole.Positions <= Math.Max(200, n) => whole,
            2 => GeoShape.Polygon(some.Count == ring.Count ? some : [.. some, some[0].Copy()]),
            3 => GeoShape.Line(some),
            4 => GeoShape.Points([.. some]),
            5 => new GeoShape(
                "MultiPolygon", [.. whole.Parts.Where(p => p.Sum(r => r.Count) <= Math.Max(200, n)).Take(Limits.GeometryRingsMax)]),
            _ => GeoShape.Line([some[0], some[some.Count / 2]]),
        };
        return _dice.Below(5) switch
        {
            0 => shape.Map(c => new Coordinate(Math.BitDecrement(c.X), c.Y)),
            1 => shape.Map(c => At(c, GeometryFixture.Step, 0)),
            _ => shape.Map(c => c.Copy()),
        };
    }

    // A polygon at an edge of a stored one, on either side, along all of it, a part of it, or more.
    private GeoShape SharedEdge(int n)
    {
        Coordinate[] corners = Boundary().Coordinates;
        int at = _dice.Below(corners.Length - 1);
        (Coordinate a, Coordinate b) = (corners[at], corners[at + 1]);
        (double east, double north) = ((b.Y - a.Y) * _dice.Pick([-1, 1]), (a.X - b.X) * _dice.Pick([-1, 1]));
        double from = _dice.Pick([0, 0.25, -0.5]);
        double to = _dice.Pick([1, 0.75, 1.5]);
        Coordinate start = At(a, (b.X - a.X) * from, (b.Y - a.Y) * from);
        Coordinate end = to == 1 ? b.Copy() : At(a, (b.X - a.X) * to, (b.Y - a.Y) * to);
        int between = Math.Clamp(n - 4, 0, 200);
        Coordinate Between(int i) => At(start, (end.X - start.X) * i / (between + 1), (end.Y - start.Y) * i / (between + 1));
        return _dice.Chance(75)
            ? GeoShape.Polygon(
                Closed([start, .. Enumerable.Range(1, between).Select(Between), end, At(end, east, north), At(start, east, north)]))
            : GeoShape.Line([start, end]);
    }

    private GeoShape Points(int n) => GeoShape.Points([.. Enumerable.Range(0, _dice.Chance(40) ? 1 : n).Select(_ => Anchor())]);

    // A random walk: through requests' locations, from corner to corner of the lattice, or anywhere.
    private GeoShape Walk(int n)
    {
        Coordinate at = Anchor();
        double pace = _dice.Pick([GeometryFixture.Step, 0.0005, 1e-5]);
        List<Coordinate> line = [at];
        for (int i = 1; i < Math.Max(2, n); i++)
        {
            at =
                pace == GeometryFixture.Step
                    ? At(at, _dice.Between(-1, 1) * pace, _dice.Between(-1, 1) * pace)
                    : At(at, pace * _dice.Fraction(), (_dice.Fraction() - 0.5) * pace);
            line.Add(at);
        }

        return _dice.Chance(75) || line.Count < 4
            ? GeoShape.Line(line)
            : GeoShape.Lines([line[..(line.Count / 2)], line[(line.Count / 2)..]]);
    }

    // Rings that cross or touch themselves: a bow-tie, a zigzag, an eight.
    private GeoShape Crossed(int n)
    {
        (Coordinate corner, double size) = (Anchor(), Size());
        int zigs = Math.Max(2, n / 2);
        return _dice.Below(3) switch
        {
            0 => GeoShape.Polygon(Closed([corner, At(corner, size, size), At(corner, size, 0), At(corner, 0, size)])),
            1 => GeoShape.Polygon(
                Closed(
                    Enumerable
                        .Range(0, zigs)
                        .SelectMany(i => new[] { At(corner, size * i / zigs, 0), At(corner, size * (zigs - i) / zigs, size) }))),
            _ => GeoShape.Polygon(
                Closed([corner, At(corner, size, size), At(corner, size, 0), corner.Copy(), At(corner, -size, 0), At(corner, -size, size)])
            ),
        };
    }
}
