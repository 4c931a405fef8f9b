using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using Xunit;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>HTTP/1.1 and HTTP/2, as Kestrel's own configuration enables them.</summary>
[Collection(PostgresCollection.Name)]
public sealed class ProtocolTests(ReadingFixture fixture) : IClassFixture<ReadingFixture>
{
    private const string Url = "/graphql?query={cities{slug}}";
    private const string Answer = """{"data":{"cities":[{"slug":"nyc"}]}}""";

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Over_TLS_the_client_chooses(string version)
    {
        using X509Certificate2 certificate = SelfSigned();
        string file = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(file, certificate.Export(X509ContentType.Pfx));
            await using TestServer server = await TestServer.StartAsync(fixture.Database, settings: new Dictionary<string, string?>
            {
                ["Kestrel:Endpoints:Secure:Url"] = "https://127.0.0.1:0",
                ["Kestrel:Endpoints:Secure:Certificate:Path"] = file,
            });
            using var handler = new SocketsHttpHandler();
            handler.SslOptions.RemoteCertificateValidationCallback = (_, shown, _, _) =>
                shown!.GetCertHashString(HashAlgorithmName.SHA256) == certificate.GetCertHashString(HashAlgorithmName.SHA256);
            await AssertServesAsync(handler, server.Client.BaseAddress!, Version.Parse(version), HttpVersionPolicy.RequestVersionExact);

            // A client that accepts either gets the newer one.
            await AssertServesAsync(handler, server.Client.BaseAddress!, HttpVersion.Version20, HttpVersionPolicy.RequestVersionOrLower);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Behind a proxy that uses HTTP/2 without TLS.</summary>
    [Fact]
    public async Task Without_TLS_an_endpoint_may_be_HTTP_2_by_prior_knowledge()
    {
        await using TestServer server = await TestServer.StartAsync(fixture.Database, settings: new Dictionary<string, string?>
        {
            ["Kestrel:Endpoints:Clear:Url"] = "http://127.0.0.1:0",
            ["Kestrel:Endpoints:Clear:Protocols"] = "Http2",
        });
        using var handler = new SocketsHttpHandler();
        await AssertServesAsync(handler, server.Client.BaseAddress!, HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);
    }

    private static async Task AssertServesAsync(HttpMessageHandler handler, Uri server, Version version, HttpVersionPolicy policy)
    {
        using var client = new HttpClient(handler, disposeHandler: false)
        {
            BaseAddress = server,
            DefaultRequestVersion = version,
            DefaultVersionPolicy = policy,
        };
        using HttpResponseMessage got = await client.GetAsync(Url);
        Assert.Equal(version, got.Version);
        Assert.Equal(Answer, await got.Content.ReadAsStringAsync());

        using var wrong = new StringContent("{", Encoding.UTF8, "text/plain");
        using HttpResponseMessage refused = await client.PostAsync("/graphql", wrong);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, refused.StatusCode);

        using var tooLarge = new StringContent(new string(' ', Engine.Limits.RequestBytesMax + 1), Encoding.UTF8, "application/json");
        using HttpResponseMessage refusedToo = await client.PostAsync("/graphql", tooLarge);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refusedToo.StatusCode);

        using var body = new StringContent("""{"query":"{ cities { slug } }"}""", Encoding.UTF8, "application/json");
        using HttpResponseMessage posted = await client.PostAsync("/graphql", body);
        Assert.Equal(version, posted.Version);
        Assert.Equal(Answer, await posted.Content.ReadAsStringAsync());
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
