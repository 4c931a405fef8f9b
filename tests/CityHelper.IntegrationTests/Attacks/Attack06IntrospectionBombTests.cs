using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using CityHelper.IntegrationTests.Clients;
using CityHelper.IntegrationTests.Postgres;
using Xunit;
using static CityHelper.IntegrationTests.Attacks.AttackedServer;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Attack 6: introspection in cycles (CVE-2024-40094 of graphql-java), and the schema disclosed to clients without that right.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack06IntrospectionBombTests(ClientFixture fixture) : IClassFixture<ClientFixture>, IDisposable
{
    public void Dispose() => Assert.Empty(fixture.Server.Errors);

    /// <summary>Types of fields of types: over a hundred for each of sixty, level after level.</summary>
    [Theory]
    [InlineData("fields { type { # } }")]
    [InlineData("fields(includeDeprecated: true) { args { type { # } } }")]
    [InlineData("inputFields { type { # } }")]
    [InlineData("possibleTypes { interfaces { # } }")]
    [InlineData("a: fields { type { # } } b: fields { type { # } }")]
    [InlineData("fields { type { ofType { ofType { # } } } } ofType { # }")]
    public async Task An_introspection_in_circles_is_refused(string level)
    {
        string nested = "name";
        for (int i = 0; i < 6; i++)
        {
            nested = level.Replace("#", nested, StringComparison.Ordinal);
        }

        await RefusesAsync($"{{ __schema {{ types {{ {nested} }} }} }}");
        await RefusesAsync($"{{ {Repeat(20, i => $"t{i}: __type(name: \"ServiceRequest\") {{ {nested} }} ")}}}");

        var text = new StringBuilder("{ __schema { types { ...L0 } } } fragment L6 on __Type { name }");
        for (int i = 0; i < 6; i++)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $" fragment L{i} on __Type {{ {level.Replace("#", $"...L{i + 1}", StringComparison.Ordinal)} }}");
        }

        await RefusesAsync(text.ToString());
    }

    /// <summary>Introspection as tools send it is allowed.</summary>
    [Fact]
    public async Task An_introspection_of_a_tool_is_answered()
    {
        const string Type = "kind name ofType { kind name ofType { kind name ofType { kind name } } }";
        string text =
            $$"""
            { __schema { queryType { name } directives { name locations args { ...I } }
              types { kind name description
                fields(includeDeprecated: true) { name args { ...I } type { {{Type}} } isDeprecated } inputFields { ...I }
                interfaces { {{Type}} } enumValues(includeDeprecated: true) { name } possibleTypes { {{Type}} } } } }
            fragment I on __InputValue { name description type { {{Type}} } defaultValue }
            """;
        (HttpResponseMessage response, JsonElement json) = await fixture.PostAsync(new { query = text }, ClientFixture.ExplorerKey);
        Assert.Equal((HttpStatusCode.OK, (string?)null), (response.StatusCode, CodeOf(json)));
    }

    /// <summary>However the operation hides the field, and whether or not it would run.</summary>
    [Theory]
    [InlineData("{ __schema { queryType { name } } }")]
    [InlineData("{ a: __schema { queryType { name } } }")]
    [InlineData("{ __type(name: \"City\") { name } }")]
    [InlineData("{ cities { slug } ... { ... on Query { __schema { types { name } } } } }")]
    [InlineData(
        "{ cities { slug } ...F } fragment F on Query { ...G } fragment G on Query { a: __type(name: \"City\") { fields { name } } }")]
    [InlineData("query($x: Boolean = false) { cities { slug } __schema @include(if: $x) { types { name } } }")]
    [InlineData("query A { cities { slug } } query B { __schema { types { name } } }", "A")]
    public async Task The_schema_is_not_told_to_who_may_not_send_any_text(string text, string? operation = null)
    {
        foreach ((string? key, string code) in new[] { ((string?)ClientFixture.CivicKey, "HC0046"), (null, "HC0067") })
        {
            fixture.Server.TakeStatements();
            (HttpResponseMessage response, JsonElement json) = await fixture.PostAsync(
                new { query = text, operationName = operation, extensions = ClientFixture.Persisted(ClientFixture.Hash(text)) }, key);
            Assert.Equal((HttpStatusCode.BadRequest, code), (response.StatusCode, CodeOf(json)));
            string extensions = JsonSerializer.Serialize(ClientFixture.Persisted(ClientFixture.Hash(text)));
            string url =
                $"/graphql?query={Uri.EscapeDataString(text)}&operationName={operation}&extensions={Uri.EscapeDataString(extensions)}";
            using var get = new HttpRequestMessage(HttpMethod.Get, url);
            if (key is not null)
            {
                get.Headers.Add(Server.Clients.ClientDirectory.KeyHeader, key);
            }

            (response, json) = await fixture.Server.SendAsync(get);
            Assert.Equal((HttpStatusCode.BadRequest, code), (response.StatusCode, CodeOf(json)));
            Assert.Empty(fixture.Server.TakeStatements());
        }
    }

    /// <summary>Errors suggest no names: one guess after another would reveal the whole schema.</summary>
    [Theory]
    [InlineData("{ citie { slug } }", "cities")]
    [InlineData("{ cities { slu } }", "slug")]
    [InlineData("{ cities { ... on Cit { slug } } }", "City")]
    [InlineData("query($a: Strin) { cities { slug } }", "String")]
    [InlineData("{ serviceRequests(citi: \"nyc\") { nodes { id } } }", "`city`")]
    [InlineData("{ serviceRequests(city: \"nyc\", where: {statu: {eq: OPEN}}) { totalCount } }", "status")]
    [InlineData("{ serviceRequests(city: \"nyc\", where: {status: {eq: OPE}}) { totalCount } }", "ASSIGNED")]
    [InlineData("{ cities @includ(if: true) { slug } }", "@include")]
    [InlineData(
        "query($w: ServiceRequestFilterInput) { serviceRequests(city: \"nyc\", where: $w) { totalCount } }",
        "externalId",
        """{"w":{"statu":{}}}""")]
    [InlineData("query($a: AreaInput) { serviceRequests(city: \"nyc\", within: $a) { totalCount } }", "polygon", """{"a":{}}""")]
    public async Task Names_are_suggested_only_to_who_may_read_the_schema(string text, string name, string variables = "{}")
    {
        object request = new
        {
            query = text,
            variables = JsonDocument.Parse(variables).RootElement,
            extensions = ClientFixture.Persisted(ClientFixture.Hash(text)),
        };
        (HttpResponseMessage response, JsonElement json) = await fixture.PostAsync(request, ClientFixture.CivicKey);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        string errors = json.GetProperty("errors").GetRawText();
        Assert.DoesNotContain("Did you mean", errors, StringComparison.Ordinal);
        Assert.DoesNotContain(name, errors.Replace("citie", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_are_suggested_to_who_may_read_the_schema()
    {
        foreach (string text in new[] { "{ citie { slug } }", "{ cities { slu } }" })
        {
            (_, JsonElement json) = await fixture.PostAsync(new { query = text }, ClientFixture.ExplorerKey);
            Assert.Contains("Did you mean", json.GetRawText(), StringComparison.Ordinal);
        }

        (_, JsonElement invalid) = await fixture.PostAsync(
            new
            {
                query = "query($w: ServiceRequestFilterInput) { serviceRequests(city: \"nyc\", where: $w) { totalCount } }",
                variables = new { w = new { statu = 1 } },
            },
            ClientFixture.ExplorerKey);
        Assert.Contains("Did you mean one of and, or,", invalid.GetRawText(), StringComparison.Ordinal);
    }

    /// <summary>The same for variables of published operations.</summary>
    [Fact]
    public async Task Members_of_inputs_are_not_told_to_who_runs_published_operations()
    {
        (HttpResponseMessage response, JsonElement json) = await fixture.Server.SendAsync(
            new HttpRequestMessage(
                HttpMethod.Get, fixture.Server.PersistedUrl("ServiceRequestList", new { city = "nyc", where = new { statu = 1 } }))
            {
                Headers = { { "Accept", "application/graphql-response+json" } },
            }
        );
        Assert.Equal((HttpStatusCode.BadRequest, "HC0016"), (response.StatusCode, CodeOf(json)));
        Assert.EndsWith(
            "has no field `statu`.", json.GetProperty("errors")[0].GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/graphql?sdl")]
    [InlineData("/graphql/schema")]
    [InlineData("/graphql/schema.graphql")]
    public async Task The_schema_is_no_download_for_who_may_not_read_it(string path) =>
        Assert.Equal(HttpStatusCode.NotFound, (await fixture.Server.Client.GetAsync(path)).StatusCode);

    private async Task RefusesAsync(string text)
    {
        long before = GC.GetTotalAllocatedBytes(precise: true);
        (HttpResponseMessage response, JsonElement json) = await fixture.PostAsync(new { query = text }, ClientFixture.ExplorerKey);
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, AllocatedBytesMax);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(CodeOf(json), new[] { "HC0086", "OPERATION_TOO_LARGE" });
        (response, _) = await fixture.PostAsync(new { query = "{ cities { slug } }" }, ClientFixture.ExplorerKey);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }
}
