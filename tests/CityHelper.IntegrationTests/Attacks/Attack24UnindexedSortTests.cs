using System.Text.Json;
using System.Text.RegularExpressions;
using CityHelper.IntegrationTests.Oracle;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using Xunit;
using static CityHelper.IntegrationTests.Attacks.AttackedServer;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Attack 24: sort orders without an index, and slow patterns (ReDoS, <c>LIKE '%x%'</c>). Sort orders are an allow-list; a search text is
/// never a pattern.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed partial class Attack24UnindexedSortTests(ReadingFixture fixture) : IClassFixture<ReadingFixture>, IDisposable
{
    private static readonly string[] s_hostile =
    [
        "%", "%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%", "_", "\\", "\\%", "a%_\\", "(a+)+$", "^(([a-z])+.)+[A-Z]([a-z])+$",
        ".*.*.*.*.*.*x", "[", "(", "*", "\\1", "(?=a)", "' or 1=1 --", "$1", "{row}", "\"", "''", "{{row}}",
    ];

    private static readonly string[] s_operations =
    [
        "eq", "neq", "contains", "ncontains", "startsWith", "nstartsWith", "endsWith", "nendsWith", "in", "nin",
    ];

    public void Dispose() => Assert.Empty(fixture.Server.Errors);

    /// <summary>Every possible sort order is one of an index or refused; each pair of them too.</summary>
    [Fact]
    public async Task Only_the_orders_of_indexes_are_answered()
    {
        string[] terms =
        [
            .. SchemaFile
                .Load()
                .Members("ServiceRequestSortInput")
                .Select(member => member.Name)
                .SelectMany(field =>
                    field switch
                    {
                        "category" or "agency" => new[] { $"{{{field}: {{code: ASC}}}}", $"{{{field}: {{name: DESC}}}}" },
                        _ => [$"{{{field}: ASC}}", $"{{{field}: DESC}}"],
                    }
                ),
        ];
        Assert.True(terms.Length >= 8, "the schema has orders");
        fixture.Server.TakeStatements();
        int answered = 0;
        foreach (string order in terms.Concat(terms.SelectMany(first => terms.Select(second => $"{first}, {second}"))))
        {
            string? code = CodeOf(
                await fixture.Server.QueryAsync($"{{ serviceRequests(city: \"nyc\", first: 3, order: [{order}]) {{ nodes {{ id }} }} }}"));
            Assert.True(code is null or "ORDER_NOT_INDEXED", $"{order}: {code}");
            answered += code is null ? 1 : 0;
        }

        Assert.InRange(answered, terms.Length, terms.Length * terms.Length);
        Assert.All(fixture.Server.TakeStatements(), statement => Assert.DoesNotMatch(UnindexedOrder(), statement));
    }

    /// <summary>A text search has an index or an indexed condition beside it, and compares texts literally, never as patterns.</summary>
    [Theory]
    [InlineData("title")]
    [InlineData("description")]
    [InlineData("address")]
    [InlineData("resolution")]
    [InlineData("district")]
    [InlineData("category: {name")]
    [InlineData("agency: {code")]
    public async Task No_text_is_a_pattern(string column)
    {
        string end = column.Contains('{', StringComparison.Ordinal) ? "}" : "";
        foreach (string operation in s_operations)
        {
            string type = operation is "in" or "nin" ? "[String]" : "String";
            string text =
                $"query($t: {type}) {{ serviceRequests(city: \"nyc\", where: {{and: [{{category: {{code: {{eq: \"rodent\"}}}}}}, "
                    + $"{{{column}: {{{operation}: $t}}{end}}}]}}) {{ nodes {{ id }} totalCount }} }}";
            foreach (string hostile in s_hostile)
            {
                fixture.Server.TakeStatements();
                await fixture.Server.DataAsync(text, new { t = type == "String" ? (object)hostile : new[] { hostile } });
                Assert.All(fixture.Server.TakeStatements(), statement =>
                {
                    Assert.DoesNotMatch(Pattern(), statement);
                    Assert.DoesNotContain(hostile.Length > 2 ? hostile : "\0", statement, StringComparison.Ordinal);
                });
            }
        }
    }

    /// <summary>A percent sign is literal.</summary>
    [Theory]
    [InlineData("contains", "\\\"music\\\"", true)]
    [InlineData("contains", "%music%", false)]
    [InlineData("contains", "Loud_", false)]
    [InlineData("startsWith", "L%", false)]
    [InlineData("endsWith", "%", false)]
    [InlineData("contains", ".*", false)]
    public async Task A_text_is_found_as_it_is(string operation, string text, bool isThere)
    {
        JsonElement data = await fixture.Server.AllowsAsync(
            $"{{ serviceRequests(city: \"nyc\", where: {{title: {{{operation}: \"{text}\"}}, createdAt: {{gte: \"2024-11-01T00:00:00Z\", "
                + $"lt: \"2024-12-01T00:00:00Z\"}}}}) {{ totalCount }} }}");
        Assert.Equal(isThere, data.GetProperty("serviceRequests").GetProperty("totalCount").GetInt32() > 0);
    }

    [Fact]
    public async Task A_search_without_company_is_refused_unread()
    {
        foreach (string operation in s_operations.Where(o => o is not ("eq" or "in" or "neq" or "nin")))
        {
            fixture.Server.TakeStatements();
            JsonElement json = await fixture.Server.QueryAsync(
                $"{{ serviceRequests(city: \"nyc\", where: {{description: {{{operation}: \"%\"}}}}) {{ nodes {{ id }} totalCount }} }}");
            Assert.Equal("FILTER_NOT_INDEXED", CodeOf(json));
            Assert.Empty(fixture.Server.TakeStatements());
        }
    }

    [Fact]
    public async Task A_very_long_text_is_searched_for_in_the_time_of_its_length()
    {
        const string Search =
            "query($t: String) { serviceRequests(city: \"nyc\", where: {category: {code: {eq: \"rodent\"}}, description: {contains: $t}}) "
                + "{ totalCount } }";
        foreach (string text in new[] { new string('a', 200_000), new string('%', 200_000), Repeat(50_000, "ab_%") })
        {
            await fixture.Server.AllowsAsync(Search, new { t = text });
        }
    }

    [GeneratedRegex(@"\b(i?like|similar to|regexp\w*)\b|!?~~?\*?", RegexOptions.IgnoreCase)]
    private static partial Regex Pattern();

    // By the key, an indexed column, a group's value, or the columns by which small tables are read.
    [GeneratedRegex(
        @"order by [a-z0-9]+\.(?!id\b|updated_at\b|status\b|category_id\b|agency_id\b|code\b|name\b|"
            + @"order_[0-9]|group|place|service_request_id\b)",
        RegexOptions.IgnoreCase)]
    private static partial Regex UnindexedOrder();
}
