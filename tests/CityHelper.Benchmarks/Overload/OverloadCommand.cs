using System.CommandLine;
using System.Globalization;

namespace CityHelper.Benchmarks.Overload;

/// <summary>
/// <c>overload</c>: measures a server that is sent more statistics than it can answer, beside occasional maps and a readiness probe
/// (docs/operating.md).
/// </summary>
internal static class OverloadCommand
{
    private static readonly double[] s_loads = [0.5, 1, 2, 8];

    /// <summary>Until every plan is compiled, every connection has its statements prepared, and admission has learnt durations.</summary>
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(12);

    private static readonly TimeSpan s_rampUp = TimeSpan.FromSeconds(4);

    private static readonly Option<int> Seconds = new("--seconds")
    {
        Description = "Seconds that each load is measured.",
        DefaultValueFactory = _ => 30,
    };

    private static readonly Option<int> Seed = new("--seed") { Description = "Of what is drawn.", DefaultValueFactory = _ => 1 };

    private static readonly Option<int[]> Closed = new("--closed")
    {
        Description = "Measures clients that ask as fast as they are answered instead, so many at once.",
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<string?> Markdown = new("--markdown") { Description = "A file for the table." };

    /// <returns>0 when everything was measured, 1 when an answer was neither data nor 503.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var command = new RootCommand("Asks a server for more than it can answer.") { Seconds, Seed, Closed, Markdown };
        command.SetAction(
            (parsed, _) =>
                MeasureAsync(
                    TimeSpan.FromSeconds(parsed.GetValue(Seconds)),
                    parsed.GetValue(Seed),
                    parsed.GetValue(Closed) ?? [],
                    parsed.GetValue(Markdown)));
        return await command.Parse(args).InvokeAsync();
    }

    private static async Task<int> MeasureAsync(TimeSpan length, int seed, int[] closed, string? markdown)
    {
        ThreadPool.SetMinThreads(16, 16);
        await using ServerProcess server = await ServerProcess.StartAsync(
            "CityHelper.Server.dll", "/health/ready", url => ["serve", "--urls", url]);
        var drawn = new Drawn(server.Url, seed);
        Stage Stage(TimeSpan warmUp, TimeSpan? counted = null) => new(server, drawn, warmUp, counted ?? length);
        var outcomes = new List<StageOutcome>();

        await Stage(s_warmUp, TimeSpan.Zero).ClosedAsync("warm-up", Environment.ProcessorCount);
        outcomes.Add(Say(await Stage(TimeSpan.Zero).QuietAsync("quiet")));
        StageOutcome capacity = await Stage(s_rampUp)
            .ClosedAsync($"closed loop, {Environment.ProcessorCount + 2} connections", Environment.ProcessorCount + 2);
        outcomes.Add(Say(capacity));
        foreach (int connections in closed)
        {
            outcomes.Add(Say(await Stage(s_rampUp).ClosedAsync(Text($"closed loop, {connections} connections"), connections)));
        }

        foreach (double load in closed.Length > 0 ? [] : s_loads)
        {
            double perSecond = load * capacity.PerSecond;
            outcomes.Add(Say(await Stage(s_rampUp).OpenAsync(Text($"open loop, {load}x = {perSecond:F0}/s"), perSecond, seed)));
        }

        outcomes.Add(Say(await Stage(s_rampUp, length).QuietAsync("quiet again")));
        string table = OverloadTable.Of(outcomes);
        Console.WriteLine(table);
        if (markdown is not null)
        {
            await File.WriteAllTextAsync(markdown, table);
        }

        return outcomes.Any(outcome => outcome.Failures.Count > 0) ? 1 : 0;
    }

    private static StageOutcome Say(StageOutcome outcome)
    {
        Console.Error.WriteLine(Text($"{outcome.Name}: {outcome.PerSecond:F1}/s answered"));
        foreach (IGrouping<string, string> failures in outcome.Failures.GroupBy(failure => failure))
        {
            Console.Error.WriteLine(Text($"  {failures.Count()} x {failures.Key}"));
        }

        return outcome;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
