using CityHelper.Data.Boundaries;
using CityHelper.IntegrationTests.Postgres;
using NetTopologySuite.Coverage;
using NetTopologySuite.Geometries;
using NetTopologySuite.Geometries.Utilities;
using NetTopologySuite.Operation.Distance;
using Npgsql;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Boundaries;

/// <summary>Simplified outlines are valid, near the original polygon, and without gaps between neighbours.</summary>
public sealed class OutlineTests(PostgresFixture postgres, ITestOutputHelper output) : BoundaryFixture(postgres)
{
    private const double Latitude = 40.7;

    /// <summary>
    /// The border's mean displacement as a share of the tolerance. Measured from the polygon too, because an outline omits islands of less
    /// than a quarter of a pixel's area.
    /// </summary>
    private const double MeanDeviationMax = 0.5;

    /// <summary>Points tested on an outline's edge.</summary>
    private const int Samples = 8;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Neighbours_of_a_clean_coverage_keep_their_borders(int seed)
    {
        MultiPolygon[] shapes = Mosaic(new Random(seed));
        Assert.True(CoverageValidator.IsValid([.. shapes.Cast<Geometry>()]), "the made-up coverage is clean");
        var outlines = new Outlines(shapes, Latitude);
        foreach (short zoom in Outlines.Zooms)
        {
            IReadOnlyList<MultiPolygon> outline = outlines.At(zoom);
            AssertStandFor(shapes, outline, zoom);
            Assert.True(CoverageValidator.IsValid([.. outline.Cast<Geometry>()]), $"gaps or overlaps at zoom {zoom}");
            Assert.Equal(0, NetTopologySuite.Operation.Union.UnaryUnionOp.Union([.. outline]).Area - outline.Sum(o => o.Area), 1e-9);
        }

        Assert.True(outlines.At(8).Sum(o => o.NumPoints) < shapes.Sum(s => s.NumPoints) / 4, "an outline that leaves nothing out is none");
    }

    [SharedDataTheory]
    [InlineData("nyc-boroughs-simplified.geojson", true)]
    [InlineData("nyc-boroughs-full.geojson.gz", true)]
    [InlineData("nyc-community-districts.geojson", false)]
    [InlineData("nyc-neighborhoods.geojson", false)]
    public async Task Outlines_of_real_districts_stand_for_them(string name, bool isClean)
    {
        await ImportAreasAsync(SharedData.PathOf("boundaries", name));
        IReadOnlyList<MultiPolygon> shapes = await ShapesAsync("select geometry from boundary order by id");
        foreach (short zoom in Outlines.Zooms)
        {
            IReadOnlyList<MultiPolygon> outlines = await ShapesAsync(
                $"select geometry from boundary_outline where zoom = {zoom} order by boundary_id");
            AssertStandFor(shapes, outlines, zoom);
            Assert.True(!isClean || CoverageValidator.IsValid([.. outlines.Cast<Geometry>()]), $"gaps or overlaps at zoom {zoom}");
        }
    }

    [Fact]
    public void What_is_smaller_than_a_pixel_is_shown_nevertheless()
    {
        MultiPolygon tiny = Multi(new Envelope(-73.99, -73.98999, 40.74, 40.74001));
        MultiPolygon outline = Assert.Single(new Outlines([tiny], Latitude).At(8));
        Assert.True(outline is { IsEmpty: false, IsValid: true, Area: > 0 });
    }

    private void AssertStandFor(IReadOnlyList<MultiPolygon> shapes, IReadOnlyList<MultiPolygon> outlines, int zoom)
    {
        double tolerance = Outlines.ToleranceDegrees(zoom, Latitude);
        Assert.Equal(shapes.Count, outlines.Count);
        (double mean, double furthest) = (0, 0);
        for (int i = 0; i < shapes.Count; i++)
        {
            Assert.True(outlines[i].IsValid && !outlines[i].IsEmpty, $"outline {i} at zoom {zoom}");
            Assert.True(outlines[i].NumPoints <= shapes[i].NumPoints, $"outline {i} at zoom {zoom} has more vertices");
            mean = Math.Max(mean, outlines[i].SymmetricDifference(shapes[i]).Area / shapes[i].Length / tolerance);
            furthest = Math.Max(furthest, Furthest(outlines[i], shapes[i]) / tolerance);
        }

        output.WriteLine(
            $"zoom {zoom}: {shapes.Sum(s => s.NumPoints)} vertices, {outlines.Sum(o => o.NumPoints)} left; of half a pixel, the mean "
                + $"deviation is {mean:0.00} and the largest {furthest:0.00}");
        Assert.True(furthest <= 1, $"an outline leaves its shape's border by {furthest:0.00} of the tolerance at zoom {zoom}");
        Assert.True(mean <= MeanDeviationMax, $"a border lies {mean:0.00} of the tolerance from its shape's at zoom {zoom}");
    }

    // The largest distance from the outline's border to the polygon's.
    private static double Furthest(MultiPolygon outline, MultiPolygon shape)
    {
        var border = new IndexedFacetDistance(shape.Boundary);
        double furthest = 0;
        foreach (LineString line in LinearComponentExtracter.GetLines(outline).Cast<LineString>())
        {
            for (int i = 0; i + 1 < line.NumPoints; i++)
            {
                (Coordinate from, Coordinate to) = (line.GetCoordinateN(i), line.GetCoordinateN(i + 1));
                for (int step = 0; step < Samples; step++)
                {
                    double part = (double)step / Samples;
                    furthest = Math.Max(furthest, border.Distance(line.Factory.CreatePoint(
                        new Coordinate(from.X + (to.X - from.X) * part, from.Y + (to.Y - from.Y) * part))));
                }
            }
        }

        return furthest;
    }

    // A chequerboard with winding lines: sixteen areas that share borders and corners.
    private static MultiPolygon[] Mosaic(Random random)
    {
        const int Fields = 4, Steps = 30;
        const double Width = 0.03;
        var corners = new Coordinate[Fields + 1, Fields + 1];
        for (int x = 0; x <= Fields; x++)
        {
            for (int y = 0; y <= Fields; y++)
            {
                corners[x, y] = new Coordinate(
                    -74 + (x + (random.NextDouble() - 0.5) * 0.4) * Width, 40.65 + (y + (random.NextDouble() - 0.5) * 0.4) * Width);
            }
        }

        Coordinate[] Line(Coordinate from, Coordinate to)
        {
            Coordinate[] line = [from, .. Enumerable.Range(1, Steps).Select(i => new Coordinate(
                from.X + (to.X - from.X) * i / (Steps + 1) + (random.NextDouble() - 0.5) * 0.0008,
                from.Y + (to.Y - from.Y) * i / (Steps + 1) + (random.NextDouble() - 0.5) * 0.0008)), to];
            return line;
        }

        var across = new Coordinate[Fields, Fields + 1][];
        var up = new Coordinate[Fields + 1, Fields][];
        for (int i = 0; i < Fields; i++)
        {
            for (int j = 0; j <= Fields; j++)
            {
                across[i, j] = Line(corners[i, j], corners[i + 1, j]);
                up[j, i] = Line(corners[j, i], corners[j, i + 1]);
            }
        }

        return
        [
            .. Enumerable
                .Range(0, Fields * Fields)
                .Select(n => (X: n % Fields, Y: n / Fields))
                .Select(f =>
                    Multi([
                        .. across[f.X, f.Y],
                        .. up[f.X + 1, f.Y].Skip(1),
                        .. across[f.X, f.Y + 1].Reverse().Skip(1),
                        .. up[f.X, f.Y].Reverse().Skip(1),
                    ])),
        ];
    }

    private static MultiPolygon Multi(Coordinate[] ring)
    {
        var factory = new GeometryFactory(new PrecisionModel(), 4326);
        return factory.CreateMultiPolygon([factory.CreatePolygon(ring)]);
    }

    private static MultiPolygon Multi(Envelope box) => Multi(new GeometryFactory().ToGeometry(box).Coordinates);

    private async Task<IReadOnlyList<MultiPolygon>> ShapesAsync(string sql)
    {
        var shapes = new List<MultiPolygon>();
        await using NpgsqlCommand command = Database.CreateCommand(sql);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            shapes.Add(reader.GetFieldValue<MultiPolygon>(0));
        }

        return shapes;
    }
}
