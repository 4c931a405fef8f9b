namespace CityHelper.Benchmarks.Scale;

/// <summary>What an operation costs in one city.</summary>
/// <param name="Name">The operation.</param>
/// <param name="AccessPath">The access path of its rows; empty where there is only one.</param>
/// <param name="Rows">Rows of all connections of its answer; 1 for a single row.</param>
/// <param name="Statements">EXPLAIN's measurements, if there are any.</param>
/// <param name="PostgresMicroseconds">CPU time of PostgreSQL per request.</param>
/// <param name="ServerMicroseconds">CPU time of the server per request.</param>
internal sealed record OperationCost(
    string Name, string AccessPath, int Rows, StatementCost? Statements, double PostgresMicroseconds, double ServerMicroseconds);

/// <summary>
/// Measures the operations in all cities: first with EXPLAIN, then their CPU time under load. The cities take turns within every operation,
/// because a busy neighbour on the machine can double the CPU time of the same work, which would look like growth.
/// </summary>
internal static class ScaleBenchmark
{
    private const int WarmUpRequests = 3_000;

    /// <summary>Rounds are short and many: a neighbour's burst lasts longer than a round, so it meets all cities alike.</summary>
    private const int RoundRequests = 500;
    private const int Rounds = 9;

    /// <returns>For each city its operations.</returns>
    public static async Task<IReadOnlyList<IReadOnlyList<OperationCost>>> MeasureAsync(IReadOnlyList<ScaleCity> cities)
    {
        var explained = new List<IReadOnlyList<StatementCost?>>();
        foreach (ScaleCity city in cities)
        {
            explained.Add(await city.ExplainAsync());
        }

        // Everything is warm before anything is measured: the JIT compiles in the background for thousands of requests.
        int operations = cities[0].Operations.Count;
        for (int i = 0; i < operations; i++)
        {
            Say("Warming up", cities[0].Operations[i]);
            foreach (ScaleCity city in cities)
            {
                await city.WarmUpAsync(city.Operations[i], WarmUpRequests);
            }
        }

        List<OperationCost>[] costs = [.. cities.Select(_ => new List<OperationCost>())];
        for (int i = 0; i < operations; i++)
        {
            Say("Measuring", cities[0].Operations[i]);
            IReadOnlyList<RoundCost> rounds = await RoundsAsync(cities, i);
            for (int c = 0; c < cities.Count; c++)
            {
                (string accessPath, int rows) = await cities[c].AskAsync(cities[c].Operations[i]);
                costs[c]
                    .Add(
                        new OperationCost(
                            cities[c].Operations[i].Name,
                            accessPath,
                            rows,
                            explained[c][i],
                            rounds[c].PostgresMicroseconds,
                            rounds[c].ServerMicroseconds));
            }
        }

        return costs;
    }

    private static async Task<IReadOnlyList<RoundCost>> RoundsAsync(IReadOnlyList<ScaleCity> cities, int operation)
    {
        List<RoundCost>[] rounds = [.. cities.Select(_ => new List<RoundCost>())];
        for (int round = 0; round < Rounds; round++)
        {
            for (int c = 0; c < cities.Count; c++)
            {
                rounds[c].Add(await cities[c].RoundAsync(cities[c].Operations[operation], RoundRequests));
            }
        }

        return
        [
            .. rounds.Select(r => new RoundCost(
                Middle(r.Select(x => x.PostgresMicroseconds)), Middle(r.Select(x => x.ServerMicroseconds)))),
        ];
    }

    private static double Middle(IEnumerable<double> values) => values.Order().ElementAt(Rounds / 2);

    private static void Say(string what, ScaleOperation operation) => Console.Error.WriteLine($"{what}: {operation.Name}");
}
