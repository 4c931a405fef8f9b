using System.Net;
using CityHelper.Data;
using CityHelper.Data.Changes;
using CityHelper.Data.ServiceRequests;
using CityHelper.Engine.Cursors;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using Microsoft.Extensions.DependencyInjection;
using NetTopologySuite.Geometries;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Caching;

/// <summary>
/// A map at its persisted address is read once, and answered again without a statement until the log tells a change in one of its cells.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class StoredMapTests(PostgresFixture postgres) : IAsyncLifetime
{
    private TestServer _server = null!;
    private NpgsqlDataSource _database = null!;
    private RequestWriter _writer = null!;

    // Request 5 lies in it.
    private string Map => _server.PersistedUrl("ServiceRequestMap", new
    {
        city = "nyc",
        viewport = new { west = -73.9855, south = 40.742, east = -73.9845, north = 40.743 },
    });

    public async Task InitializeAsync()
    {
        string database = await ReadingFixture.CreateDatabaseAsync(postgres);
        _database = CityHelperDatabase.CreateDataSource(database);
        _writer = new RequestWriter(_database, new ChangeNumbering(new ChangeLog(_database)), TimeProvider.System);
        _server = await TestServer.StartAsync(database);
        await PublishedHitTests.FollowedAsync(_server, RequestRows.City);
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task A_repeated_question_needs_no_statement()
    {
        CacheAnswer first = await GetAsync(Map);
        Assert.Equal((HttpStatusCode.OK, CacheAnswer.Stored), (first.Status, first.CacheStatus));
        Assert.NotEmpty(_server.TakeStatements());

        CacheAnswer second = await GetAsync(Map);
        Assert.Equal((HttpStatusCode.OK, CacheAnswer.Hit, first.Body), (second.Status, second.CacheStatus, second.Body));
        Assert.Equal(first.Caching, second.Caching);
        Assert.Contains(ReadingFixture.Id(5), first.Body, StringComparison.Ordinal);

        CacheAnswer unchanged = await GetAsync(Map, ("If-None-Match", first.ETag));
        Assert.Equal((HttpStatusCode.NotModified, CacheAnswer.Hit, ""), (unchanged.Status, unchanged.CacheStatus, unchanged.Body));
        Assert.Equal(first.Caching, unchanged.Caching);
        Assert.Empty(_server.TakeAllStatements());
    }

    [Fact]
    public async Task A_change_in_one_of_its_cells_ends_it()
    {
        CacheAnswer first = await GetAsync(Map);
        await ChangeAsync(request: 5);
        CacheAnswer changed = await GetAsync(Map, ("If-None-Match", first.ETag));
        Assert.Equal((HttpStatusCode.OK, CacheAnswer.Stored), (changed.Status, changed.CacheStatus));
        Assert.NotEqual(first.Body, changed.Body);
        Assert.True(Position(changed).Number > Position(first).Number);
    }

    /// <summary>It has the bytes that the client has: the question is read anew, and the answer is 304 all the same.</summary>
    [Fact]
    public async Task A_change_that_the_answer_does_not_show_is_read_once_and_is_304()
    {
        CacheAnswer first = await GetAsync(Map);
        await ChangeAsync(request: 5, state => state with { Description = "not shown" });
        CacheAnswer unchanged = await GetAsync(Map, ("If-None-Match", $"\"other\", {first.ETag}"));
        Assert.Equal((HttpStatusCode.NotModified, CacheAnswer.Stored), (unchanged.Status, unchanged.CacheStatus));
        Assert.Equal(first.ETag, unchanged.ETag);
        Assert.True(Position(unchanged).Number > Position(first).Number);
    }

    [Fact]
    public async Task A_change_elsewhere_does_not_end_it()
    {
        await GetAsync(Map);
        await ChangeAsync(request: 30);
        Assert.Equal(CacheAnswer.Hit, (await GetAsync(Map)).CacheStatus);
    }

    [Fact]
    public async Task A_request_that_enters_from_elsewhere_ends_it_and_so_does_one_that_leaves()
    {
        await GetAsync(Map);
        await ChangeAsync(request: 30, state => state with { Location = new Point(-73.985, 40.7425) { SRID = 4326 } });
        CacheAnswer entered = await GetAsync(Map);
        Assert.Equal(CacheAnswer.Stored, entered.CacheStatus);
        Assert.Contains(ReadingFixture.Id(30), entered.Body, StringComparison.Ordinal);

        await ChangeAsync(request: 30, state => state with { Location = new Point(-73.96, 40.755) { SRID = 4326 } });
        CacheAnswer left = await GetAsync(Map);
        Assert.Equal(CacheAnswer.Stored, left.CacheStatus);
        Assert.DoesNotContain(ReadingFixture.Id(30), left.Body, StringComparison.Ordinal);
    }

    /// <summary>A change without an event is what an answer must not see: the rule, and not a query, says that it is still valid.</summary>
    [Fact]
    public async Task A_change_without_an_event_is_not_seen_until_a_purge()
    {
        string before = (await GetAsync(Map)).Body;
        await using (NpgsqlCommand silent = _database.CreateCommand("update service_request set title = 'silent'"))
        {
            await silent.ExecuteNonQueryAsync();
        }

        Assert.Equal(before, (await GetAsync(Map)).Body);
        var log = new ChangeLog(_database);
        Guid purge = await log.PurgeAsync(RequestRows.City, ChangePurge.All, "a test", CancellationToken.None);
        await FollowedAsync((await log.NumberAsync(RequestRows.City, purge, null, CancellationToken.None))!.Number!.Value);
        Assert.Contains("silent", (await GetAsync(Map)).Body, StringComparison.Ordinal);
    }

    private async Task ChangeAsync(int request, Func<RequestState, RequestState>? change = null)
    {
        RequestWrite write = RequestWrite.OfOne(
            RequestRows.City, Engine.GlobalId.Parse(ReadingFixture.Id(request))!.Row, null, "test",
            (known, _) => RequestDecisions.Correct(known, change ?? (state => state with { Title = $"Loud {state.Version}" })));
        var done = Assert.IsType<WriteOutcome.Done>(await _writer.WriteAsync(write, CancellationToken.None));
        await FollowedAsync(done.Position!.Value.Number);
    }

    private Task FollowedAsync(long number) =>
        Patience.UntilAsync(() => Follower.Position(RequestRows.City)?.Number >= number ? Follower : null);

    private ChangeFollower Follower => _server.Services.GetRequiredService<ChangeFollower>();

    private Task<CacheAnswer> GetAsync(string address, params (string Name, string Value)[] headers) =>
        CacheAnswer.GetAsync(_server.Client, address, headers);

    private LogPosition Position(CacheAnswer answer) => _server.Services.GetRequiredService<LogPositionCursors>()
        .Open(RequestRows.City, answer.Position!)!.Value;
}
