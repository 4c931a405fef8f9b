using System.Diagnostics;
using System.Globalization;
using CityHelper.Data;
using CityHelper.Data.Boundaries;
using CityHelper.IntegrationTests.Boundaries;
using CityHelper.IntegrationTests.Postgres;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Attack 36: a boundary whose edges all wind around each other. To check, repair, simplify and split it, every two close edges are
/// compared: 20,000 positions took 10 to 56 s in each step. The import counts the comparisons first.
/// </summary>
public sealed class Attack36HostileBoundaryTests(PostgresFixture postgres, ITestOutputHelper output) : BoundaryFixture(postgres)
{
    private const int Positions = 20_000;

    /// <summary>Generous: each case takes seconds, and most would take minutes without the count.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    /// <summary>Each geometry has 20,000 positions. Those whose windings lie apart are imported, the counts refuse the others.</summary>
    [Theory]
    [InlineData("comb", null)]
    [InlineData("comb on its side", null)]
    [InlineData("zigzag", null)]
    [InlineData("round spiral", null)]
    [InlineData(
        "slanted comb", "more than 100,000 pairs of its edges lie close together, and comparing them would take too long: simplify it")]
    [InlineData(
        "square spiral", "more than 100,000 pairs of its edges lie close together, and comparing them would take too long: simplify it")]
    [InlineData("star", "more than 100,000 pairs of its edges lie close together, and comparing them would take too long: simplify it")]
    [InlineData("scribble", "more than 100,000 pairs of its edges lie close together, and comparing them would take too long: simplify it")]
    [InlineData(
        "there and back", "more than 100,000 pairs of its edges lie close together, and comparing them would take too long: simplify it")]
    public async Task A_boundary_of_20_000_winding_positions_ends_in_seconds(string shape, string? reason)
    {
        string path = WriteFeatures(Feature("winding", Polygon(Ring(shape, Positions))), Feature("good", Polygon(Square())));
        long started = Stopwatch.GetTimestamp();
        BoundaryImportSummary summary = await ImportAreasAsync(path).WaitAsync(s_patience);
        output.WriteLine(
            $"{shape}: {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s; "
                + $"{string.Join(", ", summary.Vertices.Select(v => $"{v.Zoom}: {v.Vertices}"))}");
        Assert.Equal(reason is null ? [] : [$"winding: {reason}"], summary.Refused.Select(r => r.ToString()));
        Assert.Equal(reason is null ? 2 : 1, summary.Inserted);
        Assert.Equal(
            ["true"],
            await RowsAsync(
                "select bool_and(st_isvalid(geometry))::text from (select geometry from boundary union all select geometry from "
                    + "boundary_outline) all_of_them"));
        output.WriteLine(string.Join(", ", await RowsAsync("select count(*)::text, max(st_npoints(geometry))::text from boundary_part")));
    }

    /// <summary>The largest of each kind that the counts allow: its steps are the worst case of a feature.</summary>
    [Theory]
    [InlineData("slanted comb", 620)]
    [InlineData("square spiral", 400)]
    [InlineData("star", 880)]
    [InlineData("round spiral", 30_000)]
    [InlineData("comb", 50_000)]
    public async Task The_largest_that_is_not_refused_ends_in_seconds_too(string shape, int positions)
    {
        long started = Stopwatch.GetTimestamp();
        BoundaryImportSummary summary = await ImportAreasAsync(WriteFeatures(Feature("winding", Polygon(Ring(shape, positions)))))
            .WaitAsync(s_patience);
        output.WriteLine($"{shape} of {positions}: {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s");
        Assert.Equal(1, summary.Inserted);
    }

    /// <summary>Overlapping edges do not cross, but a repair still makes a vertex of each.</summary>
    [Fact]
    public async Task Edges_that_lie_on_each_other_are_counted_before_they_are_repaired() => await AssertRefusedAsync(
        Polygon(Ring("there and back", 400)), "more than 20,000 times one of its edges lies on another");

    /// <summary>Each ring lies within those before it: the import must find which are holes of which.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Rings_within_rings_are_counted_before_they_are_told_apart(bool areHoles)
    {
        string[] rings = [.. Enumerable.Range(0, Limits.RingsOfBoundaryMax).Select(i =>
            Text([.. Around(60, _ => 0.4 - 0.3 * i / Limits.RingsOfBoundaryMax), (0.9 - 0.3 * i / Limits.RingsOfBoundaryMax, 0.5)]))];
        await AssertRefusedAsync(
            areHoles
                ? Polygon(rings)
                : $$"""{"type":"MultiPolygon","coordinates":[{{string.Join(',', rings.Select(ring => $"[{ring}]"))}}]}""",
            "so many of its rings lie within each other that telling holes from parts would take too long: simplify it");
        await AssertRefusedAsync(
            Polygon([.. Enumerable.Repeat(Square(), Limits.RingsOfBoundaryMax + 1)]), "it has more than 5,000 rings: simplify it");
    }

    /// <summary>As many holes as one area may have: PostgreSQL splits it, and nothing interrupts that.</summary>
    [Fact]
    public async Task The_most_holes_that_are_not_refused_end_in_seconds()
    {
        const int Side = 70;
        long started = Stopwatch.GetTimestamp();
        IEnumerable<string> holes = Enumerable
            .Range(0, Side * Side)
            .Select(i => Box(0.25 / Side, (0.5 + i % Side) / Side, (0.5 + i / Side) / Side));
        BoundaryImportSummary summary = await ImportAreasAsync(WriteFeatures(Feature("holes", Polygon([Box(0.5), .. holes]))))
            .WaitAsync(s_patience);
        output.WriteLine($"{Side * Side} holes: {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s");
        Assert.Equal([$"{Side * Side}"], await RowsAsync("select st_numinteriorrings(st_geometryn(geometry, 1))::text from boundary"));
        Assert.Equal(1, summary.Inserted);
    }

    /// <summary>A hole around its comb: each of its positions is compared with each tooth.</summary>
    [Fact]
    public async Task Positions_of_a_hole_that_lies_outside_are_counted() => await AssertRefusedAsync(
        Polygon(Ring("comb", 40_000), Text([.. Around(40_000, _ => 0.8), (1.3, 0.5)])),
        "so many of its rings lie within each other that telling holes from parts would take too long: simplify it");

    /// <summary>A file of such features is refused as a whole, because each costs something before its refusal.</summary>
    [Fact]
    public async Task A_file_of_winding_boundaries_is_refused()
    {
        string ring = Ring("slanted comb", 4_000);
        string path = WriteFeatures([
            .. Enumerable.Range(0, 200).Select(i => Feature($"winding {i}", Polygon(ring))),
            Feature("good", Polygon(Square())),
        ]);
        Assert.Contains(
            "has too many shapes that wind around themselves, cross themselves or lie within each other to be checked in seconds",
            (await TryImportAsync(path).WaitAsync(s_patience)).Failure,
            StringComparison.Ordinal);
        Assert.Equal("", await StoredAsync());
    }

    /// <summary>Each alone is a square; simplified together, each edge meets those of all others. The same across two files.</summary>
    [Fact]
    public async Task Boundaries_that_all_lie_on_each_other_are_refused_together()
    {
        string[] squares =
        [
            .. Enumerable.Range(0, 2_000).Select(i => Feature($"square {i}", Polygon(Box(0.1, 0.5 + i * 0.00001, 0.5 + i * 0.00001)))),
        ];
        await ImportAreasAsync(WriteFeatures(squares[..300]));
        string before = await StoredAsync();
        Assert.Contains(
            "overlap so much that they cannot be simplified together",
            (await TryImportAsync(WriteFeatures(squares[300..])).WaitAsync(s_patience)).Failure,
            StringComparison.Ordinal);
        Assert.Equal(before, await StoredAsync());
    }

    [Fact]
    public async Task Properties_without_end_are_refused()
    {
        string properties = string.Join(',', Enumerable.Range(0, 500_000).Select(i => $"\"p{i}\":1"));
        string path = WriteFeatures($$"""{"type":"Feature","properties":{"name":"a",{{properties}}},"geometry":{{Polygon(Square())}}}""");
        Assert.EndsWith(
            "has more than 1,000 different properties: keep those of name and code.",
            (await TryImportAsync(path).WaitAsync(s_patience)).Failure,
            StringComparison.Ordinal);
    }

    private async Task AssertRefusedAsync(string geometry, string reason)
    {
        BoundaryImportSummary summary = await ImportAreasAsync(WriteFeatures(Feature("bad", geometry), Feature("good", Polygon(Square()))))
            .WaitAsync(s_patience);
        Assert.Equal([$"bad: {reason}"], summary.Refused.Select(r => r.ToString()));
        Assert.Equal(1, summary.Inserted + summary.Unchanged);
    }

    private static string Box(double half, double x = 0.5, double y = 0.5) =>
        Text([(x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half), (x - half, y - half)]);

    // In a square of 0.2 degrees over Manhattan.
    private static string Text(IEnumerable<(double X, double Y)> ring) =>
        $"[{string.Join(',', ring.Select(p => $"[{Number(-74.05 + p.X * 0.2)},{Number(40.65 + p.Y * 0.2)}]"))}]";

    private static string Number(double number) => number.ToString("R", CultureInfo.InvariantCulture);

    private static string Ring(string shape, int positions)
    {
        (double X, double Y)[] ring = shape switch
        {
            "comb" => [.. Teeth(positions, slant: 0, width: 1)],
            "comb on its side" => [.. Teeth(positions, slant: 0, width: 1).Select(p => (p.Y, p.X)).Reverse()],
            "slanted comb" => [.. Teeth(positions, slant: 1, width: 0.2)],
            "zigzag" => [.. Enumerable.Range(0, positions).Select(i => ((double)i / positions, i % 2 == 0 ? 0.1 : 1)), (1, 0), (0, 0)],
            "round spiral" => [.. Spiral(positions, 200)],
            "square spiral" => [.. Spiral(positions, 4)],
            "star" => [.. Around(positions, i => i % 2 == 0 ? 0.5 : 0.01)],
            "scribble" => Scribble(positions),
            "there and back" =>
            [
                .. Enumerable.Range(0, positions).Select(i => i % 2 == 0 ? (0.1, 0.1) : (0.9, 0.9)),
                (0, 1),
                (0, 0),
                (0.1, 0.1),
            ],
            _ => throw new ArgumentOutOfRangeException(nameof(shape), shape, "No such shape."),
        };
        return Text([.. ring, ring[0]]);
    }

    private static IEnumerable<(double X, double Y)> Teeth(int positions, double slant, double width)
    {
        int teeth = positions / 4;
        for (int i = 0; i < teeth; i++)
        {
            double x = width * i / teeth;
            double tooth = width / teeth / 2;
            yield return (x, 0.1);
            yield return (x + slant, 1);
            yield return (x + tooth + slant, 1);
            yield return (x + tooth, 0.1);
        }

        yield return (width, 0);
        yield return (0, 0);
    }

    // Out along one arm and back along the other.
    private static IEnumerable<(double X, double Y)> Spiral(int positions, int positionsOfTurn)
    {
        int half = positions / 2;
        double turns = (double)half / positionsOfTurn;
        return Enumerable.Range(0, half).Select(i => At(i, 0)).Concat(Enumerable.Range(0, half).Reverse().Select(i => At(i, 0.2 / turns)));

        (double X, double Y) At(int i, double more)
        {
            double angle = 2 * Math.PI * i / positionsOfTurn;
            double radius = 0.05 + 0.4 * i / half + more;
            return (0.5 + radius * Math.Cos(angle), 0.5 + radius * Math.Sin(angle));
        }
    }

    private static IEnumerable<(double X, double Y)> Around(int positions, Func<int, double> radius) =>
        Enumerable
            .Range(0, positions)
            .Select(i =>
                (0.5 + radius(i) * Math.Cos(2 * Math.PI * i / positions), 0.5 + radius(i) * Math.Sin(2 * Math.PI * i / positions)));

    private static (double X, double Y)[] Scribble(int positions)
    {
        var random = new Random(7);
        return [.. Enumerable.Range(0, positions).Select(_ => (random.NextDouble(), random.NextDouble()))];
    }
}
