using System.Security.Cryptography;
using System.Text;
using CityHelper.Server.Clients;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace CityHelper.Tests.Server;

/// <summary>Clients that say who they are beside the request, and origins of pages.</summary>
public sealed class ClientSocketTests
{
    private static readonly ClientDirectory s_directory = new(
        new Dictionary<string, ClientSettings>
        {
            ["app"] = new() { Mode = "PersistedOnly", ApiKeySha256 = [HashOf("app's")], Origins = ["https://app.example"] },
            ["other"] = new() { Mode = "PersistedOnly", ApiKeySha256 = [HashOf("other's")] },
            ["site"] = new() { Mode = "PersistedOnly", Hosts = ["site.example"] },
            ["named"] = new() { Mode = "PersistedOnly" },
            ["default"] = new() { Mode = "PersistedOnly", Origins = ["http://localhost:3000"] },
        },
        isDevelopment: false);

    [Theory]
    [InlineData(null, null, null, null, null, "default")]
    [InlineData("app's", null, null, null, null, "app")]
    [InlineData(null, null, "app's", null, null, "app")]
    [InlineData("app's", "named", "other's", null, "site.example", "app")]
    [InlineData("app's", null, "nobody's", null, null, "app")]
    [InlineData("nobody's", null, null, null, null, null)]
    [InlineData("nobody's", "named", "app's", null, "site.example", null)]
    [InlineData(null, null, "nobody's", null, null, null)]
    [InlineData(null, "named", null, null, null, "named")]
    [InlineData(null, null, null, "named", null, "named")]
    [InlineData(null, "nobody", null, "named", null, "default")]
    [InlineData(null, "named", null, null, "site.example", "site")]
    public void A_client_is_known_by_what_it_says_and_then_by_its_headers(
        string? key, string? name, string? keyHeader, string? nameHeader, string? host, string? client)
    {
        var http = new DefaultHttpContext();
        http.Request.Host = new HostString(host ?? "api.example");
        if (keyHeader is not null)
        {
            http.Request.Headers[ClientDirectory.KeyHeader] = keyHeader;
        }

        if (nameHeader is not null)
        {
            http.Request.Headers[ClientDirectory.NameHeader] = nameHeader;
        }

        Assert.Equal(client, s_directory.Identify(http.Request, key, name)?.Name);
    }

    [Theory]
    [InlineData("https://app.example", true)]
    [InlineData("HTTPS://app.EXAMPLE", true)]
    [InlineData("http://localhost:3000", true)]
    [InlineData("http://app.example", false)]
    [InlineData("https://app.example:8443", false)]
    [InlineData("https://app.example/", false)]
    [InlineData("null", false)]
    [InlineData("", false)]
    public void An_origin_is_allowed_as_it_is_configured(string origin, bool isAllowed) =>
        Assert.Equal(isAllowed, s_directory.AllowsOrigin(origin));

    [Theory]
    [InlineData("app.example")]
    [InlineData("https://app.example/")]
    [InlineData("https://app.example/map")]
    [InlineData("https://app.example:443")]
    [InlineData("https://user@app.example")]
    [InlineData("https://*.example")]
    [InlineData("wss://app.example")]
    [InlineData("null")]
    [InlineData("*")]
    [InlineData("")]
    public void What_no_browser_sends_is_no_origin(string origin)
    {
        string problem = Assert.Single(ClientDirectory.Problems(
            new Dictionary<string, ClientSettings> { ["app"] = new() { Mode = "PersistedOnly", Origins = [origin] } },
            isDevelopment: true));
        Assert.StartsWith($"The client app of the section Clients: `{origin}` is no origin", problem, StringComparison.Ordinal);
    }

    private static string HashOf(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));
}
