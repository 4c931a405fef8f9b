using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using CityHelper.Server.Cities;
using CityHelper.Server.Database;
using Npgsql;

namespace CityHelper.Benchmarks.Log;

/// <summary>
/// Time and shared buffers of the log's statements, as EXPLAIN measures them, in databases of several cities: fresh, and while an old
/// snapshot and an old transaction have kept all deleted rows of the outbox for many numbered changes.
/// </summary>
/// <param name="server">A connection string to any database of the server.</param>
/// <param name="changes">Changes that are numbered while the old transaction is open, as fast as they can be.</param>
/// <param name="seed">Of what is drawn.</param>
internal sealed class StatementCosts(string server, int changes, int seed)
{
    public const string Name = "transaction";

    private const int WarmUpRuns = 20;
    private const int Runs = 100;
    private const int ChangesOfNumbering = 10;
    private const int FirstChanges = 2_000;
    private const int PacedPerSecond = 200;
    private static readonly TimeSpan s_paced = TimeSpan.FromMinutes(10);

    /// <summary>An event as a change of status writes it.</summary>
    private const string Event =
        """
        insert into change_outbox (
            city_id, event_id, kind, cause, service_request_id, version,
            old_status, old_category_id, old_location, status, category_id, location)
        select {city}, uuid_v7(), 'request', 'updateServiceRequestStatus', 1, 2, 'OPEN', 1, place, 'CLOSED', 1, place
        from st_setsrid(st_makepoint(-73.98, 40.75), 4326) place, generate_series(1, {number})
        returning event_id
        """;

    private readonly Random _dice = new(seed);

    /// <param name="numbers">Numbers of cities; a database is made for each.</param>
    /// <param name="isPaced">Whether the old transaction is open for ten minutes of 200 changes per second instead.</param>
    public async Task<LogTable> MeasureAsync(IReadOnlyList<int> numbers, bool isPaced)
    {
        var rows = new List<IReadOnlyList<string>>();
        foreach (int cities in numbers)
        {
            Console.Error.WriteLine(FormattableString.Invariant($"Statements with {cities} cities"));
            await using LogDatabase database = await LogDatabase.CreateAsync(server, "cityhelper_log_statements");
            await AddCitiesAsync(database, cities);
            await NumberAsync(database, cities, FirstChanges);
            await database.RunAsync("vacuum change_outbox, change, city");
            IReadOnlyList<StatementCost> fresh = await MeasureAsync(database, cities);
            IReadOnlyList<StatementCost> old;
            await using (await OldTransaction.OpenAsync(database.ConnectionString))
            {
                await (isPaced ? PaceAsync(database, cities) : NumberAsync(database, cities, changes));
                old = await MeasureAsync(database, cities);
            }

            rows.AddRange(fresh.Zip(old, (before, after) => Row(cities, before, after)));
        }

        string kept = isPaced ? "ten minutes at 200/s" : LogTable.Cell(changes, "N0") + " numbered changes";
        return new(
            $"Statements of the log, execution time in us and shared buffers, medians of {Runs}: fresh, and after {kept} "
            + "with an old snapshot and an old transaction open.",
            ["statement", "cities", "fresh us", "old us", "ratio", "fresh buffers", "old buffers", "ratio"],
            rows);
    }

    private static string[] Row(int cities, StatementCost fresh, StatementCost old) =>
    [
        fresh.Name, LogTable.Cell(cities, "F0"),
        LogTable.Cell(fresh.Us, "F0"), LogTable.Cell(old.Us, "F0"), LogTable.Ratio(old.Us, fresh.Us),
        LogTable.Cell(fresh.Buffers, "F0"), LogTable.Cell(old.Buffers, "F0"), LogTable.Ratio(old.Buffers, fresh.Buffers),
    ];

    // Without partitions, which the log does not need and which take a second each.
    private static Task AddCitiesAsync(LogDatabase database, int cities) => database.RunAsync(
        """
        insert into city (id, slug, name, time_zone, bounds, centre)
        select i, 'city-' || i, 'City ' || i, 'America/New_York', st_makeenvelope(-75, 40, -73, 41, 4326),
               st_setsrid(st_makepoint(-74, 40.5), 4326)
        from generate_series(1, $1) i
        """, cities);

    /// <summary>Numbers changes of drawn cities, several at once.</summary>
    private static async Task NumberAsync(LogDatabase database, int cities, int count)
    {
        string one = Event.Replace("{city}", "drawn", StringComparison.Ordinal)
            .Replace("{number}", Text(ChangesOfNumbering), StringComparison.Ordinal)
            .Replace("returning event_id", "", StringComparison.Ordinal);
        await database.RunAsync(
            $"""
            do $body$
            declare
                drawn smallint;
            begin
                perform set_config('synchronous_commit', 'off', false);
                for i in 1..{Text(count / ChangesOfNumbering)} loop
                    drawn := 1 + floor(random() * {Text(cities)});
                    {one};
                    commit;
                    perform number_changes(drawn);
                    commit;
                end loop;
                perform set_config('synchronous_commit', 'on', false);
            end
            $body$
            """);
    }

    /// <summary>Numbers changes one by one, at a steady rate.</summary>
    private async Task PaceAsync(LogDatabase database, int cities)
    {
        const int Writers = 4;
        long start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(async writer =>
        {
            var dice = new Random(seed + writer);
            for (int i = 0; Stopwatch.GetElapsedTime(start) < s_paced; i++)
            {
                TimeSpan left = TimeSpan.FromSeconds((double)i * Writers / PacedPerSecond) - Stopwatch.GetElapsedTime(start);
                if (left > TimeSpan.Zero)
                {
                    await Task.Delay(left);
                }

                int city = dice.Next(1, cities + 1);
                await database.RunAsync(OneOf(city));
                await database.RunAsync("select n from number_changes($1)", (short)city);
            }
        }));
    }

    private async Task<IReadOnlyList<StatementCost>> MeasureAsync(LogDatabase database, int cities)
    {
        // The settings of a server's connections decide how often a function's statements are planned.
        await using WritingConnections connections = database.OpenWriting();
        await using NpgsqlConnection connection = await connections.Database.OpenConnectionAsync();
        string cursor = CityLog.Log.Sql.Replace("$1", "'{" + "{city}" + "}'", StringComparison.Ordinal);
        return
        [
            await MeasureAsync("City.cursor", () => Task.FromResult(
                cursor.Replace("{city}", Text(_dice.Next(1, cities + 1)), StringComparison.Ordinal))),
            await MeasureAsync("number_changes, an event", async () =>
            {
                int city = _dice.Next(1, cities + 1);
                await using var insert = new NpgsqlCommand(OneOf(city), connection);
                var eventId = (Guid)(await insert.ExecuteScalarAsync())!;
                return $"select n, epoch, head, is_other_timeline from number_changes({Text(city)}::smallint, '{eventId}')";
            }),
            await MeasureAsync(
                "change_pulse", () => Task.FromResult("select city_id, epoch, n, event_id, unnumbered_ms from change_pulse()")),
        ];

        async Task<StatementCost> MeasureAsync(string name, Func<Task<string>> draw)
        {
            var costs = new List<StatementCost>();
            for (int run = 0; run < WarmUpRuns + Runs; run++)
            {
                costs.Add(await ExplainAsync(connection, name, await draw()));
            }

            costs.RemoveRange(0, WarmUpRuns);
            return new(name, LogTable.Median(costs.Select(c => c.Us)), LogTable.Median(costs.Select(c => c.Buffers)));
        }
    }

    private static async Task<StatementCost> ExplainAsync(NpgsqlConnection connection, string name, string sql)
    {
        await using var explain = new NpgsqlCommand($"explain (analyze, buffers, timing off, format json) {sql}", connection);
        using JsonDocument document = JsonDocument.Parse((string)(await explain.ExecuteScalarAsync())!);
        JsonElement explained = document.RootElement[0];
        JsonElement plan = explained.GetProperty("Plan");
        return new(
            name,
            explained.GetProperty("Execution Time").GetDouble() * 1_000,
            plan.GetProperty("Shared Hit Blocks").GetInt64() + plan.GetProperty("Shared Read Blocks").GetInt64());
    }

    private static string OneOf(int city) => Event
        .Replace("{city}", Text(city), StringComparison.Ordinal)
        .Replace("{number}", "1", StringComparison.Ordinal);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private sealed record StatementCost(string Name, double Us, double Buffers);
}
