using System.IO.Compression;
using System.Text.Json;
using Boundary = CityHelper.Data.Model.Boundary;
using CityHelper.Data;
using CityHelper.Data.Boundaries;
using CityHelper.Data.Cities;
using CityHelper.Data.Model;
using CityHelper.Engine;
using CityHelper.IntegrationTests.Oracle;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using NetTopologySuite.Geometries;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Fuzzing;

/// <summary>
/// A server over five thousand requests at locations that are hard for geometries: on a lattice of exact binary fractions, on the corners
/// and edges of stored boundaries, a rounding error beside them, around 0/0 at 1e-15, at the ends of the world, and without location. All
/// have one creation month, so a condition on the time gives any filter an index.
/// </summary>
public sealed class GeometryFixture(PostgresFixture postgres) : IAsyncLifetime
{
    /// <summary>Degrees between neighbours of the lattice: sums, differences and axis-parallel distances of its points are exact.</summary>
    public const double Step = 1.0 / 1_024;

    /// <summary>The lattice's centre.</summary>
    public const double Longitude = -73 - 251.0 / 256;

    /// <summary>See <see cref="Longitude"/>.</summary>
    public const double Latitude = 40.75;

    private const int LatticeReach = 16;
    private const int Seed = 411;

    /// <summary>Areas of real files, stored too where the files exist: a district of 32 rings, and the largest borough.</summary>
    private static readonly (string File, string Value)[] s_real =
    [
        ("nyc-community-districts.geojson", "210"), ("nyc-boroughs-full.geojson.gz", "Queens"),
    ];

    private static readonly GeometryFactory s_factory = new(new PrecisionModel(), 4326);

    private TestServer? _server;

    public TestServer Server => _server!;

    public string Database { get; private set; } = "";

    /// <summary>Whether PostgreSQL runs on this machine.</summary>
    public bool IsPrivate => postgres.IsPrivate;

    /// <summary>The stored boundaries by their keys.</summary>
    public IReadOnlyDictionary<int, MultiPolygon> Boundaries { get; private set; } = null!;

    /// <summary>The category of each request, by key.</summary>
    public IReadOnlyDictionary<long, int> Categories { get; private set; } = null!;

    /// <summary>The locations of requests.</summary>
    public IReadOnlyList<Coordinate> Places { get; private set; } = null!;

    public static Coordinate Lattice(int east, int north) => new(Longitude + east * Step, Latitude + north * Step);

    public static string RequestId(long key) => new GlobalId("ServiceRequest", RequestRows.City, key).ToString();

    public static string BoundaryId(int key) => new GlobalId("Boundary", RequestRows.City, key).ToString();

    public async Task InitializeAsync()
    {
        Database = await postgres.CreateDatabaseAsync();
        await RequestRows.AddCityAsync(Database, 2025);
        await BoundaryRows.AddAsync(Database, [.. StoredBoundaries()]);
        await ImportRealAsync();
        await ReadBoundariesAsync();
        ServiceRequest[] requests = [.. Requests(new Dice(Seed))];
        Categories = requests.ToDictionary(r => r.Id, r => r.CategoryId);
        Places = [.. requests.Select(r => r.Location?.Coordinate).OfType<Coordinate>()];
        await RequestRows.AddAsync(Database, requests);
        _server = await TestServer.StartAsync(Database, services: TestServer.BlocksForFewRows);
    }

    public async Task DisposeAsync() => await Server.DisposeAsync();

    private static IEnumerable<Boundary> StoredBoundaries()
    {
        Geometry Box(int west, int south, int east, int north) =>
            s_factory.ToGeometry(new Envelope(Lattice(west, south), Lattice(east, north)));
        Geometry Square(int reach) => Box(-reach, -reach, reach, reach);
        Geometry middle = Square(8);
        Coordinate[] teeth = [.. Enumerable.Range(0, 101).SelectMany(i => new[] { At(-8 + i * 0.16, 9), At(-8 + i * 0.16 + 0.08, 15) })];
        Coordinate[] rays = [.. Enumerable.Range(0, 1_000)
            .Select(i => (Reach: 4 + 6 * (i % 2), Angle: i * Math.PI / 500))
            .Select(r => At(r.Reach * Math.Cos(r.Angle) - 2, r.Reach * Math.Sin(r.Angle) - 3))];
        Geometry[] shapes =
        [
            middle,
            Box(8, -8, 16, 8),
            s_factory.CreatePolygon(Ring(Box(-16, -16, 12, 12)), [Ring(middle)]),
            s_factory.CreateMultiPolygon([(Polygon)Box(-16, 8, -8, 16), (Polygon)Box(-8, 0, 0, 8), (Polygon)Box(12, 12, 13, 13)]),
            s_factory.CreatePolygon([At(0, 0), At(5, 0), At(0, 5), At(0, 0)]),
            s_factory.CreatePolygon([.. teeth, At(8.5, 16), At(-8.5, 16), teeth[0]]),
            s_factory.CreatePolygon([.. rays, rays[0]]),
            s_factory.CreatePolygon([At(-10, -10), At(10, -9.9999), At(10, -9.9998), At(-10, -10)]),
            s_factory.CreatePolygon([.. middle.Coordinates.Select(c => new Coordinate(Math.BitIncrement(c.X), c.Y))]),
            s_factory.CreatePolygon([
                .. Enumerable.Range(-8, 16).Select(i => At(i, -8)),
                .. Enumerable.Range(-8, 16).Select(i => At(8, i)),
                At(8, 8),
                At(-8, 8),
                At(-8, -8),
            ]),
            s_factory.CreateMultiPolygon([
                .. Enumerable.Range(1, 7).Select(i => s_factory.CreatePolygon(Ring(Square(2 * i)), [Ring(Square(2 * i - 1))])),
            ]),
            s_factory.ToGeometry(new Envelope(-Step, Step, -Step, Step)),
        ];
        return shapes.Select((shape, i) => new Boundary
        {
            CityId = RequestRows.City,
            Id = i + 1,
            Kind = "drawn",
            Code = $"b{i + 1}",
            Name = $"Drawn {i + 1}",
            Geometry = shape as MultiPolygon ?? s_factory.CreateMultiPolygon([(Polygon)shape]),
            Revision = 1,
        });
    }

    private static Coordinate At(double east, double north) => new(Longitude + east * Step, Latitude + north * Step);

    private static LinearRing Ring(Geometry polygon) => (LinearRing)((Polygon)polygon).ExteriorRing;

    // Through the importer, like real data.
    private async Task ImportRealAsync()
    {
        if (SharedData.Folder is null)
        {
            return;
        }

        await using NpgsqlDataSource database = CityHelperDatabase.CreateDataSource(Database);
        CityEntry city = (await new CityDirectory(database, TimeProvider.System).FindAsync("nyc"))!;
        foreach ((string file, string value) in s_real)
        {
            string path = Path.Combine(Path.GetTempPath(), $"cityhelper-{Guid.NewGuid():N}.geojson");
            try
            {
                await File.WriteAllTextAsync(
                    path,
                    $$"""{"type":"FeatureCollection","features":[{{await FeatureAsync(SharedData.PathOf("boundaries", file), value)}}]}""");
                BoundaryImportOutcome outcome = await new BoundaryImporter(database).ImportFileAsync(
                    city, path, new BoundaryImportOptions($"real-{value}".ToLowerInvariant(), null, null, false));
                Assert.Equal(1, outcome.Summary?.Inserted);
            }
            finally
            {
                File.Delete(path);
            }
        }
    }

    private static async Task<string> FeatureAsync(string path, string value)
    {
        await using FileStream file = File.OpenRead(path);
        await using Stream content = path.EndsWith(".gz", StringComparison.Ordinal)
            ? new GZipStream(file, CompressionMode.Decompress)
            : file;
        using JsonDocument json = await JsonDocument.ParseAsync(content);
        return json
            .RootElement.GetProperty("features")
            .EnumerateArray()
            .First(f =>
                f.GetProperty("properties").EnumerateObject().Any(p => p.Value.ToString().Equals(value, StringComparison.OrdinalIgnoreCase))
            )
            .GetRawText();
    }

    private async Task ReadBoundariesAsync()
    {
        await using NpgsqlDataSource database = CityHelperDatabase.CreateDataSource(Database);
        await using CityHelperContext context = RequestRows.Context(database);
        Boundaries = context.Boundaries.ToDictionary(b => b.Id, b => b.Geometry);
    }

    private IEnumerable<ServiceRequest> Requests(Dice dice)
    {
        DateTime first = new(2025, 3, 1, 0, 0, 0, DateTimeKind.Utc);
        int n = 0;
        foreach (Coordinate? place in Around(dice))
        {
            DateTime created = first.AddSeconds(n++ * 400);
            yield return new ServiceRequest
            {
                CityId = RequestRows.City,
                Id = Data.Model.RequestId.Floor(created) | Data.Model.RequestId.ImportedBit | (uint)n,
                ExternalId = n.ToString(System.Globalization.CultureInfo.InvariantCulture),
                CategoryId = dice.Between(1, 3),
                Status = (ServiceRequestStatus)dice.Below(4),
                Location = place is null ? null : RequestRows.Point(place.X, place.Y),
                CreatedAt = created,
                UpdatedAt = created,
            };
        }
    }

    private List<Coordinate?> Around(Dice dice)
    {
        List<Coordinate?> places = [];
        for (int x = -LatticeReach; x <= LatticeReach; x++)
        {
            places.AddRange(Enumerable.Range(-LatticeReach, 2 * LatticeReach + 1).Select(y => Lattice(x, y)));
        }

        foreach (MultiPolygon boundary in Boundaries.Values)
        {
            Coordinate[] corners = boundary.Coordinates;
            for (int i = Math.Min(60, corners.Length); i > 0; i--)
            {
                int at = dice.Below(corners.Length - 1);
                (Coordinate a, Coordinate b) = (corners[at], corners[at + 1]);
                places.AddRange([a.Copy(), new Coordinate((a.X + b.X) / 2, (a.Y + b.Y) / 2)]);
            }
        }

        Coordinate[] exact = [.. places.OfType<Coordinate>()];
        places.AddRange(Enumerable.Range(0, 300).Select(_ => dice.Pick(exact)).Select(c => new Coordinate(Math.BitIncrement(c.X), c.Y)));
        places.AddRange(Enumerable.Range(0, 100).Select(_ => dice.Pick(exact)).Select(c => new Coordinate(c.X, c.Y - 1e-13)));
        places.AddRange(Enumerable.Range(0, 60).Select(i => new Coordinate(i % 8 * 1e-15, i / 8 * 1e-15)));
        places.AddRange(from x in (double[])[-180, -90, 0, 180] from y in (double[])[-90, 0, 45, 90] select new Coordinate(x, y));
        places.AddRange(Enumerable.Repeat((Coordinate?)null, 150));
        places.AddRange(Enumerable.Range(0, 1_200).Select(_ => At((dice.Fraction() - 0.5) * 40, (dice.Fraction() - 0.5) * 40)));
        places.AddRange(Enumerable.Range(0, 300).Select(_ => At((dice.Fraction() - 0.5) * 600, (dice.Fraction() - 0.5) * 600)));
        return [.. dice.Shuffled(places)];
    }
}
