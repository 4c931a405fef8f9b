using CityHelper.Data.Boundaries;
using CityHelper.Data.Cities;
using CityHelper.IntegrationTests.Import;
using CityHelper.IntegrationTests.Postgres;
using Npgsql;

namespace CityHelper.IntegrationTests.Boundaries;

/// <summary>A database with New York in it, and an importer of boundaries; new for every test.</summary>
public abstract class BoundaryFixture(PostgresFixture postgres) : ImportFixture(postgres)
{
    /// <summary>A square of 0.02 degrees in Manhattan; others lie beside it to the east.</summary>
    protected static string Square(int place = 0)
    {
        (double west, double east) = (-73.99 + place * 0.02, -73.97 + place * 0.02);
        return FormattableString.Invariant(
            $"[[{west:0.##},40.74],[{east:0.##},40.74],[{east:0.##},40.76],[{west:0.##},40.76],[{west:0.##},40.74]]");
    }

    protected static string Polygon(params string[] rings) => $$"""{"type":"Polygon","coordinates":[{{string.Join(',', rings)}}]}""";

    protected static string Feature(string name, string geometry) =>
        $$"""{"type":"Feature","properties":{"name":"{{name}}"},"geometry":{{geometry}}}""";

    protected static string Collection(params string[] features) =>
        $$"""{"type":"FeatureCollection","features":[{{string.Join(',', features)}}]}""";

    protected string WriteFeatures(params string[] features) => Write($"areas-{Guid.NewGuid():N}.geojson", Collection(features));

    protected Task<BoundaryImportOutcome> TryImportAsync(
        string path,
        string kind = "area",
        bool replace = false,
        string? name = null,
        string? code = null,
        CityEntry? city = null
    ) => new BoundaryImporter(Database).ImportFileAsync(city ?? City, path, new BoundaryImportOptions(kind, name, code, replace));

    protected async Task<BoundaryImportSummary> ImportAreasAsync(
        string path, string kind = "area", bool replace = false, CityEntry? city = null)
    {
        BoundaryImportOutcome outcome = await TryImportAsync(path, kind, replace, city: city);
        return outcome.Summary ?? throw new InvalidOperationException(outcome.Failure);
    }

    /// <summary>A city that is not built into the program.</summary>
    protected async Task<CityEntry> AddCityAsync(string slug, double west, double south, double east, double north)
    {
        var directory = new CityDirectory(Database, Time);
        await directory.AddAsync(
            new CityFacts(slug, slug, "America/New_York", west, south, east, north, (west + east) / 2, (south + north) / 2));
        return (await directory.FindAsync(slug))!;
    }

    /// <summary>The revision of a city's boundaries, and whether its requests are counted in it.</summary>
    protected async Task<(long Revision, bool IsCounted)> RevisionAsync(short city)
    {
        await using NpgsqlConnection connection = await Database.OpenConnectionAsync();
        return await BoundaryImporter.RevisionAsync(connection, city, CancellationToken.None);
    }

    /// <summary>Everything stored of boundaries, byte for byte.</summary>
    protected async Task<string> StoredAsync() => string.Join('\n', await RowsAsync(
        """
        select line from (
            select 1 as part, b::text as line from boundary b
            union all select 2, o::text from boundary_outline o
            union all select 3, p::text from boundary_part p
            union all select 4, r::text from boundary_revision r) everything
        order by part, line
        """));
}
