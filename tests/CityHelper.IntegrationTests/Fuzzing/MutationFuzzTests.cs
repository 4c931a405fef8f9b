using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using CityHelper.IntegrationTests.Oracle;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using CityHelper.IntegrationTests.Writing;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Fuzzing;

/// <summary>
/// Random mutations: a payload is what a query reads afterwards, whatever it selects; and whatever is sent, the log tells one history of
/// the rows, and the counters count them.
/// </summary>
/// <remarks>
/// <c>CITYHELPER_MUTATION_INPUTS</c> sets the number of each test, <c>CITYHELPER_MUTATION_SEED</c> selects them.
/// </remarks>
public sealed class MutationFuzzTests(PostgresFixture postgres, ITestOutputHelper output) : WritingFixture(postgres)
{
    private const int Requests = 60;
    private const int FailuresShown = 5;

    private static readonly SchemaFile s_schema = SchemaFile.Load();

    private static int Inputs => Setting("INPUTS") ?? 600;

    private static int Seed => Setting("SEED") ?? 2_026;

    [Fact]
    public async Task A_payload_is_what_a_query_reads_afterwards()
    {
        await using TestServer server = await StartAsync();
        MutationGenerator generator = await GeneratorAsync();
        var done = new Dictionary<string, int>();
        var codes = new SortedDictionary<string, int>(StringComparer.Ordinal);
        for (int index = 0; index < Inputs; index++)
        {
            GeneratedMutation mutation = generator.Mutation(index);
            string what = $"seed {Seed}, index {index}: {mutation.Text}\n{mutation.Variables.ToJsonString()}";
            JsonElement written = await server.QueryAsync(mutation.Text, mutation.Variables);
            Assert.False(written.TryGetProperty("errors", out JsonElement errors), $"{what}\n{errors}");
            JsonElement payload = written.GetProperty("data").GetProperty("done");
            if (payload.GetProperty("errors") is { ValueKind: JsonValueKind.Array } refused)
            {
                string code = refused[0].GetProperty("code").GetString()!;
                codes[code] = codes.GetValueOrDefault(code) + 1;
                Assert.Equal(JsonValueKind.Null, payload.GetProperty("serviceRequest").ValueKind);
                continue;
            }

            var variables = mutation.QueryVariables.DeepClone().AsObject();
            variables["id"] = payload.GetProperty("row").GetProperty("id").GetString();
            JsonElement data = await server.DataAsync(mutation.Query, variables);
            bool isSame = data.GetProperty("read").GetRawText() == payload.GetProperty("serviceRequest").GetRawText();
            Assert.True(isSame, $"{what}\n{data}\n{payload}");
            Assert.Equal(data.GetProperty("row").GetRawText(), payload.GetProperty("row").GetRawText());
            done[mutation.Name] = done.GetValueOrDefault(mutation.Name) + 1;
        }

        output.WriteLine(string.Join('\n', done.Concat(codes).Select(kind => $"{kind.Value,8} {kind.Key}")));
        await AssertOneHistoryAsync(server);

        // A generator whose mutations are all refused, or none of them, tests nothing.
        Assert.All(s_schema.Fields("Mutation"), m => Assert.True(done.GetValueOrDefault(m.Name) > Inputs / 100, m.Name));
        Assert.All(
            new[] { "CATEGORY_UNKNOWN", "LOCATION_OUTSIDE_CITY", "TRANSITION_NOT_ALLOWED", "VERSION_STALE" },
            code => Assert.Contains(code, codes.Keys));
    }

    [Fact]
    public async Task Whatever_mutation_is_sent_is_answered_as_documented()
    {
        await using TestServer server = await StartAsync();
        MutationGenerator generator = await GeneratorAsync();
        var tokens = new FuzzTokens(FuzzCorpus.WordsOfSchema());
        var kinds = new ConcurrentDictionary<string, int>();
        var failures = new ConcurrentQueue<string>();
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = 2 * Environment.ProcessorCount };
        await Parallel.ForEachAsync(Enumerable.Range(0, 4 * Inputs), parallel, async (index, _) =>
        {
            FuzzRequest request = Corrupt(generator.Mutation(index), tokens, new Dice(unchecked(Seed * 31 + index)));
            using HttpRequestMessage message = request.ToMessage(server.Client.BaseAddress!);
            using HttpResponseMessage response = await server.Client.SendAsync(
                message, HttpCompletionOption.ResponseHeadersRead, CancellationToken.None);
            (string? wrong, string kind) = await FuzzAnswer.JudgeAsync(request, response);
            kinds.AddOrUpdate(kind, 1, (_, n) => n + 1);
            if (wrong is not null)
            {
                failures.Enqueue($"--- seed {Seed}, index {index}: {wrong} ---\n{request}");
            }
        });
        output.WriteLine(string.Join('\n', kinds.OrderByDescending(k => k.Value).Select(k => $"{k.Value,8} {k.Key}")));
        Assert.True(failures.IsEmpty, string.Join("\n\n", failures.Take(FailuresShown)));
        Assert.True(kinds.GetValueOrDefault("200 data") > Inputs, "Hardly an input runs.");
        await AssertOneHistoryAsync(server);
    }

    private static FuzzRequest Corrupt(GeneratedMutation mutation, FuzzTokens tokens, Dice dice)
    {
        string text = dice.Chance(30) ? tokens.Document(mutation.Text, dice) : mutation.Text;
        string variables = mutation.Variables.ToJsonString();
        variables = dice.Chance(60) ? tokens.Json(variables, dice) : variables;
        string body = $$"""{"query":{{JsonSerializer.Serialize(text)}},"variables":{{variables}}}""";
        return new FuzzRequest(
            "POST", "/graphql", [("Content-Type", "application/json"), ("Accept", "application/json")], Encoding.UTF8.GetBytes(body));
    }

    private Task<TestServer> StartAsync() => TestServer.StartAsync(ConnectionString, time: new StoppedClock(Now));

    private async Task<MutationGenerator> GeneratorAsync()
    {
        await AddReferencesAsync();
        var requests = new List<long>();
        for (int n = 0; n < Requests; n++)
        {
            requests.Add(await ReportAsync(n % 2 == 0 ? "noise" : "rodent", RequestRows.Point(-73.98 + (n % 7 * 0.0004), 40.75)));
        }

        return new MutationGenerator(
            OracleRows.Make(Seed), s_schema, MutationGenerator.Ids(requests), ["noise", "rodent", "heat"], ["NYPD", "HPD"], Seed);
    }

    private async Task AssertOneHistoryAsync(TestServer server)
    {
        Assert.Empty(server.Errors);
        Assert.Empty(server.TakeStatements().Distinct().Select(StatementRules.Unbound).OfType<string>().Take(FailuresShown));
        await AssertLogAsync();
        await AssertCountedAsync();
    }

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable($"CITYHELPER_MUTATION_{name}"), CultureInfo.InvariantCulture, out int value)
            ? value
            : null;
}
