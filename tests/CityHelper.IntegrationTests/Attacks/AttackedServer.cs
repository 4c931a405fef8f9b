using System.Net;
using System.Text.Json;
using CityHelper.IntegrationTests.Serving;
using Xunit;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// A server under attack: each request gets the expected answer, allocates no more than allowed, and leaves a server that answers.
/// </summary>
internal static class AttackedServer
{
    /// <summary>
    /// Bytes that the whole process may allocate for one request, other tests included. The largest allowed document takes some 20 MB to
    /// parse and validate; without limits these attacks would allocate over a hundred.
    /// </summary>
    public const long AllocatedBytesMax = 64L * 1024 * 1024;

    /// <summary>Sends a query that must be refused as a whole.</summary>
    public static Task<JsonElement> RefusesAsync(this TestServer server, string query, string code, object? variables = null) =>
        server.AnswersAsync(JsonSerializer.Serialize(new { query, variables }), code, HttpStatusCode.BadRequest);

    /// <summary>Sends a query that must be answered without errors.</summary>
    public static async Task<JsonElement> AllowsAsync(this TestServer server, string query, object? variables = null) =>
        (await server.AnswersAsync(JsonSerializer.Serialize(new { query, variables }), null, HttpStatusCode.OK)).GetProperty("data");

    /// <summary>Sends a body.</summary>
    /// <param name="server">The server.</param>
    /// <param name="body">JSON.</param>
    /// <param name="code">The code of the first error; null for none.</param>
    /// <param name="status">The status.</param>
    public static async Task<JsonElement> AnswersAsync(this TestServer server, string body, string? code, HttpStatusCode status)
    {
        long before = GC.GetTotalAllocatedBytes(precise: true);
        (HttpResponseMessage response, JsonElement json) = await server.PostAsync(body);
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, AllocatedBytesMax);
        Assert.Equal((code, status), (CodeOf(json), response.StatusCode));

        JsonElement sane = await server.DataAsync("{ cities { slug } }");
        Assert.Equal("nyc", sane.GetProperty("cities")[0].GetProperty("slug").GetString());
        Assert.Empty(server.Errors);
        return json;
    }

    /// <summary>The code of the first error; null without one.</summary>
    public static string? CodeOf(JsonElement json) =>
        json.TryGetProperty("errors", out JsonElement errors) ? errors[0].GetProperty("extensions").GetProperty("code").GetString() : null;

    public static string Repeat(int count, Func<int, string> part) => string.Concat(Enumerable.Range(0, count).Select(part));

    public static string Repeat(int count, string text) => Repeat(count, _ => text);
}
