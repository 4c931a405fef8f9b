using System.CommandLine;
using CityHelper.Benchmarks.Log;
using CityHelper.Benchmarks.Scale;
using CityHelper.Data;
using CityHelper.Server.Redis;
using static CityHelper.Benchmarks.CommandTools;

namespace CityHelper.Benchmarks.Cache;

/// <summary><c>cache</c>: what stored and shared answers cost, beside a bare web server in the same run (docs/performance.md).</summary>
internal static class CacheCommand
{
    private const int DatabaseRows = 50_000;
    private const int SecondsMax = 600;

    private static readonly string[] s_parts = ["detail", "map", "clusters", "statistics", FirstStatement.Name];

    private static readonly Option<int> Seconds = Number(
        "--seconds", "Seconds of the turns of each operation, after it is warm.", given: 20, min: 1, max: SecondsMax);

    private static readonly Option<int> Seed = CommandTools.Seed();

    private static readonly Option<string?> Only = CommandTools.Only(s_parts);

    private static readonly Option<string?> Beside = new("--beside")
    {
        Description = "A folder with another build of this benchmark, whose server's hits are measured in the same turns.",
    };

    private static readonly Option<string?> Markdown = CommandTools.Markdown();

    /// <returns>0 when everything was measured.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var command = new RootCommand("Measures stored and shared answers.") { Seconds, Seed, Only, Beside, Markdown };
        command.SetAction((parsed, _) => MeasureAsync(
            TimeSpan.FromSeconds(parsed.GetValue(Seconds)), parsed.GetValue(Seed), Parts(parsed.GetValue(Only), s_parts),
            parsed.GetValue(Beside), parsed.GetValue(Markdown)));
        return await command.Parse(args).InvokeAsync();
    }

    private static async Task<int> MeasureAsync(TimeSpan length, int seed, HashSet<string> parts, string? otherBuild, string? markdown)
    {
        string server = Variable(CityHelperDatabase.ConnectionStringKey);
        string redis = Variable(RedisConnection.ConnectionStringKey);
        ThreadPool.SetMinThreads(16, 16);
        string database = await ScaleDatabase.EnsureAsync(server, DatabaseRows);
        await PrintAsync(TablesAsync(database, redis, otherBuild, length, seed, parts), markdown);
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
}
