using CityHelper.Data;
using CityHelper.Data.Cities;
using CityHelper.Data.Import;
using CityHelper.Data.Import.NewYork;
using CityHelper.Data.Statistics;
using CityHelper.Engine.Clients;
using CityHelper.IntegrationTests.Commands;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Checks;

/// <summary>Databases of generated requests, and the command over them.</summary>
internal static class CheckDatabases
{
    /// <summary>A day of the generated requests: overdue and recent requests depend on the clock.</summary>
    public static TimeProvider Time { get; } = new StoppedClock(GeneratorOptions.DefaultUntilUtc);

    /// <summary>A copy of a database of 200,000 requests, which are generated once per run: 20 s.</summary>
    public static Task<string> CreateLargeAsync(PostgresFixture postgres) =>
        postgres.CreateCopyAsync("200,000 requests", database => FillAsync(database, 200_000));

    /// <summary>Fills a migrated database, with the blocks that a server makes.</summary>
    public static async Task FillAsync(string database, int requests)
    {
        await using NpgsqlDataSource direct = CityHelperDatabase.CreateDataSource(database);
        var cities = new CityDirectory(direct, Time);
        await cities.AddAsync(NewYork.Facts);
        ImportOutcome outcome = await new Importer(direct, Time, Path.GetTempPath())
            .GenerateAsync((await cities.FindAsync("nyc"))!, new GeneratorOptions(requests, 1, GeneratorOptions.DefaultUntilUtc));
        Assert.Equal(requests, outcome.Summary!.Inserted);
        await new PackedBlocks(direct, Time).BackfillAsync(RequestRows.City);
    }

    /// <summary>Adds boundaries, with the counters that a server makes.</summary>
    public static async Task AddBoundariesAsync(string database)
    {
        await BoundaryRows.AddAsync(database, BoundaryRows.Manhattan);
        await using NpgsqlDataSource direct = CityHelperDatabase.CreateDataSource(database);
        await new BoundaryCounters(direct, TimeProvider.System).BackfillAsync(RequestRows.City);
        await ExecuteAsync(
            database,
            "vacuum analyze service_request_boundary_count, service_request_boundary_month, boundary, boundary_outline, boundary_part");
    }

    public static async Task ExecuteAsync(string database, string sql)
    {
        await using NpgsqlDataSource direct = NpgsqlDataSource.Create(database);
        await using NpgsqlCommand command = direct.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Runs the check over a folder with a manifest.</summary>
    public static Task<CommandRun> CheckAsync(string database, string folder, params string[] options) =>
        CommandRun.OfAsync(
            new Dictionary<string, string?> { [CityHelperDatabase.ConnectionStringKey] = database },
            Time,
            ["operations", "check", folder, .. options]);

    /// <summary>Builds operations and runs the check over them.</summary>
    public static async Task<CommandRun> CheckTextsAsync(string database, params string[] texts)
    {
        using var folder = new TextsFolder(texts);
        CommandRun built = await CommandRun.OfAsync([], "operations", "build", folder.Path);
        Assert.Equal((0, ""), (built.Code, built.Error));
        return await CheckAsync(database, folder.Path);
    }
}

/// <summary>A folder of one client's operations, as people write them.</summary>
internal sealed class TextsFolder : IDisposable
{
    public TextsFolder(params IEnumerable<string> texts)
    {
        string client = Directory.CreateDirectory(System.IO.Path.Combine(Path, "web")).FullName;
        foreach ((int i, string text) in texts.Index())
        {
            File.WriteAllText(System.IO.Path.Combine(client, $"{i}.graphql"), text);
        }
    }

    public string Path { get; } = Directory.CreateTempSubdirectory("cityhelper-checks-").FullName;

    public string Manifest => System.IO.Path.Combine(Path, OperationManifest.FileName);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
