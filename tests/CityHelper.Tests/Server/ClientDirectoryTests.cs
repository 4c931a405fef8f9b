using CityHelper.Engine;
using CityHelper.Engine.Admission;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Cost;
using CityHelper.Server;
using CityHelper.Server.Admission;
using CityHelper.Server.Clients;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace CityHelper.Tests.Server;

public sealed class ClientDirectoryTests
{
    private static readonly string s_hash = new('a', 64);

    [Theory]
    [InlineData(true, ClientMode.FreeText)]
    [InlineData(false, ClientMode.PersistedOnly)]
    public void Without_a_configuration_everybody_is_as_the_environment_says(bool isDevelopment, ClientMode mode)
    {
        ClientProfile client = new ClientDirectory(new Dictionary<string, ClientSettings>(), isDevelopment).Identify(
            new DefaultHttpContext().Request);
        Assert.Equal((mode, CostLimit.Default, false), (client.Mode, client.CostLimit, client.LogOnly));
    }

    [Theory]
    [InlineData("app", "", "Mode is one of PersistedOnly, Registration, FreeText")]
    [InlineData("app", "2", "Mode is one of")]
    [InlineData("app", "Everything", "Mode is one of")]
    public void A_mode_that_there_is_not_is_said(string name, string mode, string message) =>
        AssertRefused(new() { [name] = new ClientSettings { Mode = mode } }, $"The client {name} of the section Clients: {message}");

    [Theory]
    [InlineData(true, WriteAccess.All)]
    [InlineData(false, WriteAccess.None)]
    public void Without_a_setting_only_unidentified_clients_in_development_may_write(bool isDevelopment, WriteAccess writes)
    {
        Dictionary<string, ClientSettings> clients = [];
        Assert.Equal(writes, new ClientDirectory(clients, isDevelopment).Identify(new DefaultHttpContext().Request).Writes);
        clients["default"] = new() { Mode = "FreeText" };
        clients["app"] = new() { Mode = "PersistedOnly" };
        var directory = new ClientDirectory(clients, isDevelopment);
        Assert.Equal(writes, directory.Identify(new DefaultHttpContext().Request).Writes);
        var named = new DefaultHttpContext();
        named.Request.Headers[ClientDirectory.NameHeader] = "app";
        Assert.Equal(("app", WriteAccess.None), (directory.Identify(named.Request).Name, directory.Identify(named.Request).Writes));
    }

    [Theory]
    [InlineData("app", "Everything", "Writes is one of None, Report, All")]
    [InlineData("app", "2", "Writes is one of None, Report, All")]
    [InlineData("app", "All", "it may send all mutations, and anybody could pass for it without a key")]
    [InlineData("default", "All", "it stands for clients without a key, which may not send all mutations")]
    public void Writes_that_cannot_be_are_said(string name, string writes, string message) =>
        Assert.Contains(
            $"The client {name} of the section Clients: {message}",
            Assert.Single(ClientDirectory.Problems(
                new Dictionary<string, ClientSettings> { [name] = new() { Mode = "PersistedOnly", Writes = writes } },
                isDevelopment: false)),
            StringComparison.Ordinal);

    [Fact]
    public void All_mutations_need_a_key_outside_development_and_reports_do_not()
    {
        var clients = new Dictionary<string, ClientSettings>
        {
            ["default"] = new() { Mode = "PersistedOnly", Writes = "report" },
            ["app"] = new() { Mode = "PersistedOnly", Writes = "All", ApiKeySha256 = [s_hash] },
            ["web"] = new() { Mode = "PersistedOnly", Writes = "Report", Hosts = ["a.example"] },
        };
        var directory = new ClientDirectory(clients, isDevelopment: false);
        Assert.Equal(WriteAccess.Report, directory.Identify(new DefaultHttpContext().Request).Writes);
        clients["app"].ApiKeySha256 = [];
        clients["app"].Hosts = ["b.example"];
        Assert.Throws<ConfigurationException>(() => new ClientDirectory(clients, isDevelopment: false));
        _ = new ClientDirectory(clients, isDevelopment: true);
    }

    [Fact]
    public void A_key_itself_is_not_taken_for_its_hash() =>
        AssertRefused(new() { ["app"] = new ClientSettings { Mode = "FreeText", ApiKeySha256 = ["secret"] } }, "SHA-256");

    [Fact]
    public void Two_clients_of_one_key_or_host_are_said()
    {
        AssertRefused(
            new()
            {
                ["one"] = new ClientSettings { Mode = "FreeText", ApiKeySha256 = [s_hash] },
                ["two"] = new ClientSettings { Mode = "FreeText", ApiKeySha256 = [s_hash] },
            },
            "is that of one already");
        AssertRefused(
            new()
            {
                ["one"] = new ClientSettings { Mode = "FreeText", Hosts = ["a.example"] },
                ["two"] = new ClientSettings { Mode = "FreeText", Hosts = ["A.example"] },
            },
            "is that of one already");
    }

    /// <summary>With it, whoever learns the name could report where unidentified clients may not.</summary>
    [Theory]
    [InlineData("", false)]
    [InlineData("None", false)]
    [InlineData("Report", true)]
    public void Who_is_known_by_a_name_alone_writes_no_more_than_anybody_in_production(string everybody, bool isAllowed)
    {
        var clients = new Dictionary<string, ClientSettings>
        {
            ["default"] = new() { Mode = "PersistedOnly", Writes = everybody },
            ["app"] = new() { Mode = "PersistedOnly", Writes = "Report" },
        };
        IReadOnlyCollection<string> problems = ClientDirectory.Problems(clients, isDevelopment: false);
        Assert.Equal(isAllowed ? 0 : 1, problems.Count);
        Assert.All(problems, problem => Assert.Contains("known by its name alone", problem, StringComparison.Ordinal));
        Assert.Empty(ClientDirectory.Problems(clients, isDevelopment: true));
    }

    [Theory]
    [InlineData("FreeText", false, null)]
    [InlineData("Registration", false, null)]
    [InlineData("PersistedOnly", true, null)]
    [InlineData("PersistedOnly", false, 1_001d)]
    public void Who_is_known_by_a_name_alone_may_not_send_texts_or_cost_more_than_anybody_in_production(
        string mode, bool logOnly, double? maxFieldCost)
    {
        var clients = new Dictionary<string, ClientSettings>
        {
            ["app"] = new()
            {
                Mode = mode,
                LogOnly = logOnly,
                MaxFieldCost = maxFieldCost,
            },
        };
        Assert.Contains(
            "known by its name alone",
            Assert.Throws<ConfigurationException>(() => new ClientDirectory(clients, isDevelopment: false)).Message,
            StringComparison.Ordinal);
        _ = new ClientDirectory(clients, isDevelopment: true);

        // Nor where every client may send texts: that right may later be removed for all, and this setting would be overlooked.
        clients["default"] = new ClientSettings { Mode = "FreeText", LogOnly = true };
        Assert.Throws<ConfigurationException>(() => new ClientDirectory(clients, isDevelopment: false));
        clients["app"].Hosts = ["a.example"];
        _ = new ClientDirectory(clients, isDevelopment: false);
    }

    [Theory]
    [InlineData("https://a.example")]
    [InlineData("a.example:443")]
    [InlineData("a.example.")]
    [InlineData("ä.example")]
    [InlineData("::1")]
    [InlineData("")]
    public void A_host_that_no_request_names_is_said(string host) =>
        AssertRefused(new() { ["app"] = new ClientSettings { Mode = "PersistedOnly", Hosts = [host] } }, "is no host's name");

    [Theory]
    [InlineData("a.example", "A.Example.:8080")]
    [InlineData("192.0.2.1", "192.0.2.1:80")]
    [InlineData("[2001:db8::1]", "[2001:db8::1]:80")]
    public void A_host_is_one_however_it_is_spelled(string configured, string asked)
    {
        var clients = new ClientDirectory(
            new Dictionary<string, ClientSettings>
            {
                ["app"] = new() { Mode = "Registration", Hosts = [configured] },
            },
            isDevelopment: false);
        var http = new DefaultHttpContext();
        http.Request.Host = new HostString(asked);
        Assert.Equal("app", clients.Identify(http.Request).Name);
    }

    /// <summary>If two header lines carry two keys, neither counts, whichever one a proxy in front looked at.</summary>
    [Fact]
    public void A_key_or_a_name_that_is_sent_twice_is_none()
    {
        const string Key = "secret";
        var clients = new ClientDirectory(
            new Dictionary<string, ClientSettings>
            {
                ["app"] = new()
                {
                    Mode = "FreeText",
                    ApiKeySha256 = [Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("secret"u8))],
                },
                ["named"] = new() { Mode = "Registration" },
            },
            isDevelopment: true);
        string Of(params string[] keys)
        {
            var http = new DefaultHttpContext();
            http.Request.Headers[ClientDirectory.KeyHeader] = keys;
            return clients.Identify(http.Request).Name;
        }

        Assert.Equal(("app", "default", "default"), (Of(Key), Of(Key, Key), Of("", Key)));
        var named = new DefaultHttpContext();
        named.Request.Headers[ClientDirectory.NameHeader] = new[] { "named", "named" };
        Assert.Equal("default", clients.Identify(named.Request).Name);
    }

    [Fact]
    public void A_quota_beyond_what_is_remembered_is_said() =>
        AssertRefused(
            new()
            {
                ["app"] = new ClientSettings
                {
                    Mode = "Registration",
                    RegistrationsPerDay = CityHelper.Engine.Limits.RegistrationsPerDayMax + 1,
                },
            },
            "at most");

    [Fact]
    public void A_negative_limit_is_said() =>
        AssertRefused(new() { ["app"] = new ClientSettings { Mode = "FreeText", MaxFieldCost = -1 } }, "no limit may be negative");

    [Fact]
    public void A_client_with_a_key_or_a_host_has_a_share_of_its_own_and_one_with_a_name_that_of_everybody()
    {
        var clients = new ClientDirectory(
            new Dictionary<string, ClientSettings>
            {
                ["default"] = new() { Mode = "PersistedOnly", DearAtOnce = 3 },
                ["civic"] = new() { Mode = "Registration", ApiKeySha256 = [s_hash] },
                ["web"] = new() { Mode = "PersistedOnly", Hosts = ["www.example.org"], CheapAtOnce = 8, DearAtOnce = 2 },
                ["small"] = new() { Mode = "PersistedOnly", Hosts = ["small.example.org"], CheapAtOnce = 0, DearAtOnce = 0 },
                ["named"] = new() { Mode = "PersistedOnly" },
            },
            isDevelopment: false);
        var everybody = new ClientShare("default", ClientShare.Everybody.CheapAtOnce, 3);
        Assert.Equal(
            [
                new ClientShare("civic", CityHelper.Engine.Limits.CheapAtOnceOfClient, CityHelper.Engine.Limits.DearAtOnceOfClient),
                everybody,
                new ClientShare("web", 8, 2),
            ],
            clients.Shares.OrderBy(share => share.Name, StringComparer.Ordinal));
        foreach (string? header in new[] { null, "named" })
        {
            var http = new DefaultHttpContext();
            http.Request.Headers[ClientDirectory.NameHeader] = header;
            Assert.Equal(everybody, clients.Identify(http.Request).Share);
        }
    }

    [Fact]
    public void A_share_that_makes_no_sense_is_said()
    {
        AssertRefused(
            new()
            {
                ["app"] = new ClientSettings { Mode = "FreeText", CheapAtOnce = 2 },
            },
            "known by its name alone");
        AssertRefused(
            new()
            {
                ["default"] = new ClientSettings
                {
                    Mode = "FreeText",
                    CheapAtOnce = 0,
                    DearAtOnce = 0,
                },
            },
            "CheapAtOnce and DearAtOnce are 1 to 1000");
        AssertRefused(
            new()
            {
                ["app"] = new ClientSettings
                {
                    Mode = "FreeText",
                    Hosts = ["a.example"],
                    DearAtOnce = 0,
                },
            },
            "or both 0 to run in the share of default");
    }

    [Fact]
    public void The_shares_of_all_clients_must_find_connections()
    {
        ClientShare[] shares = [new("default", 4, 2), new("civic", 2, 1)];
        Assert.Null(new AdmissionSettings { Connections = 10 }.Problem(shares));
        Assert.StartsWith(
            "The shares of default, civic admit 9 executions at once, so Admission__Connections must be at least 10 and is 9",
            new AdmissionSettings { Connections = 9 }.Problem(shares),
            StringComparison.Ordinal);
    }

    [Fact]
    public void All_that_is_wrong_with_clients_is_said_at_once() => Assert.Equal(
        [
            "The client app of the section Clients: Mode is one of PersistedOnly, Registration, FreeText.",
            "The client app of the section Clients: `a.example:1` is no host's name: leave scheme, port and a dot at its end out.",
            "The client other of the section Clients: no limit may be negative.",
        ],
        Assert.Throws<ConfigurationException>(() => new ClientDirectory(
            new Dictionary<string, ClientSettings>
            {
                ["app"] = new() { Hosts = ["a.example:1"] },
                ["other"] = new() { Mode = "FreeText", MaxFieldCost = -1 },
            },
            isDevelopment: true)).Problems);

    /// <summary>Two servers with default settings, an import, a migration and a person fit into PostgreSQL's default connections.</summary>
    [Fact]
    public void The_limits_of_the_server_agree_with_each_other() => CityHelper.Server.Limits.Verify();

    private static void AssertRefused(Dictionary<string, ClientSettings> clients, string message) =>
        Assert.Contains(
            message,
            Assert.Throws<ConfigurationException>(() => new ClientDirectory(clients, isDevelopment: true)).Message,
            StringComparison.Ordinal);
}
