using System.Globalization;
using CityHelper.Engine.Admission;
using CityHelper.Engine.Binding;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Database;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;
using CityHelper.Engine.Subscriptions;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Microsoft.Extensions.DependencyInjection;
using NetTopologySuite.Geometries;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Subscriptions;

/// <summary>What a change means, judged in memory and at the rim of circles by the database, against plain SQL.</summary>
[Collection(PostgresCollection.Name)]
public sealed class ChangeKindPropertyTests(SubscriptionServer fixture) : IClassFixture<SubscriptionServer>
{
    private const int Areas = 500;
    private const int ChangesOfArea = 20;
    private static readonly string[] s_statuses = ["OPEN", "ASSIGNED", "CLOSED"];
    private static readonly GeometryFactory s_shapes = new(new PrecisionModel(), 4326);

    private readonly Random _random = new(1616);

    [Fact]
    public async Task Ten_thousand_changes_mean_what_plain_SQL_says()
    {
        IServiceProvider services = fixture.Server.Services;
        var rows = services.GetRequiredService<LoggedRows>();
        var database = services.GetRequiredService<ReadingDatabase>();
        var labels = new RowLabels(RequestRows.City, rows, database);
        using var tools = new EventTools(null!, null!, null!, null!, database, null!, null!, TimeProvider.System, null!)
        {
            Settings = EventStreamOptions.Usual,
            Memory = null!,
        };
        List<OpenVerdict> judged = [];
        List<bool> isFound = [];
        List<(Area Shape, string Test, RowChangeKind? Kind)> expected = [];
        for (int area = 0; area < Areas; area++)
        {
            (Area shape, string test) = AnyArea(area);
            (IReadOnlyList<LoggedFilter> where, string condition) = AnyFilter();
            var topic = new Topic(rows, rowKey: null, shape, stored: null, where);
            var stream = new EventStream(null!, topic, null!, new Subscriber("test", ClientShare.Everybody), TimeProvider.System);
            var index = new TopicIndex(rows.Access.Grid!.Zooms);
            index.Add(stream);
            RowChange[] changes = [.. Enumerable.Range(0, ChangesOfArea).Select(n => AnyChange(shape, n))];
            isFound.AddRange(changes.Select(change => index.Of(change).Contains(stream)));
            await labels.EnsureAsync(changes, [1, 2], CancellationToken.None);
            judged.AddRange(changes.Select(change => new OpenVerdict(topic, change, topic.Judge(change, labels))));
            expected.AddRange((await ExpectedAsync(changes, test, condition)).Select(kind => (shape, $"{test} and {condition}", kind)));
        }

        var seen = new Dictionary<string, int>();
        Verdict[] decided = await new UndecidedPoints(tools).DecideAsync(judged, CancellationToken.None);
        for (int i = 0; i < judged.Count; i++)
        {
            ((_, RowChange change, Verdict verdict), (Area shape, string test, RowChangeKind? kind)) = (judged[i], expected[i]);
            Assert.True(kind == decided[i].Kind, $"{test}: {change} is {kind}, not {decided[i].Kind}.");
            Assert.True(kind is null || isFound[i], $"{test}: {change} is {kind}, and the index does not find the stream by its cells.");
            string key = $"{shape.GetType().Name} {kind?.ToString() ?? "nothing"}{(verdict.IsDecided ? "" : " (rim)")}";
            seen[key] = seen.GetValueOrDefault(key) + 1;
        }

        // Each kind of area has met each kind of change, and circles their rim.
        string[] kinds = ["Entered", "Left", "Updated", "nothing"];
        Assert.All(
            new[] { "ViewportArea", "SurfaceArea", "CircleArea" }.SelectMany(area => kinds.Select(kind => $"{area} {kind}")),
            key => Assert.True(seen.GetValueOrDefault(key) > 10, $"{key} was seen {seen.GetValueOrDefault(key)} times."));
        Assert.True(seen.Where(one => one.Key.EndsWith("(rim)", StringComparison.Ordinal)).Sum(one => one.Value) > 100);
        Assert.Equal(10_000, seen.Values.Sum());
    }

    private async Task<IReadOnlyList<RowChangeKind?>> ExpectedAsync(RowChange[] changes, string test, string condition)
    {
        string states = string.Join(
            ", ", changes.SelectMany((change, i) => new[] { Sql(i, "b", change.Before), Sql(i, "a", change.After) }));
        await using NpgsqlCommand command = fixture.Database.CreateCommand(
            $"""
            select s.number, s.side, coalesce(s.is_there and ({test}) and ({condition}), false)
            from (values {states}) s(number, side, is_there, status, category, agency, p)
            left join category c on c.city_id = 1 and c.id = s.category
            left join agency a on a.city_id = 1 and a.id = s.agency
            order by s.number, s.side
            """);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        var holds = new Dictionary<(int, string), bool>();
        while (await reader.ReadAsync())
        {
            holds.Add((reader.GetInt32(0), reader.GetString(1)), reader.GetBoolean(2));
        }

        return
        [
            .. changes.Select((_, i) => (holds[(i, "b")], holds[(i, "a")]) switch
            {
                (false, true) => RowChangeKind.Entered,
                (true, true) => RowChangeKind.Updated,
                (true, false) => RowChangeKind.Left,
                _ => (RowChangeKind?)null,
            }),
        ];
    }

    private static string Sql(int number, string side, RowState? row) => string.Create(
        CultureInfo.InvariantCulture,
        $"({number}, '{side}', {row is not null}, '{row?.Values[0] ?? "OPEN"}', {row?.Values[1] ?? "null"}::int, "
            + $"{row?.Values[2] ?? "null"}::int, "
            + $"{(row?.Longitude is { } x ? $"st_setsrid(st_makepoint({x:R}, {row.Latitude:R}), 4326)" : "null::geometry")})");

    private (Area Area, string Test) AnyArea(int number)
    {
        double x = -74 + (0.1 * _random.NextDouble());
        double y = 40.7 + (0.1 * _random.NextDouble());
        double size = Math.Pow(10, -4 + (3 * _random.NextDouble()));
        switch (number % 4)
        {
            case 0:
                var box = new Viewport(x, y, x + size, y + (size / 2));
                return (new ViewportArea(box), string.Create(
                    CultureInfo.InvariantCulture,
                    $"st_x(p) between {box.West:R} and {box.East:R} and st_y(p) between {box.South:R} and {box.North:R}"));
            case 1:
                double metres = size * 50_000;
                return (new CircleArea(x, y, metres), string.Create(
                    CultureInfo.InvariantCulture,
                    $"st_dwithin(p::geography, st_setsrid(st_makepoint({x:R}, {y:R}), 4326)::geography, {metres:R})"));
            default:
                Geometry star = Star(x, y, size, withHole: number % 4 == 3);
                return (
                    new SurfaceArea(star, isStored: number % 8 >= 4),
                    $"st_intersects('{Convert.ToHexString(new NetTopologySuite.IO.PostGisWriter().Write(star))}'::geometry, p)");
        }
    }

    private Polygon Star(double x, double y, double size, bool withHole)
    {
        int corners = _random.Next(3, 30);
        LinearRing Ring(double share)
        {
            Coordinate[] ring = [.. Enumerable.Range(0, corners).Select(i =>
            {
                double radius = size * share * (0.3 + (0.7 * ((i * 7919) % 13 / 13.0)));
                return new Coordinate(x + (radius * Math.Cos(Math.Tau * i / corners)), y + (radius * Math.Sin(Math.Tau * i / corners)));
            })];
            return s_shapes.CreateLinearRing([.. ring, ring[0]]);
        }

        return withHole ? s_shapes.CreatePolygon(Ring(1), [Ring(0.5)]) : s_shapes.CreatePolygon(Ring(1));
    }

    private (IReadOnlyList<LoggedFilter> Where, string Condition) AnyFilter() => _random.Next(4) switch
    {
        0 => ([], "true"),
        1 => ([new LoggedFilter(0, new HashSet<string?>(["OPEN", "ASSIGNED"]))], "s.status in ('OPEN', 'ASSIGNED')"),
        2 => (
            [new LoggedFilter(1, new HashSet<string?>([RequestRows.CategoryCodes[0], RequestRows.CategoryCodes[2], "no such code"]))],
            $"c.code in ('{RequestRows.CategoryCodes[0]}', '{RequestRows.CategoryCodes[2]}', 'no such code')"),
        _ => (
            [new LoggedFilter(2, new HashSet<string?>(["NYPD", null])), new LoggedFilter(0, new HashSet<string?>(["OPEN", "CLOSED"]))],
            "(a.code = 'NYPD' or a.code is null) and s.status in ('OPEN', 'CLOSED')"),
    };

    private RowChange AnyChange(Area area, int number) =>
        new(new LogPosition(1, number + 1), RowChangeScope.Row)
        {
            RowKey = number,
            Before = _random.Next(8) == 0 ? null : AnyState(area),
            After = _random.Next(8) == 0 ? null : AnyState(area),
        };

    private RowState AnyState(Area area)
    {
        (double X, double Y)? point = _random.Next(20) == 0 ? null : AnyPoint(area);
        return new RowState(
            [s_statuses[_random.Next(3)], (long)_random.Next(1, 4), _random.Next(3) is > 0 and var agency ? (long)agency : null],
            point?.X,
            point?.Y);
    }

    // Corners, edges, borders of cells and rims are where two ways of computing differ.
    private (double X, double Y) AnyPoint(Area area)
    {
        Viewport box = area.Box;
        double x = box.West + ((box.East - box.West) * ((_random.NextDouble() * 1.4) - 0.2));
        double y = box.South + ((box.North - box.South) * ((_random.NextDouble() * 1.4) - 0.2));
        switch (_random.Next(4))
        {
            case 0 when area is ViewportArea:
                return (_random.Next(2) == 0 ? box.West : box.East, _random.Next(2) == 0 ? y : box.North);
            case 0 when area is SurfaceArea surface:
                Coordinate[] corners = surface.Geometry.Coordinates;
                int first = _random.Next(corners.Length - 1);
                double along = _random.Next(3) / 2.0;
                return (
                    corners[first].X + (along * (corners[first + 1].X - corners[first].X)),
                    corners[first].Y + (along * (corners[first + 1].Y - corners[first].Y)));
            case 0 when area is CircleArea circle:
                double turn = Math.Tau * _random.NextDouble();
                double reach = circle.Metres / 111_195 * (0.99 + (0.02 * _random.NextDouble()));
                return (
                    circle.Longitude + (reach * Math.Cos(turn) / Math.Cos(circle.Latitude * Math.PI / 180)),
                    circle.Latitude + (reach * Math.Sin(turn)));
            case 1:
                Viewport cell = TileRange.BoxOf(GridCells.Of(x, y, 16));
                return (_random.Next(2) == 0 ? cell.West : x, _random.Next(2) == 0 ? cell.North : y);
            default:
                return (x, y);
        }
    }
}
