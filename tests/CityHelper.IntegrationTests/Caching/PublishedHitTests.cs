using System.Net;
using CityHelper.Data.Changes;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Tags;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CityHelper.IntegrationTests.Caching;

/// <summary>Every published query is stored, and a hit and a 304 of it need no statement.</summary>
[Collection(PostgresCollection.Name)]
public sealed class PublishedHitTests(PostgresFixture postgres) : IAsyncLifetime
{
    private TestServer _server = null!;

    private static readonly object s_viewport = new { west = -74.0, south = 40.70, east = -73.9, north = 40.80 };
    private static readonly object s_position = new { longitude = -73.985, latitude = 40.7425 };

    /// <summary>The names of the published queries that may be cached.</summary>
    internal static IReadOnlyList<string> Names { get; } =
    [
        "Boundaries", "BoundaryDetail", "CategoryOverview", "Cities", "CityFilters", "NearbyServiceRequests", "ServiceRequestByExternalId",
        "ServiceRequestClusters", "ServiceRequestDetail", "ServiceRequestDuplicates", "ServiceRequestHistory", "ServiceRequestList",
        "ServiceRequestMap", "ServiceRequestStats",
    ];

    public static TheoryData<string> Operations => [.. Names];

    public async Task InitializeAsync()
    {
        _server = await TestServer.StartAsync(await ReadingFixture.DatabaseAsync(postgres));
        await FollowedAsync(_server, RequestRows.City);
        await FollowedAsync(_server, 0);
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    /// <summary>Waits until a server judges answers about a city.</summary>
    internal static Task FollowedAsync(TestServer server, short city) => Patience.UntilAsync(() =>
        server.Services.GetRequiredService<TagTables>().Of(city) is { } table
        && table.Needed([]) is not null
        && server.Services.GetRequiredService<ChangeFollower>().Freshness(city) is not null
            ? table
            : null);

    /// <summary>Variables for a published query.</summary>
    /// <param name="operation">Its name.</param>
    /// <param name="request">The id of a service request.</param>
    /// <param name="boundary">The id of a boundary.</param>
    internal static object VariablesOf(string operation, string request, string boundary) => operation switch
    {
        "Boundaries" => new { city = "nyc" },
        "BoundaryDetail" => new { id = boundary },
        "Cities" => new { },
        "CategoryOverview" => new { city = "nyc", first = 2 },
        "NearbyServiceRequests" => new { city = "nyc", to = s_position, first = 3 },
        "ServiceRequestByExternalId" => new { city = "nyc", externalId = "40000007" },
        "ServiceRequestClusters" => new { city = "nyc", viewport = s_viewport, zoom = 12 },
        "ServiceRequestHistory" => new { id = request },
        "ServiceRequestDetail" or "ServiceRequestDuplicates" => new { city = "nyc", id = request },
        "ServiceRequestMap" => new { city = "nyc", viewport = s_viewport },
        _ => new { city = "nyc" },
    };

    [Theory]
    [MemberData(nameof(Operations))]
    public async Task A_hit_and_a_304_need_no_statement(string operation)
    {
        string boundary = new Engine.GlobalId("Boundary", RequestRows.City, 3).ToString();
        string address = _server.PersistedUrl(operation, VariablesOf(operation, ReadingFixture.Id(7), boundary));
        CacheAnswer first = await CacheAnswer.GetAsync(_server.Client, address);
        Assert.Equal((HttpStatusCode.OK, CacheAnswer.Stored), (first.Status, first.CacheStatus));
        Assert.DoesNotContain("\"errors\"", first.Body, StringComparison.Ordinal);
        _server.TakeAllStatements();

        CacheAnswer hit = await CacheAnswer.GetAsync(_server.Client, address);
        Assert.Equal((HttpStatusCode.OK, CacheAnswer.Hit, first.Body, first.Caching), (hit.Status, hit.CacheStatus, hit.Body, hit.Caching));
        CacheAnswer unchanged = await CacheAnswer.GetAsync(_server.Client, address, ("If-None-Match", first.ETag));
        Assert.Equal((HttpStatusCode.NotModified, "", first.Caching), (unchanged.Status, unchanged.Body, unchanged.Caching));
        using var head = new HttpRequestMessage(HttpMethod.Head, address);
        CacheAnswer headers = await CacheAnswer.SendAsync(_server.Client, head);
        Assert.Equal((HttpStatusCode.OK, "", first.Caching), (headers.Status, headers.Body, headers.Caching));
        Assert.Equal(first.Headers["Content-Length"], headers.Headers["Content-Length"]);
        Assert.Empty(_server.TakeAllStatements());
    }

    /// <summary>The list above is complete: what is not in it is a mutation, or must not be sent with GET.</summary>
    [Fact]
    public void Every_published_query_that_may_be_cached_is_tested()
    {
        IEnumerable<string> cacheable = _server.Services.GetRequiredService<OperationRegistry>().Manifest
            .Where(operation => operation.Cache != "no-store").Select(operation => operation.Name).Order(StringComparer.Ordinal);
        Assert.Equal(cacheable, Names.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("*", true)]
    [InlineData("{etag}", true)]
    [InlineData("{strong}", true)]
    [InlineData("\"a\" , W/\"b\",{etag}", true)]
    [InlineData("\"a\",,{etag},", true)]
    [InlineData("\"a\"", false)]
    [InlineData("", false)]
    [InlineData("{bare}", false)]
    public async Task If_none_match_takes_lists_and_compares_weakly(string header, bool isMatch)
    {
        string address = _server.PersistedUrl("ServiceRequestList", new { city = "nyc", first = 3 });
        string etag = (await CacheAnswer.GetAsync(_server.Client, address)).ETag;
        Assert.Matches("^W/\"[A-Za-z0-9_-]{22}\"$", etag);
        string sent = header.Replace("{etag}", etag, StringComparison.Ordinal).Replace("{strong}", etag[2..], StringComparison.Ordinal)
            .Replace("{bare}", etag[3..^1], StringComparison.Ordinal);
        CacheAnswer answer = await CacheAnswer.GetAsync(_server.Client, address, ("If-None-Match", sent));
        Assert.Equal(isMatch ? HttpStatusCode.NotModified : HttpStatusCode.OK, answer.Status);
    }

    /// <summary>A client cannot make the server read again, nor ask for a part.</summary>
    [Fact]
    public async Task Cache_control_and_ranges_of_the_request_are_ignored()
    {
        string address = _server.PersistedUrl("ServiceRequestList", new { city = "nyc", first = 4 });
        CacheAnswer first = await CacheAnswer.GetAsync(_server.Client, address);
        CacheAnswer again = await CacheAnswer.GetAsync(
            _server.Client, address, ("Cache-Control", "no-cache, no-store"), ("Pragma", "no-cache"), ("Range", "bytes=0-9"),
            ("If-Modified-Since", "Mon, 30 Nov 2026 00:00:00 GMT"));
        Assert.Equal((HttpStatusCode.OK, CacheAnswer.Hit, first.Body), (again.Status, again.CacheStatus, again.Body));
        Assert.False(again.Headers.ContainsKey("Last-Modified"));
        Assert.False(again.Headers.ContainsKey("Accept-Ranges"));
    }

    /// <summary>Each is the same bytes, encoded once.</summary>
    [Theory]
    [InlineData("br", "br")]
    [InlineData("gzip", "gzip")]
    [InlineData("gzip, br;q=0.1", "gzip")]
    [InlineData("identity", null)]
    public async Task Stored_answers_are_sent_in_the_encoding_that_is_asked_for(string accepted, string? sent)
    {
        string address = _server.PersistedUrl("ServiceRequestList", new { city = "nyc", first = 20 });
        CacheAnswer plain = await CacheAnswer.GetAsync(_server.Client, address);
        foreach (int _ in Enumerable.Range(0, 2))
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            request.Headers.TryAddWithoutValidation("Accept-Encoding", accepted);
            using HttpResponseMessage response = await _server.Client.SendAsync(request);
            Assert.Equal(sent, response.Content.Headers.ContentEncoding.SingleOrDefault());
            await response.Content.LoadIntoBufferAsync();
            Assert.Equal((await response.Content.ReadAsByteArrayAsync()).Length, response.Content.Headers.ContentLength);
            Assert.Equal(plain.Body, await Encoded.ReadAsync(response));
            Assert.Equal(plain.ETag, response.Headers.ETag!.ToString());
        }
    }

    /// <summary>The media type is chosen by <c>Accept</c>; the body is one.</summary>
    [Fact]
    public async Task Both_media_types_have_one_stored_answer()
    {
        string address = _server.PersistedUrl("ServiceRequestList", new { city = "nyc", first = 5 });
        CacheAnswer first = await CacheAnswer.GetAsync(_server.Client, address, ("Accept", "application/json"));
        CacheAnswer other = await CacheAnswer.GetAsync(_server.Client, address, ("Accept", "application/graphql-response+json"));
        Assert.StartsWith("application/json", first.Headers["Content-Type"], StringComparison.Ordinal);
        Assert.StartsWith("application/graphql-response+json", other.Headers["Content-Type"], StringComparison.Ordinal);
        Assert.Equal((CacheAnswer.Hit, first.Body, first.ETag), (other.CacheStatus, other.Body, other.ETag));
    }

    /// <summary>Another spelling is another key for caches, and answered without being stored, even when the canonical one is.</summary>
    [Theory]
    [InlineData("cost")]
    [InlineData("spelling")]
    [InlineData("undeclared")]
    [InlineData("post")]
    public async Task Everything_else_is_not_stored(string kind)
    {
        string address = _server.PersistedUrl("ServiceRequestList", new { city = "nyc", first = 6 });
        CacheAnswer canonical = await CacheAnswer.GetAsync(_server.Client, address);
        CacheAnswer other = kind switch
        {
            "cost" => await CacheAnswer.GetAsync(_server.Client, address, ("GraphQL-Cost", "report")),
            "spelling" => await CacheAnswer.GetAsync(_server.Client, address.Replace("%7B", "%7b", StringComparison.Ordinal)),
            "undeclared" => await CacheAnswer.GetAsync(
                _server.Client, _server.PersistedUrl("ServiceRequestList", new { city = "nyc", first = 6, zzz = 1 })),
            _ => await CacheAnswer.SendAsync(_server.Client, _server.PersistedPost("ServiceRequestList", new { city = "nyc", first = 6 })),
        };
        Assert.Equal((HttpStatusCode.OK, "no-store", ""), (other.Status, other.CacheControl, other.CacheStatus));
        Assert.False(other.Headers.ContainsKey("ETag"));
        Assert.False(other.Headers.ContainsKey("Cache-Tag"));

        // Where it was read is told all the same.
        Assert.Equal(canonical.Position, other.Position);
    }
}
