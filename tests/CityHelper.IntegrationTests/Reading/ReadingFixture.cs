using System.Globalization;
using CityHelper.Data.Model;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Xunit;

namespace CityHelper.IntegrationTests.Reading;

/// <summary>
/// A server over forty requests that never change, for tests that read. Its database is shared by all classes and refuses writes.
/// </summary>
public sealed class ReadingFixture(PostgresFixture postgres) : IAsyncLifetime
{
    public TestServer Server { get; private set; } = null!;

    public string Database { get; private set; } = "";

    public static DateTime Moment(string text) =>
        DateTime.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal);

    /// <summary>The shared database.</summary>
    public static Task<string> DatabaseAsync(PostgresFixture postgres) => postgres.ShareCopyAsync("forty requests", FillAsync);

    /// <summary>A database with the same rows, for a test that writes.</summary>
    public static Task<string> CreateDatabaseAsync(PostgresFixture postgres) => postgres.CreateCopyAsync("forty requests", FillAsync);

    /// <summary>
    /// A server that chooses access paths as in a city of two million requests, so that the recorded SQL is realistic.
    /// </summary>
    public static Task<TestServer> StartServerAsync(string database) =>
        TestServer.StartAsync(database, statistics: real => BelievedStatistics.Larger(real, 50_000));

    public async Task InitializeAsync()
    {
        Database = await DatabaseAsync(postgres);
        Server = await StartServerAsync(Database);
    }

    public async Task DisposeAsync() => await Server.DisposeAsync();

    /// <summary>The id of request <paramref name="n"/>.</summary>
    public static string Id(int n) => new Engine.GlobalId("ServiceRequest", RequestRows.City, Key(n)).ToString();

    /// <summary>Adds the forty requests to a migrated database.</summary>
    internal static async Task FillAsync(string database)
    {
        await RequestRows.AddCityAsync(database, 2024, 2025);
        await BoundaryRows.AddAsync(database, BoundaryRows.Manhattan);
        await RequestRows.AddAsync(database, Enumerable.Range(0, 40).Select(Request));
    }

    private static DateTime Created(int n) => Moment("2024-11-01T12:00:00Z").AddDays(n * 3).AddMilliseconds(n);

    private static long Key(int n) => RequestId.Floor(Created(n)) | RequestId.ImportedBit | (uint)n;

    private static ServiceRequest Request(int n)
    {
        DateTime created = Created(n);
        bool closed = n % 3 == 0;
        var request = new ServiceRequest
        {
            CityId = RequestRows.City,
            Id = Key(n),
            ExternalId = (40_000_000 + n).ToString(CultureInfo.InvariantCulture),
            CategoryId = 1 + n % 3,
            AgencyId = n % 4 == 0 ? null : 1 + n % 2,
            Status = closed ? ServiceRequestStatus.Closed : (ServiceRequestStatus)(n % 4),
            SourceStatus = closed ? "Closed" : "Open",
            Title = n % 5 == 0 ? null : $"Loud \"music\" {n}",
            Address = $"{n} BROADWAY",
            PostalCode = "00" + (100 + n),
            Location = n % 10 == 9 ? null : RequestRows.Point(-73.99 + n * 0.001, 40.74 + n * 0.0005),
            CreatedAt = created,
            UpdatedAt = created.AddHours(1),
            ClosedAt = closed ? created.AddDays(1) : null,
            Resolution = closed ? "Done." : null,
        };
        foreach (int step in Enumerable.Range(1, n % 4))
        {
            DateTime at = created.AddMinutes(step);
            request.Updates.Add(new StatusUpdate
            {
                CityId = RequestRows.City,
                ServiceRequestId = request.Id,
                Id = RequestId.Floor(at),
                Status = (ServiceRequestStatus)step,
                Note = $"Step {step}",
                CreatedAt = at,
            });
        }

        return request;
    }
}
