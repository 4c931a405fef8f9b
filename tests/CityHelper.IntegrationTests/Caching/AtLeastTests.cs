using System.Net;
using System.Text.Json;
using CityHelper.Data;
using CityHelper.Data.Changes;
using CityHelper.Engine.Cursors;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Caching;

/// <summary>What a client must see it asks for by POST, with the cursor of the change.</summary>
[Collection(PostgresCollection.Name)]
public sealed class AtLeastTests(PostgresFixture postgres) : IAsyncLifetime
{
    private const string Query = "{ serviceRequests(city: \"nyc\", first: 1) { nodes { id } } }";

    private TestServer _server = null!;
    private NpgsqlDataSource _database = null!;

    public async Task InitializeAsync()
    {
        string database = await ReadingFixture.CreateDatabaseAsync(postgres);
        _database = CityHelperDatabase.CreateDataSource(database);
        _server = await TestServer.StartAsync(database);
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _database.DisposeAsync();
    }

    private LogPositionCursors Cursors => _server.Services.GetRequiredService<LogPositionCursors>();

    [Fact]
    public async Task An_answer_has_the_change_that_the_client_names()
    {
        var log = new ChangeLog(_database);
        Guid written = await log.PurgeAsync(RequestRows.City, ChangePurge.All, "a test", CancellationToken.None);
        Numbering numbering = (await log.NumberAsync(RequestRows.City, written, null, CancellationToken.None))!;
        var position = new LogPosition(numbering.Epoch, numbering.Number!.Value);
        CacheAnswer answer = await PostAsync(Query, ("CityHelper-At-Least", Cursors.Sign(RequestRows.City, position)));
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(position, Cursors.Open(RequestRows.City, answer.Position!));
    }

    [Theory]
    [InlineData("forged", Query)]
    [InlineData("other city", Query)]
    [InlineData("two", Query)]
    [InlineData("own", "{ cities { slug } }")]
    public async Task A_cursor_of_something_else_is_refused(string kind, string query)
    {
        string own = Cursors.Sign(RequestRows.City, new LogPosition(1, 0));
        string cursor = kind switch
        {
            "forged" => own[..^1] + (own[^1] == 'A' ? 'B' : 'A'),
            "other city" => Cursors.Sign(RequestRows.City + 1, new LogPosition(1, 0)),
            "two" => $"{own},{own}",
            _ => own,
        };
        CacheAnswer answer = await PostAsync(query, ("CityHelper-At-Least", cursor));
        Assert.Equal((HttpStatusCode.BadRequest, "AT_LEAST_INVALID"), (answer.Status, CodeOf(answer)));
    }

    /// <summary>A position that no database has: of a later epoch, as after a restore.</summary>
    [Fact]
    public async Task A_change_that_the_primary_does_not_have_is_an_error()
    {
        CacheAnswer answer = await PostAsync(
            Query, ("CityHelper-At-Least", Cursors.Sign(RequestRows.City, new LogPosition(99, 1))));
        Assert.Equal(
            (HttpStatusCode.ServiceUnavailable, "POSITION_NOT_REACHED", "1"),
            (answer.Status, CodeOf(answer), answer.Headers["Retry-After"]));
    }

    /// <summary>An edge answers GET without asking, so there the header means nothing.</summary>
    [Fact]
    public async Task On_get_the_header_is_ignored()
    {
        string address = _server.PersistedUrl("ServiceRequestList", new { city = "nyc" });
        Assert.Equal(
            HttpStatusCode.OK, (await CacheAnswer.GetAsync(_server.Client, address, ("CityHelper-At-Least", "forged"))).Status);
    }

    [Fact]
    public async Task Freshness_is_told_on_request()
    {
        CacheAnswer answer = await PostAsync(Query, ("CityHelper-Freshness", "report"));
        JsonElement freshness = JsonDocument.Parse(answer.Body).RootElement.GetProperty("extensions").GetProperty("freshness");
        Assert.Equal(answer.Position, freshness.GetProperty("cursor").GetString());
        Assert.InRange(freshness.GetProperty("maxStaleness").GetDouble(), 0, 30);
        DateTimeOffset asOf = freshness.GetProperty("asOf").GetDateTimeOffset();
        Assert.InRange(TimeProvider.System.GetUtcNow() - asOf, TimeSpan.Zero, TimeSpan.FromMinutes(1));
        Assert.DoesNotContain("freshness", (await PostAsync(Query)).Body, StringComparison.Ordinal);
    }

    private static string? CodeOf(CacheAnswer answer) => JsonDocument.Parse(answer.Body).RootElement.GetProperty("errors")[0]
        .GetProperty("extensions").GetProperty("code").GetString();

    private Task<CacheAnswer> PostAsync(string query, params (string Name, string Value)[] headers) => CacheAnswer.SendAsync(
        _server.Client,
        new HttpRequestMessage(HttpMethod.Post, "/graphql") { Content = System.Net.Http.Json.JsonContent.Create(new { query }) },
        [("Accept", "application/graphql-response+json"), .. headers]);
}
