using System.Globalization;
using System.Text.Json;
using CityHelper.Data;
using CityHelper.Data.Model;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using Npgsql;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Near;

/// <summary>
/// Possible duplicates match the documented formula, computed for every pair of requests, anywhere on the earth. PostgreSQL computes
/// distances and text similarities pair by pair.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class DuplicatePropertyTests(PostgresFixture postgres, ITestOutputHelper output) : IAsyncLifetime
{
    private const int Rows = 900;
    private const int Days = 60;
    private const int PageRows = 45;

    private static readonly DateTime s_now = ReadingFixture.Moment($"{NearRows.FirstYear}-01-02T00:00:00Z").AddDays(Days - 5.25);

    private readonly List<ServiceRequest> _rows = NearRows.Make(31, Rows, Days);
    private readonly Dictionary<(string, string), double> _similarities = [];
    private NpgsqlDataSource _direct = null!;
    private TestServer _server = null!;

    public async Task InitializeAsync()
    {
        string database = await postgres.CreateDatabaseAsync();
        await RequestRows.AddCityAsync(database, NearRows.FirstYear - 1, NearRows.FirstYear);
        await RequestRows.AddAsync(database, _rows);
        _direct = CityHelperDatabase.CreateDataSource(database);
        _server = await TestServer.StartAsync(database, time: new StoppedClock(s_now));
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _direct.DisposeAsync();
    }

    [Theory]
    [InlineData(null, null, null)]
    [InlineData(100, 500.0, 90)]
    [InlineData(3, 120.5, 2)]
    [InlineData(1, 500.0, 30)]
    public async Task The_duplicates_of_every_request_follow_the_formula(int? first, double? metres, int? days)
    {
        const string Query =
            """
            query($after: String, $rows: Int!, $first: Int, $metres: Float, $days: Int) {
              serviceRequests(city: "nyc", first: $rows, after: $after) {
                nodes {
                  externalId
                  possibleDuplicates(first: $first, withinMetres: $metres, withinDays: $days) {
                    serviceRequest { externalId updates(last: 1) { note } } distanceMetres score
                  }
                }
                pageInfo { endCursor hasNextPage }
              }
            }
            """;
        Dictionary<(string, string), double> distances = await DistancesAsync();
        string? after = null;
        int found = 0;
        do
        {
            JsonElement page = (
                await _server.DataAsync(
                    Query,
                    new
                    {
                        after,
                        rows = first == 100 ? 15
                        : metres == 500 ? 40
                        : PageRows,
                        first,
                        metres,
                        days,
                    }
                )).GetProperty("serviceRequests");
            foreach (JsonElement node in page.GetProperty("nodes").EnumerateArray())
            {
                ServiceRequest request = _rows.Single(r => r.ExternalId == node.GetProperty("externalId").GetString());
                IEnumerable<ServiceRequest> others = _rows.Where(r => r.CategoryId == request.CategoryId && r != request);
                List<Found> expected = await BestAsync(
                    others, other => distances.GetValueOrDefault((request.ExternalId!, other.ExternalId!), double.NaN),
                    request.CreatedAt, TextOf(request.Title, request.Description), first, metres, days);
                Assert.Equal(expected, node.GetProperty("possibleDuplicates").EnumerateArray().Select(Read));
                found += expected.Count;
            }

            after = page.GetProperty("pageInfo").GetProperty("hasNextPage").GetBoolean()
                ? page.GetProperty("pageInfo").GetProperty("endCursor").GetString()
                : null;
        } while (after is not null);

        output.WriteLine($"{found} duplicates");
        Assert.True(found > Rows / 3, $"only {found} duplicates");
        Assert.Empty(_server.Errors);
    }

    [Fact]
    public async Task The_candidates_of_a_draft_follow_the_formula()
    {
        const string Query =
            """
            query($category: String!, $location: PositionInput!, $description: String, $first: Int, $metres: Float, $days: Int) {
              duplicateCandidates(
                city: "nyc", category: $category, location: $location, description: $description, first: $first,
                withinMetres: $metres, withinDays: $days) {
                serviceRequest { externalId updates(last: 1) { note } } distanceMetres score
              }
            }
            """;
        var random = new Random(32);
        string?[] texts =
        [
            null, "", "rats", "Every night!", "Große", "next to the school", new string('x', 2_000), new string('x', 999) + "\U0001F600",
            "--",
        ];
        int found = 0;
        for (int i = 0; i < 150; i++)
        {
            (double longitude, double latitude) = NearRows.RandomPosition(random, _rows);
            int category = 1 + random.Next(3);
            string? description = texts[random.Next(texts.Length)];
            int? first = random.Next(3) == 0 ? null : random.Next(30);
            double? metres = random.Next(3) == 0 ? null : 500 * random.NextDouble();
            int? days = random.Next(3) == 0 ? null : random.Next(1, 91);
            JsonElement data = await _server.DataAsync(
                Query,
                new
                {
                    category = RequestRows.CategoryCodes[category - 1],
                    location = new { longitude, latitude },
                    description,
                    first,
                    metres,
                    days,
                }
            );
            Dictionary<string, double> distances = await DistancesToAsync(longitude, latitude);
            IEnumerable<ServiceRequest> open = _rows.Where(r => r.CategoryId == category
                && (r.Status <= ServiceRequestStatus.Pending || r.CreatedAt >= s_now.AddDays(-7)));
            string text = description ?? "";
            text = text.Length <= 1_000 ? text : text[..(char.IsHighSurrogate(text[999]) ? 999 : 1_000)];
            List<Found> expected = await BestAsync(
                open, other => distances.GetValueOrDefault(other.ExternalId!, double.NaN), s_now, text, first, metres, days);
            Assert.Equal(expected, data.GetProperty("duplicateCandidates").EnumerateArray().Select(Read));
            found += expected.Count;
        }

        output.WriteLine($"{found} candidates");
        Assert.True(found > 150, $"only {found} candidates");
        Assert.Empty(_server.Errors);
    }

    private static Found Read(JsonElement json)
    {
        JsonElement request = json.GetProperty("serviceRequest");
        JsonElement[] updates = [.. request.GetProperty("updates").EnumerateArray()];
        return new Found(
            request.GetProperty("externalId").GetString()!,
            json.GetProperty("distanceMetres").GetDouble(),
            json.GetProperty("score").GetDouble(),
            updates.Length == 0 ? null : updates.Single().GetProperty("note").GetString());
    }

    private async Task<List<Found>> BestAsync(
        IEnumerable<ServiceRequest> others,
        Func<ServiceRequest, double> distance,
        DateTime created,
        string text,
        int? first,
        double? metres,
        int? days)
    {
        double radius = metres ?? 100;
        double ms = (days ?? 14) * 86_400_000.0;
        List<(Found Found, long Id)> all = [];
        foreach (ServiceRequest other in others)
        {
            double away = distance(other);
            double apart = Math.Abs((other.CreatedAt - created).TotalMilliseconds);
            if (away <= radius && apart <= ms)
            {
                double near = 0.4 * (1 - away / radius) + 0.2 * (1 - apart / 1_000 * 1_000 / ms);
                string words = TextOf(other.Title, other.Description);
                double score = words.Length == 0 || text.Length == 0 ? near / 0.6 : near + 0.4 * await SimilarityAsync(words, text);
                all.Add((new Found(other.ExternalId!, away, score, other.Updates.SingleOrDefault()?.Note), other.Id));
            }
        }

        return
        [
            .. all.OrderByDescending(f => f.Found.Score)
                .ThenBy(f => f.Found.Metres)
                .ThenByDescending(f => f.Id)
                .Take(first ?? 5)
                .Select(f => f.Found),
        ];
    }

    private static string TextOf(string? title, string? description) =>
        string.Join(' ', new[] { title, description }.Where(t => !string.IsNullOrEmpty(t)));

    private async Task<double> SimilarityAsync(string left, string right)
    {
        if (!_similarities.TryGetValue((left, right), out double similarity))
        {
            await using NpgsqlCommand command = _direct.CreateCommand("select similarity($1, $2)::float8");
            command.Parameters.Add(new() { Value = left });
            command.Parameters.Add(new() { Value = right });
            _similarities.Add((left, right), similarity = (double)(await command.ExecuteScalarAsync())!);
        }

        return similarity;
    }

    private async Task<Dictionary<(string, string), double>> DistancesAsync()
    {
        await using NpgsqlCommand command = _direct.CreateCommand(
            """
            select a.external_id, b.external_id, st_distance(a.location::geography, b.location::geography)
            from service_request a, service_request b
            where a.category_id = b.category_id and st_distance(a.location::geography, b.location::geography, false) < 600
            """);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        Dictionary<(string, string), double> distances = [];
        while (await reader.ReadAsync())
        {
            distances.Add((reader.GetString(0), reader.GetString(1)), reader.GetDouble(2));
        }

        return distances;
    }

    private async Task<Dictionary<string, double>> DistancesToAsync(double longitude, double latitude)
    {
        await using NpgsqlCommand command = _direct.CreateCommand(string.Create(
            CultureInfo.InvariantCulture,
            $"select external_id, st_distance(location::geography, st_setsrid(st_makepoint({longitude:R}::float8, {latitude:R}::float8), "
                + $"4326)::geography) from service_request where location is not null"));
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        Dictionary<string, double> distances = [];
        while (await reader.ReadAsync())
        {
            distances.Add(reader.GetString(0), reader.GetDouble(1));
        }

        return distances;
    }

    private sealed record Found(string Request, double Metres, double Score, string? Note);
}
