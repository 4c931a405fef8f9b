using System.IO.Compression;
using System.Net;
using CityHelper.IntegrationTests.Attacks;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Xunit;

namespace CityHelper.IntegrationTests.Caching;

/// <summary>An answer above 1 MB is not kept, and caches behind the server get all of its headers.</summary>
[Collection(PostgresCollection.Name)]
public sealed class LargeAnswerTests(SlowReaderFixture fixture) : IClassFixture<SlowReaderFixture>
{
    private const string Unkept = "CityHelper; fwd=miss";

    [Fact]
    public async Task It_is_whole_in_every_encoding_and_compared_and_read_each_time()
    {
        await using TestServer server = await TestServer.StartAsync(fixture.Database, "Production");
        await PublishedHitTests.FollowedAsync(server, RequestRows.City);
        string address = SlowReaderFixture.Target(server, "Production");
        CacheAnswer plain = await CacheAnswer.GetAsync(server.Client, address);
        Assert.Equal((HttpStatusCode.OK, Unkept), (plain.Status, plain.CacheStatus));
        Assert.InRange(plain.Body.Length, SlowReaderFixture.Rows * SlowReaderFixture.TitleBytes, int.MaxValue);
        CacheAnswer posted = await CacheAnswer.SendAsync(
            server.Client, server.PersistedPost("ServiceRequestList", new { city = "nyc", first = SlowReaderFixture.Rows }));
        Assert.Equal(posted.Body, plain.Body);

        using (var request = new HttpRequestMessage(HttpMethod.Get, address))
        {
            request.Headers.Add("Accept-Encoding", "gzip");
            using HttpResponseMessage response = await server.Client.SendAsync(request);
            Assert.Equal(["gzip"], response.Content.Headers.ContentEncoding);
            await using var unpacked = new GZipStream(await response.Content.ReadAsStreamAsync(), CompressionMode.Decompress);
            using var reader = new StreamReader(unpacked);
            Assert.Equal(plain.Body, await reader.ReadToEndAsync());
            Assert.Equal(plain.ETag, response.Headers.ETag?.ToString());
        }

        server.TakeStatements();
        CacheAnswer compared = await CacheAnswer.GetAsync(server.Client, address, ("If-None-Match", plain.ETag));
        Assert.Equal((HttpStatusCode.NotModified, "", plain.Caching), (compared.Status, compared.Body, compared.Caching));
        Assert.NotEmpty(server.TakeStatements());
    }
}
