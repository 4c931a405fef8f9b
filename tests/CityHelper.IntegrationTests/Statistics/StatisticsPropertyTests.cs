using System.Globalization;
using System.Text.Json;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Xunit;

namespace CityHelper.IntegrationTests.Statistics;

/// <summary>Compares statistics and clusters with the rows themselves: plain SQL selects the rows, and this test adds them up.</summary>
[Collection(PostgresCollection.Name)]
public sealed class StatisticsPropertyTests(StatisticsFixture fixture) : IClassFixture<StatisticsFixture>
{
    private const int Questions = 200;

    [Fact]
    public async Task Statistics_are_those_of_the_rows()
    {
        // Months alone take another path than months with days.
        const string Query =
            """
            query($within: AreaInput, $where: ServiceRequestFilterInput) {
              serviceRequestStats(city: "nyc", within: $within, where: $where) {
                total open overdue
                byStatus { status count } byCategory { category { code } count } byAgency { agency { code } count }
                byDay { period count } byWeek { period count } byMonth { period count }
                timeToClose { count medianSeconds p90Seconds relativeError }
              }
              months: serviceRequestStats(city: "nyc", within: $within, where: $where) { byMonth { period count } }
            }
            """;
        var questions = new RandomQuestions(new Random(53), fixture.Boundaries);
        (int some, int estimated, int exact, int packed) = (0, 0, 0, 0);
        var statements = new HashSet<string>();
        for (int i = 0; i < Questions; i++)
        {
            StatisticsQuestion question = questions.Next();
            List<StatisticsRow> rows = await fixture.RowsAsync(question.Sql);
            JsonElement answer = await fixture.AskAsync(Query, new { within = question.Within, where = question.Where });
            JsonElement stats = answer.GetProperty("serviceRequestStats");
            string what = $"question {i}: {question}";
            AssertPeriods(rows, FirstOfMonth, answer.GetProperty("months").GetProperty("byMonth"), what);
            AssertCounts(rows, stats, what);
            AssertDurations(rows, stats.GetProperty("timeToClose"), what);
            IReadOnlyList<string> sent = fixture.Server.TakeStatements();
            packed += rows.Count > 0 && sent.Any(s => s.Contains("select r.n, p.content", StringComparison.Ordinal)) ? 1 : 0;
            statements.UnionWith(sent);
            some += rows.Count is > 0 and < 5_000 ? 1 : 0;
            bool isExact = stats.GetProperty("timeToClose").GetProperty("relativeError").GetDouble() == 0;
            (estimated, exact) = (estimated + (isExact ? 0 : 1), exact + (isExact ? 1 : 0));
        }

        AssertBoundToTheCity(statements);
        Assert.Contains(statements, s => s.Contains("from service_request_boundary_count ", StringComparison.Ordinal));
        Assert.True(packed >= Questions / 20, $"only {packed} questions were counted from packed blocks");
        Assert.True(some > Questions / 2, $"only {some} questions were of some rows and not all");
        Assert.True(estimated > 10 && exact > 10, $"{estimated} estimated and {exact} exact durations prove too little");
    }

    [Fact]
    public async Task Clusters_are_those_of_the_rows()
    {
        const string Query =
            """
            query($within: AreaInput, $where: ServiceRequestFilterInput, $zoom: Int!) {
              serviceRequestClusters(city: "nyc", within: $within, zoom: $zoom, where: $where) {
                count location { coordinates } bounds topCategory { code } }
            }
            """;
        var random = new Random(54);
        var questions = new RandomQuestions(random, fixture.Boundaries);
        int clusters = 0;
        for (int i = 0; i < Questions; i++)
        {
            StatisticsQuestion question = questions.Next();
            int zoom = random.Next(0, 17);
            if (zoom > 11 && question.IsPolar)
            {
                // A band of 65,536 fine cells cannot be listed by cells: StatisticsEdgeTests.
                continue;
            }

            StatisticsRow[] rows = [.. (await fixture.RowsAsync(question.Sql)).Where(r => r.Longitude is not null)];
            JsonElement[] found = [.. (
                    await fixture.AskAsync(
                        Query,
                        new
                        {
                            within = question.Within,
                            where = question.Where,
                            zoom,
                        }
                    )).GetProperty("serviceRequestClusters").EnumerateArray()];
            string what = $"question {i}, zoom {zoom}: {question}";
            int cells = Math.Min(zoom + 3, 16);
            Dictionary<(int, int), StatisticsRow[]> expected = rows.GroupBy(r => Tile(r.Longitude!.Value, r.Latitude!.Value, cells))
                .ToDictionary(g => g.Key, g => g.ToArray());
            Assert.True(expected.Count == found.Length, $"{what}: {found.Length} clusters, expected {expected.Count}");
            Assert.Equal(
                found.Select(f => f.GetProperty("count").GetInt32()).OrderDescending(),
                found.Select(f => f.GetProperty("count").GetInt32()));
            Assert.All(found, cluster => AssertCluster(expected, cluster, cells, what));
            clusters += found.Length;
        }

        AssertBoundToTheCity([.. fixture.Server.TakeStatements()]);
        Assert.True(clusters > Questions, $"only {clusters} clusters");
    }

    /// <summary>Statements of all access paths were sent by then: from rows, from counters, from both.</summary>
    private static void AssertBoundToTheCity(HashSet<string> statements)
    {
        Assert.Contains(statements, s => s.Contains("from service_request_count ", StringComparison.Ordinal));
        Assert.Contains(statements, s => s.Contains("from service_request_delta ", StringComparison.Ordinal));
        Assert.Empty(statements.Select(StatementRules.Unbound).OfType<string>());
    }

    private static DateOnly FirstOfMonth(DateOnly day) => new(day.Year, day.Month, 1);

    private static void AssertCounts(List<StatisticsRow> rows, JsonElement stats, string what)
    {
        DateTime now = TimeProvider.System.GetUtcNow().UtcDateTime;
        Assert.True(
            rows.Count == stats.GetProperty("total").GetInt32(), $"{what}: total {stats.GetProperty("total")}, expected {rows.Count}");
        Assert.Equal(rows.Count(r => r.IsOpen), stats.GetProperty("open").GetInt32());
        Assert.True(
            rows.Count(r => r.IsOpen && r.DueAt < now) == stats.GetProperty("overdue").GetInt32(),
            $"{what}: overdue {stats.GetProperty("overdue")}");
        AssertGroups(rows, r => r.Status, stats.GetProperty("byStatus"), g => g.GetProperty("status").GetString(), what);
        AssertGroups(
            rows, r => r.Category, stats.GetProperty("byCategory"), g => g.GetProperty("category").GetProperty("code").GetString(), what);
        AssertGroups(
            rows,
            r => r.Agency,
            stats.GetProperty("byAgency"),
            g => g.GetProperty("agency") is { ValueKind: JsonValueKind.Object } a ? a.GetProperty("code").GetString() : null,
            what);
        AssertPeriods(rows, day => day, stats.GetProperty("byDay"), what);
        AssertPeriods(rows, day => day.AddDays(-((int)day.DayOfWeek + 6) % 7), stats.GetProperty("byWeek"), what);
        AssertPeriods(rows, FirstOfMonth, stats.GetProperty("byMonth"), what);
    }

    private static void AssertGroups(
        List<StatisticsRow> rows, Func<StatisticsRow, string?> by, JsonElement groups, Func<JsonElement, string?> key, string what)
    {
        int[] counts = [.. groups.EnumerateArray().Select(g => g.GetProperty("count").GetInt32())];
        Assert.Equal(counts.OrderDescending(), counts);
        IEnumerable<string> expected = rows.GroupBy(by).Select(g => $"{g.Key} {g.Count()}").Order(StringComparer.Ordinal);
        IEnumerable<string> found = groups.EnumerateArray().Select(g => $"{key(g)} {g.GetProperty("count")}").Order(StringComparer.Ordinal);
        Assert.True(expected.SequenceEqual(found), $"{what}\nexpected {string.Join(", ", expected)}\ngot {string.Join(", ", found)}");
    }

    private static void AssertPeriods(List<StatisticsRow> rows, Func<DateOnly, DateOnly> period, JsonElement periods, string what)
    {
        IEnumerable<string> expected = rows.GroupBy(r => period(r.Day))
            .OrderBy(g => g.Key)
            .Select(g => $"{g.Key.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)} {g.Count()}");
        IEnumerable<string> found = periods.EnumerateArray().Select(p => $"{p.GetProperty("period").GetString()} {p.GetProperty("count")}");
        Assert.True(expected.SequenceEqual(found), $"{what}\nexpected {string.Join(", ", expected)}\ngot {string.Join(", ", found)}");
    }

    private static void AssertDurations(List<StatisticsRow> rows, JsonElement durations, string what)
    {
        double[] seconds = [.. rows.Select(r => r.Seconds).OfType<double>().Order()];
        Assert.True(seconds.Length == durations.GetProperty("count").GetInt32(), $"{what}: {durations}, expected {seconds.Length}");
        double error = durations.GetProperty("relativeError").GetDouble();
        foreach ((string field, double share) in new[] { ("medianSeconds", 0.5), ("p90Seconds", 0.9) })
        {
            JsonElement found = durations.GetProperty(field);
            if (seconds.Length == 0)
            {
                Assert.Equal(JsonValueKind.Null, found.ValueKind);
                continue;
            }

            // As percentile_disc: the first value whose cumulative share is at least the given one. Times under a second count as a second.
            double expected = seconds[(int)Math.Ceiling(share * seconds.Length) - 1];
            double allowed = error == 0 ? 1e-6 : error * Math.Max(1, expected) + 1e-6;
            Assert.True(
                Math.Abs(found.GetDouble() - Math.Max(error == 0 ? 0 : 1, expected)) <= allowed,
                $"{what}: {field} {found}, expected {expected} within {error}");
        }
    }

    private static void AssertCluster(Dictionary<(int, int), StatisticsRow[]> expected, JsonElement cluster, int zoom, string what)
    {
        double[] bounds = [.. cluster.GetProperty("bounds").EnumerateArray().Select(c => c.GetDouble())];
        StatisticsRow[] rows = expected[Tile((bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2, zoom)];
        string top = rows.GroupBy(r => r.Category)
            .OrderByDescending(g => g.Count())
            .ThenBy(g => Array.IndexOf([.. Serving.RequestRows.CategoryCodes], g.Key))
            .First()
            .Key;
        string described =
            $"{cluster.GetProperty("count").GetInt32()} {cluster.GetProperty("topCategory").GetProperty("code").GetString()}";
        Assert.True($"{rows.Length} {top}" == described, $"{what}: {described}, expected {rows.Length} {top}");
        double[] centre = [.. cluster.GetProperty("location").GetProperty("coordinates").EnumerateArray().Select(c => c.GetDouble())];
        Assert.InRange(centre[0], rows.Average(r => r.Longitude!.Value) - 2e-7, rows.Average(r => r.Longitude!.Value) + 2e-7);
        Assert.InRange(centre[1], rows.Average(r => r.Latitude!.Value) - 2e-7, rows.Average(r => r.Latitude!.Value) + 2e-7);
    }

    private static (int X, int Y) Tile(double longitude, double latitude, int zoom)
    {
        double radians = Math.Clamp(latitude, -85.0511, 85.0511) * Math.PI / 180;
        int last = (1 << zoom) - 1;
        return (
            (int)Math.Clamp(Math.Floor((longitude + 180) / 360 * (1 << zoom)), 0, last),
            (int)Math.Clamp(Math.Floor((1 - Math.Log(Math.Tan(radians) + 1 / Math.Cos(radians)) / Math.PI) / 2 * (1 << zoom)), 0, last));
    }
}
