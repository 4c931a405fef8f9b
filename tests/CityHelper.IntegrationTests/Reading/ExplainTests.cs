using System.Text.Json;
using CityHelper.Data;
using CityHelper.Data.Import;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Transport;
using CityHelper.IntegrationTests.Checks;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using GraphQL.Types;
using Microsoft.Extensions.DependencyInjection;
using NetTopologySuite.Geometries;
using Npgsql;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Reading;

/// <summary>A server over 200,000 generated requests.</summary>
public sealed class LargeFixture(PostgresFixture postgres) : IAsyncLifetime
{
    public TestServer Server { get; private set; } = null!;

    public string Database { get; private set; } = "";

    /// <summary>The code of the rarest category, with the number of its requests.</summary>
    public (string Code, long Requests) Rarest { get; private set; }

    public async Task InitializeAsync()
    {
        Database = await CheckDatabases.CreateLargeAsync(postgres);
        await using NpgsqlDataSource direct = CityHelperDatabase.CreateDataSource(Database);
        await using NpgsqlCommand rarest = direct.CreateCommand(
            "select c.code, count(*) from service_request r join category c using (city_id) where c.id = r.category_id group by 1 order "
                + "by 2, 1 limit 1");
        await using (NpgsqlDataReader reader = await rarest.ExecuteReaderAsync())
        {
            await reader.ReadAsync();
            Rarest = (reader.GetString(0), reader.GetInt64(1));
        }

        await BoundaryRows.AddAsync(Database, BoundaryRows.Manhattan);

        // A day of these requests: queries for recent requests depend on the clock.
        Server = await TestServer.StartAsync(Database, time: new StoppedClock(GeneratorOptions.DefaultUntilUtc));
    }

    public async Task DisposeAsync() => await Server.DisposeAsync();
}

/// <summary>PostgreSQL's work, counted in buffers, which do not depend on how busy the machine is.</summary>
[Collection(PostgresCollection.Name)]
public sealed class ExplainTests(LargeFixture fixture, ITestOutputHelper output) : IClassFixture<LargeFixture>
{
    private const string Map =
        """
        query($where: ServiceRequestFilterInput, $view: ViewportInput!) {
          serviceRequests(city: "nyc", first: 50, within: {viewport: $view}, where: $where) {
            nodes { id title status createdAt category { code name } location { coordinates } } } }
        """;

    private const string ReadsHeading =
        """
        # What the published operations read

        Generated over 200,000 requests of three years, with the values of a first page: tables and columns as the statements name them,
        indexes of requests and updates as PostgreSQL used them. Other values may lead to another access path (decision 5). `ExplainTests`
        compares it.

        | operation | tables and columns | indexes |
        |---|---|---|

        """;

    private static readonly object s_square = new { longitude = -73.9857, latitude = 40.7484 };
    private static readonly Geometry s_island = new GeometryFactory(new PrecisionModel(), 4326).ToGeometry(
        new Envelope(-74.20, -74.10, 40.55, 40.60));
    private static readonly object s_midtown = new
    {
        west = -73.995,
        south = 40.745,
        east = -73.965,
        north = 40.765,
    };

    [Theory]
    [InlineData("none", "merged-index-scans cells=6", 200)]
    [InlineData("status", null, 500)]
    [InlineData("frequent status", null, 500)]
    [InlineData("rare category", "loose-index-scan", 60)]
    [InlineData("rare category and status", "loose-index-scan", 60)]
    [InlineData("last year", "merged-index-scans cells=6", 200)]
    [InlineData("first month", "merged-index-scans cells=6", 200)]
    [InlineData("place elsewhere", null, 100)]
    public async Task The_newest_fifty_of_a_viewport_touch_few_buffers(string filter, string? accessPath, int buffersMax)
    {
        object where = filter switch
        {
            "status" => new { status = new { eq = "PENDING" } },
            "frequent status" => new { status = new { eq = "CLOSED" } },
            "rare category" => new { category = new { code = new { eq = fixture.Rarest.Code } } },
            "rare category and status" => new
            {
                category = new { code = new { eq = fixture.Rarest.Code } },
                status = new { eq = "CLOSED" },
            },
            "last year" => new { createdAt = new { lt = "2025-06-01T00:00:00Z" } },

            // The first partition is a year, and only its last two months have requests.
            "first month" => new { createdAt = new { lt = "2023-12-01T00:00:00Z" } },
            "place elsewhere" => new { location = new { within = new { geometry = RandomAreas.GeoJson(s_island) } } },
            _ => new { },
        };
        await AssertBuffersAsync(Map, new { view = s_midtown, where }, accessPath, buffersMax);
    }

    /// <summary>Lists without help from cells: the access path chosen by the statistics, and its buffers.</summary>
    [Theory]
    [InlineData("where: {category: {code: {eq: \"RAREST\"}}}", "loose-index-scan", 100)]
    [InlineData("where: {category: {code: {in: [\"RAREST\", \"rodent\"]}}, status: {eq: OPEN}}", "loose-index-scan", 250)]
    [InlineData("where: {category: {code: {neq: \"RAREST\"}}}", "ordered-index-scan", 100)]
    [InlineData("where: {status: {in: [OPEN, PENDING]}}", "loose-index-scan", 400)]
    [InlineData("order: [{updatedAt: DESC}]", "ordered-index-scan", 400)]
    [InlineData("order: [{updatedAt: DESC}], where: {status: {eq: PENDING}}", "ordered-index-scan", 500)]
    [InlineData("order: [{updatedAt: ASC}], where: {category: {code: {eq: \"RAREST\"}}}", "sort", 100)]
    [InlineData("order: [{category: {name: DESC}}, {createdAt: ASC}]", "group-scans", 400)]
    [InlineData("order: [{status: ASC}], where: {category: {code: {eq: \"rodent\"}}}", "group-scans", 600)]
    [InlineData("where: {title: {contains: \"Noise\"}, category: {code: {eq: \"noise\"}}}", "loose-index-scan", 6_000)]
    [InlineData("where: {or: [{category: {code: {eq: \"RAREST\"}}}, {agency: {code: {eq: \"none\"}}}]}", "union-of-scans", 150)]
    [InlineData(
        "where: {or: [{category: {code: {eq: \"RAREST\"}}, status: {eq: OPEN}}, {externalId: {eq: \"sample-1-00000007\"}}]}",
        "union-of-scans",
        100)]
    [InlineData(
        "where: {title: {in: [\"a\", \"b\"]}, or: [{category: {code: {eq: \"RAREST\"}}}, {externalId: {in: [\"sample-1-00000007\"]}}]}",
        "union-of-scans",
        150)]
    [InlineData("last: 50", "ordered-index-scan", 100)]
    public async Task Fifty_of_a_list_touch_few_buffers(string arguments, string accessPath, int buffersMax)
    {
        string page = arguments.StartsWith("last", StringComparison.Ordinal) ? "" : "first: 50, ";
        string query =
            $"{{ serviceRequests(city: \"nyc\", {page}{arguments.Replace("RAREST", fixture.Rarest.Code, StringComparison.Ordinal)}) {{ "
                + $"nodes {{ id title status createdAt }} }} }}";
        await AssertBuffersAsync(query, new { }, accessPath, buffersMax);
    }

    /// <summary>
    /// A viewport too large for cells, over an empty sea (attack 22): range scans of the coarsest cells, not a scan of the whole city.
    /// </summary>
    [Fact]
    public async Task A_large_empty_viewport_touches_few_buffers() =>
        await AssertBuffersAsync(
            Map,
            new
            {
                view = new
                {
                    west = -60.0,
                    south = 0.0,
                    east = -20.0,
                    north = 40.0,
                },
                where = new { },
            },
            "range-scan",
            6_000);

    /// <summary>Statistics of a year: of the city and of a district, from counters and the rows of its boundary cells.</summary>
    [Theory]
    [InlineData("total byStatus { count } byCategory { count }", "", 1_500)]
    [InlineData("byMonth { count }", "", 1_500)]
    [InlineData("total byStatus { count }", "within: {viewport: {west: -73.995, south: 40.745, east: -73.965, north: 40.765}},", 1_000)]
    [InlineData(
        "total byStatus { count } byCategory { count }",
        "within: {polygon: {type: \"Polygon\", coordinates: [[[-73.995, 40.745], [-73.965, 40.745], [-73.955, 40.765], [-73.985, 40.775], "
            + "[-73.995, 40.745]]]}},",
        1_000)]
    [InlineData("total byStatus { count }", "within: {viewport: {west: -180, south: -90, east: 180, north: 90}},", 3_000)]
    public async Task Statistics_of_a_year_touch_few_buffers(string statistics, string area, int buffersMax)
    {
        string query =
            $"{{ serviceRequestStats(city: \"nyc\", {area} where: {{createdAt: {{gte: \"2025-11-01T04:00:00Z\", lt: "
                + $"\"2026-11-01T04:00:00Z\"}}}}) {{ {statistics} }} }}";
        List<JsonElement> plans = await PlansAsync(query, new { });
        long buffers = plans.Sum(Buffers);
        output.WriteLine($"{statistics} {area}: {buffers} buffers");
        Assert.InRange(buffers, 1, buffersMax);
    }

    [Fact]
    public async Task A_page_that_the_newest_year_fills_is_planned_over_that_year_alone()
    {
        JsonElement plan = Assert.Single(await PlansAsync(Map, new { view = s_midtown }));
        Assert.Equal(
            ["service_request_1_2026", "service_request_1_2027"],
            Relations(plan).Where(r => r.StartsWith("service_request", StringComparison.Ordinal)).Distinct().Order());
    }

    [Fact]
    public async Task The_categories_with_their_newest_requests_are_two_statements_that_stop_early()
    {
        List<JsonElement> plans = await PlansAsync(
            "{ city(slug: \"nyc\") { categories(first: 20) { nodes { code serviceRequests(first: 3) { nodes { title } pageInfo { "
                + "hasNextPage } } } } } }",
            new { });
        Assert.Equal(3, plans.Count);
        long buffers = plans.Sum(Buffers);
        output.WriteLine($"{buffers} buffers");
        Assert.InRange(buffers, 1, 600);
    }

    /// <summary>
    /// A document lists the columns and tables that each published operation reads, so that a change of an index or a column shows the
    /// affected operations. CITYHELPER_UPDATE_READS=1 writes it.
    /// </summary>
    [Fact]
    public async Task What_the_published_operations_read_is_written_down()
    {
        var text = new System.Text.StringBuilder(ReadsHeading);
        foreach (
            ManifestOperation operation in OperationManifest
                .Read(Repository.PathOf("persisted-queries", OperationManifest.FileName))
                .Operations)
        {
            IReadOnlyList<StatementExplanation> explanations = await ExplainAsync(operation.Body, await BindingsAsync(operation.Name));
            IEnumerable<string> tables = SqlReads
                .Of(explanations.Select(e => e.Sql))
                .Select(t => $"`{t.Key}`: {string.Join(", ", t.Value)}");
            text.Append(
                $"| {operation.Client}/{operation.Name} | {string.Join("<br>", tables)} | "
                    + $"{string.Join("<br>", await IndexesAsync(explanations))} |\n");
        }

        string path = Repository.PathOf("docs", "operation-reads.md");
        if (Environment.GetEnvironmentVariable("CITYHELPER_UPDATE_READS") == "1")
        {
            await File.WriteAllTextAsync(path, text.ToString());
        }

        Assert.Equal(await File.ReadAllTextAsync(path), text.ToString());
    }

    /// <summary>
    /// Attack 38: an index on a column and the key is not searched for each pair of an item and a key (before: 64,402 and 15,213 buffers of
    /// one statement for categories and agencies). Unknown request ids are searched in every partition: 2 to 9 buffers each.
    /// </summary>
    [Theory]
    [InlineData("category")]
    [InlineData("agency")]
    [InlineData("status")]
    [InlineData("updatedAt")]
    public async Task Ids_with_another_list_are_searched_for_alone(string column)
    {
        JsonElement data = await fixture.Server.DataAsync(
            "{ city(slug: \"nyc\") { categories(first: 100) { nodes { code } } agencies(first: 100) { nodes { code } } } "
            + "serviceRequests(city: \"nyc\", first: 100) { nodes { updatedAt } } }");
        object Codes(string list) => new { code = new { @in = Strings(data.GetProperty("city").GetProperty(list), "code") } };
        IEnumerable<string> ids = Enumerable
            .Range(0, 400)
            .Select(i =>
                new Engine.GlobalId("ServiceRequest", RequestRows.City, 800_000_000_000_000_000 + (i * 1_000_000_007L)).ToString());
        object other = column switch
        {
            "category" => new { category = Codes("categories") },
            "agency" => new { agency = Codes("agencies") },
            "status" => new { status = new { @in = new[] { "OPEN", "PENDING", "CLOSED", "RESOLVED" } } },
            _ => new { updatedAt = new { @in = Strings(data.GetProperty("serviceRequests"), "updatedAt") } },
        };
        const string Statistics = "stats(where: $where) { total open overdue timeToClose { medianSeconds } }";
        const string Page = "first: 8, where: $where) { nodes { id title } }";
        var variables = new { where = new { and = new[] { other, new { id = new { @in = ids } } } } };
        string ofBoundary = $"boundary(id: \"{Manhattan}\") {{ {Statistics} serviceRequests({Page} }}";
        foreach (string field in new[] { $"serviceRequests(city: \"nyc\", {Page}", ofBoundary })
        {
            foreach (
                StatementExplanation statement in await ExplainAsync($"query($where: ServiceRequestFilterInput) {{ {field} }}", variables))
            {
                long buffers = Buffers(Plan(statement));
                output.WriteLine($"{column}: {buffers} buffers\n{statement.Sql}");
                Assert.InRange(buffers, 1, 5_000);
            }
        }
    }

    private static string Manhattan => new Engine.GlobalId("Boundary", RequestRows.City, BoundaryRows.Manhattan[0].Id).ToString();

    private static string[] Strings(JsonElement connection, string member) =>
        [.. connection.GetProperty("nodes").EnumerateArray().Select(n => n.GetProperty(member).GetString()!).Distinct()];

    private async Task<object> BindingsAsync(string operation)
    {
        JsonElement newest = (await fixture.Server.DataAsync("{ serviceRequests(city: \"nyc\", first: 1) { nodes { id externalId } } }"))
            .GetProperty("serviceRequests").GetProperty("nodes")[0];
        string id = newest.GetProperty("id").GetString()!;
        return operation switch
        {
            "Cities" => new { },
            "ServiceRequestDetail" or "ServiceRequestDuplicates" => new { city = "nyc", id },
            "NearbyServiceRequests" => new { city = "nyc", to = s_square },
            "DuplicateCandidates" => new { city = "nyc", category = "noise-residential", location = s_square },
            "ServiceRequestHistory" or "ServiceRequestChanges" => new { id },
            "UpdateServiceRequestStatus" => new { input = new { id, status = "CLOSED" } },
            "ReportServiceRequest" => new
            {
                input = new { city = "nyc", category = "rodent", address = "1 Broadway", idempotencyKey = "1" },
            },
            "ServiceRequestByExternalId" => new { city = "nyc", externalId = newest.GetProperty("externalId").GetString() },
            "ServiceRequestMap" or "ServiceRequestMapChanges" => new { city = "nyc", viewport = s_midtown },
            "ServiceRequestClusters" => new { city = "nyc", viewport = s_midtown, zoom = 12 },
            "BoundaryDetail" => new { id = new Engine.GlobalId("Boundary", RequestRows.City, BoundaryRows.Manhattan[0].Id).ToString() },
            _ => new { city = "nyc" },
        };
    }

    // Every partition has its own index; this returns the parent's. Small tables are left out: PostgreSQL reads them in any way.
    private async Task<IEnumerable<string>> IndexesAsync(IReadOnlyList<StatementExplanation> explanations)
    {
        // For an empty partition PostgreSQL may use any index.
        string[] names =
        [
            .. explanations
                .SelectMany(e => Values(Plan(e), "Index Name", node => node.GetProperty("Actual Rows").GetDouble() > 0))
                .Distinct(),
        ];
        await using NpgsqlDataSource direct = CityHelperDatabase.CreateDataSource(fixture.Database);
        await using NpgsqlCommand command = direct.CreateCommand(
            "select distinct pg_get_indexdef(coalesce(pg_partition_root(c.oid), c.oid)) from pg_class c where c.relname = any($1) and "
                + "c.relkind = 'i' and c.relname ~ '^(service_request|status_update)' order by 1");
        command.Parameters.Add(new() { Value = names });
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        List<string> indexes = [];
        while (await reader.ReadAsync())
        {
            indexes.Add(
                System.Text.RegularExpressions.Regex.Replace(reader.GetString(0), @"^.* ON (ONLY )?public\.(\w+) USING (btree )?", "`$2` ")
            );
        }

        return indexes.Distinct();
    }

    private async Task AssertBuffersAsync(string query, object variables, string? accessPath, int buffersMax)
    {
        IReadOnlyList<StatementExplanation> explanations = await ExplainAsync(query, variables);
        long buffers = explanations.Sum(e => Buffers(Plan(e)));
        output.WriteLine(
            $"{explanations[0].AccessPath}: {buffers} buffers in {explanations.Count} statements (rarest category: "
                + $"{fixture.Rarest})\n{explanations[0].Sql}");

        // Where two access paths cost about the same, the sample that ANALYZE took decides.
        Assert.Equal(accessPath ?? explanations[0].AccessPath, explanations[0].AccessPath);
        Assert.InRange(buffers, 1, buffersMax);
    }

    /// <summary>The planner does not know how many rows a page has: joined, it would hash all requests of the city for fifty.</summary>
    [Fact]
    public Task The_requests_that_duplicates_point_at_are_looked_up_by_their_keys() => AssertBuffersAsync(
        "{ serviceRequests(city: \"nyc\", first: 50) { nodes { id duplicateOf { id title status } } } }", new { }, null, 400);

    [Fact]
    public async Task A_request_by_id_touches_one_partition()
    {
        JsonElement data = await fixture.Server.DataAsync("{ serviceRequests(city: \"nyc\", first: 1) { nodes { id } } }");
        string id = data.GetProperty("serviceRequests").GetProperty("nodes")[0].GetProperty("id").GetString()!;
        const string Detail =
            "query($id: ID!) { serviceRequest(city: \"nyc\", id: $id) { title status category { name } updates { status } } }";
        foreach (JsonElement plan in await PlansAsync(Detail, new { id }))
        {
            string[] partitions = [.. Relations(plan).Where(r => r.StartsWith("service_request_1_", StringComparison.Ordinal)).Distinct()];
            output.WriteLine($"{string.Join(", ", Relations(plan))}: {Buffers(plan)} buffers");
            Assert.Single(partitions);
        }
    }

    [Fact]
    public async Task Bounds_on_the_creation_time_prune_partitions()
    {
        JsonElement plan = Assert.Single(await PlansAsync(
            "query($where: ServiceRequestFilterInput) { serviceRequests(city: \"nyc\", first: 10, where: $where) { nodes { id } } }",
            new { where = new { createdAt = new { gte = "2024-03-01T00:00:00Z", lt = "2024-09-01T00:00:00Z" } } }));
        Assert.Equal(["service_request_1_2024"], Relations(plan));
    }

    private async Task<List<JsonElement>> PlansAsync(string query, object variables) =>
        [.. (await ExplainAsync(query, variables)).Select(Plan)];

    private static JsonElement Plan(StatementExplanation explanation) =>
        JsonDocument.Parse(explanation.Json).RootElement[0].GetProperty("Plan");

    private async Task<IReadOnlyList<StatementExplanation>> ExplainAsync(string query, object variables)
    {
        var compiler = fixture.Server.Services.GetRequiredService<OperationCompiler>();
        Operation operation = (await compiler.CompileAsync(query, null, CancellationToken.None)).Operation!;
        var executor = fixture.Server.Services.GetRequiredService<OperationExplainer>();
        JsonElement json = JsonSerializer.SerializeToElement(variables);

        // The first run warms the catalog caches, which a real server has warm too; it warms no data.
        await executor.ExplainAsync(operation, json, CancellationToken.None);
        IReadOnlyList<StatementExplanation> explanations = await executor.ExplainAsync(operation, json, CancellationToken.None);
        Assert.Subset(TablesOf(operation, json), SqlReads.Of(explanations.Select(e => e.Sql)).Keys.ToHashSet());
        return explanations;
    }

    /// <summary>The tables that the plan names: every statement must keep to them.</summary>
    private HashSet<string> TablesOf(Operation operation, JsonElement variables)
    {
        VariableValues values = VariableValues.Coerce(operation.Variables, variables).Values!;
        return [.. new Planner(fixture.Server.Services.GetRequiredService<ISchema>()).Compile(operation, values).Tables];
    }

    private static long Buffers(JsonElement plan) =>
        plan.GetProperty("Shared Hit Blocks").GetInt64() + plan.GetProperty("Shared Read Blocks").GetInt64();

    /// <summary>The tables of the plan's scans, executed or not.</summary>
    private static IEnumerable<string> Relations(JsonElement plan) => Values(plan, "Relation Name", _ => true);

    private static IEnumerable<string> Values(JsonElement plan, string property, Func<JsonElement, bool> counts)
    {
        if (plan.TryGetProperty(property, out JsonElement name) && counts(plan))
        {
            yield return name.GetString()!;
        }

        if (plan.TryGetProperty("Plans", out JsonElement children))
        {
            foreach (string value in children.EnumerateArray().SelectMany(child => Values(child, property, counts)))
            {
                yield return value;
            }
        }
    }
}
