using CityHelper.Data;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using CityHelper.Server;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Commands;

/// <summary><c>cache explain</c> says what a server does: <c>cache purge</c> is in <see cref="LogCommandTests"/>.</summary>
[Collection(PostgresCollection.Name)]
public sealed class CacheCommandTests(PostgresFixture postgres) : IAsyncLifetime
{
    private const string Reason = "a test";

    private string _database = "";

    public async Task InitializeAsync() => _database = await ReadingFixture.CreateDatabaseAsync(postgres);

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task An_answer_has_the_address_policy_and_tags_that_a_server_sends()
    {
        await using TestServer server = await TestServer.StartAsync(_database);
        await Caching.PublishedHitTests.FollowedAsync(server, RequestRows.City);
        string address = server.PersistedUrl("ServiceRequestList", new { city = "nyc" });
        Caching.CacheAnswer answer = await Caching.CacheAnswer.GetAsync(server.Client, address);
        CommandRun purged = await CommandRun.OfAsync(
            Configuration(), "cache", "purge", "--city", "nyc", "--tag", "rows", "--reason", Reason);
        Assert.Equal((0, ""), (purged.Code, purged.Error));

        CommandRun run = await ExplainAsync("ServiceRequestList", """{"city":"nyc"}""");
        Assert.Equal((0, ""), (run.Code, run.Error));
        string[] lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(
            [$"address  {address}", $"policy   {answer.CacheControl}", "kept     until one of its tags changes"], lines[..3]);
        Assert.Equal(
            answer.Headers["Cache-Tag"].Split(','),
            lines[3..].Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]));
        Assert.Contains($", bulk ({Reason}), ", LineOf("nyc/rows"), StringComparison.Ordinal);
        Assert.EndsWith("unchanged in the recent log", LineOf("nyc/all"), StringComparison.Ordinal);

        string LineOf(string tag) => lines.Single(line => line.Contains(tag, StringComparison.Ordinal));
    }

    /// <summary>The list of cities is of no city, and has a log of its own.</summary>
    [Fact]
    public async Task The_list_of_cities_is_purged_too()
    {
        await using TestServer server = await TestServer.StartAsync(_database);
        await Caching.PublishedHitTests.FollowedAsync(server, 0);
        string address = server.PersistedUrl("Cities");
        await Caching.CacheAnswer.GetAsync(server.Client, address);
        await using (NpgsqlDataSource source = CityHelperDatabase.CreateDataSource(_database))
        {
            source.Execute("update city set name = 'Gotham'");
        }

        Assert.Equal(Caching.CacheAnswer.Hit, (await Caching.CacheAnswer.GetAsync(server.Client, address)).CacheStatus);
        CommandRun purged = await CommandRun.OfAsync(Configuration(), "cache", "purge", "--city", "0", "--reason", Reason);
        Assert.Equal((0, ""), (purged.Code, purged.Error));
        await Patience.UntilAsync(async () =>
            (await Caching.CacheAnswer.GetAsync(server.Client, address)).Body.Contains("Gotham", StringComparison.Ordinal) ? server : null);
    }

    [Theory]
    [InlineData("ServiceRequestList", """{"city":"nyc","extra":1}""", "the operation declares no variable `extra`")]
    [InlineData("ServiceRequestList", """{"city":"nyc"}""", "nyc is in Cache__Off", "nyc")]
    [InlineData("ServiceRequestMap", """{"city":"nyc"}""", "Variable `$viewport` is missing")]
    [InlineData("ServiceRequestList", """{"city":"atlantis"}""", "No city has this slug")]
    public async Task An_answer_that_is_not_kept_says_why(string operation, string variables, string why, string? off = null)
    {
        CommandRun run = await ExplainAsync(operation, variables, off);
        Assert.Equal((0, ""), (run.Code, run.Error));
        string[] lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, lines.Length);
        Assert.Equal("policy   no-store", lines[1]);
        Assert.StartsWith("kept     never: ", lines[2], StringComparison.Ordinal);
        Assert.Contains(why, lines[2], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("NoSuchOperation", "{}", "There is no operation `NoSuchOperation`")]
    [InlineData("Cities", "{city", "The variables are no JSON")]
    [InlineData("Cities", "[]", "The variables are a JSON object")]
    public async Task What_cannot_be_explained_is_refused(string operation, string variables, string why)
    {
        CommandRun run = await ExplainAsync(operation, variables);
        Assert.Equal((1, ""), (run.Code, run.Output));
        Assert.StartsWith(why, run.Error, StringComparison.Ordinal);
    }

    private Task<CommandRun> ExplainAsync(string operation, string variables, string? off = null) =>
        CommandRun.OfAsync(Configuration(off), "cache", "explain", operation, variables);

    private Dictionary<string, string?> Configuration(string? off = null) => new()
    {
        [CityHelperDatabase.ConnectionStringKey] = _database,
        [ServerApplication.OperationsKey] = Repository.PathOf("persisted-queries"),
        ["Cache:Off:0"] = off,
    };
}
