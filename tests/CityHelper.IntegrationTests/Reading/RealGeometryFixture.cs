using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CityHelper.Data;
using CityHelper.Data.Boundaries;
using CityHelper.Data.Cities;
using CityHelper.Data.Model;
using CityHelper.IntegrationTests.Attacks;
using CityHelper.IntegrationTests.Oracle;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using NetTopologySuite.Geometries;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Reading;

/// <summary>
/// A server over New York's areas, imported from the city's own files, and over requests on their corners and edges, beside them and in the
/// city.
/// </summary>
public sealed class RealGeometryFixture(PostgresFixture postgres) : IAsyncLifetime
{
    private const int Seed = 512;
    private const int RequestsOnEdges = 1_200;
    private const int RequestsInCity = 1_200;

    private static readonly (string Kind, string File)[] s_files =
    [
        ("community-district", "nyc-community-districts.geojson"), ("neighborhood", "nyc-neighborhoods.geojson"),
        ("borough", "nyc-boroughs-simplified.geojson"), ("borough-full", "nyc-boroughs-full.geojson.gz"),
    ];

    private const string AnalystKey = "analyst";

    // The default cost limits, and a client with a higher limit.
    private static readonly Dictionary<string, string?> s_settings = new()
    {
        ["Clients:default:MaxFieldCost"] = null,
        ["Clients:default:MaxTypeCost"] = null,
        ["Clients:analyst:Mode"] = "FreeText",
        ["Clients:analyst:ApiKeySha256:0"] = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(AnalystKey))),
        ["Clients:analyst:MaxFieldCost"] = AnalystCost.ToString(CultureInfo.InvariantCulture),
    };

    private TestServer? _server;

    /// <summary>
    /// The cost limit of a client that measures distances between the largest of these areas: 11,532 at most, where 1,000 is the default.
    /// </summary>
    public const int AnalystCost = 20_000;

    public TestServer Server => _server!;

    /// <summary>Plain PostGIS.</summary>
    public NpgsqlDataSource Database { get; private set; } = null!;

    public IReadOnlyList<Area> Areas { get; private set; } = [];

    public sealed record Area(int Id, string Kind, string Code, MultiPolygon Geometry);

    public async Task InitializeAsync()
    {
        // Without the files the tests of this class are skipped.
        if (SharedData.Folder is null)
        {
            return;
        }

        string connectionString = await postgres.CreateDatabaseAsync();
        await RequestRows.AddCityAsync(connectionString, 2025);
        Database = CityHelperDatabase.CreateDataSource(
            new NpgsqlConnectionStringBuilder(connectionString) { CommandTimeout = 120 }.ConnectionString);
        CityEntry city = (await new CityDirectory(Database, TimeProvider.System).FindAsync("nyc"))!;
        foreach ((string kind, string file) in s_files)
        {
            BoundaryImportOutcome outcome = await new BoundaryImporter(Database).ImportFileAsync(
                city, SharedData.PathOf("boundaries", file), new BoundaryImportOptions(kind, null, null, false));
            Assert.Equal(0, outcome.Summary?.Refused.Count);
        }

        await using (CityHelperContext context = RequestRows.Context(Database))
        {
            Areas = [.. context.Boundaries.OrderBy(b => b.Id).Select(b => new Area(b.Id, b.Kind, b.Code, b.Geometry))];
        }

        await RequestRows.AddAsync(connectionString, Requests(new Dice(Seed)));
        _server = await TestServer.StartAsync(connectionString, settings: s_settings, services: TestServer.BlocksForFewRows);
    }

    /// <summary>Asks as the default client, and if that is too expensive as a client with a higher cost limit.</summary>
    /// <returns>The answer, and its cost where that is too expensive for the default client; else 0.</returns>
    public async Task<(JsonElement Answer, double Dear)> QueryAsync(string query, object variables)
    {
        JsonElement answer = await Server.QueryAsync(query, variables);
        if (AttackedServer.CodeOf(answer) != "HC0047")
        {
            return (answer, 0);
        }

        double cost = answer.GetProperty("errors")[0].GetProperty("extensions").GetProperty("fieldCost").GetDouble();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/graphql")
        {
            Content = new StringContent(JsonSerializer.Serialize(new { query, variables }), Encoding.UTF8, "application/json"),
            Headers = { { "X-API-Key", AnalystKey } },
        };
        (HttpResponseMessage response, answer) = await Server.SendAsync(request);
        response.Dispose();
        return (answer, cost);
    }

    public async Task DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
            await Database.DisposeAsync();
        }
    }

    // All within a month, so that a condition on the time gives every filter an index.
    private IEnumerable<ServiceRequest> Requests(Dice dice) => Places(dice).Select((place, n) =>
    {
        DateTime created = new DateTime(2025, 3, 1, 0, 0, 0, DateTimeKind.Utc).AddSeconds(n * 900);
        return new ServiceRequest
        {
            CityId = RequestRows.City,
            Id = RequestId.Floor(created) | RequestId.ImportedBit | (uint)n,
            CategoryId = 1 + n % 3,
            Status = ServiceRequestStatus.Open,
            Location = place is null ? null : RequestRows.Point(place.X, place.Y),
            CreatedAt = created,
            UpdatedAt = created,
        };
    }).ToList();

    private IEnumerable<Coordinate?> Places(Dice dice)
    {
        for (int i = 0; i < RequestsOnEdges; i++)
        {
            Coordinate[] corners = dice.Pick(Areas).Geometry.Coordinates;
            int at = dice.Below(corners.Length - 1);
            (Coordinate a, Coordinate b) = (corners[at], corners[at + 1]);
            yield return (i % 3) switch
            {
                0 => a.Copy(),
                1 => new Coordinate((a.X + b.X) / 2, (a.Y + b.Y) / 2),
                _ => new Coordinate(a.X + (dice.Fraction() - 0.5) * 0.004, a.Y + (dice.Fraction() - 0.5) * 0.004),
            };
        }

        for (int i = 0; i < RequestsInCity; i++)
        {
            yield return i % 40 == 0 ? null : new Coordinate(-74.25 + 0.55 * dice.Fraction(), 40.5 + 0.41 * dice.Fraction());
        }
    }
}
