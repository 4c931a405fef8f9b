using System.Net;
using CityHelper.Benchmarks.Cost.Generated;
using CityHelper.IntegrationTests.Postgres;
using Xunit;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Attack 38: lists that must all hold on one column. PostgreSQL 15 descends an index for every combination of their items, without
/// checking for cancellation; five lists of 53 ids ran until the backend was killed.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack38RepeatedListTests(AttackFixture fixture) : IClassFixture<AttackFixture>, IDisposable
{
    private const string Requests =
        "query($where: ServiceRequestFilterInput) { serviceRequests(city: \"nyc\", where: $where) { totalCount nodes { id } } }";
    private const string Statistics =
        "query($where: ServiceRequestFilterInput) { serviceRequestStats(city: \"nyc\", where: $where) { total byDay { count } } }";
    private static readonly string[] s_statuses = ["OPEN", "IN_PROGRESS", "PENDING", "RESOLVED", "CLOSED", "CANCELLED", "DUPLICATE"];

    public void Dispose() => Assert.Empty(fixture.Server.Errors);

    [Theory]
    [InlineData("id", 5)]
    [InlineData("id", 40)]
    [InlineData("externalId", 5)]
    [InlineData("category", 8)]
    [InlineData("categoryId", 8)]
    [InlineData("agency", 12)]
    [InlineData("status", 12)]
    [InlineData("status", 45)]
    [InlineData("updatedAt", 5)]
    public async Task Lists_on_one_column_are_searched_for_once(string column, int lists)
    {
        CostCity city = await CostCity.ReadAsync(text => fixture.Server.DataAsync(text));
        object list = List(city, column);
        object[] all = [.. Enumerable.Repeat(list, lists)];
        object[] wheres =
        [
            new { and = all },
            new { or = new object[] { new { and = all }, new { and = all.Prepend(new { status = new { eq = "OPEN" } }) } } },
            new { and = new object[] { list, new { or = new object[] { new { and = all }, list } } } },
            .. column is "category" or "agency" or "externalId" ? new object[] { Within(column, city, lists) } : [],
        ];
        foreach (object where in wheres)
        {
            foreach (string query in new[] { Requests, Statistics })
            {
                AttackAnswer answer = await fixture.AttackAsync(() => fixture.SendWithoutCostLimitAsync(query, new { where }));
                Assert.True(
                    answer is { Status: HttpStatusCode.OK, Code: null } or { Code: "OPERATION_TOO_LARGE" or "FILTER_NOT_INDEXED" },
                    answer.Json.ToString());
            }
        }
    }

    [Fact]
    public async Task Lists_on_all_columns_are_searched_for_by_one_index()
    {
        CostCity city = await CostCity.ReadAsync(text => fixture.Server.DataAsync(text));
        object[] all =
        [
            .. new[] { "id", "externalId", "category", "agency", "status", "updatedAt" }.SelectMany(column =>
                Enumerable.Repeat(List(city, column), 3)),
        ];
        AttackAnswer answer = await fixture.AttackAsync(() =>
            fixture.SendWithoutCostLimitAsync(Requests, new { where = new { and = all } }));
        Assert.True(answer is { Status: HttpStatusCode.OK, Code: null }, answer.Json.ToString());
    }

    private static object List(CostCity city, string column) => column switch
    {
        "category" => new { category = new { code = new { @in = city.Categories } } },
        "categoryId" => new { category = new { id = new { @in = city.CategoryIds } } },
        "agency" => new { agency = new { code = new { @in = city.Agencies } } },
        _ => new Dictionary<string, object> { [column] = new { @in = Items(city, column) } },
    };

    // The lists in the operation itself, joined there without another filter.
    private static Dictionary<string, object> Within(string column, CostCity city, int lists)
    {
        object joined = new { and = Enumerable.Repeat(new { @in = Items(city, column) }, lists) };
        return new() { [column] = column == "externalId" ? joined : new { code = joined } };
    }

    private static IEnumerable<string> Items(CostCity city, string column) => column switch
    {
        "id" => city.Requests.Select(r => r.Id).Take(53),
        "externalId" => city.Requests.Select(r => r.ExternalId).Take(53),
        "status" => s_statuses,
        "category" => city.Categories,
        "categoryId" => city.CategoryIds,
        "agency" => city.Agencies,
        _ => Enumerable.Range(0, 60).Select(i => CostCity.TextOf(CostCity.Until.AddHours(-i))),
    };
}
