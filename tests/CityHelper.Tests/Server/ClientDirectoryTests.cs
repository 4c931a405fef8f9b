using CityHelper.Engine.Clients;
using CityHelper.Engine.Pricing;
using CityHelper.Server;
using CityHelper.Server.Clients;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace CityHelper.Tests.Server;

/// <summary>Clients as configured.</summary>
public sealed class ClientDirectoryTests
{
    private static readonly string s_hash = new('a', 64);

    [Theory]
    [InlineData(true, ClientMode.FreeText)]
    [InlineData(false, ClientMode.PersistedOnly)]
    public void Without_a_configuration_everybody_is_as_the_environment_says(bool isDevelopment, ClientMode mode)
    {
        ClientProfile client = new ClientDirectory(new Dictionary<string, ClientSettings>(), isDevelopment).Identify(new DefaultHttpContext().Request);
        Assert.Equal((mode, PriceLimit.Default, false), (client.Mode, client.PriceLimit, client.LogOnly));
    }

    [Theory]
    [InlineData("app", "", "Mode is one of PersistedOnly, Registration, FreeText")]
    [InlineData("app", "2", "Mode is one of")]
    [InlineData("app", "Everything", "Mode is one of")]
    public void A_mode_that_there_is_not_is_said(string name, string mode, string message) =>
        AssertRefused(new() { [name] = new ClientSettings { Mode = mode } }, $"The client {name} of the section Clients: {message}");

    [Fact]
    public void A_key_itself_is_not_taken_for_its_hash() =>
        AssertRefused(new() { ["app"] = new ClientSettings { Mode = "FreeText", ApiKeySha256 = ["secret"] } }, "SHA-256");

    [Fact]
    public void Two_clients_of_one_key_or_host_are_said()
    {
        AssertRefused(
            new() { ["one"] = new ClientSettings { Mode = "FreeText", ApiKeySha256 = [s_hash] }, ["two"] = new ClientSettings { Mode = "FreeText", ApiKeySha256 = [s_hash] } },
            "is that of one already");
        AssertRefused(
            new() { ["one"] = new ClientSettings { Mode = "FreeText", Hosts = ["a.example"] }, ["two"] = new ClientSettings { Mode = "FreeText", Hosts = ["A.example"] } },
            "is that of one already");
    }

    [Theory]
    [InlineData("FreeText", false)]
    [InlineData("PersistedOnly", true)]
    public void Who_is_known_by_a_name_alone_may_not_send_any_text_in_production(string mode, bool logOnly)
    {
        var clients = new Dictionary<string, ClientSettings> { ["app"] = new() { Mode = mode, LogOnly = logOnly } };
        Assert.Contains("known by its name alone", Assert.Throws<ConfigurationException>(() => new ClientDirectory(clients, isDevelopment: false)).Message, StringComparison.Ordinal);
        _ = new ClientDirectory(clients, isDevelopment: true);
        clients["app"].Hosts = ["a.example"];
        _ = new ClientDirectory(clients, isDevelopment: false);
    }

    [Fact]
    public void A_negative_limit_is_said() =>
        AssertRefused(new() { ["app"] = new ClientSettings { Mode = "FreeText", MaxFieldCost = -1 } }, "no limit may be negative");

    private static void AssertRefused(Dictionary<string, ClientSettings> clients, string message) =>
        Assert.Contains(message, Assert.Throws<ConfigurationException>(() => new ClientDirectory(clients, isDevelopment: true)).Message, StringComparison.Ordinal);
}
