using System.Net;
using CityHelper.Engine;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using Xunit;

namespace CityHelper.IntegrationTests.Caching;

/// <summary>One execution for all who ask the same at once, and for a second for what failed.</summary>
[Collection(PostgresCollection.Name)]
public sealed class JoinedExecutionTests(PostgresFixture postgres) : IAsyncLifetime
{
    private const int Askers = 500;

    private string _database = "";
    private TestServer _server = null!;

    public async Task InitializeAsync()
    {
        _database = await ReadingFixture.CreateDatabaseAsync(postgres);
        _server = await TestServer.StartAsync(_database);
        await PublishedHitTests.FollowedAsync(_server, RequestRows.City);

        // What is looked up once in a server is known by now.
        await CacheAnswer.GetAsync(_server.Client, Address(1));
        _server.TakeAllStatements();
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    private string Address(int first) => _server.PersistedUrl("ServiceRequestList", new { city = "nyc", first });

    [Fact]
    public async Task Equal_misses_are_one_execution()
    {
        Task<CacheAnswer>[] asking;
        await using (LockedTable held = await LockedTable.HoldAsync(_database, "service_request"))
        {
            asking = AskAll(2);
            await held.WaitForAsync(1);
        }

        CacheAnswer[] answers = await Task.WhenAll(asking);
        Assert.Single(answers.Select(answer => answer.Body).Distinct());
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        Assert.Single(answers, answer => answer.CacheStatus == CacheAnswer.Stored);
        Assert.All(answers, answer => Assert.NotEqual("", answer.CacheStatus));
        Assert.Single(_server.TakeAllStatements(), TestServer.ReadsLog);
    }

    /// <summary>When nobody waits any more, PostgreSQL does not go on either.</summary>
    [Fact]
    public async Task The_execution_ends_with_the_last_who_leaves()
    {
        await using LockedTable held = await LockedTable.HoldAsync(_database, "service_request");
        using var leaving = new CancellationTokenSource();
        Task[] asking = [.. Enumerable.Range(0, 5).Select(_ => _server.Client.GetAsync(Address(4), leaving.Token))];
        await held.WaitForAsync(1);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(asking));
        await held.WaitForAsync(0);
    }

    /// <summary>
    /// A failure by time answers the same question for a second. Asked by hundreds without that, each would wait for its own timeout.
    /// </summary>
    [Fact]
    public async Task A_failure_is_answered_for_a_second()
    {
        await using (LockedTable held = await LockedTable.HoldAsync(_database, "service_request"))
        {
            CacheAnswer[] answers = await Task.WhenAll(AskAll(5));
            Assert.All(answers, answer => Assert.Contains(new RequestTimeoutError().Code, answer.Body, StringComparison.Ordinal));
            Assert.All(answers, answer => Assert.Equal("no-store", answer.CacheControl));
            Assert.Single(_server.TakeAllStatements(), TestServer.ReadsLog);
        }

        CacheAnswer later = await Patience.UntilAsync(async () =>
            await CacheAnswer.GetAsync(_server.Client, Address(5)) is { CacheStatus: CacheAnswer.Stored } answered ? answered : null);
        Assert.DoesNotContain("errors", later.Body, StringComparison.Ordinal);
    }

    private Task<CacheAnswer>[] AskAll(int first) =>
        [.. Enumerable.Range(0, Askers).Select(_ => CacheAnswer.GetAsync(_server.Client, Address(first)))];
}
