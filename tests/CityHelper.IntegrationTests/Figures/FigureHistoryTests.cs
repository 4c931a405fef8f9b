using System.Globalization;
using System.Text.Json;
using CityHelper.Data.Import;
using CityHelper.Data.Import.NewYork;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using CityHelper.IntegrationTests.Statistics;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Figures;

/// <summary>
/// Figures that are asked for while imports, mutations and folds run. An answer is one snapshot, so in each of them the figures, which come from counters, deltas
/// and a few rows, must agree with what counting the rows tells in the same answer.
/// </summary>
public sealed class FigureHistoryTests(PostgresFixture postgres) : CounterHouse(postgres)
{
    private const int Requests = 300;
    private const int Versions = 4;
    private const string Columns = "Status,Closed Date,Resolution Action Updated Date,Agency,Latitude,Longitude";

    /// <summary>Cuts through the cells of the rows, so that it has whole ones and a rim.</summary>
    private const string Part = "{ viewport: { west: -73.965, south: 40.715, east: -73.905, north: 40.765 } }";

    private const string Question =
        $$"""
        {
          all: serviceRequestStats(city: "nyc") { total open byStatus { count } byDay { count } byMonth { count } byAgency { count } timeToClose { count } }
          allRows: serviceRequests(city: "nyc") { totalCount }
          openRows: serviceRequests(city: "nyc", where: { status: { in: [OPEN, ASSIGNED, IN_PROGRESS, PENDING] } }) { totalCount }
          part: serviceRequestStats(city: "nyc", within: {{Part}}) { total open byCategory { count } byWeek { count } }
          partRows: serviceRequests(city: "nyc", within: {{Part}}) { totalCount }
          clusters: serviceRequestClusters(city: "nyc", within: {{Part}}, zoom: 12) { count }
          spring: serviceRequestStats(city: "nyc", where: { createdAt: { gte: "2024-03-05T05:00:00Z", lt: "2024-05-20T04:00:00Z" } }) { total }
          springRows: serviceRequests(city: "nyc", where: { createdAt: { gte: "2024-03-05T05:00:00Z", lt: "2024-05-20T04:00:00Z" } }) { totalCount }
        }
        """;

    [Fact]
    public async Task Every_answer_agrees_with_the_rows_of_its_snapshot()
    {
        await using TestServer server = await TestServer.StartAsync(ConnectionString);
        using var done = new CancellationTokenSource();
        var seen = new HashSet<(int Total, int Open, int Part)>();
        Task[] others =
        [
            RepeatAsync(async _ => seen.Add(await AskAsync(server)), done.Token),
            RepeatAsync(_ => Counters(foldRows: 40).FoldAsync(City.Id), done.Token),
            RepeatAsync(MutateAsync, done.Token),
        ];

        for (int version = 0; version < Versions; version++)
        {
            ImportOutcome outcome = await Importer(batchRows: 15).ImportFileAsync(City, new NewYorkSource(), File(version));
            Assert.Null(outcome.Failure);
        }

        await done.CancelAsync();
        await Task.WhenAll(others);
        await AskAsync(server);

        // Rows came, were closed and moved while answers were made.
        Assert.True(seen.Select(s => s.Total).Distinct().Count() > 3, $"only {seen.Count} states were seen");
        Assert.True(seen.Select(s => s.Open).Distinct().Count() > 5, $"only {seen.Count} states were seen");
        Assert.True(seen.Select(s => s.Part).Distinct().Count() > 5, $"only {seen.Count} states were seen");
    }

    private static async Task<(int Total, int Open, int Part)> AskAsync(TestServer server)
    {
        JsonElement answer = await server.DataAsync(Question);
        JsonElement all = answer.GetProperty("all");
        JsonElement part = answer.GetProperty("part");
        int rows = answer.GetProperty("allRows").GetProperty("totalCount").GetInt32();
        int open = answer.GetProperty("openRows").GetProperty("totalCount").GetInt32();
        int partRows = answer.GetProperty("partRows").GetProperty("totalCount").GetInt32();
        var expected = new[] { ("total", rows), ("open", open) }
            .Concat(new[] { "byStatus", "byDay", "byMonth", "byAgency" }.Select(list => (list, rows)))
            .Concat(new[] { "part total", "part byCategory", "part byWeek", "clusters" }.Select(list => (list, partRows)))
            .Append(("spring", answer.GetProperty("springRows").GetProperty("totalCount").GetInt32()));
        var found = new[] { ("total", all.GetProperty("total").GetInt32()), ("open", all.GetProperty("open").GetInt32()) }
            .Concat(new[] { "byStatus", "byDay", "byMonth", "byAgency" }.Select(list => (list, Sum(all.GetProperty(list)))))
            .Append(("part total", part.GetProperty("total").GetInt32()))
            .Append(("part byCategory", Sum(part.GetProperty("byCategory"))))
            .Append(("part byWeek", Sum(part.GetProperty("byWeek"))))
            .Append(("clusters", Sum(answer.GetProperty("clusters"))))
            .Append(("spring", answer.GetProperty("spring").GetProperty("total").GetInt32()));
        Assert.Equal(expected, found);
        return (rows, open, partRows);
    }

    private static int Sum(JsonElement groups) => groups.EnumerateArray().Sum(g => g.GetProperty("count").GetInt32());

    /// <summary>Those of a later version are more, and some have moved on.</summary>
    private string File(int version) => WriteRows(Columns, [.. Enumerable.Range(0, Requests * (version + 1) / Versions).Select(n =>
    {
        string day = $"{1 + (n % 12)}/{1 + (n % 28)}/24";
        bool closed = n % 3 < version;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{n},{day} 8:00,Noise {n % 4},{(closed ? "Closed" : "Open")},{(closed ? $"{day} {9 + (n % 9)}:00" : "")},{day} {10 + version}:0{n % 10},{(n % 5 == version ? "HPD" : "NYPD")},40.{700 + (n % 89)},-73.9{n % 71:00}");
    })]);

    private async Task MutateAsync(Random random)
    {
        await using NpgsqlConnection connection = await Database.OpenConnectionAsync();
        await ChangeAsync(connection, $"{random.Next(Requests)}", random.Next(3) switch
        {
            0 => "status = 'PENDING', closed_at = null",
            1 => "location = null",
            _ => string.Create(CultureInfo.InvariantCulture, $"location = st_setsrid(st_makepoint(-73.9{random.Next(99):00}, 40.7{random.Next(99):00}), 4326)"),
        });
    }
}
