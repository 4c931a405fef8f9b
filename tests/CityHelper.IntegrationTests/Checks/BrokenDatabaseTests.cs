using CityHelper.Data;
using CityHelper.Data.Cities;
using CityHelper.Data.Partitions;
using CityHelper.IntegrationTests.Commands;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Npgsql;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Checks;

/// <summary>
/// Faulty plans that the server prevents, made by a database that differs from the migrations: the check must report them.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class BrokenDatabaseTests(PostgresFixture postgres, ITestOutputHelper output)
{
    /// <summary>A year has 3,000 of them: more than a full scan may read.</summary>
    private const int Requests = 10_000;

    private const string Changed =
        "query Changed($city: String!) { serviceRequests(city: $city, order: [{updatedAt: DESC}]) { nodes { title updatedAt } } }";

    private const string Open =
        "query Open($city: String!, $status: ServiceRequestStatus!) { serviceRequests(city: $city, first: 100, where: {status: {eq: "
            + "$status}}) { nodes { title } } }";

    private const string Boundary = "query Boundary($id: ID!) { boundary(id: $id) { name } }";

    [Fact]
    public async Task A_sequential_scan_is_rejected()
    {
        string database = await FilledAsync();
        await CheckDatabases.ExecuteAsync(database, "drop index service_request_city_id_updated_at_id_status_category_id_ag_idx");
        CommandRun run = await CheckAsync(database, Changed);
        Assert.Equal(1, run.Code);
        Assert.Matches(
            @"web/Changed +1 runs .* REJECTED\n"
            + @"    `serviceRequests` reads `service_request` from its first row to its last "
            + @"\([\d,]+ rows of service_request_1_202\d\), because no index serves it\. "
            + @"Filter or order by what has an index, or have one made\.\n      with the usual values: \{""city"":""nyc""\}\n",
            run.Output);
    }

    [Fact]
    public async Task Partitions_of_other_cities_are_rejected()
    {
        string database = await FilledAsync();
        await using (NpgsqlDataSource direct = CityHelperDatabase.CreateDataSource(database))
        {
            await new CityDirectory(direct, CheckDatabases.Time).AddAsync(KnownCities.Find("nyc")! with { Slug = "elsewhere" });
        }

        await CheckDatabases.ExecuteAsync(
            database, $"alter database {new NpgsqlConnectionStringBuilder(database).Database} set enable_partition_pruning = off");
        NpgsqlConnection.ClearAllPools();
        CommandRun run = await CheckAsync(database, Changed);
        Assert.Equal(1, run.Code);
        Assert.Matches(
            @"`serviceRequests` opens parts of `service_request` that belong to others "
            + @"\(service_request_2_202\d, service_request_2_202\d\)\. "
            + "The server lets no operation do that: report it, with the operation\\.",
            run.Output);
    }

    [Fact]
    public async Task Too_many_years_are_rejected()
    {
        string database = await FilledAsync();
        await using (NpgsqlDataSource direct = CityHelperDatabase.CreateDataSource(database))
        {
            await new CityPartitions(direct, CheckDatabases.Time).EnsureYearsAsync(RequestRows.City, Enumerable.Range(2000, 23));
        }

        CommandRun run = await CheckAsync(database, Open);
        Assert.Equal(1, run.Code);
        Assert.Matches(
            @"`serviceRequests` reads 2\d of the years that `service_request` is divided into; 21 are allowed\. "
            + @"Narrow `createdAt` in `where`\.\n"
            + @"      with \$status: ",
            run.Output);
    }

    /// <summary>The statement calls a function that sleeps longer than the time limit.</summary>
    [Fact]
    public async Task What_takes_too_long_is_rejected()
    {
        string database = await FilledAsync();
        const string Sleep =
            """
            create or replace function public.cells_around(location geometry, metres double precision, zoom integer) returns bigint[]
            language sql as 'select pg_sleep(60); select array[]::bigint[]'
            """;
        await CheckDatabases.ExecuteAsync(database, Sleep);
        CommandRun run = await CheckAsync(
            database,
            "query Twice { duplicateCandidates(city: \"nyc\", category: \"rodent\", location: {longitude: -73.98, latitude: 40.75}) { "
                + "score } }");
        Assert.Equal(1, run.Code);
        Assert.Contains(
            "    `Twice` has a statement that takes longer than 5 s, after which PostgreSQL stops it. Ask for less, or filter by what has "
                + "an index.\n",
            run.Output,
            StringComparison.Ordinal);
    }

    /// <summary>A variable without a fitting value in the data is named: the audit does not cover the operation.</summary>
    [Fact]
    public async Task A_variable_without_a_value_is_named()
    {
        string database = await FilledAsync();
        CommandRun run = await CheckAsync(database, Boundary);
        Assert.Equal(1, run.Code);
        Assert.Contains(
            "    Nothing is known that `$id` (ID!), used at Query.boundary(id:) could be tried with: the city's data has none, such as no "
                + "boundaries (`cityhelper import-boundaries`) or no requests, or the check does not know the place.\n",
            run.Output,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Other_plans_are_told_and_other_data_is_not_compared()
    {
        string database = await FilledAsync();
        using var folder = new TextsFolder(Open);
        await CommandRun.OfAsync([], "operations", "build", folder.Path);
        Assert.EndsWith(
            "The manifest has no plans yet. --update writes them.\n",
            (await CheckDatabases.CheckAsync(database, folder.Path)).Output,
            StringComparison.Ordinal);

        CommandRun updated = await CheckDatabases.CheckAsync(database, folder.Path, "--update");
        Assert.Matches(@"The manifest has the plans of 10,000 requests of nyc \([0-9a-f]{8}\) in PostgreSQL \d+ now\.\n$", updated.Output);
        string manifest = await File.ReadAllTextAsync(folder.Manifest);
        Assert.Matches(@"""plansOf"": ""10,000 requests of nyc", manifest);
        Assert.Matches(@"""plan"": ""[0-9a-f]{16}""", manifest);

        // Building without a database keeps what was found, as long as the text stays.
        await CommandRun.OfAsync([], "operations", "build", folder.Path);
        Assert.Equal(manifest, await File.ReadAllTextAsync(folder.Manifest));
        Assert.Matches(
            @"\nAll plans are those of the manifest \(10,000 requests of nyc",
            (await CheckDatabases.CheckAsync(database, folder.Path)).Output);

        await CheckDatabases.ExecuteAsync(database, "drop index service_request_city_id_status_id_category_id_agency_id_loc_idx");
        CommandRun changed = await CheckDatabases.CheckAsync(database, folder.Path);
        output.WriteLine(changed.Output);
        Assert.EndsWith(
            "\nPlans differ from those of the manifest: web/Open. --update writes them.\n", changed.Output, StringComparison.Ordinal);

        string other = await FilledAsync(Requests / 2);
        CommandRun elsewhere = await CheckDatabases.CheckAsync(other, folder.Path);
        Assert.Matches(
            @"The manifest has the plans of 10,000 requests of nyc .*; these are of 5,000 requests of nyc .* and are not compared\. "
                + @"--update writes them\.\n$",
            elsewhere.Output);
    }

    [Fact]
    public async Task What_cannot_be_checked_is_one_sentence()
    {
        using var folder = new TextsFolder(Open);
        string empty = await postgres.CreateDatabaseAsync();
        CommandRun without = await CheckDatabases.CheckAsync(empty, folder.Path);
        Assert.Equal(
            new CommandRun(1, "", $"There is no {folder.Manifest}: build it with `cityhelper operations build`, or name another folder.\n"),
            without);

        await CommandRun.OfAsync([], "operations", "build", folder.Path);
        Assert.Equal(
            new CommandRun(1, "", "There is no city `nyc`: add it first with `cityhelper city add`.\n"),
            await CheckDatabases.CheckAsync(empty, folder.Path));
        await using (NpgsqlDataSource direct = CityHelperDatabase.CreateDataSource(empty))
        {
            await new CityDirectory(direct, CheckDatabases.Time).AddAsync(KnownCities.Find("nyc")!);
        }

        Assert.Equal(
            new CommandRun(
                1,
                "",
                "nyc has no requests, so there is nothing to check: import some with `cityhelper import --city nyc`, or make some up "
                    + "with --generate.\n"),
            await CheckDatabases.CheckAsync(empty, folder.Path));
    }

    private async Task<string> FilledAsync(int requests = Requests)
    {
        string database = await postgres.CreateDatabaseAsync();
        await CheckDatabases.FillAsync(database, requests);
        return database;
    }

    private async Task<CommandRun> CheckAsync(string database, string text)
    {
        CommandRun run = await CheckDatabases.CheckTextsAsync(database, text);
        output.WriteLine(run.Output + run.Error);
        return run;
    }
}
