using System.Net;
using System.Text.Json;
using CityHelper.Benchmarks.Cost.Generated;
using CityHelper.Checks.PlanAudits;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Transport;
using CityHelper.IntegrationTests.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Attack 31: a filter whose indexed conditions list every existing name. The server estimates the rows left by the names, and allows
/// conditions checked row by row only when at most a fifth of all rows are left.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack31NamingEverythingTests(AttackFixture fixture) : IClassFixture<AttackFixture>
{
    private const string NotIndexed = "FILTER_NOT_INDEXED";
    private const string Text = "title: {contains: \"zqx\"}";

    [Theory]
    [InlineData("category: {code: {in: $categories}}")]
    [InlineData("category: {id: {in: $categoryIds}}")]
    [InlineData("category: {or: [{code: {in: $categories}}, {id: {in: $categoryIds}}]}")]
    [InlineData("agency: {code: {in: $agencies}}")]
    [InlineData("agency: {code: {eq: \"NYPD\"}}")]
    [InlineData("or: $alternatives")]
    [InlineData("or: [{category: {code: {eq: \"rodent\"}}}, {category: {code: {in: $categories}}}]")]
    [InlineData(
        "or: [{category: {code: {eq: \"rodent\"}}}, {or: [{agency: {code: {eq: \"NYPD\"}}}, {category: {code: {eq: \"plumbing\"}}}]}]")]
    [InlineData("and: [{category: {code: {in: $categories}}}, {agency: {code: {in: $agencies}}}]")]
    [InlineData("category: {code: {in: $categories}}, status: {nin: []}")]
    public async Task Names_of_most_rows_serve_no_filter(string names)
    {
        CostCity city = await CityAsync();
        foreach (
            string condition in new[]
            {
                Text,
                $"and: [{{or: [{string.Join(", ", Enumerable.Range(0, 40).Select(i => $"{{title: {{contains: \"zqx{i}\"}}}}"))}]}}]",
            }
        )
        {
            // A JSON object cannot repeat a member: the second condition goes into another object of the `and`.
            string filled = Filled(names, city);
            string where = $"{{and: [{{{filled}}}, {{{condition}}}]}}";
            foreach (string field in new[]
            {
                $"serviceRequests(city: \"nyc\", where: {where}) {{ nodes {{ id }} }}",
                $"serviceRequests(city: \"nyc\", where: {where}, order: {{updatedAt: DESC}}) {{ totalCount }}",
                $"serviceRequestStats(city: \"nyc\", where: {where}) {{ total }}",
            })
            {
                fixture.Server.TakeStatements();
                AttackAnswer answer = await fixture.SendWithoutCostLimitAsync($"{{ {field} }}");

                // An `or` of 40 beside one of 45 is refused as too large before any estimate.
                string expected =
                    condition != Text && names.Contains("$alternatives", StringComparison.Ordinal) ? "OPERATION_TOO_LARGE" : NotIndexed;
                Assert.True(answer.Code == expected, $"{field}: {answer.Json}");
                Assert.DoesNotContain(
                    fixture.Server.TakeStatements(), statement => statement.Contains("from service_request s", StringComparison.Ordinal));
            }
        }
    }

    /// <summary>All categories with as many alternatives as a cost of 1,000 allows, sixteen at once. No row is read.</summary>
    [Fact]
    public async Task All_categories_with_many_alternatives_cost_others_nothing()
    {
        CostCity city = await CityAsync();
        string or = string.Join(", ", Enumerable.Range(0, 12).Select(i => $"{{title: {{contains: \"zqx{i}\"}}}}"));
        string text = Filled(
            $"{{ serviceRequests(city: \"nyc\", where: {{category: {{code: {{in: $categories}}}}, or: [{or}]}}) {{ nodes {{ id }} }} }}",
            city);
        AttackAnswer[] answers = await fixture.AttackAsync(() => AttackFixture.ConcurrentlyAsync(16, _ => fixture.SendAsync(text)));
        Assert.All(answers, answer => Assert.Equal(NotIndexed, answer.Code));
    }

    /// <summary>A list nested in rows that are not known yet when the operation is planned.</summary>
    [Theory]
    [InlineData(
        "city(slug: \"nyc\") { agencies(first: 3) { nodes { serviceRequests(first: 1, where: {" + Text + "}) { nodes { id } } } } }")]
    [InlineData(
        "city(slug: \"nyc\") { categories(first: 30) { nodes { serviceRequests(first: 1, where: {category: {code: {in: $categories}}, "
            + Text
            + "}) { nodes { id } } } } }")]
    [InlineData(
        "city(slug: \"nyc\") { agencies(first: 30) { nodes { serviceRequests(first: 1, where: {category: {code: {in: $categories}}, "
            + Text
            + "}) { totalCount } } } }")]
    [InlineData(
        "nearbyServiceRequests(city: \"nyc\", to: {longitude: -73.98, latitude: 40.75}, withinMetres: 5000, where: {"
            + Text
            + "}) { nodes { id } }")]
    public async Task Rows_below_parents_that_may_be_all_are_not_read_one_by_one(string field)
    {
        CostCity city = await CityAsync();
        AttackAnswer answer = await fixture.SendAsync($"{{ {Filled(field, city)} }}");
        Assert.Equal(NotIndexed, answer.Code);
    }

    [Fact]
    public async Task The_refusal_says_how_many_and_what_to_do()
    {
        AttackAnswer answer = await fixture.SendAsync(
            $"{{ serviceRequests(city: \"nyc\", where: {{agency: {{code: {{eq: \"NYPD\"}}}}, {Text}}}) {{ nodes {{ id }} }} }}");
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        string message = answer.Json.GetProperty("errors")[0].GetProperty("message").GetString()!;
        Assert.Matches(
            "^`title` would be looked for in about 2[0-9]{4} rows, 10000 are allowed: name fewer categories or agencies, or add an `id`, "
                + "a `createdAt` range of at most 31 days, or a `within`",
            message);
    }

    /// <summary>
    /// A filter that leaves few rows runs, and reads only those its index leaves even if none passes: an ordered index scan of the city
    /// would read all rows.
    /// </summary>
    [Theory]
    [InlineData("category: {code: {eq: \"noise-residential\"}}", "", 0.2)]
    [InlineData("category: {code: {eq: \"noise-residential\"}}", ", order: {updatedAt: DESC}", 0.2)]
    [InlineData("category: {code: {in: [\"rodent\", \"plumbing\"]}}", "", 0.06)]
    [InlineData("agency: {code: {eq: \"DOT\"}}", "", 0.15)]
    [InlineData("or: [{category: {code: {eq: \"rodent\"}}}, {agency: {code: {eq: \"DOT\"}}}]", "", 0.2)]
    [InlineData("agency: {code: {eq: \"NYPD\"}}, createdAt: {gte: \"2026-06-01T00:00:00Z\"}", "", 0.2)]
    [InlineData("createdAt: {gte: \"2026-10-01T00:00:00Z\", lt: \"2026-10-31T00:00:00Z\"}", "", 0.05)]
    [InlineData("category: {code: {in: []}}", "", 0.001)]
    public async Task What_leaves_few_rows_reads_no_others(string names, string order, double shareMax)
    {
        foreach (string condition in new[] { Text, "updates: {some: {note: {contains: \"zqx\"}}}" })
        {
            string text = $"{{ serviceRequests(city: \"nyc\", where: {{{names}, {condition}}}{order}) {{ nodes {{ id }} }} }}";
            AttackAnswer answer = await fixture.AttackAsync(() => fixture.SendAsync(text));
            Assert.True(answer.Code is null, answer.Json.ToString());
            Assert.Empty(answer.Json.GetProperty("data").GetProperty("serviceRequests").GetProperty("nodes").EnumerateArray());
            Assert.InRange(await RowsReadAsync(text), 0, shareMax * AttackFixture.Requests);
        }
    }

    /// <summary>A filter that most rows pass fills its page from the first rows, whatever it names.</summary>
    [Theory]
    [InlineData("category: {code: {in: $categories}}")]
    [InlineData("status: {nin: []}")]
    [InlineData("agency: {code: {in: $agencies}}, status: {neq: PENDING}")]
    public async Task What_most_rows_pass_is_answered(string where)
    {
        string text = $"{{ serviceRequests(city: \"nyc\", where: {{{Filled(where, await CityAsync())}}}) {{ nodes {{ id }} }} }}";
        AttackAnswer answer = await fixture.SendAsync(text);
        Assert.Equal(10, answer.Json.GetProperty("data").GetProperty("serviceRequests").GetProperty("nodes").GetArrayLength());
        Assert.InRange(await RowsReadAsync(text), 0, 1_000);
    }

    private Task<CostCity> CityAsync() => CostCity.ReadAsync(text => fixture.Server.DataAsync(text));

    private static string Filled(string text, CostCity city)
    {
        string Listed(IEnumerable<string> items) => JsonSerializer.Serialize(items);
        string alternatives = string.Join(", ", city.Categories.Take(45).Select(c => $"{{category: {{code: {{eq: \"{c}\"}}}}}}"));
        return text.Replace("$categoryIds", Listed(city.CategoryIds), StringComparison.Ordinal)
            .Replace("$categories", Listed(city.Categories), StringComparison.Ordinal)
            .Replace("$agencies", Listed(city.Agencies), StringComparison.Ordinal)
            .Replace("$alternatives", $"[{alternatives}]", StringComparison.Ordinal);
    }

    private async Task<double> RowsReadAsync(string text)
    {
        Operation operation = (
            await fixture.Server.Services.GetRequiredService<OperationRegistry>().CompileAsync(text, null, CancellationToken.None)
        ).Operation!;
        IReadOnlyList<StatementExplanation> statements = await fixture
            .Server.Services.GetRequiredService<OperationExplainer>()
            .ExplainAsync(operation, JsonSerializer.SerializeToElement(new { }), CancellationToken.None);
        return statements.SelectMany(s => PlanNode.Read(s.Json).All)
            .Where(n => n.Relation?.StartsWith("service_request_1_", StringComparison.Ordinal) == true)
            .Sum(n => n.RowsRead);
    }
}
