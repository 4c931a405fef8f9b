using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Transport.Http;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Snapshooter;
using Snapshooter.Xunit;
using Xunit;

namespace CityHelper.IntegrationTests.Reading;

/// <summary>
/// Every published operation: its answer, its SQL and its headers as snapshots. An N+1, a lost index condition or a changed cache header
/// shows as a difference.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class GoldenOperationTests(ReadingFixture fixture) : IClassFixture<ReadingFixture>
{
    private static readonly JsonSerializerOptions s_indented = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly Dictionary<string, (string Operation, object Variables)> s_cases = new()
    {
        ["Boundaries"] = ("Boundaries", new { city = "nyc", kind = "community-district", zoom = 8 }),
        ["Boundaries_in_full"] = ("Boundaries", new { city = "nyc", kind = "neighborhood", zoom = 15 }),
        ["Cities"] = ("Cities", new { }),
        ["CityFilters"] = ("CityFilters", new { city = "nyc" }),
        ["CategoryOverview"] = (
            "CategoryOverview",
            new
            {
                city = "nyc",
                first = 2,
                where = new { status = new { neq = "CLOSED" } },
            }
        ),
        ["DuplicateCandidates"] = (
            "DuplicateCandidates",
            new
            {
                city = "nyc",
                category = "rodent",
                location = Position,
                description = "rats",
            }
        ),
        ["NearbyServiceRequests"] = (
            "NearbyServiceRequests",
            new
            {
                city = "nyc",
                to = Position,
                first = 3,
            }
        ),
        ["ServiceRequestDuplicates"] = ("ServiceRequestDuplicates", new { city = "nyc", id = ReadingFixture.Id(7) }),
        ["ServiceRequestByExternalId"] = ("ServiceRequestByExternalId", new { city = "nyc", externalId = "40000007" }),
        ["ServiceRequestDetail"] = ("ServiceRequestDetail", new { city = "nyc", id = ReadingFixture.Id(7) }),
        ["ServiceRequestHistory"] = ("ServiceRequestHistory", new { id = ReadingFixture.Id(7), last = 2 }),
        ["ServiceRequestList"] = ("ServiceRequestList", new { city = "nyc", first = 4 }),
        ["ServiceRequestList_oldest_open"] = (
            "ServiceRequestList",
            new
            {
                city = "nyc",
                first = 2,
                where = new { status = new { @in = new[] { "OPEN", "ASSIGNED" } }, createdAt = new { gte = "2025-01-01T00:00:00Z" } },
                order = new[] { new { createdAt = "ASC" } },
            }
        ),
        ["ServiceRequestList_of_a_category"] = (
            "ServiceRequestList",
            new
            {
                city = "nyc",
                first = 2,
                where = new { category = new { code = new { eq = "rodent" } }, title = new { contains = "Loud" } },
            }
        ),
        ["ServiceRequestList_lately_changed"] = (
            "ServiceRequestList",
            new
            {
                city = "nyc",
                first = 2,
                where = new { status = new { eq = "OPEN" } },
                order = new[] { new { updatedAt = "DESC" } },
            }
        ),
        ["ServiceRequestList_by_category"] = (
            "ServiceRequestList",
            new
            {
                city = "nyc",
                first = 2,
                order = new object[] { new { category = new { name = "ASC" } }, new { createdAt = "DESC" } },
            }
        ),
        ["ServiceRequestMap"] = (
            "ServiceRequestMap",
            new
            {
                city = "nyc",
                first = 3,
                viewport = Midtown,
            }
        ),
        ["ServiceRequestMap_rodents"] = (
            "ServiceRequestMap",
            new
            {
                city = "nyc",
                first = 3,
                viewport = Midtown,
                where = new { category = new { code = new { eq = "rodent" } } },
            }
        ),
        ["ServiceRequestMap_open"] = (
            "ServiceRequestMap",
            new
            {
                city = "nyc",
                first = 3,
                viewport = Midtown,
                where = new { or = new object[] { new { status = new { eq = "OPEN" } }, new { status = new { eq = "ASSIGNED" } } } },
            }
        ),
        ["ServiceRequestMap_of_an_agency"] = (
            "ServiceRequestMap",
            new
            {
                city = "nyc",
                first = 3,
                viewport = Midtown,
                where = new { agency = new { code = new { eq = "NYPD" } } },
            }
        ),
        ["BoundaryDetail"] = (
            "BoundaryDetail",
            new
            {
                id = "Qm91bmRhcnk6MToy",
                zoom = 8,
                first = 2,
            }
        ),
        ["ServiceRequestClusters"] = (
            "ServiceRequestClusters",
            new
            {
                city = "nyc",
                viewport = new
                {
                    west = -74.1,
                    south = 40.6,
                    east = -73.8,
                    north = 40.9,
                },
                zoom = 11,
            }
        ),
        ["ServiceRequestStats"] = ("ServiceRequestStats", new { city = "nyc" }),
        ["ServiceRequestStats_of_an_area"] = (
            "ServiceRequestStats",
            new
            {
                city = "nyc",
                within = new
                {
                    circle = new
                    {
                        longitude = -73.97,
                        latitude = 40.75,
                        metres = 1_500,
                    },
                },
                where = new { createdAt = new { gte = "2024-11-15T12:00:00Z", lt = "2025-02-15T12:00:00Z" } },
            }
        ),
        ["ServiceRequestStats_of_a_drawn_area"] = (
            "ServiceRequestStats",
            new
            {
                city = "nyc",
                within = new
                {
                    polygon = new
                    {
                        type = "Polygon",
                        coordinates = new[] { new[] { new[] { -73.99, 40.74 }, [-73.96, 40.74], [-73.95, 40.76], [-73.99, 40.74] } },
                    },
                },
                where = new { createdAt = new { gte = "2024-11-15T12:00:00Z", lt = "2025-02-15T12:00:00Z" } },
            }
        ),
        ["ServiceRequestMap_whole_city"] = (
            "ServiceRequestMap",
            new
            {
                city = "nyc",
                first = 3,
                viewport = new
                {
                    west = -74.3,
                    south = 40.4,
                    east = -73.6,
                    north = 41.0,
                },
            }
        ),
    };

    private static object Position => new { longitude = -73.97, latitude = 40.75 };

    private static object Midtown => new { west = -73.98, south = 40.745, east = -73.965, north = 40.755 };

    public static TheoryData<string> Cases => [.. s_cases.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Operation_answers_as_recorded(string name)
    {
        (string operation, object variables) = s_cases[name];
        TestServer server = fixture.Server;

        // City slugs are looked up once; that statement is not part of the operation.
        await server.DataAsync("{ serviceRequests(city: \"nyc\", first: 0) { nodes { id } } }");
        server.TakeStatements();

        // What has a person's words is not answered to GET.
        using HttpRequestMessage request = operation == "DuplicateCandidates"
            ? server.PersistedPost(operation, variables)
            : new HttpRequestMessage(HttpMethod.Get, server.PersistedUrl(operation, variables));
        using HttpResponseMessage response = await server.Client.SendAsync(request);

        JsonElement json = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        JsonSerializer.Serialize(json, s_indented).MatchSnapshot(new SnapshotNameExtension(name, "json"));
        string.Join("\n;\n", server.TakeStatements()).MatchSnapshot(new SnapshotNameExtension(name, "sql"));
        Headers(response).MatchSnapshot(new SnapshotNameExtension(name, "headers"));

        // The cache header that the manifest promises.
        ManifestOperation published = OperationManifest
            .Read(Repository.PathOf("persisted-queries", OperationManifest.FileName))
            .Operations.Single(o => o.Name == operation);
        Assert.Equal(CacheControlHeaderValue.Parse(published.Cache), response.Headers.CacheControl);
    }

    /// <summary>
    /// Questions that no published operation asks: backward pages, cursors in other orders, and other fields beside a page.
    /// </summary>
    [Theory]
    [InlineData(
        "last_page",
        """{ serviceRequests(city: "nyc", last: 2, where: {createdAt: {lt: "2025-01-01T00:00:00Z"}}) """
            + """{ nodes { externalId } pageInfo { hasNextPage hasPreviousPage } totalCount } }""")]
    [InlineData(
        "behind_a_place_in_status",
        """{ serviceRequests(city: "nyc", first: 2, after: "CURSOR", order: [{status: DESC}, {createdAt: ASC}]) """
            + """{ edges { cursor node { externalId status } } pageInfo { hasNextPage hasPreviousPage } } }""")]
    [InlineData(
        "before_a_place_in_category",
        """{ serviceRequests(city: "nyc", last: 2, before: "CURSOR", order: [{category: {name: DESC}}]) """
            + """{ edges { cursor node { externalId category { name } } } pageInfo { hasNextPage hasPreviousPage } } }""")]
    [InlineData(
        "behind_a_place_in_time_of_change",
        """{ serviceRequests(city: "nyc", first: 2, after: "CURSOR", order: [{updatedAt: ASC}]) """
            + """{ edges { cursor node { externalId } } pageInfo { hasPreviousPage } } }""")]
    [InlineData(
        "boundary_at_two_zooms",
        """{ boundary(id: "Qm91bmRhcnk6MToy") """
            + """{ code far: geometry(zoom: 8) { coordinates bbox } near: geometry(zoom: 14) { bbox } geometry { type crs } } }""")]
    [InlineData(
        "boundaries_of_requests",
        """{ serviceRequests(city: "nyc", first: 4, where: {createdAt: {lt: "2025-01-06T00:00:00Z"}}) """
            + """{ nodes { externalId location { coordinates } boundaries { kind code name geometry(zoom: 8) { type } } } } }""")]
    [InlineData(
        "boundaries_of_nested_requests",
        """{ city(slug: "nyc") { boundaries(first: 1, kind: "neighborhood", order: [{code: DESC}]) { nodes { name } totalCount } """
            + """categories(first: 2) { nodes { code serviceRequests(first: 2, where: {createdAt: {lt: "2025-01-01T00:00:00Z"}}) """
            + """{ nodes { externalId boundaries { name } } } } } } }""")]
    [InlineData(
        "within_a_polygon",
        """{ serviceRequests(city: "nyc", first: 2, within: {polygon: {type: Polygon, coordinates: """
            + """[[[-73.99, 40.74], [-73.97, 40.74], [-73.98, 40.76], [-73.99, 40.74]]]}}) { nodes { externalId } totalCount } }""")]
    [InlineData(
        "within_a_circle",
        """{ serviceRequests(city: "nyc", first: 2, within: {circle: {longitude: -73.98, latitude: 40.745, metres: 400}}) """
            + """{ nodes { externalId } } }""")]
    [InlineData(
        "within_a_boundary",
        """{ serviceRequests(city: "nyc", first: 2, within: {boundary: "Qm91bmRhcnk6MToz"}) { nodes { externalId } } }""")]
    [InlineData(
        "spatial_filters",
        """{ serviceRequests(city: "nyc", first: 2, where: {location: {within: """
            + """{geometry: {type: Point, coordinates: [-73.98, 40.745]}, buffer: 0.004}, x: {lt: -73.9795}}}) { nodes { externalId } } """
            + """boundaries(city: "nyc", where: {geometry: {contains: {geometry: {type: Point, coordinates: [-73.98, 40.745]}}}}) """
            + """{ nodes { name } } }""")]
    [InlineData(
        "statistics_by_day",
        """{ city(slug: "nyc") { stats(within: {viewport: {west: -73.98, south: 40.74, east: -73.97, north: 40.75}}, """
            + """where: {status: {eq: CLOSED}}) { total byDay { period count } byWeek { period count } } } }""")]
    [InlineData(
        "nodes",
        """{ nodes(ids: ["Q2l0eTox", "Q2F0ZWdvcnk6MToz", "QWdlbmN5OjE6MQ=="]) { id __typename """
            + """... on City { name categories(last: 1) { nodes { code } } } ... on Category { name agency { code } } """
            + """... on Agency { serviceRequests(first: 1) { nodes { externalId } } } } }""")]
    [InlineData(
        "filters_of_all_kinds",
        """{ serviceRequests(city: "nyc", first: 2, where: {agency: {code: {in: ["HPD"]}}, """
            + """title: {or: [{contains: "1"}, {endsWith: "2"}]}, closedAt: {eq: null}, """
            + """updates: {some: {note: {startsWith: "Step"}}, all: {status: {nin: [CLOSED]}}}, """
            + """id: {neq: "U2VydmljZVJlcXVlc3Q6MTox"}}) { nodes { externalId } } }""")]
    public async Task Question_is_answered_as_recorded(string name, string query)
    {
        if (query.Contains("CURSOR", StringComparison.Ordinal))
        {
            string first = System.Text.RegularExpressions.Regex.Replace(query, "(first|last): 2, (after|before): \"CURSOR\"", "first: 20");
            JsonElement edges = (await fixture.Server.DataAsync(first)).GetProperty("serviceRequests").GetProperty("edges");
            query = query.Replace("CURSOR", edges[11].GetProperty("cursor").GetString(), StringComparison.Ordinal);
        }

        fixture.Server.TakeStatements();
        JsonElement answer = await fixture.Server.QueryAsync(query);
        JsonSerializer.Serialize(answer, s_indented).MatchSnapshot(new SnapshotNameExtension(name, "json"));
        string.Join("\n;\n", fixture.Server.TakeStatements()).MatchSnapshot(new SnapshotNameExtension(name, "sql"));
    }

    [Fact]
    public async Task Every_published_operation_has_a_golden_case()
    {
        using JsonDocument manifest = JsonDocument.Parse(
            await File.ReadAllTextAsync(Repository.PathOf("persisted-queries", "manifest.json")));
        Assert.Equal(
            // Mutations have theirs in Writing, in databases of their own.
            manifest.RootElement.GetProperty("operations").EnumerateArray().Where(o => o.GetProperty("type").GetString() == "query")
                .Select(o => o.GetProperty("name").GetString()!).Order(),
            s_cases.Values.Select(c => c.Operation).Distinct().Order());
    }

    private static string Headers(HttpResponseMessage response)
    {
        var text = new StringBuilder($"{(int)response.StatusCode}\n");
        foreach ((string name, IEnumerable<string> values) in response.Headers.Concat(response.Content.Headers)
            .Where(h => h.Key is not "Date" and not CachingHeaders.Position)
            .OrderBy(h => h.Key, StringComparer.Ordinal))
        {
            text.Append(name).Append(": ").AppendJoin(", ", values).Append('\n');
        }

        return text.ToString();
    }
}
