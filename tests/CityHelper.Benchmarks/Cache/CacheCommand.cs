using System.CommandLine;
using System.Globalization;
using System.Text;
using CityHelper.Benchmarks.Log;
using CityHelper.Benchmarks.Scale;
using CityHelper.Data;
using CityHelper.Server.Redis;
using Spectre.Console;

namespace CityHelper.Benchmarks.Cache;

/// <summary><c>cache</c>: what stored and shared answers cost, beside a bare web server in the same run (docs/performance.md).</summary>
internal static class CacheCommand
{
    private const int DatabaseRows = 50_000;
    private const int SecondsMax = 600;

    private static readonly string[] s_parts = ["detail", "map", "clusters", "statistics", FirstStatement.Name];

    private static readonly Option<int> Seconds = new("--seconds")
    {
        Description = "Seconds of the turns of each operation, after it is warm.",
        DefaultValueFactory = _ => 20,
    };

    private static readonly Option<int> Seed = new("--seed") { Description = "Of what is drawn.", DefaultValueFactory = _ => 1 };

    private static readonly Option<string?> Only = new("--only")
    {
        Description = $"Measures these parts, with commas between them: {string.Join(", ", s_parts)}.",
    };

    private static readonly Option<string?> Beside = new("--beside")
    {
        Description = "A folder with another build of this benchmark, whose server's hits are measured in the same turns.",
    };

    private static readonly Option<string?> Markdown = new("--markdown") { Description = "A file for the tables as markdown." };

    /// <returns>0 when everything was measured.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var command = new RootCommand("Measures stored and shared answers.") { Seconds, Seed, Only, Beside, Markdown };
        command.Validators.Add(parsed =>
        {
            if (parsed.GetValue(Seconds) is < 1 or > SecondsMax)
            {
                parsed.AddError($"--seconds takes 1 to {SecondsMax}.");
            }

            if (Parts(parsed.GetValue(Only)).Except(s_parts).ToArray() is [var unknown, ..])
            {
                parsed.AddError($"--only takes {string.Join(", ", s_parts)}, with commas between them; not {unknown}.");
            }
        });
        command.SetAction((parsed, _) => MeasureAsync(
            TimeSpan.FromSeconds(parsed.GetValue(Seconds)), parsed.GetValue(Seed), [.. Parts(parsed.GetValue(Only))],
            parsed.GetValue(Beside), parsed.GetValue(Markdown)));
        return await command.Parse(args).InvokeAsync();
    }

    private static string[] Parts(string? only) => only?.Split(',') ?? s_parts;

    private static async Task<int> MeasureAsync(TimeSpan length, int seed, HashSet<string> parts, string? otherBuild, string? markdown)
    {
        string server = Variable(CityHelperDatabase.ConnectionStringKey);
        string redis = Variable(RedisConnection.ConnectionStringKey);
        ThreadPool.SetMinThreads(16, 16);
        string database = await ScaleDatabase.EnsureAsync(server, DatabaseRows);
        AnsiConsole.Profile.Width = 200; // a log has no width of its own
        var text = new StringBuilder();
        await foreach (LogTable table in TablesAsync(database, redis, otherBuild, length, seed, parts))
        {
            AnsiConsole.Write(table.ToSpectre());
            text.Append(text.Length > 0 ? "\n" : "").Append(table.ToMarkdown());
        }

        if (markdown is not null)
        {
            await File.WriteAllTextAsync(markdown, text.ToString());
        }

        return 0;
    }

    private static async IAsyncEnumerable<LogTable> TablesAsync(
        string database, string redis, string? otherBuild, TimeSpan length, int seed, HashSet<string> parts)
    {
        var rows = new List<IReadOnlyList<string>>();
        var sharing = new List<SharingCost>();
        CacheQuestions questions;
        await using (CacheServers servers = await CacheServers.StartAsync(database, redis, otherBuild))
        {
            questions = await CacheQuestions.OpenAsync(servers.Database, seed);
            foreach (CacheOperation operation in questions.Operations.Where(operation => parts.Contains(operation.Name)))
            {
                Say($"Hits and misses: {operation.Name}");
                await using CacheTurns measured = await CacheTurns.StartAsync(servers, questions, operation);
                IReadOnlyList<CacheTurn> turns = await measured.MeasureAsync(length);
                Say($"  {turns.Count} turns of {operation.TurnQuestions} questions");
                rows.AddRange(CacheTables.AnswerRows(operation, turns));
                sharing.Add(SharingCost.Of(operation, turns));
            }
        }

        if (rows.Count > 0)
        {
            yield return CacheTables.Answers(rows);
            yield return CacheTables.Sharing(sharing);
        }

        if (parts.Contains(FirstStatement.Name))
        {
            var costs = new List<(CacheOperation, (double With, double Without, double Ratio))>();
            await using FirstStatement statement = await FirstStatement.StartAsync(database);
            foreach (CacheOperation operation in questions.Operations)
            {
                Say($"With and without the first statement: {operation.Name}");
                costs.Add((operation, await statement.MeasureAsync(operation, questions, length)));
            }

            yield return CacheTables.FirstStatement(costs);
        }
    }

    private static string Variable(string name) => Environment.GetEnvironmentVariable(name)
        ?? throw new InvalidOperationException($"Set {name}: eng/bench cache does.");

    private static void Say(FormattableString text) => Console.Error.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
