using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using CityHelper.Data;
using CityHelper.Data.Changes;
using CityHelper.Engine.Caching;
using CityHelper.IntegrationTests.Caching;
using CityHelper.IntegrationTests.Oracle;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Redis;
using CityHelper.IntegrationTests.Serving;
using CityHelper.Server.Clients;
using Npgsql;
using StackExchange.Redis;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Attack 14: a cache or a joined execution gives one city's answer to another, or one client's to another. Two cities with equal ids,
/// codes and external ids are asked on two servers that share a Redis, under several hosts and names, while entries in Redis are swapped
/// and answers end. Each answer is that of a server that keeps nothing.
/// </summary>
/// <remarks><c>CITYHELPER_TWO_CITIES_QUESTIONS</c> sets the number of questions, <c>CITYHELPER_TWO_CITIES_SEED</c> selects them.</remarks>
[Collection(PostgresCollection.Name)]
public sealed class Attack14OtherCityTests(PostgresFixture postgres, RedisFixture redis, ITestOutputHelper output) : IAsyncLifetime
{
    private const int RowsSeed = 311;
    private const int QuestionsPerRound = 500;
    private const int SharedPerRound = 24;
    private const int AtOnce = 16;

    // The third is nobody's.
    private static readonly string[] s_hosts = ["nyc.example.org", "springfield.example.org", "localhost"];

    private static readonly Dictionary<string, string?> s_settings = new()
    {
        ["Clients:nyc-site:Mode"] = "PersistedOnly",
        ["Clients:nyc-site:Hosts:0"] = s_hosts[0],
        ["Clients:springfield-site:Mode"] = "PersistedOnly",
        ["Clients:springfield-site:Hosts:0"] = s_hosts[1],
    };

    private static readonly (short Id, string Slug)[] s_cities =
        [(OracleRows.NycId, OracleRows.Nyc), (OracleRows.SpringfieldId, OracleRows.Springfield)];

    private readonly int _seed = Setting("SEED") ?? 14;
    private readonly Dictionary<(string Address, string Host), CacheAnswer> _expected = [];
    private string _database = "";
    private string _redis = "";
    private List<string> _addresses = [];
    private TestServer[] _servers = [];
    private NpgsqlDataSource _source = null!;

    public async Task InitializeAsync()
    {
        OracleRows rows = OracleRows.Make(RowsSeed);
        _database = await postgres.CreateDatabaseAsync();
        await rows.StoreAsync(_database);
        rows.Near.Dispose();
        _source = CityHelperDatabase.CreateDataSource(_database);
        _redis = await redis.CreateDatabaseAsync();
        var clock = new StoppedClock(OracleNear.Now);
        _servers =
        [
            await TestServer.StartAsync(_database, time: clock, settings: s_settings, redis: _redis),
            await TestServer.StartAsync(_database, time: clock, settings: s_settings, redis: _redis),
        ];
        foreach ((TestServer server, short city) in _servers.SelectMany(_ => s_cities, (server, city) => (server, city.Id)))
        {
            await PublishedHitTests.FollowedAsync(server, city);
        }

        Dictionary<string, string?> off = new(s_settings) { ["Cache:Off:0"] = OracleRows.Nyc, ["Cache:Off:1"] = OracleRows.Springfield };
        await using TestServer keepsNothing = await TestServer.StartAsync(_database, time: clock, settings: off);
        _addresses = [.. s_cities.SelectMany(city => Addresses(keepsNothing, rows, city)).Distinct()];
        foreach ((string address, string host) in _addresses.SelectMany(_ => s_hosts, (address, host) => (address, host)))
        {
            _expected[(address, host)] = await CacheAnswer.GetAsync(keepsNothing.Client, address, ("Host", host));
        }
    }

    public async Task DisposeAsync()
    {
        foreach (TestServer server in _servers)
        {
            await server.DisposeAsync();
        }

        await _source.DisposeAsync();
    }

    [Fact]
    public async Task No_answer_of_one_city_or_client_is_given_to_another()
    {
        // The questions tell the cities apart.
        Assert.InRange(_expected.Values.Select(answer => answer.Body).Distinct().Count(), _addresses.Count / 2, int.MaxValue);
        await using ConnectionMultiplexer connection = await ConnectionMultiplexer.ConnectAsync(_redis);
        var random = new Random(_seed);
        Dictionary<string, int> statuses = [];
        int swapped = 0;
        int rounds = (Setting("QUESTIONS") ?? 4_000) / QuestionsPerRound;
        for (int round = 0; round < rounds; round++)
        {
            await ShareAsync(random);
            Task<int> swapping = SwapAsync(connection.GetDatabase(), random.Next());
            Ask[] asked = [.. Enumerable.Range(0, QuestionsPerRound).Select(_ => Draw(random))];
            await Parallel.ForEachAsync(asked, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (ask, _) =>
            {
                CacheAnswer answer = await SendAsync(ask);
                lock (statuses)
                {
                    statuses[answer.CacheStatus] = statuses.GetValueOrDefault(answer.CacheStatus) + 1;
                }
            });
            swapped += await swapping;

            // All of a city's answers end.
            await new ChangeLog(_source).PurgeAsync((short)(1 + round % 2), ChangePurge.All, "a test", CancellationToken.None);
        }

        output.WriteLine(string.Join(", ", statuses.Select(entry => $"`{entry.Key}` {entry.Value}")) + $", {swapped} swapped");
        Assert.All([CacheAnswer.Hit, CacheAnswer.Stored, ""], status => Assert.True(statuses.GetValueOrDefault(status) > 0, status));
        Assert.InRange(swapped, rounds, int.MaxValue);
        Assert.All(_servers, server => Assert.Empty(server.Errors));
    }

    private Ask Draw(Random random) => new(
        _servers[random.Next(_servers.Length)],
        _addresses[random.Next(_addresses.Count)],
        s_hosts[random.Next(s_hosts.Length)],
        random.Next(4) == 0 ? _expected[(_addresses[random.Next(_addresses.Count)], s_hosts[0])].Body : null,
        random.Next(3) switch { 0 => "nyc-site", 1 => "springfield-site", _ => null });

    private async Task<CacheAnswer> SendAsync(Ask ask)
    {
        // Names and keys mean nothing here: a cache between does not see them.
        List<(string, string)> headers = [("Host", ask.Host)];
        if (ask.Name is not null)
        {
            headers.Add((ClientDirectory.NameHeader, ask.Name));
        }

        CacheAnswer expected = _expected[(ask.Address, ask.Host)];
        CacheAnswer answer = await CacheAnswer.GetAsync(ask.Server.Client, ask.Address, [.. headers]);
        Assert.True(
            (answer.Status, answer.Body) == (expected.Status, expected.Body),
            $"seed {_seed}: {ask.Host} {ask.Address} {answer.CacheStatus}\n{answer.Status} {answer.Body}\n"
                + $"without a cache:\n{expected.Body}");
        string city = ask.Address.Contains($"%22{OracleRows.Nyc}%22", StringComparison.Ordinal) ? OracleRows.Nyc : OracleRows.Springfield;
        Assert.All(
            answer.Headers.GetValueOrDefault("Cache-Tag", "").Split(',', StringSplitOptions.RemoveEmptyEntries),
            tag => Assert.StartsWith($"{city}/", tag.Trim(), StringComparison.Ordinal));
        if (answer.CacheStatus == "")
        {
            // Refused, or an id of the other city, for which nothing is read.
            Assert.Matches("\"errors\":|^{\"data\":{\"serviceRequest\":null}}$", answer.Body);
        }
        else if (ask.Other is { } other)
        {
            // The ETag of another answer, perhaps of the other city, is not this one's.
            CacheAnswer elsewhere = _expected.First(entry => entry.Value.Body == other).Value;
            string etag = ETagOf(elsewhere, answer);
            CacheAnswer compared = await CacheAnswer.GetAsync(ask.Server.Client, ask.Address, [.. headers, ("If-None-Match", etag)]);
            Assert.Equal(other == answer.Body ? HttpStatusCode.NotModified : HttpStatusCode.OK, compared.Status);
        }

        return answer;
    }

    // Of the bytes alone, so it can be computed here: the server that keeps nothing sends none.
    private static string ETagOf(CacheAnswer elsewhere, CacheAnswer answer) => elsewhere.Body == answer.Body
        ? answer.ETag
        : StoredAnswer.ETagOf(Encoding.UTF8.GetBytes(elsewhere.Body));

    // What is read while the table is locked takes long, and is shared.
    private async Task ShareAsync(Random random)
    {
        Task[] asking;
        await using (LockedTable held = await LockedTable.HoldAsync(_database, "service_request"))
        {
            asking =
            [
                .. Enumerable.Range(0, SharedPerRound).Select(_ => SendAsync(Draw(random) with { Server = _servers[0], Other = null })),
            ];

            // That long, and nobody waits for luck: whether answers were shared is asserted at the end.
            await Task.WhenAny(Task.WhenAll(asking), Task.Delay(4 * Engine.Limits.DearReading));
        }

        await Task.WhenAll(asking);
    }

    // Whoever may write to Redis may put anything under any name.
    private static async Task<int> SwapAsync(IDatabase store, int seed)
    {
        var random = new Random(seed);
        RedisKey[] keys = DearAnswer.Keys(store);
        for (int i = 0; i < keys.Length; i++)
        {
            RedisValue other = await store.StringGetAsync(keys[random.Next(keys.Length)]);
            byte[] random500 = new byte[500];
            random.NextBytes(random500);
            await store.StringSetAsync(keys[random.Next(keys.Length)], i % 4 == 0 ? random500 : other);
        }

        return keys.Length;
    }

    private static IEnumerable<string> Addresses(TestServer server, OracleRows rows, (short Id, string Slug) city)
    {
        (double west, double south) = city.Id == OracleRows.NycId ? (-74.02, 40.70) : (-89.70, 39.74);
        object Viewport(int n) => new { west, south, east = west + 0.1 - n * 0.005, north = south + 0.1 };
        foreach (int n in Enumerable.Range(1, 15))
        {
            yield return server.PersistedUrl("ServiceRequestList", new { city = city.Slug, first = n });
            yield return server.PersistedUrl("ServiceRequestMap", new { city = city.Slug, viewport = Viewport(n) });
        }

        foreach (string name in PublishedHitTests.Names.Except(["Cities", "BoundaryDetail", "ServiceRequestHistory"]))
        {
            // Ids of both cities: the other's is not found.
            foreach (string id in rows.Requests.GroupBy(row => row.CityId).SelectMany(group => group.Take(3)).Select(OracleRows.KeyOf))
            {
                Dictionary<string, object> variables = JsonSerializer.Deserialize<Dictionary<string, object>>(
                    JsonSerializer.Serialize(PublishedHitTests.VariablesOf(name, id, "")))!;
                variables["city"] = city.Slug;
                if (variables.ContainsKey("viewport"))
                {
                    variables["viewport"] = Viewport(0);
                }

                yield return server.PersistedUrl(name, variables);
            }
        }
    }

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable($"CITYHELPER_TWO_CITIES_{name}"), CultureInfo.InvariantCulture, out int value)
            ? value
            : null;

    private sealed record Ask(TestServer Server, string Address, string Host, string? Other, string? Name);
}
