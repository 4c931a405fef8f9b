using System.Text.RegularExpressions;
using CityHelper.IntegrationTests.Postgres;
using GraphQL.Types;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CityHelper.IntegrationTests.Reading;

/// <summary>Statements read only the selected columns: tests each field of the schema alone, and all fields of its type together.</summary>
[Collection(PostgresCollection.Name)]
public sealed partial class ProjectionTests(ReadingFixture fixture) : IClassFixture<ReadingFixture>
{
    /// <summary>A query for the fields of each type, and their table.</summary>
    private static readonly Dictionary<string, (string Query, string Table)> s_types = new()
    {
        ["ServiceRequest"] = ("{ serviceRequests(city: \"nyc\", first: 1) { nodes { FIELDS } } }", "service_request"),
        ["StatusUpdate"] = ("{ serviceRequest(city: \"nyc\", externalId: \"40000003\") { updates { FIELDS } } }", "status_update"),
        ["Category"] = ("{ city(slug: \"nyc\") { categories(first: 1) { nodes { FIELDS } } } }", "category"),
        ["Agency"] = ("{ city(slug: \"nyc\") { agencies(first: 1) { nodes { FIELDS } } } }", "agency"),
        ["City"] = ("{ city(slug: \"nyc\") { FIELDS } }", "city"),
        ["Bounds"] = ("{ city(slug: \"nyc\") { bounds { FIELDS } } }", "city"),
        ["GeoJSONPointType"] = ("{ serviceRequests(city: \"nyc\", first: 1) { nodes { location { FIELDS } } } }", "service_request"),
        ["Boundary"] = ("{ boundaries(city: \"nyc\", first: 1) { nodes { FIELDS } } }", "boundary"),
        ["GeoJSONMultiPolygonType"] = ("{ boundaries(city: \"nyc\", first: 1) { nodes { geometry { FIELDS } } } }", "boundary"),
    };

    /// <summary>Kinds of geometry that no row has yet; the schema has them for later.</summary>
    private static readonly string[] s_unused =
    [
        "GeoJSONLineStringType",
        "GeoJSONMultiLineStringType",
        "GeoJSONMultiPointType",
        "GeoJSONPolygonType",
    ];

    /// <summary>Read by separate statements, which the golden operations show.</summary>
    private static readonly string[] s_apart = ["City.stats", "Boundary.stats", "Boundary.serviceRequests"];

    /// <summary>Types of statistics, which are not rows.</summary>
    private static readonly string[] s_statistics =
        ["AgencyCount", "CategoryCount", "DurationStats", "PeriodCount", "ServiceRequestCluster", "ServiceRequestStats", "StatusCount"];

    /// <summary>The columns of a field where they are not its name in snake_case.</summary>
    private static readonly Dictionary<string, string[]> s_columns = new()
    {
        ["ServiceRequest.category"] = ["category_id"],
        ["ServiceRequest.agency"] = ["agency_id"],
        ["ServiceRequest.updates"] = [],
        ["ServiceRequest.history"] = [],
        ["ServiceRequest.boundaries"] = [],
        ["ServiceRequest.possibleDuplicates"] = [],
        ["Category.agency"] = ["agency_id"],
        ["Category.serviceRequests"] = [],
        ["Agency.serviceRequests"] = [],
        ["City.categories"] = [],
        ["City.agencies"] = [],
        ["City.serviceRequests"] = [],
        ["City.boundaries"] = [],
        ["City.cursor"] = ["id"],
        ["Bounds.west"] = ["bounds"],
        ["Bounds.south"] = ["bounds"],
        ["Bounds.east"] = ["bounds"],
        ["Bounds.north"] = ["bounds"],
        ["GeoJSONPointType.coordinates"] = ["location"],
        ["GeoJSONPointType.type"] = ["location"],
        ["GeoJSONPointType.bbox"] = ["location"],
        ["GeoJSONPointType.crs"] = ["location"],
        ["GeoJSONMultiPolygonType.coordinates"] = ["geometry"],
        ["GeoJSONMultiPolygonType.type"] = [],
        ["GeoJSONMultiPolygonType.bbox"] = ["geometry"],
        ["GeoJSONMultiPolygonType.crs"] = [],
    };

    /// <summary>Columns that pages and lists always read: key and default order.</summary>
    private static readonly Dictionary<string, string[]> s_always = new()
    {
        ["service_request"] = ["id"],
        ["status_update"] = ["id"],
        ["category"] = ["id", "code"],
        ["agency"] = ["id", "code"],
        ["city"] = [],
        ["boundary"] = ["id", "kind", "name"],
    };

    [Fact]
    public async Task Each_field_alone_reads_its_own_columns_and_all_together_read_theirs()
    {
        var schema = fixture.Server.Services.GetRequiredService<ISchema>();
        int fields = 0;
        foreach ((string type, (string query, string table)) in s_types)
        {
            FieldType[] all = [.. ((IObjectGraphType)schema.AllTypes[type]!).Fields.Where(f => !s_apart.Contains($"{type}.{f.Name}"))];
            foreach (FieldType field in all)
            {
                await AssertColumnsAsync(type, query, table, [field]);
                fields++;
            }

            await AssertColumnsAsync(type, query, table, all);
        }

        Assert.True(fields > 45, $"only {fields} fields were asked");
    }

    /// <summary>A new type must be added above, or its fields remain untested.</summary>
    [Fact]
    public void Every_type_of_rows_is_looked_at()
    {
        var schema = fixture.Server.Services.GetRequiredService<ISchema>();
        Assert.Equal(
            s_types.Keys.Concat(s_unused).Concat(s_statistics).Order(),
            schema
                .AllTypes.OfType<IObjectGraphType>()
                .Select(t => t.Name)
                .Where(name =>
                    !name.StartsWith("__", StringComparison.Ordinal)
                    && name is not ("Query" or "Mutation" or "Subscription" or "PageInfo" or "PossibleDuplicate")

                    // Events have the log's values, and a row of the other types.
                    && !name.EndsWith("Change", StringComparison.Ordinal)

                    // Of mutations: payloads hold rows of the other types, errors none.
                    && !name.EndsWith("Payload", StringComparison.Ordinal)
                    && !name.EndsWith("Error", StringComparison.Ordinal)
                    && !name.EndsWith("Connection", StringComparison.Ordinal)
                    && !name.EndsWith("Edge", StringComparison.Ordinal))
                .Order());
    }

    private async Task AssertColumnsAsync(string type, string query, string table, FieldType[] fields)
    {
        fixture.Server.TakeStatements();
        await fixture.Server.DataAsync(query.Replace("FIELDS", string.Join(' ', fields.Select(Selection)), StringComparison.Ordinal));
        IReadOnlyList<string> statements = fixture.Server.TakeStatements();
        string[] expected =
        [
            .. fields
                .SelectMany(f => s_columns.TryGetValue($"{type}.{f.Name}", out string[]? columns) ? columns : [Snake(f.Name)])
                .Concat(s_always[table])
                .Distinct()
                .Order(StringComparer.Ordinal),
        ];

        // The statement for the type's rows is the last one that selects from its table at the innermost level.
        string own = statements.Last(s => Rows(table).IsMatch(s));
        string[] read =
        [
            .. Rows(table)
                .Matches(own)[^1]
                .Groups[1]
                .Value.Split(", ")
                .Where(column => column != "1 as present")
                .Select(c => c.Split('.')[1])
                .Order(StringComparer.Ordinal),
        ];
        Assert.True(
            expected.SequenceEqual(read),
            $"{type} {{ {string.Join(' ', fields.Select(f => f.Name))} }} reads {string.Join(", ", read)}, not "
                + $"{string.Join(", ", expected)}:\n{own}");
        Assert.Equal(fields.Count(f => f.Name is "category" or "agency" or "duplicateOf"), Join().Count(own));
    }

    private static string Selection(FieldType field) => field.Name switch
    {
        "category" or "agency" => $"{field.Name} {{ name }}",
        "duplicateOf" => "duplicateOf { title }",
        "updates" => "updates(last: 1) { note }",
        "possibleDuplicates" => "possibleDuplicates(first: 1) { score }",
        "history" => "history(first: 1) { nodes { note } }",
        "serviceRequests" => "serviceRequests(first: 1) { nodes { title } }",
        "boundaries" when field.Arguments is null or { Count: 0 } => "boundaries { name }",
        "categories" or "agencies" or "boundaries" => $"{field.Name}(first: 1) {{ nodes {{ name }} }}",
        "location" or "centre" or "geometry" => $"{field.Name} {{ coordinates }}",
        "bounds" => "bounds { west }",
        _ => field.Name,
    };

    private static string Snake(string name) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(name);

    private static Regex Rows(string table) => new($@"select ((?:s\.\w+(?:, )?)+|1 as present) from {table} s\b");

    [GeneratedRegex(@"\bleft join\b")]
    private static partial Regex Join();
}
