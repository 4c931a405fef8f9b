using System.Diagnostics;
using CityHelper.Benchmarks.Scale;
using CityHelper.Data;
using CityHelper.Data.Cities;
using CityHelper.Data.Import;
using Npgsql;

namespace CityHelper.Benchmarks.Log;

/// <summary>
/// The importer with and without its events, in two cities of one new database, in turns. Single events and the one event of a larger batch
/// cost differently, so both are imported.
/// </summary>
/// <param name="server">A connection string to any database of the server.</param>
/// <param name="rows">Rows of each import.</param>
/// <param name="rounds">How often.</param>
internal sealed class ImportCost(string server, int rows, int rounds)
{
    public const string Name = "import";

    private const string Application = "cityhelper import";
    private const int ChangesOfBatch = 500;

    private readonly GeneratorOptions _options = new(rows, 1, GeneratorOptions.DefaultUntilUtc);

    private IReadOnlyList<(string Name, Func<RowFeed> Open)> Inputs =>
    [
        ("new rows (an event per batch)", () => new GeneratedFeed(_options)),
        ($"{ChangesOfBatch} of a batch changed (an event each)",
            () => new ChangedFeed(_options, Data.Limits.MergeRowsMax / ChangesOfBatch, 1)),
        ("all rows changed (an event per batch)", () => new ChangedFeed(_options, 1, 2)),
    ];

    public async Task<LogTable> MeasureAsync()
    {
        var measured = new Dictionary<(int Input, bool WritesEvents), List<Import>>();
        // The first round warms up, the importer as much as PostgreSQL.
        for (int round = 0; round <= rounds; round++)
        {
            await using LogDatabase database = await LogDatabase.CreateAsync(server, "cityhelper_log_import");
            CityEntry[] cities = [await database.AddCityAsync(1, 0), await database.AddCityAsync(2, 0)];
            for (int input = 0; input < Inputs.Count; input++)
            {
                foreach (bool writesEvents in (round + input) % 2 == 0 ? (bool[])[true, false] : [false, true])
                {
                    Import import = await ImportAsync(database, cities[writesEvents ? 0 : 1], Inputs[input].Open, writesEvents);
                    if (round > 0)
                    {
                        measured.TryAdd((input, writesEvents), []);
                        measured[(input, writesEvents)].Add(import);
                    }
                }
            }
        }

        return new(
            $"Imports of {LogTable.Cell(rows, "N0")} rows with and without events, in turns, of {rounds} rounds the medians.",
            ["input", "changed", "PostgreSQL CPU ms: without", "with", "ratio", "wall ms: without", "with", "ratio"],
            [.. Inputs.Select((input, i) => Row(input.Name, measured[(i, false)], measured[(i, true)]))]);
    }

    private static string[] Row(string name, List<Import> without, List<Import> with)
    {
        double cpuWithout = LogTable.Median(without.Select(i => i.CpuMs));
        double cpuWith = LogTable.Median(with.Select(i => i.CpuMs));
        double wallWithout = LogTable.Median(without.Select(i => i.WallMs));
        double wallWith = LogTable.Median(with.Select(i => i.WallMs));
        return
        [
            name, LogTable.Cell(with[0].Changed, "N0"),
            LogTable.Cell(cpuWithout, "F0"), LogTable.Cell(cpuWith, "F0"), LogTable.Ratio(cpuWith, cpuWithout),
            LogTable.Cell(wallWithout, "F0"), LogTable.Cell(wallWith, "F0"), LogTable.Ratio(wallWith, wallWithout),
        ];
    }

    private static async Task<Import> ImportAsync(LogDatabase database, CityEntry city, Func<RowFeed> open, bool writesEvents)
    {
        // A pool of its own: its backends are those of this import, and they live until their time is read.
        await using NpgsqlDataSource source = CityHelperDatabase.CreateDataSource(
            new NpgsqlConnectionStringBuilder(database.ConnectionString) { ApplicationName = Application }.ConnectionString);
        CpuTimes before = await CpuTimes.OfBackendsAsync(database.Database, Application);
        long start = Stopwatch.GetTimestamp();
        ImportOutcome outcome = await new Importer(source, TimeProvider.System, Path.GetTempPath()) { WritesEvents = writesEvents }
            .RunAsync(city, () => Task.FromResult(open()), progress: null, CancellationToken.None);
        double wallMs = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        double cpuMs = (await CpuTimes.OfBackendsAsync(database.Database, Application)).Since(before).TotalMilliseconds;
        return outcome.Summary is { } summary
            ? new(summary.Inserted + summary.Updated, cpuMs, wallMs)
            : throw new InvalidOperationException(outcome.Failure);
    }

    private sealed record Import(int Changed, double CpuMs, double WallMs);
}
