using CityHelper.Data;
using CityHelper.Data.Cities;
using CityHelper.Data.Import.NewYork;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.Server.Changes;
using CityHelper.Server.Configuration;
using CityHelper.Server.Redis;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using StackExchange.Redis;
using Xunit;

namespace CityHelper.IntegrationTests.Redis;

/// <summary>A database with New York in it, a Redis, and servers that read its inbox; new for every test.</summary>
[Collection(PostgresCollection.Name)]
public abstract class InboxFixture(PostgresFixture postgres, RedisFixture redis) : IAsyncLifetime
{
    /// <summary>A service, and the only one that may announce something about New York.</summary>
    protected const string Parks = "parks";

    /// <summary>A service of another city.</summary>
    protected const string Elsewhere = "elsewhere";

    private readonly List<Reader> _readers = [];
    private ConnectionMultiplexer _connection = null!;
    private string _postgres = "";
    private string _redis = "";

    protected FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    protected IDatabase Redis => _connection.GetDatabase();

    protected NpgsqlDataSource Database { get; private set; } = null!;

    protected short City { get; private set; }

    protected RedisKey Inbox => InboxStream.KeyOf(City);

    private static InboxSettings Settings => SettingsReader.Read<InboxSettings>(new ConfigurationBuilder()
        .AddInMemoryCollection(new Dictionary<string, string?>
        {
            [$"Inbox:{Parks}:Key"] = Convert.ToBase64String(KeyOf(Parks)),
            [$"Inbox:{Elsewhere}:Key"] = Convert.ToBase64String(KeyOf(Elsewhere)),
            [$"Inbox:{Elsewhere}:Cities:0"] = "chicago",
        }).Build());

    public async Task InitializeAsync()
    {
        _postgres = await postgres.CreateCopyAsync("new york and its first event", AddNewYorkAsync);
        Database = CityHelperDatabase.CreateDataSource(_postgres);
        City = (await new CityDirectory(Database, Time).FindAsync("nyc"))!.Id;
        _redis = await redis.CreateDatabaseAsync();
        _connection = await RedisConnection.ConnectAsync(_redis);
    }

    public async Task DisposeAsync()
    {
        foreach (Reader reader in _readers)
        {
            await reader.DisposeAsync();
        }

        await _connection.DisposeAsync();
        await Database.DisposeAsync();
        await postgres.DropDatabaseAsync(_postgres);
    }

    /// <summary>A server that reads the inbox.</summary>
    /// <param name="claimAfter">How long an entry waits until it is thought to be left.</param>
    /// <param name="database">The primary; the test's when left out.</param>
    internal async Task<Reader> ReaderAsync(TimeSpan? claimAfter = null, NpgsqlDataSource? database = null)
    {
        var reader = new Reader(_redis, database ?? Database, Database, claimAfter ?? Server.Limits.InboxClaimAfter, Settings, Time);
        _readers.Add(reader);
        await reader.StartAsync();
        return reader;
    }

    /// <summary>The key of a service.</summary>
    protected static byte[] KeyOf(string source) => [.. Enumerable.Range(0, 32).Select(i => (byte)(i + source.Length))];

    /// <summary>The fields of a signed entry.</summary>
    protected NameValueEntry[] SignedEntry(
        Guid eventId, string source = Parks, string cells = "all", TimeSpan age = default, byte[]? key = null, short? city = null)
    {
        string time = ChangeCloudEvents.Time((Time.GetUtcNow() - age).UtcDateTime);
        return
        [
            new("source", source), new("event_id", $"{eventId}"), new("time", time), new("cells", cells),
            new("signature", InboxSignature.Of(key ?? KeyOf(source), city ?? City, source, $"{eventId}", time, cells)),
        ];
    }

    /// <summary>Adds an entry to the inbox.</summary>
    protected Task AddAsync(params NameValueEntry[] fields) => Redis.StreamAddAsync(Inbox, fields);

    /// <summary>What inboxes brought into the log, in order.</summary>
    protected async Task<List<(Guid Id, string Cause, long[]? Cells)>> EventsAsync()
    {
        await using NpgsqlCommand command = Database.CreateCommand(
            """
            select event_id, cause, cells
            from change
            where cause like 'inbox:%' and kind = 'bulk' and is_all = (cells is null)
            order by n
            """);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        var events = new List<(Guid, string, long[]?)>();
        while (await reader.ReadAsync())
        {
            events.Add((reader.GetGuid(0), reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetFieldValue<long[]>(2)));
        }

        return events;
    }

    /// <summary>The refused entries, each as its fields.</summary>
    protected async Task<List<Dictionary<string, string>>> DeadAsync() =>
    [
        .. (await Redis.StreamRangeAsync(InboxStream.DeadKeyOf(City)))
            .Select(entry => entry.Values
                .DistinctBy(field => field.Name)
                .ToDictionary(field => (string)field.Name!, field => (string)field.Value!)),
    ];

    private async Task AddNewYorkAsync(string database)
    {
        await using NpgsqlDataSource dataSource = CityHelperDatabase.CreateDataSource(database);
        await new CityDirectory(dataSource, Time).AddAsync(NewYork.Facts);
    }

    /// <summary>One server.</summary>
    internal sealed class Reader : IAsyncDisposable
    {
        private readonly RedisConnection _redis;
        private readonly CityNames _cities;
        private readonly InboxMetrics _metrics = new();

        public Reader(
            string redis,
            NpgsqlDataSource database,
            NpgsqlDataSource cities,
            TimeSpan claimAfter,
            InboxSettings settings,
            TimeProvider time)
        {
            _redis = new RedisConnection(redis, TimeProvider.System, Log.For<RedisConnection>());
            _cities = new CityNames(cities, time);
            var stream = new InboxStream(_redis, $"{Guid.NewGuid()}") { ClaimAfter = claimAfter };
            Ingester = new InboxIngester(
                stream, new InboxValidation(settings, time), database, _cities, _metrics, time, Log.For<InboxIngester>());
        }

        public InboxIngester Ingester { get; }

        public StoreFixture.LogLines Log { get; } = new();

        public Task StartAsync() => _redis.StartAsync(CancellationToken.None);

        /// <summary>One step in which Redis answers: on a busy machine a call may take longer than a server waits.</summary>
        public async Task PassAsync()
        {
            await Ingester.PassAsync(CancellationToken.None);
            while (Log.Count("Redis fails") > Log.Count("Redis is back"))
            {
                await Task.Delay(Server.Limits.RedisRestMs);
                await Ingester.PassAsync(CancellationToken.None);
            }
        }

        public async ValueTask DisposeAsync()
        {
            Ingester.Dispose();
            _metrics.Dispose();
            _cities.Dispose();
            await _redis.DisposeAsync();
        }
    }
}
