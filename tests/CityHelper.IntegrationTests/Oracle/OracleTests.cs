using System.Collections.Concurrent;
using System.Globalization;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Oracle;

/// <summary>
/// Whatever is asked, the answer is that of a slow interpreter over lists of rows, which shares no thought with the engine.
/// </summary>
/// <remarks>
/// <c>CITYHELPER_ORACLE_OPERATIONS</c> sets how many operations are asked, <c>CITYHELPER_ORACLE_SEED</c> which ones, and
/// <c>CITYHELPER_ORACLE_INDEX</c> asks one of them alone.
/// </remarks>
[Collection(PostgresCollection.Name)]
public sealed class OracleTests(OracleHouse house, ITestOutputHelper output) : IClassFixture<OracleHouse>
{
    private const int FailuresShown = 12;

    [Fact]
    public async Task Random_operations_answer_as_the_oracle_says()
    {
        int seed = Setting("SEED") ?? 20_260;
        int? only = Setting("INDEX");
        int count = only is null ? Setting("OPERATIONS") ?? 2_000 : 1;
        var generator = new OperationGenerator(house.Rows, house.Schema, seed);
        var results = new ConcurrentDictionary<int, OracleTrialResult>();
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = 2 * Environment.ProcessorCount };
        await Parallel.ForEachAsync(Enumerable.Range(only ?? 0, count), parallel, async (index, _) =>
        {
            try
            {
                results[index] = await new OracleTrial(house, generator.Operation(index), new Dice(index)).RunAsync();
            }
            catch (Exception cause)
            {
                throw new InvalidOperationException($"Seed {seed}, index {index}: the oracle itself failed.", cause);
            }
        });
        var coverage = new OracleCoverage([.. results.Values]);
        output.WriteLine(coverage.ToString());

        int[] failed = [.. results.Where(r => r.Value.Failure is not null).Select(r => r.Key).Order()];
        List<string> shown = [];
        foreach (int index in failed.Take(FailuresShown))
        {
            OracleFailure failure = results[index].Failure!;
            string whole = only is null ? "" : $"\n\nmade smaller from: {failure}";
            shown.Add($"--- seed {seed}, index {index} ---\n{await failure.ShrunkAsync(house)}{whole}");
        }

        string summary = $"{failed.Length} of {count} operations answer otherwise: {string.Join(", ", failed)}";
        Assert.True(failed.Length == 0, $"{summary}\n{string.Join("\n\n", shown)}");
        Assert.Empty(house.Server.Errors);

        // The many forms of those statements, too, keep to one city each.
        Assert.Empty(house.Server.TakeStatements().Distinct().Select(StatementRules.Unbound).OfType<string>().Take(FailuresShown));

        // A generator that asks for nothing proves nothing.
        Assert.Equal("", only is null ? string.Join('\n', coverage.Shortcomings()) : "");
    }

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable($"CITYHELPER_ORACLE_{name}"), CultureInfo.InvariantCulture, out int value) ? value : null;
}
