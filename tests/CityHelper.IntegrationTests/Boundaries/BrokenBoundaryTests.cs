using System.Text;
using CityHelper.Data;
using CityHelper.Data.Boundaries;
using CityHelper.IntegrationTests.Postgres;
using Xunit;

namespace CityHelper.IntegrationTests.Boundaries;

/// <summary>A broken file gives one sentence and changes nothing; a broken feature is repaired, or refused alone.</summary>
public sealed class BrokenBoundaryTests(PostgresFixture postgres) : BoundaryFixture(postgres)
{
    private const string Hole = "[[-73.985,40.745],[-73.985,40.75],[-73.98,40.75],[-73.98,40.745],[-73.985,40.745]]";
    private const string Sliver = "[[-73.98,40.75],[-73.979999,40.75],[-73.98,40.750001],[-73.98,40.75]]";

    [Theory]
    [InlineData(
        "[[-73.99,40.74],[-73.97,40.76],[-73.97,40.74],[-73.99,40.76],[-73.99,40.74]]", "a ring of it crosses itself like a bow-tie")]
    [InlineData(
        "[[-73.99,40.74],[-73.96,40.76],[-73.96,40.74],[-73.99,40.755],[-73.99,40.74]]", "it is no valid area (self-intersection near ")]
    [InlineData("[[-73.99,40.74],[-73.97,40.74],[-73.99,40.74]]", "nothing of it is larger than a square metre")]
    [InlineData("[[-73.99,40.74],[-73.98,40.74],[-73.97,40.74],[-73.99,40.74]]", "nothing of it is larger than a square metre")]
    [InlineData(Sliver, "nothing of it is larger than a square metre")]
    [InlineData("[]", "its geometry is empty")]
    [InlineData(
        "[[40.74,-73.99],[40.74,-73.97],[40.76,-73.97],[40.76,-73.99],[40.74,-73.99]]",
        "its positions have latitude before longitude: swap them")]
    [InlineData("[[-0.01,51.5],[0.01,51.5],[0.01,51.6],[-0.01,51.5]]", "it lies outside the city's bounds")]
    [InlineData(
        "[[-190,40.74],[-73.97,40.74],[-73.97,40.76],[-190,40.74]]",
        "its positions are outside the world: longitude is -180 to 180, latitude -90 to 90")]
    [InlineData("[[-73.99,1e400],[-73.97,40.74],[-73.97,40.76],[-73.99,1e400]]", "1e400 is no coordinate")]
    [InlineData(
        "[[\"-73.99\",40.74],[-73.97,40.74],[-73.97,40.76],[-73.99,40.74]]", "its coordinates are not nested as GeoJSON nests them")]
    [InlineData("[[-73.99],[-73.97,40.74],[-73.97,40.76],[-73.99]]", "its coordinates are not nested as GeoJSON nests them")]
    [InlineData("[-73.99,40.74,-73.97,40.74]", "its coordinates are not nested as GeoJSON nests them")]
    public async Task A_ring_that_is_refused(string ring, string reason) => await AssertRefusedAsync(Polygon(ring), reason);

    [Theory]
    [InlineData("null", "it has no geometry")]
    [InlineData("{}", "it has no geometry")]
    [InlineData("""{"type":"Point","coordinates":[-73.98,40.75]}""", "a Point is no area")]
    [InlineData("""{"type":"LineString","coordinates":[[-73.98,40.75],[-73.97,40.75]]}""", "a LineString is no area")]
    [InlineData("""{"type":"Polygon"}""", "its coordinates are not nested as GeoJSON nests them")]
    [InlineData("""{"type":"Polygon","coordinates":[]}""", "it has a polygon without rings")]
    [InlineData("""{"type":"MultiPolygon","coordinates":[]}""", "its geometry is empty")]
    [InlineData("""{"type":"GeometryCollection","geometries":[]}""", "its geometry is empty")]
    [InlineData("""{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[-73.98,40.75]}]}""", "a Point is no area")]
    [InlineData("""{"type":"\ud83d","coordinates":[]}""", "a text of it holds half a character (a \\u escape without its other half)")]
    [InlineData(
        """{"type":"Polygon","crs":{"type":"name","properties":{"name":"\ud83d"}},"coordinates":[]}""",
        "its coordinates are of another reference system (unnamed): convert them to EPSG:4326")]
    [InlineData(
        """{"type":"Polygon","crs":{"type":"name","properties":{"name":"EPSG:2263"}},"coordinates":[]}""",
        "its coordinates are of another reference system (EPSG:2263): convert them to EPSG:4326")]
    public async Task A_geometry_that_is_refused(string geometry, string reason) => await AssertRefusedAsync(geometry, reason);

    [Fact]
    public async Task Parts_that_overlap_and_holes_that_are_no_holes_are_refused()
    {
        string halfOver = Square()
            .Replace("-73.99", "-73.98", StringComparison.Ordinal)
            .Replace("-73.97", "-73.96", StringComparison.Ordinal);
        await AssertRefusedAsync(
            $$"""{"type":"MultiPolygon","coordinates":[[{{Square()}}],[{{halfOver}}]]}""", "it is no valid area (self-intersection near ");
        await AssertRefusedAsync(Polygon(Square(), Square(3)), "a hole of it lies outside its polygon");
        await AssertRefusedAsync(Polygon(Square(), Square()), "it is no valid area (");

        // The holes are larger than the polygon, yet something would be left.
        string larger = Square().Replace("-73.99", "-73.98", StringComparison.Ordinal).Replace("-73.97", "-73.9", StringComparison.Ordinal);
        await AssertRefusedAsync(Polygon(Square(), larger), "it is no valid area (");
    }

    /// <summary>
    /// The first has a loop with reversed winding, whose area is negative until it is repaired; the second goes around a corner twice.
    /// Their total area stays the same.
    /// </summary>
    [Fact]
    public async Task What_one_part_gains_by_a_repair_does_not_hide_what_another_loses()
    {
        const string Gains =
            "[[-73.99,40.74],[-73.97,40.74],[-73.97,40.75],[-73.965,40.755],[-73.965,40.75],[-73.97,40.755],"
                + "[-73.97,40.76],[-73.99,40.76],[-73.99,40.74]]";
        const string Loses =
            "[[-73.93,40.74],[-73.91,40.74],[-73.91,40.76],[-73.93,40.76],[-73.93,40.74],"
                + "[-73.9275,40.74],[-73.9275,40.745],[-73.93,40.745],[-73.93,40.74]]";
        await AssertRefusedAsync($$"""{"type":"MultiPolygon","coordinates":[[{{Gains}}],[{{Loses}}]]}""", "it is no valid area (");
    }

    [Fact]
    public async Task A_polygon_that_crosses_itself_everywhere_is_refused_before_it_is_repaired()
    {
        // A comb folded over itself: each of its teeth crosses each of the other comb's.
        var ring = new StringBuilder("[[-73.99,40.74]");
        for (int i = 0; i < 100; i++)
        {
            ring.Append(FormattableString.Invariant($",[{-73.99 + i * 0.0001:0.####},{(i % 2 == 0 ? 40.74 : 40.76)}]"));
        }

        for (int i = 0; i < 100; i++)
        {
            ring.Append(FormattableString.Invariant($",[{(i % 2 == 0 ? -73.99 : -73.97)},{40.74 + i * 0.0001:0.####}]"));
        }

        await AssertRefusedAsync(Polygon(ring.Append(",[-73.99,40.74]]").ToString()), "it crosses itself more than 1,000 times");
    }

    [Theory]
    [InlineData("[[-73.99,40.74],[-73.97,40.74],[-73.97,40.76],[-73.99,40.76]]", "", "a ring that was not closed was closed")]
    [InlineData(
        "[[-73.99,40.74],[-73.97,40.74],[-73.97,40.76],[-73.9699,40.76],[-73.9699,40.7599],"
            + "[-73.9701,40.7601],[-73.99,40.76],[-73.99,40.74]]",
        "",
        "self-intersection near ")]
    [InlineData(
        "[[-73.99,40.74],[-73.97,40.74],[-73.97,40.76],[-73.99,40.76],[-73.99,40.74]]",
        Hole + "," + Hole,
        "a hole that stood twice was dropped")]
    [InlineData(
        "[[-73.99,40.74],[-73.97,40.74],[-73.97,40.76],[-73.99,40.76],[-73.99,40.74]]",
        Sliver,
        "a part smaller than a square metre was dropped")]
    [InlineData(
        "[[-73.99,40.74],[-73.97,40.74],[-73.97,40.76],[-73.99,40.76],[-73.99,40.74]]",
        "[[-73.95,40.74],[-73.949,40.74],[-73.949,40.741],[-73.95,40.74]]",
        "a small hole outside its polygon was dropped")]
    public async Task A_polygon_that_is_repaired(string shell, string holes, string reason)
    {
        BoundaryImportSummary summary = await ImportAreasAsync(
            WriteFeatures(Feature("broken", Polygon([shell, .. holes.Length == 0 ? Array.Empty<string>() : [holes]]))));
        Assert.Equal(("broken", 1), (Assert.Single(summary.Repaired).Feature, summary.Inserted));
        Assert.StartsWith(reason, summary.Repaired[0].Reason, StringComparison.Ordinal);
        Assert.Equal([$"true|{(holes.StartsWith(Hole, StringComparison.Ordinal) ? 1 : 0)}"], await RowsAsync(
            "select (st_isvalid(geometry) and abs(st_area(geometry) - 0.0004) < 0.00003)::text, "
                + "st_numinteriorrings(st_geometryn(geometry, 1))::text from boundary"));
    }

    [Fact]
    public async Task A_collection_of_areas_and_a_part_that_stands_twice_are_repaired()
    {
        BoundaryImportSummary summary = await ImportAreasAsync(
            WriteFeatures(
                Feature(
                    "collection",
                    $$"""{"type":"GeometryCollection","geometries":[{{Polygon(Square())}}"""
                        + $$""",{"type":"GeometryCollection","geometries":[{{Polygon(Square(2))}}]}]}"""),
                Feature("twice", $$"""{"type":"MultiPolygon","coordinates":[[{{Square()}}],[{{Square()}}]]}""")));
        Assert.Equal(
            ["collection: a collection of areas became one area", "twice: a polygon that stood twice was dropped"],
            summary.Repaired.Select(r => r.ToString()));
        Assert.Equal(
            ["collection|2", "twice|1"], await RowsAsync("select name, st_numgeometries(geometry)::text from boundary order by name"));
    }

    [Fact]
    public async Task Orientation_and_heights_are_no_faults()
    {
        string clockwise = "[[-73.99,40.74,5],[-73.99,40.76,5],[-73.97,40.76,5],[-73.97,40.74,5],[-73.99,40.74,5]]";
        BoundaryImportSummary summary = await ImportAreasAsync(WriteFeatures(
            Feature("as in RFC 7946", Polygon(Square(), Hole)), Feature("clockwise", Polygon(clockwise))));
        Assert.Empty(summary.Repaired);
        Assert.Equal(
            ["true|2"], await RowsAsync("select bool_and(st_ispolygonccw(geometry))::text, max(st_ndims(geometry))::text from boundary"));
    }

    [Theory]
    [InlineData("""{"type":"Feature","properties":{"name":""},"geometry":SQUARE}""", "feature 1: it has no name")]
    [InlineData(
        """{"type":"Feature","properties":{"name":"a\u0000b"},"geometry":SQUARE}""", "feature 1: its name holds control characters")]
    [InlineData(
        """{"type":"Feature","properties":{"name":"LONG"},"geometry":SQUARE}""", "feature 1: its code is longer than 200 characters")]
    [InlineData("""{"type":"Feature","properties":{"name":["a"]},"geometry":SQUARE}""", "feature 1: it has no name")]
    [InlineData(
        """{"type":"Feature","properties":{"name":"a\ud83d"},"geometry":SQUARE}""",
        "feature 1: a text of it holds half a character (a \\u escape without its other half)")]
    [InlineData("""{"type":"Feature","properties":null,"geometry":SQUARE}""", "feature 1: it has no properties")]
    public async Task A_feature_without_a_usable_name_is_refused(string feature, string reason)
    {
        feature = feature
            .Replace("SQUARE", Polygon(Square()), StringComparison.Ordinal)
            .Replace("LONG", new string('x', 201), StringComparison.Ordinal);
        BoundaryImportSummary summary = await ImportAreasAsync(WriteFeatures(feature, Feature("good", Polygon(Square(1)))));
        Assert.Equal([reason], summary.Refused.Select(r => r.ToString()));
        Assert.Equal(["good"], await RowsAsync("select name from boundary"));
    }

    [Fact]
    public async Task A_code_that_stands_twice_is_refused_the_second_time()
    {
        BoundaryImportSummary summary = await ImportAreasAsync(
            WriteFeatures(Feature("Same", Polygon(Square())), Feature("SAME", Polygon(Square(1)))));
        Assert.Equal(["SAME: its code same is that of a feature before it"], summary.Refused.Select(r => r.ToString()));
        Assert.Equal(1, summary.Inserted);
    }

    [Theory]
    [InlineData("empty.geojson", "", "FOLDER/empty.geojson is empty, or no file: a pipe, ")]
    [InlineData("cut.geojson", "{\"type\":\"FeatureCollection\",\"features\":[", "cut.geojson is no GeoJSON: ")]
    [InlineData("nan.geojson", "{\"type\":\"FeatureCollection\",\"features\":[NaN]}", "nan.geojson is no GeoJSON: ")]
    [InlineData("array.geojson", "[]", "array.geojson is no GeoJSON FeatureCollection.")]
    [InlineData("one.geojson", "{\"type\":\"Feature\"}", "one.geojson is no GeoJSON FeatureCollection.")]
    [InlineData("none.geojson", "{\"type\":\"FeatureCollection\",\"features\":[]}", "none.geojson has no features.")]
    [InlineData(
        "odd.geojson",
        "{\"type\":\"FeatureCollection\",\"features\":[1]}",
        "odd.geojson: not everything in its features is a Feature with properties.")]
    [InlineData(
        "state.geojson",
        "{\"type\":\"FeatureCollection\",\"crs\":{\"type\":\"name\",\"properties\":{\"name\":\"urn:ogc:def:crs:EPSG::2263\"}},"
            + "\"features\":[]}",
        "state.geojson is in another reference system (urn:ogc:def:crs:EPSG::2263): convert it to EPSG:4326.")]
    [InlineData(
        "nameless.geojson",
        "{\"type\":\"FeatureCollection\",\"features\":["
            + "{\"type\":\"Feature\",\"properties\":{\"OBJECTID\":1,\"Shape_Area\":2},\"geometry\":null}]}",
        "nameless.geojson: which property is the name? Say it with --name-property; there are: OBJECTID, Shape_Area.")]
    [InlineData(
        "half.geojson",
        "{\"type\":\"FeatureCollection\",\"features\":["
            + "{\"type\":\"Feature\",\"properties\":{\"name\":\"a\",\"\\ud83d\":1},\"geometry\":null}]}",
        "half.geojson has a property whose name holds half a character (a \\u escape without its other half): rename or remove it.")]
    [InlineData("type.geojson", "{\"type\":\"\\ud83d\",\"features\":[]}", "type.geojson is no GeoJSON FeatureCollection.")]
    [InlineData(
        "feature.geojson",
        "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"\\ud83d\",\"properties\":{}}]}",
        "feature.geojson: not everything in its features is a Feature with properties.")]
    public async Task A_file_that_is_refused(string name, string content, string sentence)
    {
        string? failure = (await TryImportAsync(Write(name, content))).Failure;
        Assert.StartsWith(sentence.Replace("FOLDER", Folder, StringComparison.Ordinal), failure, StringComparison.Ordinal);
        Assert.Equal("", await StoredAsync());
    }

    [Fact]
    public async Task A_file_in_another_encoding_is_refused()
    {
        string content = Collection(Feature("Montréal", Polygon(Square())));
        foreach (Encoding encoding in new[] { Encoding.Latin1, Encoding.BigEndianUnicode })
        {
            byte[] bytes = [.. encoding.GetPreamble(), .. encoding.GetBytes(content)];
            Assert.Equal(
                "other.geojson is not UTF-8, as GeoJSON must be: convert it, with `iconv -f LATIN1 -t UTF-8` if it is Latin-1.",
                (await TryImportAsync(Write("other.geojson", bytes))).Failure);
        }

        Assert.Equal("", await StoredAsync());
    }

    [Fact]
    public async Task Gzip_is_read_and_its_faults_are_told()
    {
        byte[] packed = Gzip(Encoding.UTF8.GetBytes("\uFEFF" + Collection(Feature("packed", Polygon(Square())))));
        Assert.Equal(1, (await ImportAreasAsync(Write("good.geojson.gz", packed))).Inserted);
        Assert.StartsWith(
            "cut.geojson.gz is ", (await TryImportAsync(Write("cut.geojson.gz", packed[..^6]))).Failure, StringComparison.Ordinal);
        Assert.Equal(
            "named.geojson is gzip but is not named so; rename it to named.geojson.gz.",
            (await TryImportAsync(Write("named.geojson", packed))).Failure);
    }

    [Fact]
    public async Task What_is_larger_than_the_limits_is_refused_before_any_geometry_is_made()
    {
        string deep =
            string.Concat(Enumerable.Repeat("""{"type":"GeometryCollection","geometries":[""", 15))
            + string.Concat(Enumerable.Repeat("]}", 15));
        Assert.Contains(
            "is no GeoJSON: The maximum configured depth",
            (await TryImportAsync(WriteFeatures(Feature("deep", deep)))).Failure,
            StringComparison.Ordinal);

        string[] many = [.. Enumerable.Repeat(Feature("x", "null"), Limits.BoundariesMax + 1)];
        Assert.Contains(
            "has 2,501 features, at most 2,500 are allowed", (await TryImportAsync(WriteFeatures(many))).Failure, StringComparison.Ordinal);

        string rings = string.Join(',', Enumerable.Repeat("[[-73.99,40.74]]", Limits.BoundaryRingsMax + 1));
        Assert.Contains(
            "has more than 20,000 rings",
            (await TryImportAsync(WriteFeatures(Feature("rings", Polygon(rings))))).Failure,
            StringComparison.Ordinal);

        string vertices = string.Join(',', Enumerable.Repeat("[1,2]", Limits.BoundaryVerticesMax + 1));
        Assert.Contains(
            "has more than 1,000,000 vertices",
            (await TryImportAsync(WriteFeatures(Feature("vertices", Polygon($"[{vertices}]"))))).Failure,
            StringComparison.Ordinal);

        byte[] bomb = Gzip(new byte[Limits.BoundaryFileBytesMax + 1]);
        Assert.Equal(
            "bomb.geojson.gz is larger than 64 MB: simplify it, or split it.",
            (await TryImportAsync(Write("bomb.geojson.gz", bomb))).Failure);
        Assert.Equal("", await StoredAsync());
    }

    [Theory]
    [InlineData("Community District")]
    [InlineData("")]
    [InlineData("9lives")]
    [InlineData("much-too-long-for-a-kind-of-boundary-in-any-city")]
    public async Task A_kind_that_is_no_slug_is_refused(string kind) =>
        Assert.StartsWith(
            "A kind has 1 to 40 lower-case letters",
            (await TryImportAsync(WriteFeatures(Feature("x", Polygon(Square()))), kind)).Failure,
            StringComparison.Ordinal);

    private async Task AssertRefusedAsync(string geometry, string reason)
    {
        BoundaryImportSummary summary = await ImportAreasAsync(
            WriteFeatures(Feature("broken", geometry), Feature("good", Polygon(Square(1)))));
        Assert.Equal(("broken", 2, 1), (Assert.Single(summary.Refused).Feature, summary.Read, summary.Inserted));
        Assert.StartsWith(reason, summary.Refused[0].Reason, StringComparison.Ordinal);
        Assert.Equal(["good"], await RowsAsync("select name from boundary"));

        // A file whose features are all refused says so, and changes nothing.
        string stored = await StoredAsync();
        Assert.Contains(
            ": all 1 features are refused; broken: ",
            (await TryImportAsync(WriteFeatures(Feature("broken", geometry)), "other")).Failure,
            StringComparison.Ordinal);
        Assert.Equal(stored, await StoredAsync());
        await using Npgsql.NpgsqlCommand clear = Database.CreateCommand("delete from boundary");
        await clear.ExecuteNonQueryAsync();
    }
}
