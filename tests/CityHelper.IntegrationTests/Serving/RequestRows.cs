using CityHelper.Data;
using CityHelper.Data.Cities;
using CityHelper.Data.Model;
using Microsoft.EntityFrameworkCore;
using NetTopologySuite.Geometries;
using Npgsql;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>Rows for tests, written through EF Core as production code does.</summary>
public static class RequestRows
{
    public const short City = 1;

    private static readonly GeometryFactory s_points = new(new PrecisionModel(), 4326);

    /// <summary>Three categories and two agencies; category 3 has no agency.</summary>
    public static IReadOnlyList<string> CategoryCodes { get; } = ["noise-residential", "heat-hot-water", "rodent"];

    public static Point? Point(double longitude, double latitude) => s_points.CreatePoint(new Coordinate(longitude, latitude));

    /// <summary>A city with the slug <c>nyc</c>, its reference rows, and partitions for the years given.</summary>
    public static async Task AddCityAsync(string database, params int[] years)
    {
        await using NpgsqlDataSource dataSource = CityHelperDatabase.CreateDataSource(database);
        await new CityDirectory(dataSource, TimeProvider.System).AddAsync(
            new CityFacts("nyc", "New York City", "America/New_York", -74.27, 40.48, -73.69, 40.93, -73.98, 40.75));
        await new Data.Partitions.CityPartitions(dataSource, TimeProvider.System).EnsureYearsAsync(City, years);
        await using CityHelperContext context = Context(dataSource);
        context.Agencies.AddRange(
            new Agency { CityId = City, Id = 1, Code = "NYPD", Name = "New York City Police Department" },
            new Agency { CityId = City, Id = 2, Code = "HPD", Name = "Housing Preservation and Development" });
        context.Categories.AddRange(
            new Category { CityId = City, Id = 1, Code = CategoryCodes[0], Name = "Noise - Residential", AgencyId = 1 },
            new Category { CityId = City, Id = 2, Code = CategoryCodes[1], Name = "HEAT/HOT WATER", AgencyId = 2 },
            new Category { CityId = City, Id = 3, Code = CategoryCodes[2], Name = "Rodent", AgencyId = null });
        await context.SaveChangesAsync();
    }

    /// <summary>Writes requests with their updates and external ids.</summary>
    public static async Task AddAsync(string database, IEnumerable<ServiceRequest> requests)
    {
        await using NpgsqlDataSource dataSource = CityHelperDatabase.CreateDataSource(database);
        await using CityHelperContext context = Context(dataSource);
        context.ServiceRequests.AddRange(requests);
        await context.SaveChangesAsync();
        await using NpgsqlCommand keys = dataSource.CreateCommand(
            """
            insert into service_request_external_id (city_id, external_id, service_request_id)
            select city_id, external_id, id from service_request where external_id is not null
            on conflict do nothing
            """);
        await keys.ExecuteNonQueryAsync();

        // Without planner statistics, counting the months of a boundary takes seconds instead of milliseconds.
        await using NpgsqlCommand analyze = dataSource.CreateCommand("analyze service_request, boundary, boundary_part");
        await analyze.ExecuteNonQueryAsync();
        foreach (short city in context.ServiceRequests.Select(r => r.CityId).Distinct().ToArray())
        {
            // The rows were written without deltas, so the counters do not have them yet.
            await new Data.Statistics.RequestCounters(dataSource, TimeProvider.System).RebuildAsync(city);
        }

        await using NpgsqlCommand vacuum = dataSource.CreateCommand("vacuum analyze");
        await vacuum.ExecuteNonQueryAsync();
    }

    public static CityHelperContext Context(NpgsqlDataSource dataSource)
    {
        var options = new DbContextOptionsBuilder<CityHelperContext>();
        options.UseCityHelper(dataSource);
        return new CityHelperContext(options.Options);
    }
}
