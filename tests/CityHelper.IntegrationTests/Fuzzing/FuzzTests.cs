using System.Collections.Concurrent;
using System.Globalization;
using CityHelper.IntegrationTests.Oracle;
using CityHelper.IntegrationTests.Postgres;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Fuzzing;

/// <summary>
/// Whatever is sent, the answer is a GraphQL answer over HTTP with a code that is explained, and nothing is logged as a fault of the
/// server's.
/// </summary>
/// <remarks>
/// <c>CITYHELPER_FUZZ_INPUTS</c> sets how many inputs are sent, <c>CITYHELPER_FUZZ_SEED</c> which ones, and <c>CITYHELPER_FUZZ_INDEX</c>
/// sends one of them alone.
/// </remarks>
[Collection(PostgresCollection.Name)]
public sealed class FuzzTests(OracleHouse house, ITestOutputHelper output) : IClassFixture<OracleHouse>
{
    private const int FailuresShown = 5;

    /// <summary>Inputs between two looks at the server's log; the statements in it would fill the memory.</summary>
    private const int InputsOfRound = 1_000;

    [Fact]
    public async Task Whatever_is_sent_is_answered_as_documented()
    {
        int seed = Setting("SEED") ?? 311;
        int? only = Setting("INDEX");
        int count = only is null ? Setting("INPUTS") ?? 10_000 : 1;
        var generator = new FuzzGenerator(new FuzzCorpus(house.Rows, house.Schema, seed), seed);
        var kinds = new ConcurrentDictionary<string, int>();
        var failures = new ConcurrentQueue<(int Index, string Wrong)>();
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = 2 * Environment.ProcessorCount };
        int first = only ?? 0;
        for (int done = 0; done < count && failures.IsEmpty && house.Server.Errors.Count == 0; done += InputsOfRound)
        {
            await Parallel.ForEachAsync(Enumerable.Range(first + done, Math.Min(InputsOfRound, count - done)), parallel, async (index, _) =>
            {
                (string? wrong, string kind) = await SendAsync(generator.Input(index));
                kinds.AddOrUpdate(kind, 1, (_, n) => n + 1);
                if (wrong is not null)
                {
                    failures.Enqueue((index, wrong));
                }
            });
            house.Server.TakeStatements();
        }

        output.WriteLine(string.Join('\n', kinds.OrderByDescending(k => k.Value).Select(k => $"{k.Value,8} {k.Key}")));
        List<string> shown = [];
        foreach ((int index, string wrong) in failures.OrderBy(f => f.Index).Take(FailuresShown))
        {
            FuzzRequest smaller = await FuzzShrinker.ShrinkAsync(generator.Input(index), async request => (await SendAsync(request)).Wrong is not null);
            shown.Add($"--- seed {seed}, index {index}, {generator.Input(index).Body.Length} bytes: {wrong} ---\n{smaller}");
        }

        Assert.True(failures.IsEmpty, $"{failures.Count} inputs are answered wrongly.\n{string.Join("\n\n", shown)}\n{string.Join('\n', house.Server.Errors.Take(FailuresShown))}");
        Assert.Empty(house.Server.Errors);
        await house.Server.DataAsync("{ cities { slug } }");

        // Inputs that are all refused at the door prove nothing.
        Assert.True(only is not null || kinds.GetValueOrDefault("200 data") > count / 20, "Hardly an input runs.");
    }

    private async Task<(string? Wrong, string Kind)> SendAsync(FuzzRequest request)
    {
        try
        {
            using HttpRequestMessage message = request.ToMessage(house.Server.Client.BaseAddress!);
            using HttpResponseMessage response = await house.Server.Client.SendAsync(message);
            return await FuzzAnswer.JudgeAsync(request, response);
        }
        catch (HttpRequestException) when (request.Body.Length > Engine.Limits.RefusedBytesMax)
        {
            // Such a body ends the connection: whether the client sees the refusal or a reset first is a matter of luck.
            return (null, "connection ended");
        }
        catch (Exception cause) when (cause is HttpRequestException or TaskCanceledException or InvalidOperationException or KeyNotFoundException)
        {
            return ($"no answer that can be read: {cause.GetType().Name} {cause.Message}", "no answer");
        }
    }

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable($"CITYHELPER_FUZZ_{name}"), CultureInfo.InvariantCulture, out int value) ? value : null;
}
