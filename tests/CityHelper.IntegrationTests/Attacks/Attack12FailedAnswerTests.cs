using System.Net;
using CityHelper.IntegrationTests.Caching;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Attack 12: an answer that failed, in whole or in part, is kept and given to others. Nothing but a 200 without errors may be kept, by the
/// server or behind it.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack12FailedAnswerTests(PostgresFixture postgres) : IAsyncLifetime
{
    // What a cache would keep an answer by, or compare it with.
    private static readonly string[] s_ofKeptAnswers = ["ETag", "Cache-Tag", "Age", "Last-Modified", "Expires"];

    private string _database = "";
    private TestServer _server = null!;
    private NpgsqlDataSource _source = null!;

    public async Task InitializeAsync()
    {
        _database = await ReadingFixture.CreateDatabaseAsync(postgres);
        _source = NpgsqlDataSource.Create(_database);
        _server = await TestServer.StartAsync(_database);
        await PublishedHitTests.FollowedAsync(_server, RequestRows.City);
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _source.DisposeAsync();
    }

    private string List => _server.PersistedUrl("ServiceRequestList", new { city = "nyc", first = 3 });

    /// <summary>No error of its own is an answer: what is asked wrongly stays wrong, but not at a cache.</summary>
    [Theory]
    [InlineData("/graphql/persisted/0000000000000000000000000000000000000000000000000000000000000000/ServiceRequestList")]
    [InlineData("/graphql/persisted/{id}/OtherName?variables=%7B%22city%22%3A%22nyc%22%7D")]
    [InlineData("/graphql/persisted/{id}/ServiceRequestList")]
    [InlineData("/graphql/persisted/{id}/ServiceRequestList?variables=%7B%22city%22%3A1%7D")]
    [InlineData("/graphql/persisted/{id}/ServiceRequestList?variables=%7B%22city%22%3A%22nyc%22%2C%22first%22%3A101%7D")]
    [InlineData("/graphql/persisted/{id}/ServiceRequestList?variables=%7B%22city%22%3A%22nowhere%22%7D")]
    [InlineData("/graphql/persisted/{id}/ServiceRequestList?variables=%7B")]
    [InlineData("/graphql?extensions=%7B%22persistedQuery%22%3A%7B%22version%22%3A1%2C%22sha256Hash%22%3A%22{none}%22%7D%7D")]
    public async Task A_question_that_is_refused_is_not_kept(string address)
    {
        string id = List.Split('/')[3];
        CacheAnswer answer = await GetAsync(
            address.Replace("{id}", id, StringComparison.Ordinal).Replace("{none}", new string('0', 64), StringComparison.Ordinal));
        Assert.Contains("\"errors\"", answer.Body, StringComparison.Ordinal);
        AssertNotKept(answer);
    }

    /// <summary>A row that cannot be shown makes a null and an error beside true data, under status 200.</summary>
    [Fact]
    public async Task A_partial_answer_is_not_kept()
    {
        await ExecuteAsync("alter table category alter column name drop not null");
        await ExecuteAsync("update category set name = null where code = 'rodent'");
        string address = _server.PersistedUrl("ServiceRequestMap", new
        {
            city = "nyc",
            viewport = new { west = -74.0, south = 40.7, east = -73.9, north = 40.8 },
        });
        foreach (int _ in Enumerable.Range(0, 2))
        {
            CacheAnswer partial = await GetAsync(address);
            Assert.Equal(HttpStatusCode.OK, partial.Status);
            Assert.Contains("\"errors\"", partial.Body, StringComparison.Ordinal);
            AssertNotKept(partial);
        }

        // A cache that had kept it would send it still.
        await ExecuteAsync("update category set name = 'Rodent' where code = 'rodent'");
        CacheAnswer whole = await GetAsync(address);
        Assert.Equal((HttpStatusCode.OK, CacheAnswer.Stored), (whole.Status, whole.CacheStatus));
        Assert.DoesNotContain("\"errors\"", whole.Body, StringComparison.Ordinal);
    }

    /// <summary>Who asked while the database failed gets the failure; who asks afterwards gets the answer.</summary>
    [Fact]
    public async Task A_failure_of_the_database_is_not_kept()
    {
        await using (LockedTable held = await LockedTable.HoldAsync(_database, "service_request"))
        {
            AssertNotKept(await GetAsync(List));
        }

        CacheAnswer later = await Patience.UntilAsync(async () =>
            await GetAsync(List) is { CacheStatus: CacheAnswer.Stored } stored ? stored : null);
        Assert.Equal(HttpStatusCode.OK, later.Status);
        Assert.Equal(CacheAnswer.Hit, (await GetAsync(List)).CacheStatus);
    }

    private Task<CacheAnswer> GetAsync(string address) => CacheAnswer.GetAsync(_server.Client, address);

    private static void AssertNotKept(CacheAnswer answer)
    {
        Assert.Equal("no-store", answer.CacheControl);
        Assert.DoesNotContain(s_ofKeptAnswers, answer.Headers.ContainsKey);
    }

    private async Task ExecuteAsync(string sql)
    {
        await using NpgsqlCommand command = _source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
