using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using CityHelper.Server.Clients;
using Xunit;

namespace CityHelper.IntegrationTests.Clients;

/// <summary>A server in production with clients of every mode.</summary>
public sealed class ClientFixture(PostgresFixture postgres) : IAsyncLifetime
{
    public const string CivicKey = "civic app's key";
    public const string SmallKey = "key of an app with a small quota";
    public const string WrongHashKey = "key of an app that sends wrong hashes, with a small quota";
    public const string ExplorerKey = "analyst's key";
    public const string AnalystsHost = "explorer.example.org";
    public const string StepKey = "key of a client that is about to be restricted";
    public const string SmallStepKey = "key of another, with a small quota";

    private static int s_texts;

    public TestServer Server { get; private set; } = null!;

    public static IReadOnlyDictionary<string, string?> Settings { get; } = new Dictionary<string, string?>
    {
        ["Clients:web:Mode"] = "PersistedOnly",
        ["Clients:web:Hosts:0"] = "www.example.org",
        ["Clients:civic:Mode"] = "Registration",
        ["Clients:civic:ApiKeySha256:0"] = KeyHash(CivicKey),
        ["Clients:small:Mode"] = "Registration",
        ["Clients:small:ApiKeySha256:0"] = KeyHash(SmallKey),
        ["Clients:small:RegistrationsPerDay"] = "2",
        ["Clients:wrong:Mode"] = "Registration",
        ["Clients:wrong:ApiKeySha256:0"] = KeyHash(WrongHashKey),
        ["Clients:wrong:RegistrationsPerDay"] = "2",
        ["Clients:wrong:CheapAtOnce"] = "0",
        ["Clients:wrong:DearAtOnce"] = "0",
        ["Clients:explorer:Mode"] = "FreeText",
        ["Clients:explorer:ApiKeySha256:0"] = KeyHash(ExplorerKey),
        ["Clients:explorer:MaxFieldCost"] = "200",
        ["Clients:step:Mode"] = "PersistedOnly",
        ["Clients:step:LogOnly"] = "true",
        ["Clients:step:ApiKeySha256:0"] = KeyHash(StepKey),
        ["Clients:smallstep:Mode"] = "Registration",
        ["Clients:smallstep:LogOnly"] = "true",
        ["Clients:smallstep:RegistrationsPerDay"] = "1",
        ["Clients:smallstep:ApiKeySha256:0"] = KeyHash(SmallStepKey),
        ["Clients:named:Mode"] = "PersistedOnly",
        ["Clients:analysts:Mode"] = "FreeText",
        ["Clients:analysts:Hosts:0"] = AnalystsHost,
    };

    public async Task InitializeAsync()
    {
        Server = await TestServer.StartAsync(await ReadingFixture.DatabaseAsync(postgres), "Production", settings: Settings);
    }

    public async Task DisposeAsync() => await Server.DisposeAsync();

    /// <summary>Posts a body as a client.</summary>
    public async Task<(HttpResponseMessage Response, JsonElement Json)> PostAsync(
        object body, string? key = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/graphql")
        {
            Content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json"),
        };
        request.Headers.TryAddWithoutValidation("Accept", "application/graphql-response+json");
        if (key is not null)
        {
            request.Headers.Add(ClientDirectory.KeyHeader, key);
        }

        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await Server.SendAsync(request);
    }

    /// <summary>The <c>extensions</c> of an automatic persisted operation.</summary>
    public static object Persisted(string hash) => new { persistedQuery = new { version = 1, sha256Hash = hash } };

    public static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>A text that no test has sent before: the server remembers texts.</summary>
    public static string NewText() => $"{{ a{Interlocked.Increment(ref s_texts)}: cities {{ slug }} }}";

    /// <summary>The code of the first error; null without one.</summary>
    public static string? Code(JsonElement json) =>
        json.TryGetProperty("errors", out JsonElement errors) ? errors[0].GetProperty("extensions").GetProperty("code").GetString() : null;

    private static string KeyHash(string key) => Hash(key);
}
