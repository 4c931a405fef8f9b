using System.CommandLine;
using System.Globalization;
using System.Text;
using CityHelper.Data;
using CityHelper.Data.Cities;
using Spectre.Console;

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

    private static readonly Option<int> Seed = Number("--seed", "Of what is drawn.", given: 1, min: 0, max: int.MaxValue);

    private static readonly Option<string?> Only = new("--only")
    {
        Description = $"Measures these parts, with commas between them: {string.Join(", ", s_parts)}.",
    };

    private static readonly Option<string?> Markdown = new("--markdown") { Description = "A file for the tables as markdown." };

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

            if (Parts(parsed.GetValue(Only)).Except(s_parts).ToArray() is [var unknown, ..])
            {
                parsed.AddError($"--only takes {string.Join(", ", s_parts)}, with commas between them; not {unknown}.");
            }
        });
        command.SetAction((parsed, _) => MeasureAsync(parsed));
        return await command.Parse(args).InvokeAsync();
    }

    private static Option<int> Number(string name, string description, int given, int min, int max)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => given };
        option.Validators.Add(parsed =>
        {
            // Without a token the default counts.
            if (parsed.Tokens is [var token]
                && (!int.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                    || number < min || number > max))
            {
                parsed.AddError(string.Create(CultureInfo.InvariantCulture, $"{name} takes {min} to {max}."));
            }
        });
        return option;
    }

    private static string[] Parts(string? only) => only?.Split(',') ?? s_parts;

    private static async Task<int> MeasureAsync(ParseResult parsed)
    {
        string server = Environment.GetEnvironmentVariable(CityHelperDatabase.ConnectionStringKey)
            ?? throw new InvalidOperationException($"Set {CityHelperDatabase.ConnectionStringKey}: eng/bench log does.");
        ThreadPool.SetMinThreads(16, 16);
        AnsiConsole.Profile.Width = 200; // a log has no width of its own
        var markdown = new StringBuilder();
        await foreach (LogTable table in TablesAsync(parsed, server, [.. Parts(parsed.GetValue(Only))]))
        {
            AnsiConsole.Write(table.ToSpectre());
            markdown.Append(markdown.Length > 0 ? "\n" : "").Append(table.ToMarkdown());
        }

        if (parsed.GetValue(Markdown) is { } file)
        {
            await File.WriteAllTextAsync(file, markdown.ToString());
        }

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

    private static void Say(FormattableString text) => Console.Error.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
