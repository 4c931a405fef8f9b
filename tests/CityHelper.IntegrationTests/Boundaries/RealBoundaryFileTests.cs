using CityHelper.Data.Boundaries;
using CityHelper.Data.Cities;
using CityHelper.IntegrationTests.Postgres;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Boundaries;

/// <summary>The cities' own files: every feature is imported and valid, and a second import changes nothing.</summary>
public sealed class RealBoundaryFileTests(PostgresFixture postgres, ITestOutputHelper output) : BoundaryFixture(postgres)
{
    [SharedDataTheory]
    [InlineData("nyc-boroughs-simplified.geojson", 5, "1|Manhattan,2|Bronx,3|Brooklyn,4|Queens,5|Staten Island")]
    [InlineData("nyc-boroughs-full.geojson.gz", 5, "1|Manhattan,2|Bronx,3|Brooklyn,4|Queens,5|Staten Island")]
    [InlineData("nyc-community-districts.geojson", 71, "101|Manhattan 1,164|Manhattan 64,212|Bronx 12,405|Queens 5,595|Staten Island 95")]
    [InlineData(
        "nyc-neighborhoods.geojson",
        188,
        "East_Harlem_North|East Harlem North,Todt_Hill_Emerson_Hill_Heartland_Village_Lighthouse_Hill|Todt Hill-Emerson Hill-Heartland "
            + "Village-Lighthouse Hill")]
    [InlineData("boston-neighborhoods-wgs84.geojson.gz", 26, "15|Roslindale,22|Harbor Islands")]
    [InlineData("la-council-districts-2012.json", 15, "1|Council District 1,15|Council District 15")]
    public async Task Every_feature_comes_in_valid(string name, int features, string some)
    {
        CityEntry city = await CityOfAsync(name);
        string path = SharedData.PathOf("boundaries", name);
        BoundaryImportSummary summary = await ImportAreasAsync(path, "council-district", city: city);
        output.WriteLine(string.Join(", ", summary.Vertices.Select(v => $"{v.Zoom}: {v.Vertices}")));

        Assert.Equal((features, features, 0), (summary.Read, summary.Inserted, summary.Refused.Count));
        IReadOnlyList<string> rows = await RowsAsync("select code || '|' || name from boundary");
        Assert.Equal(features, rows.Count);
        Assert.Empty(some.Split(',').Except(rows));
        Assert.Equal(
            ["true"], await RowsAsync("select (bool_and(st_isvalid(geometry)) and not bool_or(st_isempty(geometry)))::text from boundary"));
        Assert.Equal(
            [(features * Outlines.Zooms.Count).ToString(System.Globalization.CultureInfo.InvariantCulture)],
            await RowsAsync("select count(*)::text from boundary_outline where st_isvalid(geometry) and not st_isempty(geometry)"));

        string before = await StoredAsync();
        BoundaryImportSummary again = await ImportAreasAsync(path, "council-district", city: city);
        Assert.Equal((features, 0, 0, summary.Revision), (again.Unchanged, again.Updated, again.Inserted, again.Revision));
        Assert.Equal(before, await StoredAsync());
    }

    /// <summary>The defects of the files, as published.</summary>
    [SharedDataFact]
    public async Task What_is_broken_in_them_is_put_right_and_told()
    {
        BoundaryImportSummary neighborhoods = await ImportAreasAsync(SharedData.PathOf("boundaries", "nyc-neighborhoods.geojson"));
        Assert.Equal(
            [
                "Lindenwood-Howard Beach: self-intersection near -73.82936, 40.6569",
                "Oakland Gardens: a ring that was not closed was closed",
                "Richmond Hill: ring self-intersection near -73.83153, 40.70136",
                "College Point: a ring that was not closed was closed; self-intersection near -73.85003, 40.77963",
                "Ridgewood: ring self-intersection near -73.91304, 40.71331",
                "Georgetown-Marine Park-Bergen Beach-Mill Basin: ring self-intersection near -73.90887, 40.61684",
                "Sheepshead Bay-Gerritsen Beach-Manhattan Beach: a ring that was not closed was closed",
                "Dyker Heights: ring self-intersection near -74.01611, 40.63101",
                "East Harlem North: a part smaller than a square metre was dropped; the holes of a shell without area became polygons; "
                    + "nested shells near -73.93493, 40.80664",
                "Norwood: a ring that was not closed was closed",
                "Soundview-Castle Hill-Clason Point-Harding Park: ring self-intersection near -73.85259, 40.82506",
            ],
            neighborhoods.Repaired.Select(r => r.ToString()));
        Assert.Equal(
            ["2.2"],
            await RowsAsync(
                "select round((st_area(geometry::geography) / 1e6)::numeric, 1)::text from boundary where name = 'East Harlem North'"));

        BoundaryImportSummary boston = await ImportAreasAsync(
            SharedData.PathOf("boundaries", "boston-neighborhoods-wgs84.geojson.gz"), city: await CityOfAsync("boston"));
        Assert.Equal(["Roslindale", "Hyde Park", "Harbor Islands"], boston.Repaired.Select(r => r.Feature));
    }

    /// <summary>Repairs are small: PostGIS's repair of the same geometry covers the same ground.</summary>
    [SharedDataTheory]
    [InlineData("nyc-neighborhoods.geojson")]
    [InlineData("boston-neighborhoods-wgs84.geojson.gz")]
    public async Task A_repaired_area_is_that_which_PostGIS_makes(string name)
    {
        CityEntry city = await CityOfAsync(name);
        BoundaryImportSummary summary = await ImportAreasAsync(SharedData.PathOf("boundaries", name), city: city);
        string json = await TextAsync(SharedData.PathOf("boundaries", name));
        string[] changed =
        [
            .. await RowsAsync(
                $"""
                with file as (
                    select coalesce(f -> 'properties' ->> 'name', f -> 'properties' ->> 'Name') as name, f -> 'geometry' as shape
                    from json_array_elements((select $json${json}$json$::json) -> 'features') f
                    where json_typeof(f -> 'geometry') = 'object'), made as (
                    select name, st_collectionextract(st_makevalid(
                        st_geomfromgeojson(replace(shape::text, '"crs"', '"x"')), 'method=structure'), 3) as shape
                    from file where not (name = any(array[{string.Join(
                    ", ",
                    summary.Repaired.Where(r => r.Reason.Contains("closed", StringComparison.Ordinal)).Select(r =>
                        $"'{r.Feature}'"
                    ).DefaultIfEmpty("''")
                )}])))
                select b.name from boundary b join made m using (name)
                where st_area(st_symdifference(b.geometry, m.shape)) > 1e-6 * st_area(m.shape)
                """),
        ];

        // Its shell has no area: PostGIS drops that ground, our repair keeps it.
        Assert.Equal(name.StartsWith("nyc", StringComparison.Ordinal) ? ["East Harlem North"] : [], changed);
    }

    private async Task<CityEntry> CityOfAsync(string file) => file switch
    {
        _ when file.StartsWith("boston", StringComparison.Ordinal) => await AddCityAsync("boston", -71.20, 42.22, -70.92, 42.40),
        _ when file.StartsWith("la-", StringComparison.Ordinal) => await AddCityAsync("los-angeles", -118.67, 33.70, -118.15, 34.34),
        _ => City,
    };

    private static async Task<string> TextAsync(string path)
    {
        await using FileStream file = File.OpenRead(path);
        await using Stream content = path.EndsWith(".gz", StringComparison.Ordinal)
            ? new System.IO.Compression.GZipStream(file, System.IO.Compression.CompressionMode.Decompress)
            : file;
        using var reader = new StreamReader(content);
        return await reader.ReadToEndAsync();
    }
}
