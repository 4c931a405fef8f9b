using System.Net;
using System.Text;
using System.Text.Json;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using Xunit;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Attack 15: another site makes its visitors' browsers send requests. A browser sends forms and links without asking, anything else only
/// after a CORS preflight, which this server does not grant.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack15CrossSiteRequestTests(ReadingFixture fixture) : IClassFixture<ReadingFixture>, IDisposable
{
    private const string Body = """{"query":"{ cities { slug } }"}""";

    public void Dispose() => Assert.Empty(fixture.Server.Errors);

    /// <summary>The three types that a form may send, in spellings that a lenient parser would take for JSON, and no type.</summary>
    [Theory]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("multipart/form-data; boundary=x")]
    [InlineData("text/plain")]
    [InlineData("text/plain; application/json")]
    [InlineData("text/plain; x=application/json")]
    [InlineData("text/plain, application/json")]
    [InlineData("multipart/form-data; boundary=application/json")]
    [InlineData("application/x-www-form-urlencoded; charset=application/json")]
    [InlineData("application/json, text/plain")]
    [InlineData("")]
    public async Task What_a_form_can_send_is_not_read(string contentType)
    {
        fixture.Server.TakeStatements();
        foreach (
            string body in new[] { Body, "query=%7B+cities+%7B+slug+%7D+%7D", $"{{\"query\":\"{{ cities {{ slug }} }}\",\"x\":\"=\"}}" })
        {
            using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            if (contentType.Length > 0)
            {
                content.Headers.TryAddWithoutValidation("Content-Type", contentType);
            }

            using HttpResponseMessage response = await fixture.Server.Client.PostAsync("/graphql", content);
            Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
        }

        Assert.Empty(fixture.Server.TakeStatements());
    }

    /// <summary>A link or an image's URL may only read.</summary>
    [Theory]
    [InlineData("GET", "mutation { redactServiceRequest(input: {id: 1}) { cursor } }")]
    [InlineData("HEAD", "mutation { redactServiceRequest(input: {id: 1}) { cursor } }")]
    [InlineData("GET", "query A { cities { slug } } mutation B { redactServiceRequest(input: {id: 1}) { cursor } }&operationName=B")]
    public async Task What_is_no_query_is_not_run_for_a_link(string method, string query)
    {
        foreach (string accept in new[] { "application/json", "application/graphql-response+json" })
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), "/graphql?query=" + query);
            request.Headers.TryAddWithoutValidation("Accept", accept);
            (HttpResponseMessage response, JsonElement json) = await fixture.Server.SendAsync(request);
            Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
            Assert.Equal(["POST"], response.Content.Headers.Allow);
            Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
            if (method == "GET")
            {
                Assert.Equal(
                    """{"errors":[{"message":"The specified operation kind is not allowed.","extensions":"""
                        + """{"code":"OPERATION_KIND_NOT_ALLOWED"}}]}""",
                    json.GetRawText());
            }
        }
    }

    /// <summary>
    /// A link or an image's URL takes no stream, and neither the answer nor the stream says that another site may read it.
    /// </summary>
    [Theory]
    [InlineData("application/json", HttpStatusCode.NotAcceptable)]
    [InlineData("text/html, */*", HttpStatusCode.NotAcceptable)]
    [InlineData("text/event-stream", HttpStatusCode.OK)]
    public async Task A_subscription_is_no_answer_to_a_link(string accept, HttpStatusCode status)
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Get, "/graphql?query=subscription { onServiceRequestChanged(city: \"nyc\") { kind } }");
        request.Headers.TryAddWithoutValidation("Accept", accept);
        request.Headers.TryAddWithoutValidation("Origin", "https://other.example");
        using HttpResponseMessage response = await fixture.Server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(status, response.StatusCode);
        Assert.DoesNotContain(response.Headers, header => header.Key.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase));
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
    }

    [Theory]
    [InlineData("X-HTTP-Method-Override")]
    [InlineData("X-HTTP-Method")]
    [InlineData("X-Method-Override")]
    public async Task No_header_makes_a_link_a_post(string header)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/graphql?query=mutation{redactServiceRequest(input:{id:1}){cursor}}");
        request.Headers.TryAddWithoutValidation(header, "POST");
        (HttpResponseMessage response, _) = await fixture.Server.SendAsync(request);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
    }

    /// <summary>The server grants nothing to other sites' scripts, and sets nothing that a browser would send along.</summary>
    [Fact]
    public async Task No_preflight_is_granted_and_no_cookie_is_set()
    {
        using var preflight = new HttpRequestMessage(HttpMethod.Options, "/graphql");
        using var post = new HttpRequestMessage(HttpMethod.Post, "/graphql")
        {
            Content = new StringContent(Body, Encoding.UTF8, "application/json"),
        };
        using var get = new HttpRequestMessage(HttpMethod.Get, "/graphql?query={cities{slug}}");
        foreach ((HttpRequestMessage request, HttpStatusCode status) in new[]
        {
            (preflight, HttpStatusCode.MethodNotAllowed), (post, HttpStatusCode.OK), (get, HttpStatusCode.OK),
        })
        {
            request.Headers.TryAddWithoutValidation("Origin", "https://elsewhere.example");
            request.Headers.TryAddWithoutValidation("Access-Control-Request-Method", "POST");
            request.Headers.TryAddWithoutValidation("Access-Control-Request-Headers", "content-type");
            (HttpResponseMessage response, _) = await fixture.Server.SendAsync(request);
            Assert.Equal(status, response.StatusCode);
            Assert.DoesNotContain(
                response.Headers, h => h.Key.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase) || h.Key == "Set-Cookie");
        }
    }
}
