using System.Net;
using System.Text.Json;
using CityHelper.Engine;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using Xunit;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>Compressed bodies in both directions.</summary>
[Collection(PostgresCollection.Name)]
public sealed class ContentEncodingTests(ReadingFixture fixture) : IClassFixture<ReadingFixture>, IDisposable
{
    private const string Small = "/graphql?query={cities{slug}}";
    private const string Large = "/graphql?query={serviceRequests(city:%22nyc%22,first:40){nodes{id title status address createdAt}}}";

    public void Dispose() => Assert.Empty(fixture.Server.Errors);

    [Theory]
    [InlineData("gzip")]
    [InlineData("GZIP")]
    [InlineData("br")]
    [InlineData("deflate")]
    [InlineData("identity")]
    public async Task A_body_in_a_known_encoding_is_read(string encoding)
    {
        using HttpRequestMessage request = Encoded.Post(Encoded.With(encoding, """{"query":"{ cities { slug } }"}"""), encoding);
        (HttpResponseMessage response, JsonElement json) = await fixture.Server.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("""{"data":{"cities":[{"slug":"nyc"}]}}""", json.GetRawText());
    }

    [Theory]
    [InlineData("zstd")]
    [InlineData("compress")]
    [InlineData("gzip,gzip")]
    public async Task A_body_in_another_encoding_is_refused_and_the_known_ones_are_named(string encodings)
    {
        using HttpRequestMessage request = Encoded.Post("{}"u8.ToArray(), encodings.Split(','));
        (HttpResponseMessage response, JsonElement json) = await fixture.Server.SendAsync(request);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
        Assert.Equal("br, gzip, deflate", Assert.Single(response.Headers.NonValidated["Accept-Encoding"]));
        Assert.Equal("HC0009", Code(json));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public async Task A_body_that_is_not_of_its_encoding_is_a_bad_request(string encoding)
    {
        byte[] whole = Encoded.With(encoding, $$"""{"query":"{ cities { slug } }","operationName":{{new string(' ', 10_000)}}null}""");
        foreach (byte[] broken in new[] { [.. Enumerable.Repeat((byte)0xA5, 100)], whole[..(whole.Length / 2)], [] })
        {
            using HttpRequestMessage request = Encoded.Post(broken, encoding);
            (HttpResponseMessage response, JsonElement json) = await fixture.Server.SendAsync(request);
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
            Assert.Contains(Code(json), new[] { "HC0009", "HC0012" });
        }
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("br", "br")]
    [InlineData("gzip", "gzip")]
    [InlineData("gzip, deflate, br, zstd", "br")]
    [InlineData("gzip;q=1, br;q=0.5", "gzip")]
    [InlineData("br;q=0, gzip", "gzip")]
    [InlineData("br;q=0, gzip;q=0", null)]
    [InlineData("identity, br;q=0.5", null)]
    [InlineData("deflate, zstd", null)]
    [InlineData("*", "br")]
    [InlineData("*;q=0", null)]
    [InlineData("no such/thing;;", null)]
    public async Task An_answer_has_the_encoding_that_is_liked_best(string? accepted, string? encoding)
    {
        string plain = await fixture.Server.Client.GetStringAsync(Large);
        using HttpResponseMessage response = await SendAsync(HttpMethod.Get, Large, accepted);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(encoding, response.Content.Headers.ContentEncoding.SingleOrDefault());
        Assert.Equal(["Accept", "Accept-Encoding"], response.Headers.Vary);
        Assert.Equal(plain, await Encoded.ReadAsync(response));
    }

    [Fact]
    public async Task A_small_answer_is_sent_as_it_is_and_caches_are_told_all_the_same()
    {
        using HttpResponseMessage response = await SendAsync(HttpMethod.Get, Small, "br");
        Assert.Empty(response.Content.Headers.ContentEncoding);
        Assert.InRange(response.Content.Headers.ContentLength!.Value, 1, Limits.CompressedBytesMin);
        Assert.Equal(["Accept", "Accept-Encoding"], response.Headers.Vary);
    }

    /// <summary>A length that differs from that of GET's response would break a connection, or a cache's copy (RFC 9110, 8.6).</summary>
    [Theory]
    [InlineData(Small, null)]
    [InlineData(Small, "br")]
    [InlineData(Large, null)]
    [InlineData(Large, "br")]
    [InlineData("/graphql?query={", "br")]
    [InlineData("/graphql/schema.graphql", null)]
    [InlineData("/graphql/schema.graphql", "gzip")]
    public async Task HEAD_has_the_headers_of_GET_and_no_body(string url, string? accepted)
    {
        using HttpResponseMessage get = await SendAsync(HttpMethod.Get, url, accepted);
        using HttpResponseMessage head = await SendAsync(HttpMethod.Head, url, accepted);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync());
        Assert.Equal(get.StatusCode, head.StatusCode);
        Assert.Equal(Headers(get), Headers(head));
    }

    // Leaves out Transfer-Encoding, which belongs to one transfer, and the date.
    private static string Headers(HttpResponseMessage response) => string.Join('\n', response.Headers.NonValidated
        .Concat(response.Content.Headers.NonValidated)
        .Where(h => h.Key is not ("Date" or "Transfer-Encoding"))
        .Select(h => $"{h.Key}: {h.Value}")
        .Order(StringComparer.Ordinal));

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string url, string? accepted)
    {
        using var request = new HttpRequestMessage(method, url);
        if (accepted is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept-Encoding", accepted);
        }

        return await fixture.Server.Client.SendAsync(request);
    }

    private static string Code(JsonElement json) =>
        json.GetProperty("errors")[0].GetProperty("extensions").GetProperty("code").GetString()!;
}
