using CityHelper.Server;
using CityHelper.Server.Configuration;
using CityHelper.Server.Http;
using CityHelper.Server.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace CityHelper.Tests.Server;

/// <summary>A wrongly configured server does not start, and reports all errors at once.</summary>
public sealed class ConfigurationTests : IDisposable
{
    /// <summary>The settings that a server in Production needs.</summary>
    private static readonly Dictionary<string, string?> s_right = new()
    {
        ["CITYHELPER_DATABASE"] = "Host=none",
        ["CITYHELPER_CURSOR_KEY"] = Convert.ToBase64String(new byte[32]),
        ["CITYHELPER_REDIS"] = null,
    };

    private readonly string _home = Directory.CreateTempSubdirectory("cityhelper-configuration-").FullName;

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [Fact]
    public async Task Five_mistakes_are_five_sentences_in_one_message()
    {
        ConfigurationException refused = await RefusedAsync(
            ("CITYHELPER_DATABASE", null),
            ("CITYHELPER_BATCHING", "many"),
            ("Clients:civic:Mode", "Everything"),
            ("Admission:QueueMs", "5000"),
            ("OTEL_TRACES_SAMPLER_ARG", "10%"));
        Assert.Equal(
            """
            The configuration has 5 problems:
            - Set CITYHELPER_DATABASE to the connection string of the database.
            - CITYHELPER_BATCHING is many: set it to a whole number of requests, 0 to 50.
            - The client civic of the section Clients: Mode is one of PersistedOnly, Registration, FreeText.
            - Admission__QueueMs is 5000: set it to a whole number of milliseconds, 1 to 4999.
            - OTEL_TRACES_SAMPLER_ARG is 10%: set it to a number, 0 to 1.
            """,
            refused.Message);
    }

    [Theory]
    [InlineData("CITYHELPER_DATABASE", "Host=none;Password=hunter2;hunter3=x", "CITYHELPER_DATABASE is not a connection string")]
    [InlineData("CITYHELPER_DATABASE_REPLICAS", "Host=a,b;Password=hunter2;hunter3=x", "CITYHELPER_DATABASE_REPLICAS is not a connection")]
    [InlineData("CITYHELPER_DATABASE_REPLICAS", "Password=hunter2", "CITYHELPER_DATABASE_REPLICAS is not a connection string with a list")]
    [InlineData("CITYHELPER_DATABASE_REPLICAS", "Host=a,,b;Password=hunter2", "CITYHELPER_DATABASE_REPLICAS is not a connection string")]
    [InlineData("CITYHELPER_REDIS", "127.0.0.1:6379,password=hunter1,hunter2=x", "CITYHELPER_REDIS is not a connection string")]
    [InlineData("CITYHELPER_CURSOR_KEY", "hunter2", "CITYHELPER_CURSOR_KEY must be 32 bytes in Base64")]
    [InlineData("CITYHELPER_CURSOR_KEY_PREVIOUS", "hunter2", "CITYHELPER_CURSOR_KEY_PREVIOUS must be 32 bytes in Base64")]
    [InlineData("Clients:civic:ApiKeySha256:0", "hunter2", "ApiKeySha256 takes SHA-256 hashes")]
    [InlineData("Inbox:parks:Key", "hunter2", "Inbox__parks__Key is no key: it is 32 bytes in Base64")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "hunter2@collector", "OTEL_EXPORTER_OTLP_ENDPOINT is no address")]
    public async Task A_secret_is_not_repeated(string key, string value, string message)
    {
        ConfigurationException refused = await RefusedAsync(
            (key, value), ("Clients:civic:Mode", "Registration"), ("Clients:civic:Hosts:0", "civic.example.org"));
        Assert.Contains(message, Assert.Single(refused.Problems), StringComparison.Ordinal);
        Assert.DoesNotContain("hunter", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Http:Connections", "0", "Http__Connections is 0: set it to a whole number of connections, 1 to 100000.")]
    [InlineData("Http:Connection", "5", "Http__Connection is no setting: set one of Connections.")]
    [InlineData("Admission:QueMs", "5", "Admission__QueMs is no setting: set one of CheapCost, CheapQueued, Connections, ")]
    [InlineData("Clients:default:LogOnly", "yes", "Clients__default__LogOnly is yes: set it to true or false.")]
    [InlineData("Clients:default:Modus", "FreeText", "Clients__default__Modus is no setting: set one of ")]
    [InlineData("Inbox:parks:Cities:0", "nyc", "Inbox__parks__Key is no key: it is 32 bytes in Base64")]
    [InlineData("Inbox:Parks_:Cities:0", "nyc", "The section Inbox has a name that is none: use at most 40 of a-z, 0-9 and -")]
    [InlineData("Metrics:Port", "70000", "Metrics__Port is 70000: set it to a whole number, 1 to 65535.")]
    [InlineData("Metrics:Address", "everywhere", "Metrics__Address is everywhere: set it to an IP address of this machine")]
    [InlineData("OTEL_TRACES_SAMPLER", "sometimes", "OTEL_TRACES_SAMPLER is sometimes: set it to one of always_on, always_off, ")]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "OTEL_EXPORTER_OTLP_PROTOCOL is http/json: set it to grpc or http/protobuf.")]
    [InlineData("Admission:Connections", "3", "The shares of default admit ")]
    public async Task A_value_that_makes_no_sense_is_said_with_what_to_set(string key, string value, string message)
    {
        ConfigurationException refused = await RefusedAsync((key, value), ("Clients:default:Mode", "PersistedOnly"));
        Assert.StartsWith(message, Assert.Single(refused.Problems), StringComparison.Ordinal);
        Assert.Equal(refused.Problems.Single(), refused.Message);
    }

    [Fact]
    public void Variables_that_are_empty_are_not_set()
    {
        IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["CITYHELPER_DATABASE"] = "",
            ["Http:Connections"] = "",
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "",
        }).Build();
        Assert.Null(SettingsReader.Read<DatabaseSettings>(configuration).ConnectionString);
        Assert.Equal(CityHelper.Server.Limits.HttpConnectionsDefault, SettingsReader.Read<HttpSettings>(configuration).Connections);
        Assert.False(SettingsReader.Read<TelemetrySettings>(configuration).SendsTraces);
    }

    private Task<ConfigurationException> RefusedAsync(params (string Key, string? Value)[] settings) =>
        Assert.ThrowsAsync<ConfigurationException>(() => ServerApplication.BuildAsync(
            new WebApplicationOptions { EnvironmentName = "Production", ContentRootPath = _home },
            builder => builder.Configuration
                .AddInMemoryCollection(s_right)
                .AddInMemoryCollection(settings.ToDictionary(setting => setting.Key, setting => setting.Value))));
}
