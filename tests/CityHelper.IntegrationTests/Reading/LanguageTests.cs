using System.Text.Json;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Xunit;

namespace CityHelper.IntegrationTests.Reading;

/// <summary>The language features work everywhere, not only in the known queries.</summary>
[Collection(PostgresCollection.Name)]
public sealed class LanguageTests(ReadingFixture fixture) : IClassFixture<ReadingFixture>
{
    [Theory]
    [InlineData(
        "{ a: city(slug: \"nyc\") { s: slug } b: city(slug: \"nyc\") { slug n: name m: name } }",
        """{"a":{"s":"nyc"},"b":{"slug":"nyc","n":"New York City","m":"New York City"}}""")]
    [InlineData(
        "{ __typename cities { __typename centre { __typename type } bounds { __typename } } }",
        """{"__typename":"Query","cities":[{"__typename":"City","centre":{"__typename":"GeoJSONPointType","type":"Point"}"""
            + ""","bounds":{"__typename":"Bounds"}}]}""")]
    [InlineData(
        "query { ...Q } fragment Q on Query { cities { ...C ... on City { name } } } fragment C on City { slug }",
        """{"cities":[{"slug":"nyc","name":"New York City"}]}""")]
    [InlineData(
        "{ cities { centre { ... on GeoJSONInterface { type crs } ... on GeoJSONPointType { coordinates } } } }",
        """{"cities":[{"centre":{"type":"Point","crs":4326,"coordinates":[-73.98,40.75]}}]}""")]
    [InlineData(
        "{ cities { slug @skip(if: true) name @include(if: false) timeZone @include(if: true) ... @skip(if: true) { id } } }",
        """{"cities":[{"timeZone":"America/New_York"}]}""")]
    [InlineData(
        "{ cities { bounds { west } slug bounds { east } ... on City { bounds { west north } } } }",
        """{"cities":[{"bounds":{"west":-74.27,"east":-73.69,"north":40.93},"slug":"nyc"}]}""")]
    [InlineData(
        "{ serviceRequest(city: \"nyc\", externalId: \"40000001\") { category { agency { code } code } agency { name } } }",
        """{"serviceRequest":{"category":{"agency":{"code":"HPD"},"code":"heat-hot-water"}"""
            + ""","agency":{"name":"Housing Preservation and Development"}}}""")]
    [InlineData(
        "{ serviceRequest(city: \"nyc\", externalId: \"40000002\") { category { agency { code } } location { coordinates bbox } } }",
        """{"serviceRequest":{"category":{"agency":null}"""
            + ""","location":{"coordinates":[-73.988,40.741],"bbox":[-73.988,40.741,-73.988,40.741]}}}""")]
    [InlineData(
        "{ serviceRequest(city: \"nyc\", externalId: \"40000009\") { location { coordinates } } }",
        """{"serviceRequest":{"location":null}}""")]
    [InlineData(
        "{ serviceRequest(city: \"nyc\", externalId: \"40000003\") { one: updates(last: 1) { note } all: updates { status } none: "
            + "updates(last: 0) { note } } }",
        """{"serviceRequest":{"one":[{"note":"Step 3"}]"""
            + ""","all":[{"status":"ASSIGNED"},{"status":"IN_PROGRESS"},{"status":"PENDING"}],"none":[]}}""")]
    [InlineData(
        "{ serviceRequests(city: \"nyc\", first: 0) { nodes { id } edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor "
            + "endCursor } totalCount __typename } }",
        """{"serviceRequests":{"nodes":[],"edges":[],"pageInfo":{"hasNextPage":true,"hasPreviousPage":false"""
            + ""","startCursor":null,"endCursor":null},"totalCount":40,"__typename":"ServiceRequestsConnection"}}""")]
    [InlineData(
        "{ serviceRequests(city: \"nyc\", first: 2) { a: nodes { externalId } edges { __typename node { title } } b: nodes { status } } }",
        """{"serviceRequests":{"a":[{"externalId":"40000039"},{"externalId":"40000038"}]"""
            + ""","edges":[{"__typename":"ServiceRequestsEdge","node":{"title":"Loud \"music\" 39"}}"""
            + """,{"__typename":"ServiceRequestsEdge","node":{"title":"Loud \"music\" 38"}}]"""
            + ""","b":[{"status":"CLOSED"},{"status":"IN_PROGRESS"}]}}""")]
    [InlineData(
        "{ serviceRequests(city: \"nyc\", first: 1, order: [{createdAt: ASC}]) { nodes { externalId createdAt } } }",
        """{"serviceRequests":{"nodes":[{"externalId":"40000000","createdAt":"2024-11-01T12:00:00.000Z"}]}}""")]
    public async Task A_query_without_variables_answers(string query, string expected) => await AssertDataAsync(query, null, expected);

    [Theory]
    [InlineData("query($s: String!) { city(slug: $s) { slug } }", """{"s":"nyc"}""", """{"city":{"slug":"nyc"}}""")]
    [InlineData("query($s: String! = \"nyc\") { city(slug: $s) { slug } }", """{}""", """{"city":{"slug":"nyc"}}""")]
    [InlineData(
        "query($y: Boolean!, $n: Boolean = false) { cities { slug @include(if: $y) name @include(if: $n) id @skip(if: $y) } }",
        """{"y":true}""",
        """{"cities":[{"slug":"nyc"}]}""")]
    [InlineData(
        "query($y: Boolean!) { cities { ...F @include(if: $y) ... on City @skip(if: $y) { name } } } fragment F on City { slug }",
        """{"y":true}""",
        """{"cities":[{"slug":"nyc"}]}""")]
    [InlineData(
        "query($n: Int) { serviceRequests(city: \"nyc\", first: $n, where: {createdAt: {lt: \"2024-11-10T00:00:00Z\"}}) { nodes { "
            + "externalId } } }",
        """{"n":null}""",
        """{"serviceRequests":{"nodes":[{"externalId":"40000002"},{"externalId":"40000001"},{"externalId":"40000000"}]}}""")]
    [InlineData(
        "query($s: ServiceRequestStatus, $c: String) { serviceRequests(city: \"nyc\", first: 1, where: {status: {eq: $s}, category: "
            + "{code: {eq: $c}}}) { nodes { externalId } } }",
        """{"s":"PENDING","c":"heat-hot-water"}""",
        """{"serviceRequests":{"nodes":[{"externalId":"40000031"}]}}""")]
    [InlineData(
        "query($s: [ServiceRequestStatus!], $n: Int!) { serviceRequest(city: \"nyc\", externalId: \"40000003\") { updates(last: $n) { "
            + "status } } serviceRequests(city: \"nyc\", first: $n, where: {status: {in: $s}}) { nodes { status } } }",
        """{"s":["PENDING"],"n":1}""",
        """{"serviceRequest":{"updates":[{"status":"PENDING"}]},"serviceRequests":{"nodes":[{"status":"PENDING"}]}}""")]
    [InlineData(
        "query($s: ServiceRequestStatus!) { serviceRequests(city: \"nyc\", first: 1, where: {status: {in: [$s, ASSIGNED]}}) { nodes { "
            + "status } } }",
        """{"s":"PENDING"}""",
        """{"serviceRequests":{"nodes":[{"status":"ASSIGNED"}]}}""")]
    [InlineData(
        "query($d: SortEnumType!) { serviceRequests(city: \"nyc\", first: 1, order: {createdAt: $d}) { nodes { externalId } } }",
        """{"d":"ASC"}""",
        """{"serviceRequests":{"nodes":[{"externalId":"40000000"}]}}""")]
    [InlineData(
        "query($w: Float!) { serviceRequests(city: \"nyc\", first: 2, within: {viewport: {west: $w, south: 40, east: -73.95, north: 41}}) "
            + "{ nodes { externalId } } }",
        """{"w":-73.953}""",
        """{"serviceRequests":{"nodes":[{"externalId":"40000038"},{"externalId":"40000037"}]}}""")]
    [InlineData(
        "query($w: ServiceRequestFilterInput) { serviceRequests(city: \"nyc\", first: 1, where: $w) { totalCount } }",
        """{"w":{"status":{"nin":["CLOSED"]}"""
            + ""","and":[{"category":{"code":{"startsWith":"noise"}}},{"category":{"code":{"ncontains":"heat"}}}]}}""",
        """{"serviceRequests":{"totalCount":0}}""")]
    [InlineData(
        "query($w: ServiceRequestFilterInput) { serviceRequests(city: \"nyc\", first: 1, where: $w) { totalCount } }",
        """{"w":{"status":{"neq":"CLOSED"},"category":{"code":{"in":["rodent","heat-hot-water"],"endsWith":"t"}}}}""",
        """{"serviceRequests":{"totalCount":13}}""")]
    [InlineData(
        "query($w: ServiceRequestFilterInput) { serviceRequests(city: \"nyc\", first: 1, where: $w) { totalCount } }",
        """{"w":{"category":{"code":{"eq":null}}}}""",
        """{"serviceRequests":{"totalCount":0}}""")]
    [InlineData(
        "query($w: ServiceRequestFilterInput) { serviceRequests(city: \"nyc\", first: 1, where: $w) { totalCount } }",
        """{"w":{"createdAt":{"gt":"2025-01-01T07:00:00-05:00","ngt":"2025-01-09T12:00:00.023Z"}}}""",
        """{"serviceRequests":{"totalCount":3}}""")]
    public async Task A_query_with_variables_answers(string query, string variables, string expected) =>
        await AssertDataAsync(query, JsonDocument.Parse(variables).RootElement, expected);

    [Fact]
    public async Task Meta_fields_stand_beside_data_in_their_own_order()
    {
        JsonElement data = await fixture.Server.DataAsync(
            "query($t: String!) { a: cities { slug } __schema { queryType { name } } t: __type(name: $t) { kind name } b: cities { name "
                + "} }",
            new { t = "City" });
        Assert.Equal(
            """{"a":[{"slug":"nyc"}],"__schema":{"queryType":{"name":"Query"}},"t":{"kind":"OBJECT","name":"City"}"""
                + ""","b":[{"name":"New York City"}]}""",
            data.GetRawText());
    }

    [Fact]
    public async Task The_standard_introspection_query_answers()
    {
        JsonElement data = await fixture.Server.DataAsync(
            """
            query IntrospectionQuery { __schema { queryType { name } mutationType { name } subscriptionType { name }
              types { kind name description
                fields(includeDeprecated: true) {
                  name args { name type { ...T } defaultValue } type { ...T } isDeprecated deprecationReason }
                inputFields { name type { ...T } defaultValue } interfaces { ...T }
                enumValues(includeDeprecated: true) { name } possibleTypes { ...T } }
              directives { name locations args { name type { ...T } } } } }
            fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }
            """);
        Assert.Contains(
            data.GetProperty("__schema").GetProperty("types").EnumerateArray(),
            t => t.GetProperty("name").GetString() == "ServiceRequestsConnection");
    }

    [Fact]
    public async Task All_rows_of_nested_lists_come_with_a_fixed_number_of_statements()
    {
        const string Query =
            "query($n: Int!) { serviceRequests(city: \"nyc\", first: $n) { nodes { id updates { status } more: updates(last: 2) { note } "
                + "} } }";
        await fixture.Server.DataAsync(Query, new { n = 1 });
        List<int> counts = [];

        // Forty are more than the newest year holds: a second batch of the same statements completes the page.
        foreach (int rows in new[] { 1, 5, 18, 40 })
        {
            fixture.Server.TakeStatements();
            JsonElement data = await fixture.Server.DataAsync(Query, new { n = rows });
            Assert.Equal(rows, data.GetProperty("serviceRequests").GetProperty("nodes").GetArrayLength());
            counts.Add(fixture.Server.TakeStatements().Count);
        }

        Assert.Equal([3, 3, 3, 6], counts);
    }

    [Fact]
    public async Task Only_what_is_selected_is_counted()
    {
        await fixture.Server.DataAsync("{ serviceRequests(city: \"nyc\") { nodes { id } } }");
        fixture.Server.TakeStatements();
        await fixture.Server.DataAsync("{ serviceRequests(city: \"nyc\") { nodes { id } } }");
        Assert.DoesNotContain(fixture.Server.TakeStatements(), s => s.Contains("count(*)", StringComparison.Ordinal));
        await fixture.Server.DataAsync("{ serviceRequests(city: \"nyc\") { totalCount } }");
        Assert.Contains(fixture.Server.TakeStatements(), s => s.Contains("count(*)", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Every_subquery_names_the_city()
    {
        await fixture.Server.DataAsync("{ serviceRequests(city: \"nyc\") { nodes { id } } }");
        fixture.Server.TakeStatements();
        await fixture.Server.DataAsync(
            """
            { serviceRequests(
                city: "nyc", within: {viewport: {west: -73.98, south: 40.7, east: -73.96, north: 40.8}},
                where: {category: {code: {eq: "rodent"}}}) {
                nodes { agency { name } category { agency { code } } updates { note } } totalCount }
              serviceRequest(city: "nyc", externalId: "40000001") { category { name } updates { status } } }
            """);
        IReadOnlyList<string> statements = fixture.Server.TakeStatements();
        Assert.InRange(statements.Count, 5, 7);
        Assert.Empty(statements.Select(StatementRules.Unbound).OfType<string>());
    }

    private async Task AssertDataAsync(string query, JsonElement? variables, string expected)
    {
        JsonElement data = await fixture.Server.DataAsync(query, variables);
        Assert.Equal(expected, data.GetRawText());
    }
}
