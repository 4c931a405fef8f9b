using CityHelper.Engine.Clients;
using CityHelper.Engine.Documents;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.Server.Operations;
using CityHelper.Server.Redis;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;
using Xunit;

namespace CityHelper.IntegrationTests.Redis;

/// <summary>What servers register and find in a real Redis.</summary>
[Collection(PostgresCollection.Name)]
public sealed class RedisOperationStoreTests(RedisFixture redis) : IAsyncLifetime
{
    private const string Text = "{ cities { slug } }";

    private static readonly string s_id = OperationCompiler.IdOf(Text);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 23, 0, 0, TimeSpan.Zero));
    private readonly StoreFixture[] _servers = new StoreFixture[2];
    private ConnectionMultiplexer _connection = null!;

    private IDatabase Database => _connection.GetDatabase();

    private RedisOperationStore Store => _servers[0].Store;

    private RedisOperationStore Other => _servers[1].Store;

    public async Task InitializeAsync()
    {
        string database = await redis.CreateDatabaseAsync();
        _connection = await RedisConnection.ConnectAsync($"{database},allowAdmin=true");
        for (int i = 0; i < _servers.Length; i++)
        {
            _servers[i] = await StoreFixture.OpenAsync(database, _time);
        }
    }

    public async Task DisposeAsync()
    {
        foreach (StoreFixture server in _servers)
        {
            await server.DisposeAsync();
        }

        await _connection.DisposeAsync();
    }

    [Fact]
    public async Task A_text_that_one_server_registers_is_found_by_another_and_lives_on_when_it_is_used()
    {
        Assert.Null(await Other.FindRegisteredAsync(s_id, CancellationToken.None));
        Assert.Equal(Registration.Kept, await Store.RegisterAsync("app", s_id, Text, 1, CancellationToken.None));
        Assert.Equal(Text, await Other.FindRegisteredAsync(s_id, CancellationToken.None));
        Assert.Null(await Other.FindPublishedAsync(s_id, CancellationToken.None));

        await Database.KeyExpireAsync($"apq:{s_id}", TimeSpan.FromMinutes(1));
        Assert.Equal(Text, await Other.FindRegisteredAsync(s_id, CancellationToken.None));

        // One connection executes commands in order, so this one comes after the fire-and-forget renewal.
        Assert.Equal(Text, await Other.FindRegisteredAsync(s_id, CancellationToken.None));
        TimeSpan left = (await Database.KeyTimeToLiveAsync($"apq:{s_id}"))!.Value;
        Assert.InRange(left, Server.Limits.RegisteredTextKept - TimeSpan.FromMinutes(1), Server.Limits.RegisteredTextKept);
    }

    [Fact]
    public async Task Of_a_hundred_registrations_at_once_on_two_servers_as_many_are_kept_as_the_quota_says()
    {
        string[] texts = [.. Enumerable.Range(0, 100).Select(i => $"{{ cities {{ a{i}: slug }} }}")];
        Registration[] outcomes = await Task.WhenAll(texts.Select((text, i) =>
            _servers[i % 2].Store.RegisterAsync("app", OperationCompiler.IdOf(text), text, 10, CancellationToken.None).AsTask()));
        Assert.Equal(10, outcomes.Count(outcome => outcome == Registration.Kept));
        Assert.Equal(90, outcomes.Count(outcome => outcome == Registration.QuotaExceeded));

        int found = 0;
        foreach (string text in texts)
        {
            found += await Store.FindRegisteredAsync(OperationCompiler.IdOf(text), CancellationToken.None) is null ? 0 : 1;
        }

        Assert.Equal(10, found);
    }

    [Fact]
    public async Task A_quota_counts_new_texts_of_one_client_and_one_day()
    {
        Task<Registration> Register(string client, string text) =>
            Store.RegisterAsync(client, OperationCompiler.IdOf(text), text, 1, CancellationToken.None).AsTask();

        Assert.Equal(Registration.Kept, await Register("app", "{ a }"));
        Assert.Equal(Registration.Kept, await Register("app", "{ a }"));
        Assert.Equal(Registration.QuotaExceeded, await Register("app", "{ b }"));
        Assert.Equal(Registration.Kept, await Register("other", "{ b }"));
        Assert.Equal(Registration.Kept, await Register("app", "{ b }"));
        Assert.Equal(Registration.QuotaExceeded, await Register("app", "{ c }"));
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(Registration.Kept, await Register("app", "{ c }"));

        TimeSpan left = (await Database.KeyTimeToLiveAsync("apq-texts:app:2026-03-01"))!.Value;
        Assert.InRange(left, TimeSpan.FromHours(24), Server.Limits.RegistrationCountKept);
    }

    [Fact]
    public async Task What_is_only_counted_is_not_kept_and_counts_once_whichever_server_it_is_sent_to()
    {
        Task<Registration> Count(RedisOperationStore store, string text) =>
            store.CountAsync("app", OperationCompiler.IdOf(text), 2, CancellationToken.None).AsTask();

        Assert.Equal(Registration.Kept, await Count(Store, "{ a }"));
        Assert.Equal(Registration.Kept, await Count(Other, "{ a }"));
        Assert.Equal(Registration.Kept, await Count(Other, "{ b }"));
        Assert.Equal(Registration.QuotaExceeded, await Count(Store, "{ c }"));
        Assert.Equal(
            Registration.QuotaExceeded,
            await Store.RegisterAsync("app", OperationCompiler.IdOf("{ c }"), "{ c }", 2, CancellationToken.None));
        Assert.Null(await Store.FindRegisteredAsync(OperationCompiler.IdOf("{ a }"), CancellationToken.None));

        // A counted text is stored without another count.
        Assert.Equal(
            Registration.Kept, await Store.RegisterAsync("app", OperationCompiler.IdOf("{ b }"), "{ b }", 2, CancellationToken.None));
        Assert.Equal("{ b }", await Store.FindRegisteredAsync(OperationCompiler.IdOf("{ b }"), CancellationToken.None));
        Assert.Equal(2, await Database.SetLengthAsync("apq-texts:app:2026-03-01"));
    }

    [Fact]
    public async Task A_text_is_never_kept_under_an_id_that_is_not_its_hash()
    {
        await Assert.ThrowsAsync<ArgumentException>(
            () => Store.RegisterAsync("app", OperationCompiler.IdOf("{ other }"), Text, 1, CancellationToken.None).AsTask());
        Assert.Empty(_connection.GetServers()[0].Keys(Database.Database));
    }

    [Fact]
    public async Task A_value_that_is_not_the_text_of_its_id_is_absent_and_logged()
    {
        await Database.StringSetAsync(s_id, "{ cities { name } }");
        await Database.StringSetAsync($"apq:{s_id}", Text + " ");
        Assert.Null(await Store.FindPublishedAsync(s_id, CancellationToken.None));
        Assert.Null(await Store.FindRegisteredAsync(s_id, CancellationToken.None));
        Assert.Equal(2, _servers[0].Log.Count("is not the text of its id"));

        // Registering repairs it.
        Assert.Equal(Registration.Kept, await Store.RegisterAsync("app", s_id, Text, 1, CancellationToken.None));
        Assert.Equal(Text, await Store.FindRegisteredAsync(s_id, CancellationToken.None));
    }

    [Fact]
    public async Task A_value_of_another_kind_or_beyond_any_document_is_absent_and_its_end_is_not_read()
    {
        await Database.HashSetAsync(s_id, "a", "b");
        Assert.Null(await Store.FindPublishedAsync(s_id, CancellationToken.None));

        await Database.KeyDeleteAsync(s_id);
        await Database.StringSetAsync(s_id, new byte[8 * Server.Limits.StoredTextBytesMax]);
        long before = await BytesSentAsync();
        Assert.Null(await Store.FindPublishedAsync(s_id, CancellationToken.None));
        Assert.InRange(await BytesSentAsync() - before, 0, 2 * Server.Limits.StoredTextBytesMax);
        Assert.Equal(0, _servers[0].Log.Count("Redis fails"));
    }

    [Theory]
    [InlineData("apq:x")]
    [InlineData("")]
    [InlineData("0000")]
    public async Task What_cannot_be_an_id_is_not_asked_for(string id)
    {
        await Database.StringSetAsync(id, Text);
        Assert.Null(await Store.FindPublishedAsync(id, CancellationToken.None));
        Assert.Null(await Store.FindRegisteredAsync(id, CancellationToken.None));
        Assert.Equal(0, _servers[0].Log.Count("is not the text of its id"));
    }

    [Fact]
    public async Task A_published_operation_has_its_first_client_and_its_name_or_neither()
    {
        await Database.StringSetAsync(s_id, Text);
        Assert.Equal(new StoredOperation(s_id, "", "", Text), await Store.FindPublishedAsync(s_id, CancellationToken.None));
        await Database.HashSetAsync($"operation:{s_id}", [new HashEntry("web", "Cities"), new HashEntry("ios", "Cities")]);
        Assert.Equal(new StoredOperation(s_id, "Cities", "ios", Text), await Store.FindPublishedAsync(s_id, CancellationToken.None));
    }

    private async Task<long> BytesSentAsync()
    {
        IGrouping<string, KeyValuePair<string, string>>[] stats = await _connection.GetServers()[0].InfoAsync("stats");
        return long.Parse(
            stats[0].Single(entry => entry.Key == "total_net_output_bytes").Value, System.Globalization.CultureInfo.InvariantCulture);
    }
}
