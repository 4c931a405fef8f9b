using System.Globalization;
using System.Text.Json;
using CityHelper.Data;
using CityHelper.Data.Changes;
using CityHelper.Data.Cities;
using CityHelper.Data.Import.NewYork;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using CityHelper.IntegrationTests.Writing;
using CityHelper.Server.Changes;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Changes;

/// <summary>A server without Redis goes on following the log, whatever is in it and whatever its writes wait for.</summary>
[Collection(PostgresCollection.Name)]
public sealed class HostedFollowingTests(PostgresFixture postgres) : IAsyncLifetime
{
    private const short City = RequestRows.City;
    private const short Later = City + 1;

    /// <summary>No city, so that no follower takes what a test writes for a loss.</summary>
    private const short Unfollowed = 77;

    private readonly FollowedEvents _followed = new();
    private NpgsqlDataSource _database = null!;
    private TestServer _server = null!;

    public async Task InitializeAsync()
    {
        string database = await ReadingFixture.CreateDatabaseAsync(postgres);
        _database = CityHelperDatabase.CreateDataSource(database);
        await new CityDirectory(_database, TimeProvider.System).AddAsync(NewYork.Facts with { Slug = "later" });
        _server = await TestServer.StartAsync(database, services: services => services.AddSingleton<IChangeObserver>(_followed));
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _database.DisposeAsync();
    }

    /// <summary>The outbox refuses such cells; a later version may write what this one cannot read.</summary>
    [Fact]
    public async Task An_event_that_cannot_be_read_ends_nothing_and_is_told_once()
    {
        string told = $"The change log of city {City} cannot be read";
        await ExecuteAsync($"select number_changes({City}::smallint)");
        await ExecuteAsync(
            $"""
            insert into change (city_id, n, epoch, event_id, kind, is_urgent, cause, recorded_at, cells, is_all)
            select {City}, coalesce(max(n), 0) + 1, 1, uuid_v7(), 'bulk', false, 'later', now(), array[null]::bigint[], false
            from change where city_id = {City}
            """);
        await Patience.UntilAsync(() => _server.Errors.FirstOrDefault(e => e.Contains(told, StringComparison.Ordinal)));

        // Other cities are followed meanwhile, those behind it too, and requests are answered.
        foreach (short city in new short[] { 0, Later })
        {
            Guid other = await AppendAsync(city);
            await Patience.UntilAsync(() => _followed.Find(other));
        }

        JsonElement data = await _server.DataAsync("{ serviceRequests(city: \"nyc\", first: 1) { nodes { id } } }");
        Assert.Single(data.GetProperty("serviceRequests").GetProperty("nodes").EnumerateArray());

        await ExecuteAsync($"delete from change where city_id = {City} and cause = 'later'");
        Guid next = await AppendAsync(City);
        await Patience.UntilAsync(() => _followed.Find(next));
        Assert.Single(_server.Errors, e => e.Contains(told, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_log_is_followed_while_all_connections_of_writes_wait_for_a_row()
    {
        string id = ReadingFixture.Id(1);
        await using NpgsqlConnection holder = await _database.OpenConnectionAsync();
        await using NpgsqlTransaction held = await holder.BeginTransactionAsync();
        string key = Engine.GlobalId.Parse(id)!.Row.ToString(CultureInfo.InvariantCulture);
        await using (NpgsqlCommand hold = holder.CreateCommand())
        {
            hold.CommandText = $"select 1 from service_request where city_id = {City} and id = {key} for update";
            await hold.ExecuteScalarAsync();
        }

        Task<JsonElement>[] writes =
        [
            .. Enumerable.Range(1, Server.Limits.WritingConnections + 2).Select(n => _server.DataAsync(
                WritingServer.TextOf("addServiceRequestNote", "errors { __typename }"), new { input = new { id, note = $"{n}" } })),
        ];
        await Patience.UntilAsync(async () => await WaitingAsync() == Server.Limits.WritingConnections ? "all" : null);
        Guid told = await AppendAsync(City);
        await Patience.UntilAsync(() => _followed.Find(told));
        Assert.Equal(Server.Limits.WritingConnections, await WaitingAsync());
        await held.CommitAsync();
        Assert.All(
            await Task.WhenAll(writes),
            data => Assert.Equal(JsonValueKind.Null, data.GetProperty("addServiceRequestNote").GetProperty("errors").ValueKind));
    }

    /// <summary>A city of 100 changes a second writes 30,000 between two rounds, which is more than one step removes.</summary>
    [Fact]
    public async Task One_round_removes_everything_that_is_no_longer_kept()
    {
        await ExecuteAsync(
            $"""
            insert into change (city_id, n, epoch, event_id, kind, is_urgent, cause, recorded_at, numbered_at, is_all)
            select {Unfollowed}, n, 1, gen_random_uuid(), 'bulk', false, 'old', now(),
                   now() - interval '25 hours' + n * interval '60 ms', false
            from generate_series(1, 45000) n
            """);
        await ExecuteAsync(
            """
            insert into idempotency_key (city_id, client, key, mutation, input_hash, created_at)
            select 1, 'staff', n::text, 'reportServiceRequest', '', now() - interval '24 hours' - (n - 5) * interval '1 minute'
            from generate_series(1, 25000) n
            """);
        await _server.Services.GetRequiredService<ChangeTrimming>().RunAsync([0, Unfollowed], CancellationToken.None);
        Assert.Equal(["45000"], await RowsAsync($"select n::text from change where city_id = {Unfollowed}"));
        Assert.Equal(["1", "2", "3", "4"], await RowsAsync("select key from idempotency_key order by key"));
    }

    private async Task<int> WaitingAsync() => int.Parse(
        Assert.Single(await RowsAsync(
            "select count(*)::text from pg_stat_activity where application_name = 'cityhelper writing' and wait_event_type = 'Lock'")),
        CultureInfo.InvariantCulture);

    private async Task<Guid> AppendAsync(short city)
    {
        var id = Guid.CreateVersion7();
        await ExecuteAsync($"insert into change_outbox (city_id, event_id, kind, cause) values ({city}, '{id}', 'purge', 'test')");
        return id;
    }

    private async Task ExecuteAsync(string sql)
    {
        await using NpgsqlCommand command = _database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private async Task<IReadOnlyList<string>> RowsAsync(string sql)
    {
        await using NpgsqlCommand command = _database.CreateCommand(sql);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }
}
