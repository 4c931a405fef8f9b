using System.Net;
using System.Text;
using System.Text.Json;
using CityHelper.Engine;
using CityHelper.IntegrationTests.Postgres;
using Xunit;

namespace CityHelper.IntegrationTests.Reading;

/// <summary>Small requests that would need much work: refused before the work.</summary>
[Collection(PostgresCollection.Name)]
public sealed class LargeInputTests(ReadingFixture fixture) : IClassFixture<ReadingFixture>, IDisposable
{
    public void Dispose() => Assert.Empty(fixture.Server.Errors);

    [Fact]
    public async Task Many_aliases_roots_selections_or_fragments_are_refused()
    {
        await AssertTooLargeAsync($"{{ cities {{{Repeat(Limits.DocumentSelectionsMax, i => $" f{i}: name")} }} }}");
        await AssertTooLargeAsync($"{{{Repeat(Limits.RootFieldsMax + 1, i => $" r{i}: cities {{ slug }}")} }}");
        await AssertTooLargeAsync(
            $"{{ cities {{{Repeat(Limits.DocumentFragmentsMax + 1, i => $" ...F{i}")} }} "
                + $"}}{Repeat(Limits.DocumentFragmentsMax + 1, i => $" fragment F{i} on City {{ name }}")}");
    }

    [Fact]
    public async Task Fragments_that_expand_to_too_many_fields_are_refused()
    {
        // Each level selects the next one twice: 2^12 fields from a kilobyte of text.
        var text = new StringBuilder(
            "{ serviceRequests(city: \"nyc\") { nodes { category { agency { id } } ...F11 } } } fragment F0 on ServiceRequest { id }");
        for (int level = 1; level < 12; level++)
        {
            text.Append(
                System.Globalization.CultureInfo.InvariantCulture,
                $" fragment F{level} on ServiceRequest {{ "
                    + $"{Repeat(30, i => $"a{level}_{i}: category {{ agency {{ id code name }} code name id }} ")} ...F{level - 1} }}");
        }

        await AssertTooLargeAsync(text.ToString());
    }

    [Fact]
    public async Task Filters_of_very_many_conditions_or_parts_are_refused_whatever_they_are()
    {
        string Where(string items) => $"{{ serviceRequests(city: \"nyc\", where: {{or: [{items}]}}) {{ totalCount }} }}";
        await AssertTooLargeAsync(Where(Repeat(Limits.FilterConditionsMax + 1, _ => "{externalId: {eq: \"1\"}}")));
        await AssertTooLargeAsync(Where(Repeat(Limits.FilterConditionsMax + 1, _ => "{status: {eq: OPEN}}")));
        await AssertTooLargeAsync(Where(Repeat(Limits.FilterPartsMax + 1, _ => "{}")));
        await AssertTooLargeAsync(Where(Repeat(Limits.FilterPartsMax + 1, _ => "{updates: {some: {}}}")));
        await AssertTooLargeAsync(Where($"{{title: {{or: [{Repeat(Limits.FilterPartsMax + 1, _ => "{}")}]}}}}"));
    }

    /// <summary>Checking a long list for each category and each access path would take seconds of CPU that no timeout ends.</summary>
    [Fact]
    public async Task A_long_list_in_many_conditions_is_judged_once()
    {
        string[] ids = [.. Enumerable.Range(0, Limits.InputListItemsMax).Select(n => new GlobalId("Category", 1, 1_000 + n).ToString())];
        string alternatives = string.Join(", ", Enumerable.Repeat("{category: {id: {in: $i}}}", Limits.FilterConditionsMax));
        JsonElement data = await fixture.Server.DataAsync(
            $"query($i: [ID]) {{ serviceRequests(first: 1, city: \"nyc\", where: {{or: [{alternatives}]}}) {{ nodes {{ id }} }} }}",
            new { i = ids });
        Assert.Equal(0, data.GetProperty("serviceRequests").GetProperty("nodes").GetArrayLength());
    }

    [Fact]
    public async Task Lists_below_ids_count_as_statements_too() => await AssertTooLargeAsync(
        $"{{ node(id: \"Q2l0eTox\") {{ ... on City "
            + $"{{{Repeat(Limits.BatchStatementsMax, i => $" a{i}: serviceRequests(first: 1) {{ totalCount }}")} }} }} }}");

    [Fact]
    public async Task More_statements_than_a_batch_holds_are_refused() => await AssertTooLargeAsync(
        $"{{ serviceRequests(city: \"nyc\") {{ nodes {{{Repeat(Limits.BatchStatementsMax, i => $" u{i}: updates(last: {i}) {{ note }}")} "
            + $"}} }} }}");

    [Fact]
    public async Task More_conditions_than_a_filter_holds_are_refused()
    {
        string conditions = Repeat(Limits.FilterConditionsMax + 1, _ => "{status: {neq: OPEN}} ");
        await AssertTooLargeAsync($"{{ serviceRequests(city: \"nyc\", where: {{and: [{conditions}]}}) {{ nodes {{ id }} }} }}");
    }

    [Fact]
    public async Task A_variable_of_too_many_members_is_refused()
    {
        object[] empty = [.. Enumerable.Range(0, 999).Select(_ => new { })];
        (HttpResponseMessage response, JsonElement json) = await fixture.Server.PostAsync(JsonSerializer.Serialize(new
        {
            query = "query($w: ServiceRequestFilterInput) { serviceRequests(city: \"nyc\", where: $w) { nodes { id } } }",
            variables = new { w = new { and = Enumerable.Range(0, 80).Select(_ => new { and = empty }) } },
        }));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("OPERATION_TOO_LARGE", Code(json));
    }

    [Fact]
    public async Task A_body_beyond_the_bound_is_told_so()
    {
        (HttpResponseMessage response, JsonElement json) = await fixture.Server.PostAsync(
            JsonSerializer.Serialize(new { query = new string(' ', Limits.RequestBytesMax) }));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Equal("HC0010", Code(json));
    }

    /// <summary>Without the limit twice as many levels, a kilobyte of text, return 113 MB and take sixteen seconds.</summary>
    [Fact]
    public async Task An_introspection_that_goes_round_in_circles_is_refused()
    {
        var text = new StringBuilder("{ __type(name: \"__Type\") { ...L0 } } fragment L5 on __Type { name }");
        for (int level = 0; level < 5; level++)
        {
            text.Append(
                System.Globalization.CultureInfo.InvariantCulture,
                $" fragment L{level} on __Type {{ fields {{ type {{ ...L{level + 1} ofType {{ ...L{level + 1} ofType {{ ...L{level + 1} "
                    + $"}} }} }} }} }}");
        }

        JsonElement json = await fixture.Server.QueryAsync(text.ToString());
        Assert.Equal("HC0086", Code(json));
    }

    private async Task AssertTooLargeAsync(string query)
    {
        (HttpResponseMessage response, JsonElement json) = await fixture.Server.PostAsync(JsonSerializer.Serialize(new { query }));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("OPERATION_TOO_LARGE", Code(json));
    }

    private static string? Code(JsonElement json) =>
        json.GetProperty("errors")[0].GetProperty("extensions").GetProperty("code").GetString();

    private static string Repeat(int count, Func<int, string> part) => string.Concat(Enumerable.Range(0, count).Select(part));
}
