using CityHelper.IntegrationTests.Commands;
using CityHelper.IntegrationTests.Postgres;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Checks;

/// <summary>200,000 generated requests of New York, and three boundaries.</summary>
public sealed class LargeDatabase(PostgresFixture postgres) : IAsyncLifetime
{
    public string Database { get; private set; } = "";

    public async Task InitializeAsync()
    {
        Database = await CheckDatabases.CreateLargeAsync(postgres);
        await CheckDatabases.AddBoundariesAsync(Database);
    }

    public Task DisposeAsync() => Task.CompletedTask;
}

/// <summary>Operations that may be published, and operations that read too much of a large city whatever indexes exist.</summary>
[Collection(PostgresCollection.Name)]
public sealed class OperationsCheckTests(LargeDatabase large, ITestOutputHelper output) : IClassFixture<LargeDatabase>
{
    /// <summary>
    /// The database differs from the one behind the manifest's fingerprints, but its data is equal: equal data makes equal plans.
    /// CITYHELPER_UPDATE_PLANS=1 writes the fingerprints.
    /// </summary>
    [Fact]
    public async Task The_published_operations_pass_and_have_the_plans_of_the_manifest()
    {
        string[] update = Environment.GetEnvironmentVariable("CITYHELPER_UPDATE_PLANS") == "1" ? ["--update"] : [];
        CommandRun run = await CheckDatabases.CheckAsync(large.Database, Repository.PathOf("persisted-queries"), ["--runs", .. update]);
        output.WriteLine(run.Output);
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.DoesNotContain("REJECTED", run.Output, StringComparison.Ordinal);
        if (update.Length == 0)
        {
            Assert.StartsWith(
                "All plans are those of the manifest (200,000 requests of nyc (",
                run.Output.TrimEnd('\n').Split('\n')[^1],
                StringComparison.Ordinal);
        }
    }

    /// <summary>A search for a word in a category reads each of its requests.</summary>
    [Fact]
    public async Task Many_rows_read_for_few_are_rejected()
    {
        const string Words =
            """
            query Words($city: String!, $word: String!) {
              serviceRequests(city: $city, where: {category: {code: {eq: "heat-hot-water"}}, title: {eq: $word}}) { nodes { title } } }
            """;
        CommandRun run = await CheckAsync(Words);
        Assert.Equal(1, run.Code);
        Assert.Matches(
            @"`serviceRequests` reads [\d,]+ rows, most of `service_request`, to return \d+; 10 for each, or 1,000 in all, are allowed\. "
            + @"Filter by what has an index, in a smaller area or a shorter time\.\n      with .*: \{""city"":""nyc"",""word"":""",
            run.Output);
        Assert.Equal(
            "1 of 1 operations must not be published; the reasons are above, what is allowed is in docs/decisions/0012-plan-audit.md.\n",
            run.Error);
    }

    /// <summary>Each list is a good one; sixteen of them are too much for one answer.</summary>
    [Fact]
    public async Task Too_many_buffers_for_rows_are_rejected()
    {
        string lists = string.Join('\n', Enumerable.Range(0, 16).Select(i =>
            $"list{i}: serviceRequests(city: $city, first: 100, where: {{createdAt: {{lt: "
                + $"\"2026-{i % 10 + 1:00}-{i + 1:00}T00:00:00Z\"}}}}) "
                + "{ nodes { title updates(last: 20) { note } history(last: 20) { nodes { note } } } }"));
        CommandRun run = await CheckAsync($"query Lists($city: String!) {{ {lists} }}");
        Assert.Equal(1, run.Code);
        Assert.Matches(
            @"Lists touch [\d,]+ buffers of 8 kB, most of them for `list\d+`; 10,000 are allowed\. "
            + @"Ask for a smaller page, fewer or smaller nested lists, or a smaller area\.\n"
            + @"      with the usual values: \{""city"":""nyc""\}\n",
            run.Output);
    }

    [Fact]
    public async Task Too_many_buffers_for_aggregates_are_rejected()
    {
        string statistics = string.Join('\n', Enumerable.Range(0, 4).Select(i =>
            $"statistics{i}: serviceRequestStats(city: $city, within: {{viewport: $viewport}}, where: {{createdAt: {{gte: "
                + $"\"2023-11-02T0{i}:00:00Z\"}}}}) "
                + "{ total byStatus { count } byDay { count } timeToClose { count } }"));
        CommandRun run = await CheckAsync($"query Statistics($city: String!, $viewport: ViewportInput!) {{ {statistics} }}");
        Assert.Equal(1, run.Code);
        Assert.Matches(
            @"Statistics touch [\d,]+ buffers of 8 kB, most of them for `statistics\d`; 60,000 are allowed\. "
            + @"Ask for fewer statistics at once, a smaller area, or a shorter time\.\n"
            + @"      with \$viewport: the whole city",
            run.Output);
    }

    /// <summary>
    /// The whole city's clusters are grouped in more memory than a table of groups gets here: of what a connection string says, less memory
    /// holds.
    /// </summary>
    [Fact]
    public async Task What_goes_to_disk_is_rejected()
    {
        const string Clusters =
            """
            query Clusters($city: String!, $viewport: ViewportInput!) {
              serviceRequestClusters(city: $city, within: {viewport: $viewport}, zoom: 13) { count topCategory { name } } }
            """;
        CommandRun run = await CheckDatabases.CheckTextsAsync(
            $"{large.Database};Options=-c work_mem=4MB -c hash_mem_multiplier=1", Clusters);
        output.WriteLine(run.Output + run.Error);
        Assert.Equal(1, run.Code);
        Assert.Matches(
            @"`serviceRequestClusters` (sorts|groups) [\d,]+ kB.* on disk \([\d,]+ blocks of 8 kB\), "
                + @"because memory does not suffice\. Ask for less at once",
            run.Output);
    }

    private async Task<CommandRun> CheckAsync(string text)
    {
        CommandRun run = await CheckDatabases.CheckTextsAsync(large.Database, text);
        output.WriteLine(run.Output + run.Error);
        return run;
    }
}
