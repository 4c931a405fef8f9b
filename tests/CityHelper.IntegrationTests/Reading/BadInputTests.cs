using System.Net;
using System.Text.Json;
using CityHelper.Engine;
using CityHelper.IntegrationTests.Postgres;
using Xunit;

namespace CityHelper.IntegrationTests.Reading;

/// <summary>For any input: a GraphQL error with a code, the right status, never a stack trace, never a 500.</summary>
[Collection(PostgresCollection.Name)]
public sealed class BadInputTests(ReadingFixture fixture) : IClassFixture<ReadingFixture>, IDisposable
{
    // No input of these tests is a fault of the server.
    public void Dispose() => Assert.Empty(fixture.Server.Errors);

    /// <summary>Refused before anything runs: 400, and 200 for clients that accept only application/json.</summary>
    [Theory]
    [InlineData("{ serviceRequests(city: \"nyc\") { nodes { nope } } }", "FIELDS_ON_CORRECT_TYPE")]
    [InlineData("{ nope }", "FIELDS_ON_CORRECT_TYPE")]
    [InlineData("{ serviceRequests(city: 7) { nodes { id } } }", "ARGUMENTS_OF_CORRECT_TYPE")]
    [InlineData("{ serviceRequests(city: \"nyc\", first: \"7\") { nodes { id } } }", "ARGUMENTS_OF_CORRECT_TYPE")]
    [InlineData("{ serviceRequests { nodes { id } } }", "PROVIDED_NON_NULL_ARGUMENTS")]
    [InlineData("{ serviceRequests(city: \"nyc\") }", "SCALAR_LEAFS")]
    [InlineData("{ serviceRequests(city: \"nyc\", where: {status: {eq: LOST}}) { nodes { id } } }", "ARGUMENTS_OF_CORRECT_TYPE")]
    [InlineData("{ serviceRequests(city: \"nyc\", within: {}) { nodes { id } } }", "ONE_OF_INPUT_VALUES")]
    [InlineData("{ city(slug: \"nyc\") { ...A } } fragment A on City { ...A }", "NO_FRAGMENT_CYCLES")]
    [InlineData("query($n: Int) { cities { slug } }", "NO_UNUSED_VARIABLES")]
    [InlineData("query($n: StatusCount = {count: 1}) { cities { slug } }", "VARIABLES_ARE_INPUT_TYPES")]
    [InlineData("query($n: [City!]! = 1) { city(slug: $n) { id } }", "VARIABLES_ARE_INPUT_TYPES")]
    [InlineData("{ serviceRequests(city: \"nyc\", first: $n) { nodes { id } } }", "NO_UNDEFINED_VARIABLES")]
    [InlineData("{", "HC0011")]
    [InlineData("{\r\ncities\r\n{\r\n-", "HC0011")]
    [InlineData("{\rcities\r{\r-", "HC0011")]
    [InlineData("{ cities { slug } } { cities { name } }", "OPERATION_NAME_MISSING")]
    [InlineData("subscription { changed }", "FIELDS_ON_CORRECT_TYPE")]
    [InlineData("{ cities { id } } type X { a: Int }", "DEFINITION_NOT_EXECUTABLE")]
    [InlineData("{ city(slug: \"a\\u0000\") { id } }", "HC0002")]
    [InlineData("{ city(slug: \"\\ud800\") { id } }", "HC0002")]
    [InlineData("query($s: String = \"\\ud800\") { city(slug: $s) { id } }", "HC0002")]
    public async Task A_text_that_does_not_hold_is_refused(string query, string? code)
    {
        string body = JsonSerializer.Serialize(new { query });
        (HttpResponseMessage response, JsonElement json) = await fixture.Server.PostAsync(body);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        AssertRefused(json, code);

        (response, json) = await fixture.Server.PostAsync(body, accept: "application/json");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        AssertRefused(json, code);
    }

    [Theory]
    [InlineData("""{"first":"x"}""")]
    [InlineData("""{"first":1.5}""")]
    [InlineData("""{"first":99999999999}""")]
    [InlineData("""{"viewport":{"west":1e400,"south":1,"east":2,"north":3}}""")]
    [InlineData("""{"viewport":{"west":"NaN","south":1,"east":2,"north":3}}""")]
    [InlineData("""{"viewport":{"west":1,"south":1,"east":2}}""")]
    [InlineData("""{"viewport":[1,2,3,4]}""")]
    [InlineData("""{"city":null}""")]
    [InlineData("""{"city":["nyc"]}""")]
    [InlineData("""{"where":{"status":{"like":"OPEN"}}}""")]
    [InlineData("""{"where":{"createdAt":{"gt":"yesterday"}}}""")]
    [InlineData("""{"where":{"category":{"code":{"eq":"\u0000"}}}}""")]
    [InlineData("""{"where":{"category":{"code":{"in":["a","b\u0000"]}}}}""")]
    public async Task A_variable_that_does_not_fit_is_refused(string variables)
    {
        const string Query =
            """
            query(
              $city: String! = "nyc", $first: Int, $viewport: ViewportInput = {west: -74, south: 40, east: -73, north: 41},
              $where: ServiceRequestFilterInput) {
              serviceRequests(city: $city, first: $first, within: {viewport: $viewport}, where: $where) { nodes { id } }
            }
            """;
        string body = $$"""{"query":{{JsonSerializer.Serialize(Query)}},"variables":{{variables}}}""";
        (HttpResponseMessage response, JsonElement json) = await fixture.Server.PostAsync(body);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        AssertRefused(json, "HC0016");
    }

    /// <summary>Executed, and one field of the answer is null for a reason: 200.</summary>
    [Theory]
    [InlineData("serviceRequests(city: \"atlantis\") { nodes { id } }", "CITY_NOT_FOUND")]
    [InlineData("serviceRequest(city: \"atlantis\", externalId: \"1\") { id }", "CITY_NOT_FOUND")]
    [InlineData("serviceRequests(city: \"nyc\", first: -1) { nodes { id } }", "HC0079")]
    [InlineData("serviceRequests(city: \"nyc\", first: 10000) { nodes { id } }", "HC0051")]
    [InlineData("serviceRequests(city: \"nyc\", after: \"x\") { nodes { id } }", "HC0078")]
    [InlineData(
        "serviceRequests(city: \"nyc\", within: {viewport: {west: 2, south: 1, east: 1, north: 3}}) { nodes { id } }", "AREA_INVALID")]
    [InlineData(
        "serviceRequests(city: \"nyc\", within: {viewport: {west: 1, south: 4, east: 2, north: 3}}) { nodes { id } }", "AREA_INVALID")]
    [InlineData(
        "serviceRequests(city: \"nyc\", within: {viewport: {west: -181, south: 1, east: 2, north: 3}}) { nodes { id } }", "AREA_INVALID")]
    [InlineData(
        "serviceRequests(city: \"nyc\", within: {viewport: {west: 0, south: 0, east: 1, north: 90.1}}) { nodes { id } }", "AREA_INVALID")]
    [InlineData("serviceRequests(city: \"nyc\", last: 101) { nodes { id } }", "HC0051")]
    [InlineData("serviceRequests(city: \"nyc\", last: -1) { nodes { id } }", "HC0079")]
    [InlineData("serviceRequests(city: \"nyc\", first: 1, last: 1) { nodes { id } }", "HC0082")]
    [InlineData("serviceRequests(city: \"nyc\", last: 1, before: \"x\") { nodes { id } }", "HC0078")]
    [InlineData("serviceRequests(city: \"nyc\", where: {title: {contains: \"a\"}}) { nodes { id } }", "FILTER_NOT_INDEXED")]
    [InlineData("serviceRequests(city: \"nyc\", where: {updatedAt: {gt: \"2024-12-01T00:00:00Z\"}}) { totalCount }", "FILTER_NOT_INDEXED")]
    [InlineData("serviceRequests(city: \"nyc\", where: {updates: {any: true}}) { nodes { id } }", "FILTER_NOT_INDEXED")]
    [InlineData("serviceRequests(city: \"nyc\", where: {externalId: {startsWith: \"4\"}}) { nodes { id } }", "FILTER_NOT_INDEXED")]
    [InlineData(
        "serviceRequests(city: \"nyc\", where: {or: [{address: {eq: \"a\"}}, {category: {code: {eq: \"rodent\"}}}]}) { nodes { id } }",
        "FILTER_NOT_INDEXED")]
    [InlineData(
        "serviceRequests(city: \"nyc\", where: {title: {eq: \"a\"}, createdAt: {gte: \"2024-12-01T00:00:00Z\", lt: "
            + "\"2025-01-02T00:00:00Z\"}}) { nodes { id } }",
        "FILTER_NOT_INDEXED")]
    [InlineData(
        "serviceRequests(city: \"nyc\", where: {title: {eq: \"a\"}, category: {code: {neq: \"rodent\"}}}) { nodes { id } }",
        "FILTER_NOT_INDEXED")]
    [InlineData(
        "serviceRequests(city: \"nyc\", where: {title: {eq: \"a\"}, or: [{createdAt: {gte: \"2024-12-01T00:00:00Z\", lt: "
            + "\"2024-12-02T00:00:00Z\"}}, {createdAt: {eq: \"2025-12-20T00:00:00Z\"}}]}) { nodes { id } }",
        "FILTER_NOT_INDEXED")]
    [InlineData("serviceRequests(city: \"nyc\", where: {externalId: {in: [\"1\", null]}}) { nodes { id } }", "FILTER_NOT_INDEXED")]
    [InlineData(
        "serviceRequests(city: \"nyc\", where: {title: {contains: \"a\"}}, within: {viewport: {west: -74.2, south: 40.5, east: -73.8, "
            + "north: 40.8}}) { nodes { id } }",
        "FILTER_NOT_INDEXED")]
    [InlineData("serviceRequests(city: \"nyc\", order: [{updatedAt: DESC}, {status: ASC}]) { nodes { id } }", "ORDER_NOT_INDEXED")]
    [InlineData("serviceRequests(city: \"nyc\", order: [{status: ASC}, {category: {code: ASC}}]) { nodes { id } }", "ORDER_NOT_INDEXED")]
    [InlineData(
        "serviceRequests(city: \"nyc\", order: [{updatedAt: DESC}], within: {viewport: {west: -74.3, south: 40.4, east: -73.6, north: "
            + "41.0}}) { nodes { id } }",
        "ORDER_NOT_INDEXED")]
    [InlineData("serviceRequests(city: \"nyc\", where: {id: {eq: \"Q2l0eTox\"}}) { nodes { id } }", "ID_INVALID")]
    [InlineData("serviceRequests(city: \"nyc\", where: {category: {id: {in: [\"x\"]}}}) { nodes { id } }", "ID_INVALID")]
    [InlineData("node(id: \"x\") { id }", "NODE_ID_INVALID")]
    [InlineData("node(id: 7) { id }", "NODE_ID_INVALID")]
    [InlineData("node(id: \"Q2F0ZWdvcnk6Mw==\") { id }", "NODE_ID_INVALID")]
    [InlineData("node(id: \"U3RhdHVzVXBkYXRlOjE6MQ==\") { id }", "HC0068")]
    [InlineData("serviceRequest(city: \"nyc\") { id }", "EXACTLY_ONE_ARGUMENT")]
    [InlineData("serviceRequest(city: \"nyc\", id: \"x\", externalId: \"1\") { id }", "EXACTLY_ONE_ARGUMENT")]
    [InlineData("serviceRequest(city: \"nyc\", id: \"x\") { id }", "ID_INVALID")]
    [InlineData("serviceRequest(city: \"nyc\", id: \"Q2l0eTox\") { id }", "ID_INVALID")]
    [InlineData("serviceRequest(city: \"nyc\", id: 7) { id }", "ID_INVALID")]
    public async Task A_value_that_cannot_be_read_is_an_error_of_its_field(string field, string code)
    {
        (HttpResponseMessage response, JsonElement json) = await fixture.Server.PostAsync(
            JsonSerializer.Serialize(new { query = $"{{ asked: {field} cities {{ slug }} }}" }));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
        JsonElement error = Assert.Single(json.GetProperty("errors").EnumerateArray());
        Assert.Equal(code, error.GetProperty("extensions").GetProperty("code").GetString());
        Assert.Equal("""["asked"]""", error.GetProperty("path").GetRawText());
        Assert.Equal(JsonValueKind.Null, json.GetProperty("data").GetProperty("asked").ValueKind);
        Assert.Equal("nyc", json.GetProperty("data").GetProperty("cities")[0].GetProperty("slug").GetString());
    }

    /// <summary>Indexed conditions that allow a filter without an index beside them.</summary>
    [Theory]
    [InlineData("category: {code: {eq: \"rodent\"}}")]
    [InlineData("category: {id: {in: [\"Q2F0ZWdvcnk6MToz\"]}}")]
    [InlineData("agency: {code: {in: [\"HPD\", \"NYPD\"]}}")]
    [InlineData("createdAt: {gte: \"2024-12-01T00:00:00Z\", lte: \"2025-01-01T00:00:00Z\"}")]
    [InlineData("and: [{createdAt: {gt: \"2024-12-01T00:00:00Z\"}}, {createdAt: {lt: \"2024-12-31T00:00:00Z\"}}]")]
    [InlineData("or: [{category: {code: {eq: \"rodent\"}}}, {externalId: {eq: \"40000007\"}}]")]
    [InlineData(
        "or: [{createdAt: {gte: \"2024-12-01T00:00:00Z\", lt: \"2024-12-02T00:00:00Z\"}}, {createdAt: {eq: \"2024-12-20T00:00:00Z\"}}]")]
    [InlineData("externalId: {in: [\"40000007\"]}")]
    public async Task A_filter_without_an_index_is_answered_beside_one_that_has_one(string beside) =>
        await fixture.Server.DataAsync(
            $"{{ serviceRequests(city: \"nyc\", where: {{title: {{contains: \"music\"}}, {beside}}}) {{ nodes {{ id }} totalCount }} }}");

    [Fact]
    public async Task A_filter_without_an_index_is_answered_in_a_small_area() => await fixture.Server.DataAsync(
        "{ serviceRequests(city: \"nyc\", where: {title: {contains: \"music\"}}, within: {viewport: {west: -74, south: 40.72, east: "
            + "-73.95, north: 40.76}}) { nodes { id } } }");

    [Theory]
    [InlineData(
        "city(slug: \"nyc\") { categories { nodes { serviceRequests { nodes { id } } } } }",
        "HC0052",
        """["asked","categories","nodes",0,"serviceRequests"]""")]
    [InlineData(
        "city(slug: \"nyc\") { categories(first: 1) { nodes { serviceRequests(first: 1, last: 1) { nodes { id } } } } }",
        "HC0082",
        """["asked","categories","nodes",0,"serviceRequests"]""")]
    [InlineData(
        "city(slug: \"nyc\") { categories(first: 1) { nodes { serviceRequests(first: 1, order: [{updatedAt: ASC}]) { nodes { id } } } } }",
        "ORDER_NOT_INDEXED",
        """["asked","categories","nodes",0,"serviceRequests"]""")]
    [InlineData(
        "city(slug: \"nyc\") { categories(first: 6) { nodes { serviceRequests(first: 1, where: {title: {contains: \"a\"}}) { nodes { id } "
            + "} } } }",
        "FILTER_NOT_INDEXED",
        """["asked","categories","nodes",0,"serviceRequests"]""")]
    [InlineData(
        "nodes(ids: [\"Q2F0ZWdvcnk6MTox\", \"Q2F0ZWdvcnk6MToy\"]) { ... on Category { serviceRequests(first: 100) { nodes { "
            + "history(first: 100) { totalCount } } } } }",
        "OPERATION_TOO_LARGE",
        """["asked",0,"serviceRequests","nodes",0,"history"]""")]
    [InlineData("city(slug: \"nyc\") { categories(first: 101) { nodes { id } } }", "HC0051", """["asked","categories"]""")]
    [InlineData(
        "city(slug: \"nyc\") { categories(first: 100) { nodes { serviceRequests(first: 100) { nodes { history(first: 2) { totalCount } } "
            + "} } } }",
        "OPERATION_TOO_LARGE",
        """["asked","categories","nodes",0,"serviceRequests","nodes",0,"history"]""")]
    [InlineData("cities { agencies { totalCount } }", "ONE_PARTITION", """["asked",0,"agencies"]""")]
    [InlineData("nodes(ids: [\"Q2l0eTox\", \"x\"]) { id }", "NODE_ID_INVALID", """["asked",1]""")]
    public async Task A_list_that_cannot_be_read_is_an_error_at_its_path(string field, string code, string path)
    {
        JsonElement json = await fixture.Server.QueryAsync($"{{ asked: {field} }}");
        JsonElement error = json.GetProperty("errors")[0];
        Assert.Equal(code, error.GetProperty("extensions").GetProperty("code").GetString());
        Assert.Equal(path, error.GetProperty("path").GetRawText());
        Assert.NotEqual(JsonValueKind.Null, json.GetProperty("data").GetProperty("asked").ValueKind);
    }

    /// <summary>Each partition needs its own statement, whether the partition exists or not.</summary>
    [Fact]
    public async Task Ids_of_very_many_partitions_are_refused()
    {
        string Nodes(int from) =>
            $"nodes(ids: [{string.Join(", ", Enumerable.Range(from, Limits.NodeIdsMax).Select(n =>
                $"\"{new GlobalId("Category", (short)n, 1)}\""))}]) {{ id }}";
        JsonElement few = await fixture.Server.DataAsync($"{{ {Nodes(100)} }}");
        Assert.Equal(Limits.NodeIdsMax, few.GetProperty("nodes").GetArrayLength());

        JsonElement json = await fixture.Server.QueryAsync(
            $"{{ {string.Join(' ', Enumerable.Range(0, 5).Select(i => $"n{i}: {Nodes(i * Limits.NodeIdsMax)}"))} }}");
        Assert.Equal("OPERATION_TOO_LARGE", json.GetProperty("errors")[0].GetProperty("extensions").GetProperty("code").GetString());

        json = await fixture.Server.QueryAsync($"{{ {Nodes(0).Replace("[", "[\"x\", ", StringComparison.Ordinal)} }}");
        Assert.Equal("HC0076", json.GetProperty("errors")[0].GetProperty("extensions").GetProperty("code").GetString());
    }

    [Theory]
    [InlineData("serviceRequest(city: \"nyc\", externalId: \"0\") { id }")]
    [InlineData("city(slug: \"atlantis\") { name categories { nodes { serviceRequests(first: 1) { totalCount } } } }")]
    [InlineData("node(id: \"Q2l0eToz\") { id ... on City { categories { totalCount } } }")]
    [InlineData("node(id: \"Q2l0eTozMjc2Nw==\") { id }")]
    [InlineData("node(id: \"Q2F0ZWdvcnk6MTo5OTk=\") { id }")]
    [InlineData("city(slug: \"atlantis\") { id }")]
    public async Task What_is_not_there_is_null_without_an_error(string field)
    {
        JsonElement data = await fixture.Server.DataAsync($"{{ asked: {field} }}");
        Assert.Equal(JsonValueKind.Null, data.GetProperty("asked").ValueKind);
    }

    [Fact]
    public async Task An_id_of_another_city_or_of_no_row_is_null()
    {
        string foreign = new GlobalId("ServiceRequest", 2, 1).ToString();
        string missing = new GlobalId("ServiceRequest", 1, 1).ToString();
        JsonElement data = await fixture.Server.DataAsync(
            $"{{ a: serviceRequest(city: \"nyc\", id: \"{foreign}\") {{ id }} b: serviceRequest(city: \"nyc\", id: \"{missing}\") {{ id "
                + $"}} }}");
        Assert.Equal("""{"a":null,"b":null}""", data.GetRawText());
    }

    /// <summary>A cursor belongs to its question.</summary>
    [Theory]
    [InlineData("where: {status: {eq: OPEN}}")]
    [InlineData("order: [{createdAt: ASC}]")]
    [InlineData("within: {viewport: {west: -74.3, south: 40.4, east: -73.6, north: 41.0}}")]
    public async Task A_cursor_of_another_question_is_refused(string arguments)
    {
        JsonElement data = await fixture.Server.DataAsync("{ serviceRequests(city: \"nyc\", first: 2) { pageInfo { endCursor } } }");
        string cursor = data.GetProperty("serviceRequests").GetProperty("pageInfo").GetProperty("endCursor").GetString()!;
        await fixture.Server.DataAsync($"{{ serviceRequests(city: \"nyc\", first: 7, after: \"{cursor}\") {{ nodes {{ title }} }} }}");

        JsonElement refused = await fixture.Server.QueryAsync(
            $"{{ serviceRequests(city: \"nyc\", after: \"{cursor}\", {arguments}) {{ nodes {{ id }} }} }}");
        Assert.Equal("HC0078", refused.GetProperty("errors")[0].GetProperty("extensions").GetProperty("code").GetString());
    }

    [Theory]
    [InlineData("", 400, "HC0012")]
    [InlineData("{", 400, "HC0012")]
    [InlineData("[]", 400, "HC0009")]
    [InlineData("7", 400, "HC0009")]
    [InlineData("{}", 400, "HC0013")]
    [InlineData("""{"query":7}""", 400, "HC0009")]
    [InlineData("""{"query":"{ cities { slug } }","variables":[]}""", 400, "HC0009")]
    [InlineData("""{"query":"{ cities { slug } }","extensions":7}""", 400, "HC0009")]
    [InlineData("""{"id":"0000"}""", 400, "HC0020")]
    [InlineData("""{"documentId":"0000"}""", 400, "HC0020")]
    [InlineData("""{"id":"../etc/passwd"}""", 400, "OPERATION_ID_INVALID")]
    [InlineData("""{"query":"","id":"0000"}""", 400, "HC0020")]
    [InlineData("""{"query":" "}""", 400, "HC0013")]
    [InlineData("""{"query":"{ cities { slug } }","variables":{"c":"\ud800"}}""", 400, "HC0012")]
    [InlineData("""{"query":"\ud800"}""", 400, "HC0012")]
    [InlineData("""{"\ud800":1}""", 400, "HC0012")]
    public async Task A_body_that_cannot_be_read_is_a_bad_request(string body, int status, string code)
    {
        foreach (string accept in new[] { "application/json", "application/graphql-response+json" })
        {
            (HttpResponseMessage response, JsonElement json) = await fixture.Server.PostAsync(body, accept);
            Assert.Equal(status, (int)response.StatusCode);
            AssertRefused(json, code);
        }
    }

    [Fact]
    public async Task Nested_json_and_large_bodies_are_bounded()
    {
        string nested = string.Concat(Enumerable.Repeat("[", 10_000));
        (HttpResponseMessage response, JsonElement json) = await fixture.Server.PostAsync($$"""{"variables":{{nested}}""");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        AssertRefused(json, "HC0012");

        (response, json) = await fixture.Server.PostAsync($$"""{"query":"{{new string(' ', Limits.DocumentCharsMax + 1)}}"}""");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        AssertRefused(json, "OPERATION_TOO_LARGE");

        string deep = string.Concat(Enumerable.Repeat("{a", 1_000));
        (response, json) = await fixture.Server.PostAsync(JsonSerializer.Serialize(new { query = deep }));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        AssertRefused(json, "OPERATION_TOO_LARGE");
    }

    /// <summary>A variable with a default may be used where null is not allowed, and be null nevertheless.</summary>
    [Theory]
    [InlineData("query($x: String = \"nyc\") { serviceRequests(city: $x) { nodes { id } } }")]
    [InlineData("query($x: String = \"nyc\") { city(slug: $x) { id } }")]
    [InlineData(
        "query($x: Float = -74) { serviceRequests(city: \"nyc\", within: {viewport: {west: $x, south: 40, east: -73, north: 41}}) { nodes "
            + "{ id } } }")]
    [InlineData("query($x: ServiceRequestStatus = OPEN) { serviceRequests(city: \"nyc\", where: {status: {in: [$x]}}) { nodes { id } } }")]
    [InlineData("query($x: ServiceRequestFilterInput = {}) { serviceRequests(city: \"nyc\", where: {and: [$x]}) { nodes { id } } }")]
    [InlineData("query($x: ServiceRequestSortInput = {createdAt: ASC}) { serviceRequests(city: \"nyc\", order: [$x]) { nodes { id } } }")]
    [InlineData("query($x: Boolean = true) { cities { id @include(if: $x) } }")]
    public async Task A_null_for_a_variable_with_a_default_is_refused_where_none_may_be(string query)
    {
        (HttpResponseMessage response, JsonElement json) = await fixture.Server.PostAsync(
            JsonSerializer.Serialize(new { query, variables = new { x = (string?)null } }));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        AssertRefused(json, "HC0016");
        await fixture.Server.DataAsync(query);
    }

    [Theory]
    [InlineData("gte: \"1900-01-01T00:00:00Z\"", 40)]
    [InlineData("gt: \"0001-01-01T00:00:00Z\"", 40)]
    [InlineData("lt: \"0001-01-01T00:00:00Z\"", 0)]
    [InlineData("lt: \"2100-01-01T00:00:00Z\"", 40)]
    [InlineData("lte: \"9999-12-31T23:59:59.9999999Z\"", 40)]
    [InlineData("lt: \"9999-12-31T23:59:59.9999999Z\"", 40)]
    [InlineData("gte: \"2100-01-01T00:00:00Z\"", 0)]
    [InlineData("gte: \"2024-11-01T12:00:00Z\", lt: \"2100-01-01T00:00:00Z\"", 40)]
    [InlineData("lt: \"2024-11-01T12:00:00.0000001Z\"", 1)]
    [InlineData("gte: \"2024-11-01T12:00:00.0000001Z\"", 39)]
    [InlineData("eq: \"2024-11-01t12:00:00z\"", 1)]
    public async Task Moments_far_away_or_between_microseconds_bound_as_they_should(string bounds, int expected)
    {
        JsonElement data = await fixture.Server.DataAsync(
            $"{{ serviceRequests(city: \"nyc\", where: {{createdAt: {{{bounds}}}}}) {{ totalCount }} }}");
        Assert.Equal(expected, data.GetProperty("serviceRequests").GetProperty("totalCount").GetInt32());
    }

    [Fact]
    public async Task Other_methods_types_and_paths_have_their_own_status()
    {
        (HttpResponseMessage response, _) = await fixture.Server.PostAsync("query=x", contentType: "application/x-www-form-urlencoded");
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);

        using var put = new HttpRequestMessage(HttpMethod.Put, "/graphql");
        (response, _) = await fixture.Server.SendAsync(put);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
        Assert.Equal(["GET", "HEAD", "POST"], response.Content.Headers.Allow);

        (response, _) = await fixture.Server.PostAsync("{}", accept: "image/png");
        Assert.Equal(HttpStatusCode.NotAcceptable, response.StatusCode);

        using var badVariables = new HttpRequestMessage(HttpMethod.Get, "/graphql?query={cities{slug}}&variables={");
        (response, JsonElement json) = await fixture.Server.SendAsync(badVariables);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        AssertRefused(json, "HC0012");

        using var twice = new HttpRequestMessage(HttpMethod.Get, "/graphql?query={cities{slug}}&query={cities{name}}");
        (response, json) = await fixture.Server.SendAsync(twice);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        AssertRefused(json, "HC0009");

        using var wrongName = new HttpRequestMessage(
            HttpMethod.Get, fixture.Server.PersistedUrl("Cities").Replace("/Cities", "/Towns", StringComparison.Ordinal));
        (response, json) = await fixture.Server.SendAsync(wrongName);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        AssertRefused(json, "OPERATION_NAME_UNKNOWN");
    }

    [Fact]
    public async Task An_error_is_never_cacheable()
    {
        string url = fixture.Server.PersistedUrl("ServiceRequestDetail", new { city = "atlantis", id = ReadingFixture.Id(1) });
        using HttpResponseMessage response = await fixture.Server.Client.GetAsync(url);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
    }

    private static void AssertRefused(JsonElement json, string? code)
    {
        Assert.False(json.TryGetProperty("data", out _), "a request error has no data");
        JsonElement error = json.GetProperty("errors")[0];
        Assert.NotEmpty(error.GetProperty("message").GetString()!);
        Assert.DoesNotContain(" at ", error.GetRawText(), StringComparison.Ordinal);
        if (code is not null)
        {
            Assert.Equal(code, error.GetProperty("extensions").GetProperty("code").GetString());
        }
    }
}
