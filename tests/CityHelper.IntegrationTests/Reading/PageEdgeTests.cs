using System.Text.Json;
using CityHelper.IntegrationTests.Postgres;
using Xunit;

namespace CityHelper.IntegrationTests.Reading;

/// <summary>The page info, where a guess would be wrong.</summary>
[Collection(PostgresCollection.Name)]
public sealed class PageEdgeTests(ReadingFixture fixture) : IClassFixture<ReadingFixture>
{
    private const string Selection = "edges { cursor node { externalId } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }";

    /// <summary>Requests 39 to 31, newest first; every third has category `rodent`: 38, 35, 32, ….</summary>
    [Theory]
    [InlineData("first: 2", "38 35", true, false)]
    [InlineData("last: 2", "5 2", false, true)]
    [InlineData("first: 100", "38 35 32 29 26 23 20 17 14 11 8 5 2", false, false)]
    [InlineData("last: 100", "38 35 32 29 26 23 20 17 14 11 8 5 2", false, false)]
    [InlineData("first: 2, after: \"35\"", "32 29", true, true)]
    [InlineData("last: 2, before: \"32\"", "38 35", true, false)]
    [InlineData("last: 2, before: \"29\"", "35 32", true, true)]
    [InlineData("first: 2, after: \"5\"", "2", false, true)]
    [InlineData("first: 2, after: \"2\"", "", false, true)]
    [InlineData("last: 2, before: \"38\"", "", true, false)]
    [InlineData("first: 2, after: \"38\", before: \"29\"", "35 32", true, true)]
    [InlineData("first: 1, after: \"38\", before: \"29\"", "35", true, true)]
    [InlineData("last: 1, after: \"38\", before: \"29\"", "32", true, true)]
    [InlineData("first: 2, before: \"35\"", "38", true, false)]
    [InlineData("last: 2, after: \"5\"", "2", false, true)]
    [InlineData("first: 0", "", true, false)]
    [InlineData("first: 0, after: \"2\"", "", false, true)]
    [InlineData("last: 0, before: \"38\"", "", true, false)]
    [InlineData("first: 2, after: \"29\", before: \"32\"", "", true, true)]
    public async Task A_page_knows_whether_there_is_more_on_either_side(string page, string rows, bool hasNext, bool hasPrevious)
    {
        JsonElement connection = await PageAsync(page, "where: {category: {code: {eq: \"rodent\"}}}");
        JsonElement[] edges = [.. connection.GetProperty("edges").EnumerateArray()];
        JsonElement info = connection.GetProperty("pageInfo");
        Assert.Equal(
            rows,
            string.Join(
                ' ',
                edges.Select(e =>
                    int.Parse(
                        e.GetProperty("node").GetProperty("externalId").GetString()![^2..],
                        System.Globalization.CultureInfo.InvariantCulture))));
        Assert.Equal(
            (hasNext, hasPrevious), (info.GetProperty("hasNextPage").GetBoolean(), info.GetProperty("hasPreviousPage").GetBoolean()));
        Assert.Equal(edges.Length == 0 ? null : edges[0].GetProperty("cursor").GetString(), info.GetProperty("startCursor").GetString());
        Assert.Equal(edges.Length == 0 ? null : edges[^1].GetProperty("cursor").GetString(), info.GetProperty("endCursor").GetString());
    }

    // Names cursors by their rows.
    private async Task<JsonElement> PageAsync(string page, string question)
    {
        JsonElement all = (
            await fixture.Server.DataAsync($"{{ c: serviceRequests(city: \"nyc\", first: 100, {question}) {{ {Selection} }} }}")
        ).GetProperty("c");
        foreach (JsonElement edge in all.GetProperty("edges").EnumerateArray())
        {
            string number = int.Parse(
                    edge.GetProperty("node").GetProperty("externalId").GetString()![^2..],
                    System.Globalization.CultureInfo.InvariantCulture)
                .ToString(System.Globalization.CultureInfo.InvariantCulture);
            page = page.Replace($"\"{number}\"", $"\"{edge.GetProperty("cursor").GetString()}\"", StringComparison.Ordinal);
        }

        return (
            await fixture.Server.DataAsync($"{{ c: serviceRequests(city: \"nyc\", {page}, {question}) {{ {Selection} }} }}")
        ).GetProperty("c");
    }
}
