using System.Collections.Concurrent;
using System.Globalization;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Oracle;

/// <summary>
/// Every answer equals that of a slow interpreter over lists of rows, which shares no code with the engine.
/// </summary>
/// <remarks>
/// <c>CITYHELPER_ORACLE_OPERATIONS</c> sets the number of operations, <c>CITYHELPER_ORACLE_SEED</c> selects them, and
/// <c>CITYHELPER_ORACLE_INDEX</c> sends one of them alone.
/// </remarks>
[Collection(PostgresCollection.Name)]
public sealed class OracleTests(OracleFixture fixture, ITestOutputHelper output) : IClassFixture<OracleFixture>
{
    private const int FailuresShown = 12;

    [Fact]
    public async Task Random_operations_answer_as_the_oracle_says()
    {
        int seed = Setting("SEED") ?? 20_260;
        int? only = Setting("INDEX");
        int count = only is null ? Setting("OPERATIONS") ?? 2_000 : 1;
        var generator = new OperationGenerator(fixture.Rows, fixture.Schema, seed);
        var results = new ConcurrentDictionary<int, OracleTestCaseResult>();
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = 2 * Environment.ProcessorCount };
        await Parallel.ForEachAsync(Enumerable.Range(only ?? 0, count), parallel, async (index, _) =>
        {
            try
            {
                results[index] = await new OracleTestCase(fixture, generator.Operation(index), new Dice(index)).RunAsync();
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
            shown.Add($"--- seed {seed}, index {index} ---\n{await failure.ShrunkAsync(fixture)}{whole}");
        }

        string summary = $"{failed.Length} of {count} operations answer otherwise: {string.Join(", ", failed)}";
        Assert.True(failed.Length == 0, $"{summary}\n{string.Join("\n\n", shown)}");
        Assert.Empty(fixture.Server.Errors);

        // The statements of all these access paths, too, keep to one city each.
        Assert.Empty(fixture.Server.TakeStatements().Distinct().Select(StatementRules.Unbound).OfType<string>().Take(FailuresShown));

        // A generator that asks for nothing tests nothing.
        Assert.Equal("", only is null ? string.Join('\n', coverage.Shortcomings()) : "");
    }

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable($"CITYHELPER_ORACLE_{name}"), CultureInfo.InvariantCulture, out int value)
            ? value
            : null;
}
