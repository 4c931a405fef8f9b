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
/// Attack 8: an operation whose planning never ends (CVE-2024-43414 of Apollo's router), and plans and statements until the memory is full.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack08PlannerLoopTests(ReadingFixture fixture) : IClassFixture<ReadingFixture>, IDisposable
{
    private const string Filtered =
        "query($w: ServiceRequestFilterInput, $o: [ServiceRequestSortInput!]) { serviceRequests(city: \"nyc\", first: 1, where: $w, "
            + "order: $o) { nodes { id } totalCount } }";

    /// <summary>Operations of a flood: five times as many as the plan cache holds.</summary>
    private const int Flood = 10_000;

    public void Dispose() => Assert.Empty(fixture.Server.Errors);

    /// <summary>Nested alternatives grow with their text, not with the number of combinations.</summary>
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

        await fixture.Server.AnswersAsync(
            $"{{\"query\":{JsonSerializer.Serialize(Filtered)},\"variables\":{{\"w\":{filter}}}}}",
            code,
            code is null ? HttpStatusCode.OK : HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Orders_repeated_without_end_are_one_order()
    {
        await fixture.Server.AllowsAsync(Filtered, new { o = Enumerable.Repeat(new { createdAt = "DESC" }, 200) });
        await fixture.Server.RefusesAsync(
            Filtered, "OPERATION_TOO_LARGE", new { o = Enumerable.Repeat(new { createdAt = "DESC" }, Limits.InputListItemsMax) });
        await fixture.Server.RefusesAsync(
            Filtered, "HC0016", new { o = Enumerable.Repeat(new { createdAt = "DESC" }, Limits.InputListItemsMax + 1) });
    }

    /// <summary>Lists in the text have the same limit as lists in variables.</summary>
    [Fact]
    public async Task Lists_have_as_many_items_as_allowed_wherever_they_stand()
    {
        string In(int items) =>
            $"{{ serviceRequests(city: \"nyc\", where: {{externalId: {{in: [{Repeat(items, i => $"\"{i}\" ")}]}}}}) {{ totalCount }} }}";
        await fixture.Server.AllowsAsync(In(Limits.InputListItemsMax));
        await fixture.Server.RefusesAsync(In(Limits.InputListItemsMax + 1), "HC0002");
        await fixture.Server.RefusesAsync(
            $"query($t: [String] = [{Repeat(Limits.InputListItemsMax + 1, "\"a\" ")}]) {{ serviceRequests(city: \"nyc\", where: "
                + $"{{externalId: {{in: $t}}}}) {{ totalCount }} }}",
            "HC0002");
    }

    [Fact]
    public async Task An_operation_has_as_many_variables_as_allowed()
    {
        string Variables(int count) =>
            $"query({Repeat(count, i => $"$v{i}: String ")}) {{ serviceRequests(city: \"nyc\", where: {{externalId: {{in: "
                + $"[{Repeat(count, i => $"$v{i} ")}]}}}}) {{ nodes {{ id }} }} }}";
        Dictionary<string, string> values = Enumerable.Range(0, 10_000).ToDictionary(i => $"v{i}", _ => "1");
        await fixture.Server.AllowsAsync(Variables(Limits.VariablesMax), values);
        await fixture.Server.RefusesAsync(Variables(Limits.VariablesMax + 1), "OPERATION_TOO_LARGE", values);
        await fixture.Server.RefusesAsync($"query({Repeat(4_000, i => $"$v{i}: Int ")}) {{ cities {{ slug }} }}", "OPERATION_TOO_LARGE");
    }

    [Fact]
    public async Task Statements_are_counted_for_all_roots_together()
    {
        string Roots(int count) => Repeat(count, i =>
            $"r{i}: serviceRequests(city: \"nyc\") {{ totalCount nodes {{ updates(last: 1) {{ note }} boundaries {{ name }} }} }} ");
        await fixture.Server.RefusesAsync($"{{ {Roots(20)}}}", "OPERATION_TOO_LARGE");
        await fixture.Server.AllowsAsync($"{{ {Roots(12)}}}");
    }

    /// <summary>Each text is another operation; without a limit each would stay cached, parsed and planned, with its statements.</summary>
    [Fact]
    public async Task A_flood_of_operations_leaves_a_bounded_memory()
    {
        string padding = new(' ', 20_000);
        await FloodAsync(i => JsonSerializer.Serialize(new { query = $"{{ cities {{ a{i}: slug }} }}{padding}" }));
    }

    /// <summary>One text with many variable signatures: each choice of fields is another plan.</summary>
    [Fact]
    public async Task A_flood_of_signatures_leaves_a_bounded_memory()
    {
        int[] flags = [.. Enumerable.Range(0, 14)];
        string text =
            $"query({Repeat(flags.Length, i => $"$b{i}: Boolean! ")}) {{ cities {{ name "
                + $"{Repeat(flags.Length, i => $"a{i}: slug @include(if: $b{i}) ")}}} }}";
        await FloodAsync(n =>
            JsonSerializer.Serialize(new { query = text, variables = flags.ToDictionary(i => $"b{i}", i => (n >> i & 1) == 1) }));
    }

    private async Task FloodAsync(Func<int, string> body)
    {
        var plans = fixture.Server.Services.GetRequiredService<PlanCache>();
        var statements = fixture.Server.Services.GetRequiredService<StatementCache>();
        await fixture.Server.AnswersAsync(body(0), null, HttpStatusCode.OK);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        await Parallel.ForEachAsync(Enumerable.Range(1, Flood), async (i, stop) =>
        {
            (HttpResponseMessage response, _) = await fixture.Server.PostAsync(body(i));
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            if (i % 1_000 == 0)
            {
                // Releases what the test itself records of them.
                fixture.Server.TakeStatements();
            }
        });
        fixture.Server.TakeStatements();
        Assert.InRange(plans.Weight, 1, Limits.CachedPlanWeightMax);
        Assert.InRange(plans.Count, 1, Limits.CachedPlanWeightMax / Limits.PlanWeightMin);
        Assert.InRange(statements.Chars, 1, Limits.CachedStatementCharsMax);

        // Plans are evicted in the background, and their statements after them: each plan has a handful.
        await WaitUntilAsync(() => statements.Count <= 5 * plans.Count + 100);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 2 * AllocatedBytesMax);
        await fixture.Server.AllowsAsync("{ cities { slug } }");
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
