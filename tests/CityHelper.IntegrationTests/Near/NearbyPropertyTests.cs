using System.Globalization;
using System.Text.Json;
using CityHelper.Data;
using CityHelper.Data.Model;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Npgsql;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Near;

/// <summary>
/// The pages of the nearest together equal one naive query that computes every distance and sorts: same rows, same order, no gap, no
/// duplicate, anywhere on the earth. The table statistics, and so the access paths, differ from page to page.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class NearbyPropertyTests(PostgresFixture postgres, ITestOutputHelper output) : IAsyncLifetime
{
    private const int Rows = 3_000;
    private const int Questions = 120;
    private const int PagesMax = 40;

    private const string Query =
        """
        query($first: Int, $after: String, $to: PositionInput!, $metres: Float!, $where: ServiceRequestFilterInput) {
          nearbyServiceRequests(first: $first, after: $after, city: "nyc", to: $to, withinMetres: $metres, where: $where) {
            nodes { externalId updates(last: 1) { note } }
            edges { cursor distanceMetres node { externalId } }
            pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
          }
        }
        """;

    private readonly List<ServiceRequest> _rows = NearRows.Make(21, Rows);
    private NpgsqlDataSource _direct = null!;
    private TestServer _server = null!;

    public async Task InitializeAsync()
    {
        string database = await postgres.CreateDatabaseAsync();
        await RequestRows.AddCityAsync(database, [.. Enumerable.Range(NearRows.FirstYear, NearRows.Years)]);
        await RequestRows.AddAsync(database, _rows);
        _direct = CityHelperDatabase.CreateDataSource(database);
        _server = await TestServer.StartAsync(
            database, statistics: real => BelievedStatistics.Wild(real, 22), askedMax: BelievedStatistics.AskedMax);
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _direct.DisposeAsync();
    }

    [Fact]
    public async Task Pages_concatenated_equal_one_naive_query()
    {
        var random = new Random(23);
        int severalPages = 0;
        int tiesAcrossPages = 0;
        int nonEmpty = 0;
        for (int i = 0; i < Questions; i++)
        {
            Question question = await RandomQuestionAsync(random);
            List<(string Row, double Metres)> expected = await NaiveAsync(question);
            int pageSize = Math.Clamp(expected.Count / (PagesMax / 2) + random.Next(1, 12), 1, 100);
            (List<(string Row, double Metres)> actual, int pages) = await PagesAsync(question, pageSize);
            Assert.True(
                expected.SequenceEqual(actual),
                $"question {i}, pages of {pageSize}: {question}\nexpected {expected.Count} rows, got {actual.Count}\n"
                + string.Join('\n', expected.Zip(actual).Where(p => p.First != p.Second).Take(5)));
            nonEmpty += expected.Count > 0 ? 1 : 0;
            severalPages += pages > 1 ? 1 : 0;
            tiesAcrossPages += expected.Where((row, n) => n > 0 && n % pageSize == 0 && row.Metres.Equals(expected[n - 1].Metres)).Count();
        }

        output.WriteLine($"{nonEmpty} with rows, {severalPages} of several pages, {tiesAcrossPages} pages that begin amid equal distances");

        // A generator without results tests nothing.
        Assert.True(nonEmpty > Questions / 2, $"only {nonEmpty} questions had an answer");
        Assert.True(severalPages > Questions / 4, $"only {severalPages} questions had several pages");
        Assert.True(tiesAcrossPages > Questions / 4, $"only {tiesAcrossPages} pages begin amid equal distances");
        string[] accessPaths = [.. _server.TakeStatements().Select(AccessPathOf).Distinct().Order()];
        Assert.Equal(["loose-index-scan", "ordered-index-scan", "sort"], accessPaths.Where(f => f.Length > 0));
        Assert.Empty(_server.Errors);
    }

    private static string AccessPathOf(string statement) =>
        statement.Contains(" as sphere", StringComparison.Ordinal) ? "ordered-index-scan"
        : statement.Contains("k.metres", StringComparison.Ordinal) ? "loose-index-scan"
        : statement.Contains("x.metres", StringComparison.Ordinal) ? "sort" : "";

    private async Task<(List<(string Row, double Metres)> Rows, int Pages)> PagesAsync(Question question, int pageSize)
    {
        List<(string Row, double Metres)> rows = [];
        string? after = null;
        for (int page = 1; page <= PagesMax + 1; page++)
        {
            JsonElement connection = (await _server.DataAsync(Query, new
            {
                first = pageSize,
                after,
                to = new { longitude = question.Longitude, latitude = question.Latitude },
                metres = question.Metres,
                where = question.Where,
            })).GetProperty("nearbyServiceRequests");
            JsonElement[] edges = [.. connection.GetProperty("edges").EnumerateArray()];
            (string Row, double Metres)[] shown =
            [
                .. edges.Select(e =>
                    (e.GetProperty("node").GetProperty("externalId").GetString()!, e.GetProperty("distanceMetres").GetDouble())),
            ];
            JsonElement info = connection.GetProperty("pageInfo");
            Assert.Equal(
                shown.Select(r => r.Row),
                connection.GetProperty("nodes").EnumerateArray().Select(n => n.GetProperty("externalId").GetString()!));
            Assert.Equal(page > 1, info.GetProperty("hasPreviousPage").GetBoolean());
            Assert.Equal(
                edges.Length == 0 ? null : edges[0].GetProperty("cursor").GetString(), info.GetProperty("startCursor").GetString());
            rows.AddRange(shown);
            if (!info.GetProperty("hasNextPage").GetBoolean())
            {
                return (rows, page);
            }

            Assert.Equal(pageSize, edges.Length);
            after = info.GetProperty("endCursor").GetString();
            Assert.Equal(after, edges[^1].GetProperty("cursor").GetString());
        }

        throw new InvalidOperationException($"more than {PagesMax} pages of {pageSize}: {question}");
    }

    private async Task<List<(string Row, double Metres)>> NaiveAsync(Question question)
    {
        string distance = string.Create(
            CultureInfo.InvariantCulture,
            $"st_distance(location::geography, st_setsrid(st_makepoint({question.Longitude:R}::float8, {question.Latitude:R}::float8), "
                + $"4326)::geography)");
        await using NpgsqlCommand command = _direct.CreateCommand(string.Create(
            CultureInfo.InvariantCulture,
            $"select external_id, {distance} from service_request where city_id = 1 and {distance} <= {question.Metres:R}::float8 and "
                + $"{question.Naive} order by 2, id desc"));
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        List<(string, double)> rows = [];
        while (await reader.ReadAsync())
        {
            rows.Add((reader.GetString(0), reader.GetDouble(1)));
        }

        return rows;
    }

    private async Task<Question> RandomQuestionAsync(Random random)
    {
        (double longitude, double latitude) = NearRows.RandomPosition(random, _rows);

        // Some circles end exactly at a row.
        double metres = Math.Min(Engine.Limits.NearbyMetresMax, Math.Pow(10, 1 + random.NextDouble() * 2.8));
        if (random.Next(3) == 0
            && await NaiveAsync(new Question(longitude, latitude, metres, null, "true")) is { Count: > 0 } near
            && near[random.Next(near.Count)].Metres is > 0 and double exact)
        {
            metres = exact;
        }

        string since = _rows[random.Next(Rows)].CreatedAt.ToString("O", CultureInfo.InvariantCulture);
        string id = _rows[random.Next(Rows)].ExternalId!;
        (object? where, string naive) = random.Next(9) switch
        {
            0 => (new { status = new { @in = new[] { "OPEN", "DUPLICATE" } } }, "status in ('OPEN', 'DUPLICATE')"),
            1 => (new { category = new { code = new { eq = "rodent" } } }, "category_id = 3"),
            2 => (
                new { category = new { code = new { neq = "rodent" } }, status = new { neq = "OPEN" } },
                "category_id <> 3 and status <> 'OPEN'"),
            3 => (new { createdAt = new { gte = since } }, $"created_at >= '{since}'"),
            4 => (
                new { agency = new { code = new { eq = "HPD" } }, createdAt = new { lt = since } },
                $"agency_id = 2 and created_at < '{since}'"),
            5 => (
                (object)
                    new
                    {
                        title = new { contains = "at" },
                        category = new { code = new { @in = new[] { "rodent", "noise-residential" } } },
                    },
                "strpos(title, 'at') > 0 and category_id in (1, 3)"),
            6 => (
                new { or = new object[] { new { externalId = new { eq = id } }, new { category = new { code = new { eq = "rodent" } } } } },
                $"(external_id = '{id}' or category_id = 3)"),
            _ => ((object?)null, "true"),
        };
        return new Question(longitude, latitude, metres, where, naive);
    }

    private sealed record Question(double Longitude, double Latitude, double Metres, object? Where, string Naive);
}
