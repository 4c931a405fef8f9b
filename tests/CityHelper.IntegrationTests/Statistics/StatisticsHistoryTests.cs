using System.Globalization;
using System.Text.Json;
using CityHelper.Data.Import;
using CityHelper.Data.Import.NewYork;
using CityHelper.Data.Statistics;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using CityHelper.IntegrationTests.Counters;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Statistics;

/// <summary>
/// Asks for statistics while imports, mutations and compactions run. An answer is one snapshot, so statistics, which come from counters,
/// deltas and a few rows, must agree with counts of the rows in the same answer.
/// </summary>
public sealed class StatisticsHistoryTests(PostgresFixture postgres) : CounterFixture(postgres)
{
    private const int Requests = 300;
    private const int Versions = 4;
    private const int AsksAtTheEnd = 40;
    private const string Columns = "Status,Closed Date,Resolution Action Updated Date,Due Date,Agency,Latitude,Longitude";

    /// <summary>Some rows are due before it, some after.</summary>
    private const string Now = "2024-07-01T12:00:00Z";

    /// <summary>Cuts through the cells of the rows, so it has interior cells and boundary cells.</summary>
    private const string Part = "{ viewport: { west: -73.965, south: 40.715, east: -73.905, north: 40.765 } }";

    /// <summary>All agencies; a filter without an index needs such a condition beside it.</summary>
    private const string Agencies = """agency: { code: { in: ["HPD", "NYPD"] } }""";

    private const string Open = "status: { in: [OPEN, ASSIGNED, IN_PROGRESS, PENDING] }";

    private const string Spring = """createdAt: { gte: "2024-03-05T05:00:00Z", lt: "2024-05-20T04:00:00Z" }""";

    /// <summary>Its border cuts through the cells of the rows.</summary>
    private const string District = "POLYGON ((-73.965 40.74, -73.935 40.715, -73.905 40.74, -73.935 40.765, -73.965 40.74))";

    /// <summary>The same polygon as an area, so that packed blocks and not a boundary's counters answer.</summary>
    private const string Drawn =
        """{ polygon: { type: "Polygon", coordinates: """
            + """[[[-73.965, 40.74], [-73.935, 40.715], [-73.905, 40.74], [-73.935, 40.765], [-73.965, 40.74]]] } }""";

    /// <summary>Part of the statement that reads packed blocks.</summary>
    private const string BlocksRead = "select r.n, p.content";

    private const string Question =
        $$"""
        {
          all: serviceRequestStats(city: "nyc") {
            total open overdue byStatus { count } byDay { count } byMonth { count } byAgency { count } timeToClose { count relativeError }
          }
          allRows: serviceRequests(city: "nyc") { totalCount }
          openRows: serviceRequests(city: "nyc", where: { {{Open}} }) { totalCount }
          lateRows: serviceRequests(city: "nyc", where: { {{Open}}, dueAt: { lt: "{{Now}}" }, {{Agencies}} }) { totalCount }
          closedRows: serviceRequests(city: "nyc", where: { closedAt: { neq: null }, {{Agencies}} }) { totalCount }
          part: serviceRequestStats(city: "nyc", within: {{Part}}) {
            total open overdue byCategory { category { code } count } byWeek { count } timeToClose { count relativeError }
          }
          partRows: serviceRequests(city: "nyc", within: {{Part}}) { totalCount }
          partLateRows: serviceRequests(city: "nyc", within: {{Part}}, where: { {{Open}}, dueAt: { lt: "{{Now}}" }, {{Agencies}} }) {
            totalCount
          }
          partClosedRows: serviceRequests(city: "nyc", within: {{Part}}, where: { closedAt: { neq: null }, {{Agencies}} }) { totalCount }
          district: serviceRequestStats(city: "nyc", within: { boundary: "$DISTRICT" }) {
            total open byCategory { count } byMonth { count }
          }
          drawn: serviceRequestStats(city: "nyc", within: {{Drawn}}) { total open byCategory { count } byStatus { count } }
          districtMonths: serviceRequestStats(city: "nyc", within: { boundary: "$DISTRICT" }) { byMonth { count } }
          districtSpring: serviceRequestStats(city: "nyc", within: { boundary: "$DISTRICT" }, where: { {{Spring}} }) { total }
          districtRows: serviceRequests(city: "nyc", within: { boundary: "$DISTRICT" }) { totalCount }
          districtOpenRows: serviceRequests(city: "nyc", within: { boundary: "$DISTRICT" }, where: { {{Open}} }) { totalCount }
          districtSpringRows: serviceRequests(city: "nyc", within: { boundary: "$DISTRICT" }, where: { {{Spring}} }) { totalCount }
          clusters: serviceRequestClusters(city: "nyc", within: {{Part}}, zoom: 12) { count }
          one: serviceRequestClusters(city: "nyc", within: {{Part}}, zoom: 0) { count topCategory { code } }
          spring: serviceRequestStats(city: "nyc", where: { {{Spring}} }) { total }
          springRows: serviceRequests(city: "nyc", where: { {{Spring}} }) { totalCount }
        }
        """;

    [Fact]
    public async Task Every_answer_agrees_with_the_rows_of_its_snapshot()
    {
        // The server checks at its first question whether boundaries have counters; this clock makes it never check again.
        await ImportAsync(File(0));
        await BoundaryRows.AddAsync(ConnectionString, [BoundaryRows.Boundary(1, "area", "district", "District", District)]);
        var boundaries = new BoundaryCounters(Database, Time);
        await boundaries.BackfillAsync(City.Id);
        PackedBlocks blocks = new PackedBlocks(Database, Time);
        int packed = await blocks.BackfillAsync(City.Id);

        // The table statistics differ from answer to answer, so times until closing come now from rows, now from counters.
        await using TestServer server = await TestServer.StartAsync(
            ConnectionString,
            statistics: real => BelievedStatistics.Wild(real, 61),
            time: new StoppedClock(DateTime.Parse(Now, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal)),
            services: TestServer.BlocksForFewRows,
            askedMax: BelievedStatistics.AskedMax);
        string question = Question.Replace(
            "$DISTRICT",
            (await server.DataAsync("""{ boundaries(city: "nyc", first: 1) { nodes { id } } }"""))
                .GetProperty("boundaries")
                .GetProperty("nodes")[0]
                .GetProperty("id")
                .GetString(),
            StringComparison.Ordinal);
        using var done = new CancellationTokenSource();
        var seen = new HashSet<Seen>();
        Task[] others =
        [
            RepeatAsync(async _ => seen.Add(await AskAsync(server, question)), done.Token),
            RepeatAsync(_ => Counters(compactionRows: 40).CompactAsync(City.Id), done.Token),
            RepeatAsync(_ => boundaries.BackfillAsync(City.Id), done.Token),
            RepeatAsync(async _ => packed += await blocks.BackfillAsync(City.Id), done.Token),
            RepeatAsync(MutateAsync, done.Token),
        ];

        for (int version = 0; version < Versions; version++)
        {
            ImportOutcome outcome = await Importer(batchRows: 15).ImportFileAsync(City, new NewYorkSource(), File(version));
            Assert.Null(outcome.Failure);
        }

        await done.CancelAsync();
        await Task.WhenAll(others);
        for (int i = 0; i < AsksAtTheEnd; i++)
        {
            seen.Add(await AskAsync(server, question));
        }

        IReadOnlyList<string> sent = server.TakeStatements();
        Assert.Contains(sent, s => s.Contains("from service_request_boundary_count ", StringComparison.Ordinal));
        Assert.Contains(sent, s => s.Contains(BlocksRead, StringComparison.Ordinal));

        Assert.True(packed > 100, $"only {packed} blocks were packed");

        // Rows appeared, closed and moved while answers were made.
        Assert.All(
            new (string What, int States, int Least)[]
            {
                ("total", seen.Select(s => s.Total).Distinct().Count(), 4),
                ("open", seen.Select(s => s.Open).Distinct().Count(), 6),
                ("overdue", seen.Select(s => s.Overdue).Distinct().Count(), 4),
                ("closed", seen.Select(s => s.Closed).Distinct().Count(), 6),
                ("part", seen.Select(s => s.Part).Distinct().Count(), 6),
                ("district", seen.Select(s => s.District).Distinct().Count(), 6),
                ("exact and estimated", seen.Select(s => s.Exact).Distinct().Count(), 2),
            },
            told => Assert.True(told.States >= told.Least, $"only {told.States} states of {told.What} were seen"));
    }

    private static async Task<Seen> AskAsync(TestServer server, string question)
    {
        JsonElement answer = await server.DataAsync(question);
        int Rows(string list) => answer.GetProperty(list).GetProperty("totalCount").GetInt32();
        JsonElement all = answer.GetProperty("all");
        JsonElement part = answer.GetProperty("part");
        JsonElement district = answer.GetProperty("district");
        JsonElement drawn = answer.GetProperty("drawn");
        (string, int)[] expected =
        [
            .. new[] { "total", "byStatus", "byDay", "byMonth", "byAgency" }.Select(statistic => (statistic, Rows("allRows"))),
            ("open", Rows("openRows")), ("overdue", Rows("lateRows")), ("timeToClose", Rows("closedRows")),
            .. new[] { "part total", "part byCategory", "part byWeek", "clusters", "one" }.Select(statistic =>
                (statistic, Rows("partRows"))),
            .. new[] { "district total", "district byCategory", "district byMonth", "districtMonths" }.Select(statistic =>
                (statistic, Rows("districtRows"))),
            .. new[] { "drawn total", "drawn byCategory", "drawn byStatus" }.Select(statistic => (statistic, Rows("districtRows"))),
            ("drawn open", Rows("districtOpenRows")),
            ("district open", Rows("districtOpenRows")), ("districtSpring", Rows("districtSpringRows")),
            ("part overdue", Rows("partLateRows")), ("part timeToClose", Rows("partClosedRows")), ("spring", Rows("springRows")),
            ("top", part.GetProperty("byCategory").EnumerateArray().Select(g => g.GetProperty("count").GetInt32()).FirstOrDefault()),
        ];
        (string, int)[] found =
        [
            ("total", Number(all, "total")),
            .. new[] { "byStatus", "byDay", "byMonth", "byAgency" }.Select(list => (list, Sum(all.GetProperty(list)))),
            ("open", Number(all, "open")),
            ("overdue", Number(all, "overdue")),
            ("timeToClose", Number(all.GetProperty("timeToClose"), "count")),
            ("part total", Number(part, "total")),
            ("part byCategory", Sum(part.GetProperty("byCategory"))),
            ("part byWeek", Sum(part.GetProperty("byWeek"))),
            ("clusters", Sum(answer.GetProperty("clusters"))),
            ("one", Sum(answer.GetProperty("one"))),
            ("district total", Number(district, "total")),
            ("district byCategory", Sum(district.GetProperty("byCategory"))),
            ("district byMonth", Sum(district.GetProperty("byMonth"))),
            ("districtMonths", Sum(answer.GetProperty("districtMonths").GetProperty("byMonth"))),
            ("drawn total", Number(drawn, "total")),
            ("drawn byCategory", Sum(drawn.GetProperty("byCategory"))),
            ("drawn byStatus", Sum(drawn.GetProperty("byStatus"))),
            ("drawn open", Number(drawn, "open")),
            ("district open", Number(district, "open")),
            ("districtSpring", Number(answer.GetProperty("districtSpring"), "total")),
            ("part overdue", Number(part, "overdue")),
            ("part timeToClose", Number(part.GetProperty("timeToClose"), "count")),
            ("spring", Number(answer.GetProperty("spring"), "total")),
            ("top", CountOfTop(answer.GetProperty("one"), part.GetProperty("byCategory"))),
        ];
        Assert.Equal(expected, found);
        return new Seen(
            Rows("allRows"), Rows("openRows"), Rows("lateRows"), Rows("closedRows"), Rows("partRows"), Rows("districtRows"),
            all.GetProperty("timeToClose").GetProperty("relativeError").GetDouble() == 0);
    }

    /// <summary>
    /// The count of the top category in the one cluster that holds all rows, taken from the same answer's groups; 0 without a cluster.
    /// </summary>
    private static int CountOfTop(JsonElement one, JsonElement byCategory) =>
        one.GetArrayLength() == 0
            ? 0
            : byCategory
                .EnumerateArray()
                .Single(g => Code(g.GetProperty("category")) == Code(Assert.Single(one.EnumerateArray()).GetProperty("topCategory")))
                .GetProperty("count")
                .GetInt32();

    private static string? Code(JsonElement category) => category.GetProperty("code").GetString();

    private static int Number(JsonElement of, string field) => of.GetProperty(field).GetInt32();

    private static int Sum(JsonElement groups) => groups.EnumerateArray().Sum(g => g.GetProperty("count").GetInt32());

    /// <summary>A later version has more rows, and some have changed.</summary>
    private string File(int version) => WriteRows(Columns, [.. Enumerable.Range(0, Requests * (version + 1) / Versions).Select(n =>
    {
        string day = $"{1 + (n % 12)}/{1 + (n % 28)}/24";
        bool closed = n % 3 < version;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{n},{day} 8:00,Noise {n % 4},{(closed ? "Closed" : "Open")},{(closed ? $"{day} {9 + (n % 9)}:00" : "")},{day} "
                + $"{10 + version}:0{n % 10},{1 + ((n + 1) % 12)}/{1 + (n % 28)}/24 "
                + $"17:00,{(n % 5 == version ? "HPD" : "NYPD")},40.{700 + (n % 89)},-73.9{n % 71:00}");
    })]);

    private async Task MutateAsync(Random random)
    {
        await using NpgsqlConnection connection = await Database.OpenConnectionAsync();
        await ChangeAsync(
            connection,
            $"{random.Next(Requests)}",
            random.Next(3) switch
            {
                0 => "status = 'PENDING', closed_at = null",
                1 => "location = null",
                _ => string.Create(
                    CultureInfo.InvariantCulture,
                    $"location = st_setsrid(st_makepoint(-73.9{random.Next(99):00}, 40.7{random.Next(99):00}), 4326)"),
            }
        );
    }

    /// <summary>The content of one answer.</summary>
    private sealed record Seen(int Total, int Open, int Overdue, int Closed, int Part, int District, bool Exact);
}
