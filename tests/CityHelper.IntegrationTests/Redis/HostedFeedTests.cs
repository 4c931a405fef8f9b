using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using CityHelper.Data.Changes;
using CityHelper.Engine.Cursors;
using CityHelper.IntegrationTests.Changes;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using CityHelper.IntegrationTests.Writing;
using CityHelper.Server.Changes;
using CityHelper.Server.Redis;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;
using Xunit;

namespace CityHelper.IntegrationTests.Redis;

/// <summary>Two servers as they are hosted, on one database and one Redis: what one of them is sent, the other follows.</summary>
[Collection(PostgresCollection.Name)]
public sealed class HostedFeedTests(PostgresFixture postgres) : IAsyncLifetime
{
    private const short City = RequestRows.City;

    private static readonly byte[] s_key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    private readonly FollowedEvents _followed = new();
    private readonly int _metrics = FreePort();
    private RedisInstance _redis = null!;
    private ConnectionMultiplexer _connection = null!;
    private TestServer _first = null!;
    private TestServer _second = null!;

    private IDatabase Redis => _connection.GetDatabase();

    public async Task InitializeAsync()
    {
        _redis = await RedisInstance.StartAsync("--ephemeral");
        _connection = await RedisConnection.ConnectAsync(_redis.ConnectionString);
        string database = await ReadingFixture.CreateDatabaseAsync(postgres);
        var settings = new Dictionary<string, string?> { ["Inbox:parks:Key"] = Convert.ToBase64String(s_key) };
        _first = await TestServer.StartAsync(
            database,
            redis: _redis.ConnectionString,
            settings: new Dictionary<string, string?>(settings) { ["Metrics:Port"] = $"{_metrics}" });
        _second = await TestServer.StartAsync(
            database,
            redis: _redis.ConnectionString,
            settings: settings,
            services: services => services.AddSingleton<IChangeObserver>(_followed));
    }

    public async Task DisposeAsync()
    {
        await _first.DisposeAsync();
        await _second.DisposeAsync();
        await _connection.DisposeAsync();
        await _redis.DisposeAsync();
    }

    [Fact]
    public async Task What_a_server_is_sent_the_other_one_follows_and_Redis_holds()
    {
        LogPosition written = await NoteAsync("Seen.");
        ChangeEvent told = await Patience.UntilAsync(() => _followed.Find(City, written.Number));
        Assert.Equal(("addServiceRequestNote", written.Epoch), (told.Cause, told.Epoch));
        Assert.Equal(ReadingFixture.Id(1), new Engine.GlobalId("ServiceRequest", City, told.ServiceRequestId!.Value).ToString());

        string id = $"{written.Epoch}-{written.Number}";
        StreamEntry[] entries = await Patience.UntilAsync(async () =>
            await Redis.StreamRangeAsync(RedisChangeStream.KeyOf(City), id, id) is { Length: 1 } there ? there : null);
        Assert.Equal(told.EventId, ChangeCloudEventReader.Parse((byte[])entries[0][RedisChangeStream.EventField]!, City)!.EventId);
    }

    [Fact]
    public async Task A_signed_entry_of_an_inbox_becomes_an_event_and_an_unsigned_one_a_dead_letter()
    {
        await AddAsync(Guid.CreateVersion7(), isSigned: false);
        var id = Guid.CreateVersion7();
        await AddAsync(id, isSigned: true);
        ChangeEvent told = await Patience.UntilAsync(() => _followed.Find(id));
        Assert.Equal(("inbox:parks", ChangeKind.Bulk, false), (told.Cause, told.Kind, told.IsAll));
        Assert.Single(told.Cells);

        StreamEntry[] dead = await Patience.UntilAsync(async () =>
            await Redis.StreamRangeAsync(InboxStream.DeadKeyOf(City)) is { Length: > 0 } there ? there : null);
        Assert.Equal("unsigned", (string?)Assert.Single(dead)["reason"]);

        // One of the two servers refused it, and counts it behind that; meters of one process are counted together.
        const string Counted = "cityhelper_inbox_refusals_total{cityhelper_inbox_reason=\"unsigned\"} 1";
        await Patience.UntilAsync(
            async () => await MetricsAsync() is var text && text.Contains(Counted, StringComparison.Ordinal) ? text : null);
    }

    [Fact]
    public async Task The_lag_of_the_copy_grows_while_Redis_hangs_and_ends_with_it()
    {
        var copier = _first.Services.GetRequiredService<ChangeCopier>();
        await NoteAsync("Copied.");
        await Patience.UntilAsync(() => copier.Lag == TimeSpan.Zero ? copier : null);
        await _redis.HangAsync();
        LogPosition written = await NoteAsync("Waits.");
        await Patience.UntilAsync(() => copier.Lag > TimeSpan.FromSeconds(1) ? copier : null);

        // Nobody waits for Redis: the other server follows PostgreSQL.
        await Patience.UntilAsync(() => _followed.Find(City, written.Number));
        string lag = Assert.Single(
            (await MetricsAsync()).Split('\n'), line => line.StartsWith("cityhelper_changes_copy_lag_seconds{", StringComparison.Ordinal)
                || line.StartsWith("cityhelper_changes_copy_lag_seconds ", StringComparison.Ordinal));
        Assert.DoesNotContain(" 0 ", lag, StringComparison.Ordinal);
        await _redis.GoOnAsync();
        await Patience.UntilAsync(() => copier.Lag == TimeSpan.Zero ? copier : null);
    }

    /// <summary>Behind such an end nobody goes on, and the log would not be copied until it has as many events.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_end_that_is_nobodys_event_is_begun_anew(bool isTrimmed)
    {
        LogPosition first = await NoteAsync("Copied.");
        string key = RedisChangeStream.KeyOf(City);
        await EntryAsync(first);
        await Redis.StreamAddAsync(key, RedisChangeStream.EventField, "x", $"{first.Epoch}-{first.Number + 200}");
        if (isTrimmed)
        {
            await Redis.ExecuteAsync("XTRIM", key, "MAXLEN", 0);
        }

        await EntryAsync(await NoteAsync("Copied too."));
        Assert.Single(await Redis.StreamRangeAsync(key, $"{first.Epoch}-{first.Number}", $"{first.Epoch}-{first.Number}"));

        async Task EntryAsync(LogPosition position)
        {
            string id = $"{position.Epoch}-{position.Number}";
            await Patience.UntilAsync(async () =>
            {
                StreamEntry[] newest = await Redis.StreamRangeAsync(key, count: 1, messageOrder: Order.Descending);
                return newest is [var entry] && entry.Id == id ? id : null;
            });
        }
    }

    /// <summary>Who may only add can choose the last possible id, behind which Redis takes no other entry.</summary>
    [Fact]
    public async Task An_inbox_whose_ids_are_used_up_begins_anew()
    {
        await Redis.StreamAddAsync(InboxStream.KeyOf(City), "a", "b", "18446744073709551615-18446744073709551615");
        await Assert.ThrowsAsync<RedisServerException>(() => AddAsync(Guid.CreateVersion7(), isSigned: true));
        var id = Guid.CreateVersion7();
        await Patience.UntilAsync(async () =>
        {
            try
            {
                await AddAsync(id, isSigned: true);
                return "added";
            }
            catch (RedisServerException)
            {
                return null;
            }
        });
        await Patience.UntilAsync(() => _followed.Find(id));
    }

    /// <summary>Adds a note by the first server.</summary>
    /// <returns>The place of its event.</returns>
    private async Task<LogPosition> NoteAsync(string note)
    {
        JsonElement data = await _first.DataAsync(
            WritingServer.TextOf("addServiceRequestNote", "cursor errors { __typename }"),
            new { input = new { id = ReadingFixture.Id(1), note } });
        return _first.Services.GetRequiredService<LogPositionCursors>()
            .Open(City, data.GetProperty("addServiceRequestNote").GetProperty("cursor").GetString()!)!.Value;
    }

    private Task AddAsync(Guid eventId, bool isSigned)
    {
        string time = ChangeCloudEvents.Time(TimeProvider.System.GetUtcNow().UtcDateTime);
        const string Cells = "14/4825/6160";
        string signature = InboxSignature.Of(s_key, City, "parks", $"{eventId}", time, Cells);
        NameValueEntry[] fields =
        [
            new("source", "parks"), new("event_id", $"{eventId}"), new("time", time), new("cells", Cells), new("signature", signature),
        ];
        return Redis.StreamAddAsync(InboxStream.KeyOf(City), isSigned ? fields : fields[..^1]);
    }

    private async Task<string> MetricsAsync()
    {
        using var scraper = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{_metrics}") };
        return await scraper.GetStringAsync(new Uri("/metrics", UriKind.Relative));
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
