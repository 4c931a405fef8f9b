using System.Net;
using System.Text;
using System.Text.Json;
using CityHelper.Engine;
using CityHelper.Engine.Admission;
using CityHelper.Engine.Clients;
using CityHelper.IntegrationTests.Serving;
using CityHelper.Server.Clients;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>Sends requests to a server that admits only so many at once, and looks at its answers and at its permits.</summary>
internal static class AdmissionProbe
{
    /// <summary>What a server answers.</summary>
    public sealed record Answer(HttpStatusCode Status, TimeSpan? RetryAfter, JsonElement Json);

    /// <summary>Sends a query, as the client of a key or as anybody.</summary>
    public static async Task<Answer> SendAsync(
        TestServer server, string query, string? key = null, string accept = "application/graphql-response+json")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/graphql")
        {
            Content = new StringContent(JsonSerializer.Serialize(new { query }), Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("Accept", accept);
        if (key is not null)
        {
            request.Headers.Add(ClientDirectory.KeyHeader, key);
        }

        (HttpResponseMessage response, JsonElement json) = await server.SendAsync(request);
        return new Answer(response.StatusCode, response.Headers.RetryAfter?.Delta, json);
    }

    /// <summary>Gets a URL of the server.</summary>
    public static async Task<Answer> GetAsync(TestServer server, string url)
    {
        using HttpResponseMessage response = await server.Client.GetAsync(url);
        return new Answer(
            response.StatusCode,
            response.Headers.RetryAfter?.Delta,
            await response.Content.ReadAsStringAsync() is ['{', ..] text ? JsonDocument.Parse(text).RootElement : default);
    }

    /// <summary>Overload refuses a request as a whole, and says when to come again.</summary>
    public static void AssertRefused(Answer answer)
    {
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "OVERLOADED"), (answer.Status, AttackedServer.CodeOf(answer.Json)));
        Assert.False(answer.Json.TryGetProperty("data", out _));
        Assert.InRange(answer.RetryAfter!.Value.TotalSeconds, 1, 2 * Limits.RetrySecondsMax);
    }

    /// <summary>The permits of a client.</summary>
    public static ClientShare ShareOf(TestServer server, string client) =>
        ((ClientDirectory)server.Services.GetRequiredService<IClientDirectory>()).Shares.Single(share => share.Name == client);

    /// <summary>The permits of a client that are free, and how many requests wait for one.</summary>
    public static (long DearFree, long DearQueued, long CheapFree, long CheapQueued, long TextsFree) LookAt(
        TestServer server, string client) => server.Services.GetRequiredService<AdmissionControl>().Snapshot(ShareOf(server, client));

    /// <summary>No client holds a permit, and no request waits for one.</summary>
    public static void AssertAllFree(TestServer server) => Assert.All(
        ((ClientDirectory)server.Services.GetRequiredService<IClientDirectory>()).Shares,
        share => Assert.Equal((share.DearAtOnce, 0, share.CheapAtOnce, 0, share.TextsAtOnce), LookAt(server, share.Name)));

    /// <summary>Waits for a condition. Sends a request between two checks, so that nothing waits by the clock.</summary>
    public static async Task UntilAsync(TestServer server, Func<bool> holds)
    {
        const int LooksMax = 20_000;
        for (int look = 0; !holds(); look++)
        {
            Assert.True(look < LooksMax, "It does not come to that.");
            (await server.Client.GetAsync("/health/live")).Dispose();
        }
    }
}
