using CityHelper.Data.Boundaries;
using CityHelper.Data.Cities;
using CityHelper.IntegrationTests.Postgres;
using Xunit;

namespace CityHelper.IntegrationTests.Boundaries;

/// <summary>What a second file changes, and what it leaves.</summary>
public sealed class BoundaryReimportTests(PostgresFixture postgres) : BoundaryFixture(postgres)
{
    [Fact]
    public async Task A_changed_boundary_keeps_its_id_and_only_it_has_the_new_revision()
    {
        await ImportAreasAsync(WriteFeatures(Feature("West", Polygon(Square())), Feature("East", Polygon(Square(1)))));
        string larger = Square(1).Replace("40.76", "40.77", StringComparison.Ordinal);
        BoundaryImportSummary summary = await ImportAreasAsync(
            WriteFeatures(Feature("West", Polygon(Square())), Feature("East", Polygon(larger)), Feature("Far", Polygon(Square(3)))));

        Assert.Equal((1, 1, 1, 2L), (summary.Inserted, summary.Updated, summary.Unchanged, summary.Revision));
        Assert.Equal(["1|West|1|40.76", "2|East|2|40.77", "3|Far|2|40.76"], await RowsAsync(
            "select id::text, name, revision::text, st_ymax(bounds)::text from boundary order by id"));
        Assert.Equal(["40.77"], await RowsAsync("select distinct st_ymax(geometry)::text from boundary_outline where boundary_id = 2"));
        Assert.Equal(["40.77"], await RowsAsync("select max(st_ymax(geometry))::text from boundary_part where boundary_id = 2"));
    }

    [Fact]
    public async Task What_is_not_in_the_file_stays_unless_it_is_to_be_replaced()
    {
        string both = WriteFeatures(Feature("West", Polygon(Square())), Feature("East", Polygon(Square(1))));
        string west = WriteFeatures(Feature("West", Polygon(Square())));
        await ImportAreasAsync(both);
        string before = await StoredAsync();
        BoundaryImportSummary kept = await ImportAreasAsync(west);
        Assert.Equal((1, 1, 0), (kept.Unchanged, kept.Kept, kept.Removed));
        Assert.Equal(before, await StoredAsync());

        BoundaryImportSummary replaced = await ImportAreasAsync(west, replace: true);
        Assert.Equal((1, 0, 1, 2L), (replaced.Unchanged, replaced.Kept, replaced.Removed, replaced.Revision));
        Assert.Equal(["West|1"], await RowsAsync("select name, revision::text from boundary"));
        Assert.Equal(
            ["1"],
            await RowsAsync(
                "select distinct boundary_id::text from (select boundary_id from boundary_outline union select boundary_id from "
                    + "boundary_part) d"));
        Assert.Equal(2, (await RevisionAsync(City.Id)).Revision);

        // An id that clients may hold is never reused for another boundary.
        await ImportAreasAsync(both);
        Assert.Equal(["1|West", "3|East"], await RowsAsync("select id::text, name from boundary order by id"));
    }

    [Fact]
    public async Task A_file_with_a_refused_feature_replaces_nothing()
    {
        await ImportAreasAsync(WriteFeatures(Feature("West", Polygon(Square())), Feature("East", Polygon(Square(1)))));
        string before = await StoredAsync();
        BoundaryImportOutcome outcome = await TryImportAsync(
            WriteFeatures(Feature("West", Polygon(Square())), Feature("East", "null")), replace: true);
        Assert.EndsWith(
            "1 of 2 features are refused, and what they stand for would be removed; East: it has no geometry. Put the file right, or "
                + "leave --replace out.",
            outcome.Failure, StringComparison.Ordinal);
        Assert.Equal(before, await StoredAsync());
    }

    [Fact]
    public async Task Kinds_and_cities_do_not_meet()
    {
        CityEntry other = await AddCityAsync("springfield", -74.1, 40.7, -73.9, 40.8);
        string file = WriteFeatures(Feature("West", Polygon(Square())), Feature("East", Polygon(Square(1))));
        await ImportAreasAsync(file, "borough");
        await ImportAreasAsync(file, "district");
        await ImportAreasAsync(file, "borough", city: other);
        BoundaryImportSummary summary = await ImportAreasAsync(WriteFeatures(Feature("West", Polygon(Square()))), "borough", replace: true);

        Assert.Equal((1, 3L), (summary.Removed, summary.Revision));
        Assert.Equal(["1|borough|1", "1|district|3", "1|district|4", "2|borough|1", "2|borough|2"], await RowsAsync(
            "select city_id::text, kind, id::text from boundary order by city_id, kind, id"));
        Assert.Equal(((3L, false), (1L, false)), (await RevisionAsync(City.Id), await RevisionAsync(other.Id)));
        Assert.Equal((0L, false), await RevisionAsync(99));
    }

    [Fact]
    public async Task Imports_at_once_queue_and_each_finds_what_the_other_wrote()
    {
        string file = WriteFeatures(Feature("West", Polygon(Square())), Feature("East", Polygon(Square(1))));
        BoundaryImportSummary[] summaries = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => ImportAreasAsync(file)));
        Assert.Equal([0, 0, 0, 2], summaries.Select(s => s.Inserted).Order());
        Assert.Equal(["2|1"], await RowsAsync("select count(*)::text, max(revision)::text from boundary"));
    }

    /// <summary>Each file has its own properties for name and code; options override the known ones.</summary>
    [Theory]
    [InlineData("""{"boro_name":"Queens","boro_code":4.0}""", null, null, "4|Queens")]
    [InlineData("""{"Neighborhood_ID":"15","Name":"Roslindale"}""", null, null, "15|Roslindale")]
    [InlineData("""{"BoroCD":483}""", null, null, "483|Queens 83")]
    [InlineData("""{"BoroCD":999}""", null, null, "999|Area 999")]
    [InlineData("""{"NAME":" Straße & Park "}""", null, null, "straße-park|Straße & Park")]
    [InlineData("""{"name":"10","other":"Ten"}""", null, null, "10|Area 10")]
    [InlineData("""{"name":"10","other":"Ten"}""", "other", "name", "10|Ten")]
    [InlineData("""{"odd":"Ten","id_no":7}""", "odd", null, "f1|Ten")]
    public async Task Names_and_codes_are_found(string properties, string? name, string? code, string expected)
    {
        string id = name == "odd" ? "\"f1\"" : "null";
        string path = WriteFeatures(
            $$"""{"type":"Feature","id":{{id}},"properties":{{properties}},"geometry":{{Polygon(Square())}}}""");
        Assert.Null((await TryImportAsync(path, name: name, code: code)).Failure);
        Assert.Equal([expected], await RowsAsync("select code, name from boundary"));
    }
}
