using System.Collections.Concurrent;
using System.Globalization;
using CityHelper.IntegrationTests.Oracle;
using CityHelper.IntegrationTests.Postgres;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Fuzzing;

/// <summary>
/// Every input gets a GraphQL response over HTTP with a documented code, and the server logs no fault of its own.
/// </summary>
/// <remarks>
/// <c>CITYHELPER_FUZZ_INPUTS</c> sets the number of inputs, <c>CITYHELPER_FUZZ_SEED</c> selects them, and <c>CITYHELPER_FUZZ_INDEX</c>
/// sends one of them alone.
/// </remarks>
[Collection(PostgresCollection.Name)]
public sealed class FuzzTests(OracleFixture fixture, ITestOutputHelper output) : IClassFixture<OracleFixture>
{
    private const int FailuresShown = 5;

    /// <summary>Inputs between two checks of the server's log; its statements would fill the memory.</summary>
    private const int InputsOfRound = 1_000;

    [Fact]
    public async Task Whatever_is_sent_is_answered_as_documented()
    {
        int seed = Setting("SEED") ?? 311;
        int? only = Setting("INDEX");
        int count = only is null ? Setting("INPUTS") ?? 10_000 : 1;
        var generator = new FuzzGenerator(new FuzzCorpus(fixture.Rows, fixture.Schema, seed), seed);
        var kinds = new ConcurrentDictionary<string, int>();
        var failures = new ConcurrentQueue<(int Index, string Wrong)>();
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = 2 * Environment.ProcessorCount };
        int first = only ?? 0;
        for (int done = 0; done < count && failures.IsEmpty && fixture.Server.Errors.Count == 0; done += InputsOfRound)
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
            fixture.Server.TakeStatements();
        }

        output.WriteLine(string.Join('\n', kinds.OrderByDescending(k => k.Value).Select(k => $"{k.Value,8} {k.Key}")));
        List<string> shown = [];
        foreach ((int index, string wrong) in failures.OrderBy(f => f.Index).Take(FailuresShown))
        {
            FuzzRequest smaller = await FuzzShrinker.ShrinkAsync(
                generator.Input(index), async request => (await SendAsync(request)).Wrong is not null);
            shown.Add($"--- seed {seed}, index {index}, {generator.Input(index).Body.Length} bytes: {wrong} ---\n{smaller}");
        }

        Assert.True(
            failures.IsEmpty,
            $"{failures.Count} inputs are answered "
                + $"wrongly.\n{string.Join("\n\n", shown)}\n{string.Join('\n', fixture.Server.Errors.Take(FailuresShown))}");
        Assert.Empty(fixture.Server.Errors);
        await fixture.Server.DataAsync("{ cities { slug } }");

        // Inputs that are all refused at once test nothing.
        Assert.True(only is not null || kinds.GetValueOrDefault("200 data") > count / 20, "Hardly an input runs.");
    }

    private async Task<(string? Wrong, string Kind)> SendAsync(FuzzRequest request)
    {
        try
        {
            using HttpRequestMessage message = request.ToMessage(fixture.Server.Client.BaseAddress!);
            using HttpResponseMessage response = await fixture.Server.Client.SendAsync(
                message, HttpCompletionOption.ResponseHeadersRead);
            return await FuzzAnswer.JudgeAsync(request, response);
        }
        catch (HttpRequestException) when (request.Body.Length > Engine.Limits.RefusedBytesMax)
        {
            // Such a body ends the connection: the client may see the refusal or a reset first.
            return (null, "connection ended");
        }
        catch (Exception cause)
            when (cause is HttpRequestException or TaskCanceledException or InvalidOperationException or KeyNotFoundException)
        {
            return ($"no answer that can be read: {cause.GetType().Name} {cause.Message}", "no answer");
        }
    }

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable($"CITYHELPER_FUZZ_{name}"), CultureInfo.InvariantCulture, out int value)
            ? value
            : null;
}
