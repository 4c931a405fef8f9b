using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using CityHelper.Engine;
using CityHelper.Engine.Transport.Http;
using CityHelper.IntegrationTests.Clients;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using CityHelper.Server.Clients;
using Xunit;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Attack 35: client text where people and programs read it: logs, in which a line break forges a message and an escape sequence controls
/// the terminal, and response headers.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed partial class Attack35HostileTextTests(ReadingFixture fixture) : IClassFixture<ReadingFixture>
{
    private const string Forged = "2026-01-01T00:00:00.000Z fail Forged[1] all is lost";

    /// <summary>
    /// A line break and a forged message, a cleared screen, a window title, right-to-left text, a line separator, lone surrogates, and
    /// length.
    /// </summary>
    private static readonly string s_hostile =
        $"\r\n{Forged}\n\u001b[2J\u001b]0;title\u0007\u009b31m\u202Egnirts\u2028{Forged}\u0085\u0000\uFEFF{new string('x', 5_000)}";

    private static readonly string[] s_paths =
    [
        "/", "/nothing", "/graphql", "/graphql?query={cities{slug}}", "/graphql?query={", "/graphql?sdl", "/graphql/schema",
        "/graphql/schema.graphql", "/graphql/persisted/x", "/graphql/persisted/x/y", "/graphql/explorer/operations",
        "/graphql/explorer/nothing.js", "/health", "/health/live", "/health/ready", "/health/nothing",
    ];

    /// <summary>Every logger at every level writes one line per message, without control sequences.</summary>
    [Theory]
    [InlineData("line")]
    [InlineData("json-line")]
    public async Task The_console_shows_no_text_of_clients_as_it_was_sent(string formatter)
    {
        await using ServerProcess server = await ServerProcess.StartAsync(fixture.Database, "Production", new Dictionary<string, string>
        {
            ["Logging__LogLevel__Default"] = "Trace",
            ["Logging__LogLevel__Microsoft.AspNetCore"] = "Trace",
            ["Logging__LogLevel__Npgsql"] = "Trace",
            ["Logging__Console__FormatterName"] = formatter == "line" ? formatter : "",
            ["Clients__default__Mode"] = "PersistedOnly",
            ["Clients__default__LogOnly"] = "true",
        });
        using var client = new HttpClient { BaseAddress = server.Address };
        foreach (HttpRequestMessage request in HostileRequests())
        {
            using (request)
            {
                using HttpResponseMessage answer = await client.SendAsync(request);
                await answer.Content.ReadAsStringAsync();
            }
        }

        await SendRawAsync(server.Address);
        await server.StopAsync();
        string[] lines = [.. server.Lines];

        // Our loggers and those of others did log them.
        string ours = formatter == "line" ? " CityHelper." : "\"CityHelper.";
        Assert.Contains(lines, line => line.Contains("xxxx", StringComparison.Ordinal) && line.Contains(ours, StringComparison.Ordinal));
        Assert.Contains(lines, line =>
            line.Contains("\\u001B[2J", StringComparison.Ordinal) && line.Contains("Microsoft.AspNetCore.", StringComparison.Ordinal));
        if (formatter == "line")
        {
            Assert.All(lines, line => Assert.Matches(Message(), line));
        }
        else
        {
            Assert.All(lines, line => Assert.True(JsonDocument.Parse(line).RootElement.TryGetProperty("event_id", out _), line));
        }

        Assert.All(lines, line => Assert.False(line.StartsWith(Forged, StringComparison.Ordinal), line));
        Assert.All(
            lines,
            line =>
                Assert.DoesNotContain(
                    line,
                    c =>
                        char.GetUnicodeCategory(c)
                            is UnicodeCategory.Control
                                or UnicodeCategory.Format
                                or UnicodeCategory.LineSeparator
                                or UnicodeCategory.ParagraphSeparator
                                or UnicodeCategory.Surrogate));
        Assert.All(lines, line => Assert.InRange(line.Length, 0, 7 * Server.Limits.LogLineCharsMax));
    }

    /// <summary>Our own messages hold a bounded part of the input, in any log format.</summary>
    [Fact]
    public async Task Our_messages_are_safe_in_any_log()
    {
        await using TestServer server = await TestServer.StartAsync(
            fixture.Database,
            "Production",
            settings: new Dictionary<string, string?> { ["Clients:default:Mode"] = "PersistedOnly", ["Clients:default:LogOnly"] = "true" });
        string name = new('N', 10_000);
        await server.PostAsync(JsonSerializer.Serialize(new { query = $"query {name} {{ cities {{ slug }} }}", operationName = name }));
        string warning = Assert.Single(server.Warnings, w => w.Contains("NNN", StringComparison.Ordinal));
        Assert.InRange(warning.Length, 1, 3 * Limits.LoggedCharsMax);
        Assert.Empty(server.Errors);
    }

    [Theory]
    [InlineData("Development")]
    [InlineData("Production")]
    public async Task No_answer_may_be_taken_for_another_type_and_its_headers_are_few(string environment)
    {
        await using TestServer server = await TestServer.StartAsync(fixture.Database, environment);
        foreach (string path in s_paths)
        {
            foreach (HttpMethod method in new[] { HttpMethod.Get, HttpMethod.Head, HttpMethod.Post, HttpMethod.Options, HttpMethod.Delete })
            {
                foreach (string accept in new[] { "application/json", "text/html", "image/png", "nonsense" })
                {
                    using var request = new HttpRequestMessage(method, path);
                    request.Headers.TryAddWithoutValidation("Accept", accept);
                    AssertHeaders(await server.Client.SendAsync(request), $"{method} {path} {accept}");
                }
            }
        }

        foreach (HttpRequestMessage request in HostileRequests())
        {
            using (request)
            {
                AssertHeaders(await server.Client.SendAsync(request), request.RequestUri!.ToString());
            }
        }
    }

    /// <summary>Refusals are not in the response memory count, so a slow reader must not be able to make them large.</summary>
    [Theory]
    [InlineData("{\"id\":\"#\"}")]
    [InlineData("{\"documentId\":\"#\",\"operationName\":\"#\"}")]
    [InlineData("{\"extensions\":{\"persistedQuery\":{\"version\":1,\"sha256Hash\":\"#\"}}}")]
    [InlineData("{\"query\":\"{ cities { slug } }\",\"operationName\":\"#\"}")]
    [InlineData("{\"query\":\"{ # }\"}")]
    [InlineData("{\"query\":\"query($a: Int) { cities { slug } }\",\"variables\":{\"a\":\"#\"}}")]
    public async Task A_refusal_repeats_little_of_what_was_sent(string body)
    {
        foreach (int length in new[] { 120, 10_000, 60_000 })
        {
            (HttpResponseMessage answer, JsonElement json) = await fixture.Server.PostAsync(
                body.Replace("#", new string('x', length), StringComparison.Ordinal));
            using (answer)
            {
                Assert.NotNull(AttackedServer.CodeOf(json));
                Assert.InRange(json.GetRawText().Length, 1, 4 * Limits.ErrorMessageCharsMax);
            }
        }
    }

    [Fact]
    public async Task How_rows_are_reached_is_told_in_development_alone_and_in_few_words()
    {
        string roots = string.Concat(
            Enumerable
                .Range(0, Limits.RootFieldsMax)
                .Select(i => $"{new string((char)('a' + i), 500)}: serviceRequests(city: \"nyc\", first: 1) {{ nodes {{ id }} }} "));
        using HttpResponseMessage told = await DebugAsync(fixture.Server, $"{{ {roots} }}");
        string accessPaths = Assert.Single(told.Headers.GetValues(GraphQLHttpHandler.AccessPathsHeader));
        Assert.Equal(Limits.AccessPathsHeaderCharsMax, accessPaths.Length);

        await using TestServer production = await TestServer.StartAsync(
            fixture.Database, "Production", settings: new Dictionary<string, string?> { ["Clients:default:Mode"] = "FreeText" });
        using HttpResponseMessage untold = await DebugAsync(production, "{ serviceRequests(city: \"nyc\", first: 1) { nodes { id } } }");
        Assert.Equal(HttpStatusCode.OK, untold.StatusCode);
        Assert.False(untold.Headers.Contains(GraphQLHttpHandler.AccessPathsHeader));
    }

    private static async Task<HttpResponseMessage> DebugAsync(TestServer server, string query)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/graphql") { Content = Json(new { query }) };
        request.Headers.Add(GraphQLHttpHandler.DebugHeader, s_hostile.AsSpan()[^100..].ToString());
        return await server.Client.SendAsync(request);
    }

    // Every part of a request that may appear in a message, ours or another's.
    private static IEnumerable<HttpRequestMessage> HostileRequests()
    {
        string encoded = Uri.EscapeDataString(s_hostile.Replace("\0", "", StringComparison.Ordinal));
        string name = new('x', 20_000);
        yield return Post(new { query = $"query {name} {{ cities {{ slug }} }}" });
        yield return Post(new { query = $"query {name} {{ {name} }}", operationName = s_hostile });
        yield return Post(new { query = $"query {s_hostile} {{ cities {{ slug }} }}" });
        yield return Post(new { query = "{ serviceRequest(city: \"nyc\", id: \"" + new string('x', 900) + "\") { id } }" });
        yield return Post(
            new { query = "query Q($c: String!) { serviceRequests(city: $c) { nodes { id } } }", variables = new { c = s_hostile } });
        yield return Post(
            new
            {
                query = "query Q($c: Int!) { serviceRequests(city: \"nyc\", first: $c) { nodes { id } } }",
                variables = new { c = s_hostile },
            }
        );
        yield return Post(new { query = "{ cities { slug } }", variables = new Dictionary<string, object> { [s_hostile] = s_hostile } });
        yield return Post(new { query = "{ cities { slug } }", extensions = ClientFixture.Persisted(s_hostile) });
        yield return Post(new { query = $"{{ __schema {{ types {{ {name}: name }} }} }}" });
        yield return Post(new { id = s_hostile });
        yield return Post(new { id = "x" + name });
        yield return Post(new { documentId = s_hostile, operationName = s_hostile });
        yield return new HttpRequestMessage(HttpMethod.Get, $"/graphql?id={encoded[..2_000]}&operationName={encoded[..2_000]}");
        yield return new HttpRequestMessage(HttpMethod.Get, $"/graphql?query={encoded[..4_000]}");
        yield return new HttpRequestMessage(HttpMethod.Get, $"/graphql/persisted/{encoded[..2_000]}/{encoded[..1_000]}");
        yield return new HttpRequestMessage(HttpMethod.Get, $"/{encoded[..3_000]}?{encoded[..1_000]}");
        yield return new HttpRequestMessage(HttpMethod.Delete, $"/graphql/{encoded[..2_000]}");
        foreach (
            string header in new[]
            {
                ClientDirectory.NameHeader,
                ClientDirectory.KeyHeader,
                "Accept",
                "Accept-Encoding",
                GraphQLHttpHandler.CostHeaderName,
                GraphQLHttpHandler.DebugHeader,
                "User-Agent",
                "X-Forwarded-For",
                "Referer",
                "traceparent",
            }
        )
        {
            HttpRequestMessage request = Post(new { query = "{ cities { slug } }" });
            request.Headers.Remove(header);
            request.Headers.TryAddWithoutValidation(header, $"x [31m \\n {Forged} {new string('x', 5_000)}");
            yield return request;
        }

        HttpRequestMessage type = Post(new { query = "{ cities { slug } }" });
        type.Content!.Headers.Remove("Content-Type");
        type.Content.Headers.TryAddWithoutValidation("Content-Type", $"text/{new string('x', 5_000)}");
        yield return type;
    }

    // Requests that no client library sends.
    private static async Task SendRawAsync(Uri server)
    {
        foreach (string head in new[]
        {
            "GET /\u001b[2J HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /%1b%5b2J%0a%0dxxxx HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: \u001b[2J\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: \u001b[2J\r\nConnection: close\r\n\r\n",
            "\u001b[2J / HTTP/1.1\r\n\r\n",
            "GET / HTTP/\u001b\r\n\r\n",
            "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: "
                + "chunked\r\n\r\n\u001b[2J\r\n",
            "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: \u001b[2J\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
        })
        {
            using SlowConnection connection = await SlowConnection.OpenAsync(server);
            await connection.SendLastAsync(Encoding.Latin1.GetBytes(head));
            await connection.ReadBodyAsync(long.MaxValue);
        }
    }

    private static HttpRequestMessage Post(object body) => new(HttpMethod.Post, "/graphql") { Content = Json(body) };

    private static StringContent Json(object body) => new(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");

    private static void AssertHeaders(HttpResponseMessage answer, string of)
    {
        using (answer)
        {
            Assert.True(
                answer.Headers.TryGetValues("X-Content-Type-Options", out IEnumerable<string>? values) && values.SequenceEqual(["nosniff"]),
                of);
            int bytes = answer
                .Headers.NonValidated.Concat(answer.Content.Headers.NonValidated)
                .Sum(h => h.Key.Length + h.Value.Sum(v => v.Length) + 4);
            Assert.True(bytes <= HeaderBytesMax, $"{of} is answered with {bytes} bytes of headers.");
        }
    }

    /// <summary>
    /// No response has the explorer's policy or a Content-Disposition together with the usual headers, which are 300 bytes.
    /// </summary>
    private const int HeaderBytesMax = 1_500;

    [GeneratedRegex(@"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (trce|dbug|info|warn|fail|crit) [^\s\[]+\[-?\d+\] |      )")]
    private static partial Regex Message();
}
