using System.Globalization;
using System.Net;
using System.Text.Json;
using CityHelper.Engine;
using CityHelper.Engine.Binding;
using CityHelper.Engine.Planning;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using Microsoft.Extensions.DependencyInjection;
using Xunit;
using static CityHelper.IntegrationTests.Attacks.AttackedServer;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Attack 8: an operation whose plan never ends (CVE-2024-43414 of Apollo's router), and as many plans and statements as the memory takes.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack08PlannerLoopTests(ReadingHouse house) : IClassFixture<ReadingHouse>, IDisposable
{
    private const string Filtered = "query($w: ServiceRequestFilterInput, $o: [ServiceRequestSortInput!]) { serviceRequests(city: \"nyc\", first: 1, where: $w, order: $o) { nodes { id } totalCount } }";

    /// <summary>Operations of a flood: five times as many as plans are kept.</summary>
    private const int Flood = 10_000;

    public void Dispose() => Assert.Empty(house.Server.Errors);

    /// <summary>Alternatives of alternatives grow with their text, not with the ways to choose among them.</summary>
    [Theory]
    [InlineData(11, 2, "OPERATION_TOO_LARGE")]
    [InlineData(5, 2, null)]
    [InlineData(3, 3, null)]
    [InlineData(29, 1, null)]
    public async Task Filters_within_filters_are_planned_in_the_time_of_their_length(int depth, int width, string? code)
    {
        string filter = "{\"status\":{\"eq\":\"OPEN\"}}";
        for (int level = 0; level < depth; level++)
        {
            filter = $"{{\"{(level % 2 == 0 ? "or" : "and")}\":[{string.Join(',', Enumerable.Repeat(filter, width))}]}}";
        }

        await house.Server.AnswersAsync(
            $"{{\"query\":{JsonSerializer.Serialize(Filtered)},\"variables\":{{\"w\":{filter}}}}}", code, code is null ? HttpStatusCode.OK : HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Orders_repeated_without_end_are_one_order()
    {
        await house.Server.AllowsAsync(Filtered, new { o = Enumerable.Repeat(new { createdAt = "DESC" }, 200) });
        await house.Server.RefusesAsync(Filtered, "OPERATION_TOO_LARGE", new { o = Enumerable.Repeat(new { createdAt = "DESC" }, Limits.InputListItemsMax) });
        await house.Server.RefusesAsync(Filtered, "HC0016", new { o = Enumerable.Repeat(new { createdAt = "DESC" }, Limits.InputListItemsMax + 1) });
    }

    /// <summary>Lists are bounded in the text as they are in variables.</summary>
    [Fact]
    public async Task Lists_have_as_many_items_as_allowed_wherever_they_stand()
    {
        string In(int items) => $"{{ serviceRequests(city: \"nyc\", where: {{externalId: {{in: [{Repeat(items, i => $"\"{i}\" ")}]}}}}) {{ totalCount }} }}";
        await house.Server.AllowsAsync(In(Limits.InputListItemsMax));
        await house.Server.RefusesAsync(In(Limits.InputListItemsMax + 1), "HC0002");
        await house.Server.RefusesAsync(
            $"query($t: [String] = [{Repeat(Limits.InputListItemsMax + 1, "\"a\" ")}]) {{ serviceRequests(city: \"nyc\", where: {{externalId: {{in: $t}}}}) {{ totalCount }} }}", "HC0002");
    }

    [Fact]
    public async Task An_operation_has_as_many_variables_as_allowed()
    {
        string Variables(int count) =>
            $"query({Repeat(count, i => $"$v{i}: String ")}) {{ serviceRequests(city: \"nyc\", where: {{externalId: {{in: [{Repeat(count, i => $"$v{i} ")}]}}}}) {{ nodes {{ id }} }} }}";
        Dictionary<string, string> values = Enumerable.Range(0, 10_000).ToDictionary(i => $"v{i}", _ => "1");
        await house.Server.AllowsAsync(Variables(Limits.VariablesMax), values);
        await house.Server.RefusesAsync(Variables(Limits.VariablesMax + 1), "OPERATION_TOO_LARGE", values);
        await house.Server.RefusesAsync($"query({Repeat(4_000, i => $"$v{i}: Int ")}) {{ cities {{ slug }} }}", "OPERATION_TOO_LARGE");
    }

    [Fact]
    public async Task Statements_are_counted_for_all_roots_together()
    {
        await house.Server.RefusesAsync(
            $"{{ {Repeat(20, i => $"r{i}: serviceRequests(city: \"nyc\") {{ totalCount nodes {{ updates(last: 1) {{ note }} boundaries {{ name }} }} }} ")}}}", "OPERATION_TOO_LARGE");
        await house.Server.AllowsAsync(
            $"{{ {Repeat(12, i => $"r{i}: serviceRequests(city: \"nyc\") {{ totalCount nodes {{ updates(last: 1) {{ note }} boundaries {{ name }} }} }} ")}}}");
    }

    /// <summary>Each text is another operation; without a bound each would stay, parsed and planned, with its statements.</summary>
    [Fact]
    public async Task A_flood_of_operations_leaves_a_bounded_memory()
    {
        string padding = new(' ', 20_000);
        await FloodAsync(i => JsonSerializer.Serialize(new { query = $"{{ cities {{ a{i}: slug }} }}{padding}" }));
    }

    /// <summary>One text and as many shapes of its variables: each choice of fields is a plan of its own.</summary>
    [Fact]
    public async Task A_flood_of_shapes_leaves_a_bounded_memory()
    {
        int[] flags = [.. Enumerable.Range(0, 14)];
        string text = $"query({Repeat(flags.Length, i => $"$b{i}: Boolean! ")}) {{ cities {{ name {Repeat(flags.Length, i => $"a{i}: slug @include(if: $b{i}) ")}}} }}";
        await FloodAsync(n => JsonSerializer.Serialize(new { query = text, variables = flags.ToDictionary(i => $"b{i}", i => (n >> i & 1) == 1) }));
    }

    private async Task FloodAsync(Func<int, string> body)
    {
        var plans = house.Server.Services.GetRequiredService<PlanCache>();
        var statements = house.Server.Services.GetRequiredService<StatementCache>();
        await house.Server.AnswersAsync(body(0), null, HttpStatusCode.OK);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        await Parallel.ForEachAsync(Enumerable.Range(1, Flood), async (i, stop) =>
        {
            (HttpResponseMessage response, _) = await house.Server.PostAsync(body(i));
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            if (i % 1_000 == 0)
            {
                // What the test itself keeps of them.
                house.Server.TakeStatements();
            }
        });
        house.Server.TakeStatements();
        Assert.InRange(plans.Weight, 1, Limits.CachedPlanWeightMax);
        Assert.InRange(plans.Count, 1, Limits.CachedPlanWeightMax / Limits.PlanWeightMin);
        Assert.InRange(statements.Chars, 1, Limits.CachedStatementCharsMax);

        // Plans are forgotten in the background, their statements after them: each has a handful.
        await WaitUntilAsync(() => statements.Count <= 5 * plans.Count + 100);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 2 * AllocatedBytesMax);
        await house.Server.AllowsAsync("{ cities { slug } }");
    }

    private static async Task WaitUntilAsync(Func<bool> holds)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (int looks = 0; looks < 500 && !holds(); looks++)
        {
            await timer.WaitForNextTickAsync();
        }

        Assert.True(holds(), string.Create(CultureInfo.InvariantCulture, $"Statements stay when their plans are forgotten."));
    }
}
