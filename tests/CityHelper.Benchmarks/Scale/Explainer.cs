using System.Text.Json;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Transport;

namespace CityHelper.Benchmarks.Scale;

/// <summary>EXPLAIN's measurements for all statements of an operation together: each is the median of its own runs.</summary>
/// <param name="Buffers">Pages accessed while running, found in memory or not.</param>
/// <param name="PlanningBuffers">Pages of the catalogues accessed while planning.</param>
/// <param name="PlanningMs">Milliseconds to plan.</param>
/// <param name="ExecutionMs">Milliseconds to run, including the overhead of EXPLAIN's own clock.</param>
internal sealed record StatementCost(double Buffers, double PlanningBuffers, double PlanningMs, double ExecutionMs);

/// <summary>A server in this process that explains its statements instead of answering.</summary>
internal sealed class Explainer : IAsyncDisposable
{
    private const int WarmUpRuns = 5;
    private const int Runs = 20;

    private readonly WebApplication _app;

    private Explainer(WebApplication app) => _app = app;

    /// <summary>Starts the server.</summary>
    public static async Task<Explainer> StartAsync(string database) => new(await ServerInProcess.StartAsync(database));

    /// <summary>Explains an operation many times.</summary>
    /// <returns>Null when none of its statements are explained.</returns>
    public async Task<StatementCost?> MeasureAsync(ScaleOperation asked)
    {
        var registry = _app.Services.GetRequiredService<OperationRegistry>();
        CompiledOperation compiled = await registry.CompileAsync(asked.Text, null, CancellationToken.None);
        Operation operation = compiled.Operation
            ?? throw new InvalidOperationException($"{asked.Name}: {string.Join(' ', compiled.Errors.Select(e => e.Message))}");
        var runs = new List<StatementCost>();
        for (int i = 0; i < WarmUpRuns + Runs; i++)
        {
            JsonElement variables = JsonSerializer.SerializeToElement(asked.Variables[i % asked.Variables.Count]);
            if (await ExplainAsync(operation, variables) is not { } cost)
            {
                return null;
            }

            runs.Add(cost);
        }

        runs.RemoveRange(0, WarmUpRuns);
        return new StatementCost(
            Median(runs.Select(r => r.Buffers)),
            Median(runs.Select(r => r.PlanningBuffers)),
            Median(runs.Select(r => r.PlanningMs)),
            Median(runs.Select(r => r.ExecutionMs)));
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private async Task<StatementCost?> ExplainAsync(Operation operation, JsonElement variables)
    {
        var executor = _app.Services.GetRequiredService<OperationExplainer>();
        IReadOnlyList<StatementExplanation> statements = await executor.ExplainAsync(operation, variables, CancellationToken.None);
        StatementCost[] costs = [.. statements.Select(s => Read(s.Json))];
        return costs.Length == 0
            ? null
            : new StatementCost(
                costs.Sum(c => c.Buffers), costs.Sum(c => c.PlanningBuffers), costs.Sum(c => c.PlanningMs), costs.Sum(c => c.ExecutionMs));
    }

    private static StatementCost Read(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        JsonElement explanation = document.RootElement[0];
        return new StatementCost(
            Buffers(explanation.GetProperty("Plan")),
            explanation.TryGetProperty("Planning", out JsonElement planning) ? Buffers(planning) : 0,
            explanation.GetProperty("Planning Time").GetDouble(),
            explanation.GetProperty("Execution Time").GetDouble());
    }

    private static long Buffers(JsonElement node) =>
        node.GetProperty("Shared Hit Blocks").GetInt64() + node.GetProperty("Shared Read Blocks").GetInt64();

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
