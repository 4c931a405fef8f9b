using System.CommandLine;
using CityHelper.Data;
using CityHelper.Data.Cities;
using static CityHelper.Benchmarks.CommandTools;

namespace CityHelper.Benchmarks.Log;

/// <summary><c>log</c>: what the change log costs, and how late it is. Ratios of one run (docs/performance.md).</summary>
internal static class LogCommand
{
    private const int CitiesOfRate = 4;
    private const int CitiesMax = 1_000;

    private static readonly string[] s_parts =
        [MutationCost.Name, ImportCost.Name, FollowDelay.Name, FollowDelay.RateName, StatementCosts.Name];

    private static readonly Option<int> Seconds = Number(
        "--seconds", "Seconds of each measurement at a rate, and at most of a round of requests.", given: 30, min: 1, max: 3_600);

    private static readonly Option<int> Rows = Number(
        "--rows", "Requests of the city, and rows of an import.", given: 50_000, min: 5_000, max: 1_000_000);

    private static readonly Option<int> Rounds = Number("--rounds", "Rounds of imports.", given: 5, min: 1, max: 100);

    private static readonly Option<int> Requests = Number(
        "--requests", "Requests of a round, each another one.", given: 2_000, min: 100, max: 100_000);

    private static readonly Option<int> Changes = Number(
        "--changes", "Changes that are numbered while an old transaction is open.", given: 30_000, min: 1_000, max: 1_000_000);

    private static readonly Option<bool> Full = new("--full")
    {
        Description = "Keeps the old transaction open for ten minutes of 200 changes per second instead, for each number of cities.",
    };

    private static readonly Option<int[]> Cities = new("--cities")
    {
        Description = "Numbers of cities of the databases that the log's statements are measured in.",
        DefaultValueFactory = _ => [1, 10, 50],
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<int> Seed = CommandTools.Seed();

    private static readonly Option<string?> Only = CommandTools.Only(s_parts);

    private static readonly Option<string?> Markdown = CommandTools.Markdown();

    /// <returns>0 when everything was measured.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var command = new RootCommand("Measures the change log.")
        {
            Seconds, Rows, Rounds, Requests, Changes, Full, Cities, Seed, Only, Markdown,
        };
        command.Validators.Add(parsed =>
        {
            if (parsed.GetValue(Cities)!.Any(number => number is < 1 or > CitiesMax))
            {
                parsed.AddError($"--cities takes numbers from 1 to {CitiesMax}.");
            }
        });
        command.SetAction((parsed, _) => MeasureAsync(parsed));
        return await command.Parse(args).InvokeAsync();
    }

    private static async Task<int> MeasureAsync(ParseResult parsed)
    {
        string server = Variable(CityHelperDatabase.ConnectionStringKey);
        ThreadPool.SetMinThreads(16, 16);
        await PrintAsync(TablesAsync(parsed, server, Parts(parsed.GetValue(Only), s_parts)), parsed.GetValue(Markdown));
        return 0;
    }

    private static async IAsyncEnumerable<LogTable> TablesAsync(ParseResult parsed, string server, HashSet<string> parts)
    {
        int rows = parsed.GetValue(Rows);
        int seed = parsed.GetValue(Seed);
        TimeSpan length = TimeSpan.FromSeconds(parsed.GetValue(Seconds));
        if (parts.Contains(MutationCost.Name))
        {
            Say($"A mutation beside the detail query: {rows} requests");
            await using LogDatabase database = await LogDatabase.CreateAsync(server, "cityhelper_log_requests");
            yield return await new MutationCost(database, parsed.GetValue(Requests), length).MeasureAsync(rows);
        }

        if (parts.Contains(ImportCost.Name))
        {
            Say($"Imports with and without events: {rows} rows");
            yield return await new ImportCost(server, rows, parsed.GetValue(Rounds)).MeasureAsync();
        }

        if (parts.Contains(FollowDelay.Name) || parts.Contains(FollowDelay.RateName))
        {
            Say($"From a commit to a follower: {rows} requests of a city");
            await using LogDatabase database = await LogDatabase.CreateAsync(server, "cityhelper_log_changes");
            var delay = new FollowDelay(database, length, seed);
            List<CityEntry> cities = [await database.AddCityAsync(1, rows)];
            if (parts.Contains(FollowDelay.Name))
            {
                yield return await delay.MeasureAsync(cities[0]);
            }

            while (parts.Contains(FollowDelay.RateName) && cities.Count < CitiesOfRate)
            {
                cities.Add(await database.AddCityAsync(cities.Count + 1, rows / CitiesOfRate));
            }

            if (parts.Contains(FollowDelay.RateName))
            {
                yield return await delay.FindHighestRatesAsync(cities);
            }
        }

        if (parts.Contains(StatementCosts.Name))
        {
            var costs = new StatementCosts(server, parsed.GetValue(Changes), seed);
            yield return await costs.MeasureAsync(parsed.GetValue(Cities)!, parsed.GetValue(Full));
        }
    }
}
