using System.Globalization;
using System.Text.Json;
using CityHelper.Data.Model;
using CityHelper.Engine.Writing;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// A database whose published list of requests makes a response of 6 MB: a hundred requests with a title of 60,000 letters each.
/// </summary>
public sealed class SlowReaderFixture(PostgresFixture postgres) : IAsyncLifetime
{
    public const int Rows = 100;
    public const int TitleBytes = 60_000;

    /// <summary>Free text with a response of the same length.</summary>
    public const string Text = "{ serviceRequests(city: \"nyc\", first: 100) { nodes { id title } } }";

    /// <summary>Checks for another thread's effect, a hundredth of a second each.</summary>
    private const int LooksMax = 3_000;

    public string Database { get; private set; } = "";

    public async Task InitializeAsync()
    {
        Database = await postgres.CreateDatabaseAsync();
        await RequestRows.AddCityAsync(Database, 2024);
        var letters = new Random(12);
        await RequestRows.AddAsync(Database, Enumerable.Range(0, Rows).Select(n => Request(n, letters)));
    }

    public Task DisposeAsync() => Task.CompletedTask;

    /// <summary>A server with a fake clock that cuts readers off by total time only: Kestrel's own clock measures the rate.</summary>
    public Task<TestServer> StartAsync(FakeTimeProvider time, string environment, bool isHttp2) => TestServer.StartAsync(
        Database,
        environment,
        time: time,
        settings: new Dictionary<string, string?>
        {
            ["Kestrel:Endpoints:Clear:Url"] = "http://127.0.0.1:0",
            ["Kestrel:Endpoints:Clear:Protocols"] = isHttp2 ? "Http2" : "Http1",
        },
        services: services => services.PostConfigure<KestrelServerOptions>(kestrel => kestrel.Limits.MinResponseDataRate = null));

    /// <summary>The URL of the large response: a published operation in production, free text elsewhere.</summary>
    public static string Target(TestServer server, string environment) => environment == "Production"
        ? server.PersistedUrl("ServiceRequestList", new { city = "nyc", first = Rows })
        : $"/graphql?query={Uri.EscapeDataString(Text)}";

    /// <summary>The memory of a server's responses.</summary>
    public static ResponseMemory Memory(TestServer server) => server.Services.GetRequiredService<ResponseMemory>();

    /// <summary>Waits until a condition holds.</summary>
    /// <exception cref="TimeoutException">It does not hold within half a minute.</exception>
    public static async Task UntilAsync(Func<bool> holds, Func<string> what)
    {
        for (int look = 0; !holds(); look++)
        {
            if (look == LooksMax)
            {
                throw new TimeoutException(what());
            }

            await Task.Delay(10);
        }
    }

    /// <summary>The code of a response's first error.</summary>
    public static string? Code(string body)
    {
        using JsonDocument json = JsonDocument.Parse(body);
        return AttackedServer.CodeOf(json.RootElement);
    }

    private static ServiceRequest Request(int n, Random letters)
    {
        DateTime created = DateTime
            .Parse("2024-11-01T12:00:00Z", CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal)
            .AddMinutes(n);
        return new ServiceRequest
        {
            CityId = RequestRows.City,
            Id = RequestId.Floor(created) | RequestId.ImportedBit | (uint)n,
            ExternalId = n.ToString(CultureInfo.InvariantCulture),
            CategoryId = 1,
            SourceStatus = "Open",
            Title = string.Create(TitleBytes, letters, static (title, dice) =>
            {
                for (int i = 0; i < title.Length; i++)
                {
                    title[i] = (char)('a' + dice.Next(26));
                }
            }),
            CreatedAt = created,
            UpdatedAt = created,
        };
    }
}
