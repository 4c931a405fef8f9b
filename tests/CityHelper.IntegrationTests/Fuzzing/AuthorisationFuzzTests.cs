using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CityHelper.Data;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Documents;
using CityHelper.IntegrationTests.Clients;
using CityHelper.IntegrationTests.Oracle;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using CityHelper.IntegrationTests.Writing;
using CityHelper.Server.Clients;
using CityHelper.Server.Http;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Fuzzing;

/// <summary>
/// Sends the inputs of <see cref="FuzzTests"/> to a server in production, from clients of every mode, with right and wrong hashes, alone
/// and in arrays. Every answer is as documented, and no text runs for a client without that right.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class AuthorisationFuzzTests(OracleFixture fixture, ITestOutputHelper output) : IClassFixture<OracleFixture>
{
    private const int Seed = 1_729;
    private const int Inputs = 2_000;
    private const int BatchMax = 4;

    private static readonly string?[] s_keys =
    [
        null,
        ClientFixture.CivicKey,
        ClientFixture.SmallKey,
        ClientFixture.ExplorerKey,
        ClientFixture.StepKey,
    ];

    [Fact]
    public async Task Whoever_sends_whatever_is_answered_as_documented()
    {
        var settings = new Dictionary<string, string?>(ClientFixture.Settings)
        {
            [HttpSettings.BatchingKey] = $"{BatchMax}",

            // What an analyst may not do must not be too dear before.
            ["Clients:explorer:MaxFieldCost"] = "100000",
            ["Clients:explorer:MaxTypeCost"] = "100000",
        };
        await using TestServer server = await TestServer.StartAsync(
            fixture.Database, "Production", settings: settings, time: new StoppedClock(OracleNear.Now));
        HashSet<string> published =
        [
            .. server.Services.GetRequiredService<OperationRegistry>().Published.Select(operation => operation.Id),
        ];
        await using NpgsqlDataSource database = CityHelperDatabase.CreateDataSource(fixture.Database);
        string content = await WritingServer.ContentAsync(database);
        var generator = new FuzzGenerator(new FuzzCorpus(fixture.Rows, fixture.Schema, Seed), Seed);
        var kinds = new ConcurrentDictionary<string, int>();
        var failures = new ConcurrentQueue<string>();
        await Parallel.ForEachAsync(Enumerable.Range(0, Inputs), async (index, _) =>
        {
            var dice = new Dice(unchecked(Seed * 31 + index));
            string? key = s_keys[dice.Below(s_keys.Length)];
            (FuzzRequest request, string? text) = Dress(dice.Chance(10) ? generator.Mutation(index) : generator.Input(index), key, dice);
            using HttpRequestMessage message = request.ToMessage(server.Client.BaseAddress!);
            using HttpResponseMessage response = await server.Client.SendAsync(
                message, HttpCompletionOption.ResponseHeadersRead, CancellationToken.None);
            (string? wrong, string kind) = await FuzzAnswer.JudgeAsync(request, response);
            if (wrong is null && key is null && text is not null && kind == "200 data" && !published.Contains(OperationCompiler.IdOf(text)))
            {
                wrong = "a text was run for who may send none";
            }

            kinds.AddOrUpdate($"{(key is null ? "nobody" : key)}: {kind}", 1, (_, n) => n + 1);
            if (wrong is not null)
            {
                failures.Enqueue($"--- index {index}: {wrong} ---\n{request}");
            }
        });

        output.WriteLine(string.Join('\n', kinds.OrderBy(k => k.Key, StringComparer.Ordinal).Select(k => $"{k.Value,6} {k.Key}")));
        Assert.Empty(failures);
        Assert.Empty(server.Errors);

        // None of them may write, and some tried.
        Assert.Equal(content, await WritingServer.ContentAsync(database));
        Assert.Contains($"{ClientFixture.ExplorerKey}: 400 AUTH_NOT_AUTHORIZED", kinds.Keys);
        Assert.All(s_keys.OfType<string>(), key => Assert.Contains($"{key}: 200 data", kinds.Keys));
        Assert.Contains(kinds, k => k.Key.EndsWith(": 200 batch with data", StringComparison.Ordinal));
        Assert.Contains("nobody: 400 HC0067", kinds.Keys);
    }

    // Adds a client's key, and, to a JSON request, a hash, a published id or an array around it; also returns the text of a single
    // request.
    private static (FuzzRequest Request, string? Text) Dress(FuzzRequest request, string? key, Dice dice)
    {
        (string Name, string Value)[] headers = key is null ? [.. request.Headers] : [.. request.Headers, (ClientDirectory.KeyHeader, key)];
        if (request.Method != "POST" || Read(request.Body) is not (var body, var text))
        {
            return (request with { Headers = headers }, null);
        }

        switch (dice.Below(4))
        {
            case 0:
                body["extensions"] = JsonSerializer.SerializeToNode(ClientFixture.Persisted(OperationCompiler.IdOf(text)));
                break;
            case 1:
                body["extensions"] = JsonSerializer.SerializeToNode(ClientFixture.Persisted(OperationCompiler.IdOf(text + " ")));
                break;
            default:
                break;
        }

        int copies = dice.Below(3) == 0 ? 1 + dice.Below(BatchMax + 1) : 0;
        JsonNode sent = copies == 0 ? body : new JsonArray([.. Enumerable.Range(0, copies).Select(_ => body.DeepClone())]);
        return (request with { Headers = headers, Body = Encoding.UTF8.GetBytes(sent.ToJsonString()) }, copies == 0 ? text : null);
    }

    // Null for a body that is not a JSON request, or has no valid text: half a character, bytes that are not UTF-8.
    private static (JsonObject Body, string Text)? Read(byte[] bytes)
    {
        try
        {
            return JsonNode.Parse(bytes, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false }) is JsonObject body
                && body["query"] is JsonValue query && query.TryGetValue(out string? text)
                ? (body, text)
                : null;
        }
        catch (Exception cause) when (cause is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
