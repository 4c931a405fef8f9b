using System.Text.Json;
using System.Text.Json.Nodes;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Xunit;

namespace CityHelper.IntegrationTests.Oracle;

/// <summary>The verdict on an answer.</summary>
internal enum OracleVerdict
{
    /// <summary>Equal to the oracle's.</summary>
    Same,

    /// <summary>Refused, because a filter or an order has no index.</summary>
    Refused,

    /// <summary>Different from the oracle's.</summary>
    Different,
}

/// <summary>
/// The answer of one operation beside the oracle's: how they differ, the codes of errors, the cursors received, and the connections asked
/// for.
/// </summary>
internal sealed record OracleOutcome(
    OracleVerdict Verdict,
    string Difference,
    string ErrorCodes,
    IReadOnlyList<(string Cursor, string Row)> Cursors,
    IReadOnlyList<OracleConnection> Connections);

/// <summary>A server over <see cref="OracleRows"/>, for tests that read.</summary>
public sealed class OracleFixture(PostgresFixture postgres) : IAsyncLifetime
{
    private const int RowsSeed = 311;

    private static readonly string[] s_refusals = ["FILTER_NOT_INDEXED", "ORDER_NOT_INDEXED"];

    private TestServer? _server;

    public TestServer Server => _server!;

    public string Database { get; private set; } = "";

    internal OracleRows Rows { get; } = OracleRows.Make(RowsSeed);

    internal SchemaFile Schema { get; } = SchemaFile.Load();

    public async Task InitializeAsync()
    {
        string database = Database = await postgres.CreateDatabaseAsync();
        await Rows.StoreAsync(database);
        Rows.Near.Connect(database);

        // Other table statistics for every request, so that a few hundred rows are read through every access path and initial key range.
        _server = await TestServer.StartAsync(
            database,
            statistics: real => BelievedStatistics.Wild(real, RowsSeed),
            time: new StoppedClock(OracleNear.Now),
            services: TestServer.BlocksForFewRows);
    }

    public async Task DisposeAsync()
    {
        await Server.DisposeAsync();
        Rows.Near.Dispose();
    }

    /// <summary>Sends an operation and compares the answer with the oracle's.</summary>
    internal async Task<OracleOutcome> AskAsync(string document, JsonObject variables, IReadOnlyDictionary<string, string> cursors)
    {
        var interpreter = new OracleInterpreter(Rows, document, variables, cursors);
        JsonNode expected = interpreter.Run();
        string body = new JsonObject { ["query"] = document, ["variables"] = variables.DeepClone() }.ToJsonString();
        (_, JsonElement answer) = await Server.PostAsync(body);
        if (answer.TryGetProperty("errors", out JsonElement errors))
        {
            string[] codes = [.. errors.EnumerateArray().Select(CodeOf).Distinct().Order()];
            OracleVerdict verdict = codes.All(s_refusals.Contains) ? OracleVerdict.Refused : OracleVerdict.Different;
            string got = $"At data\n  expected {expected.ToJsonString()}\n  got errors {errors.GetRawText()}";
            return new(verdict, got, string.Join(' ', codes), [], interpreter.Connections);
        }

        var comparison = new OracleComparison(cursors);
        return comparison.Difference(expected, answer.GetProperty("data")) is { } difference
            ? new(OracleVerdict.Different, difference, "", [], interpreter.Connections)
            : new(OracleVerdict.Same, "", "", comparison.Cursors, interpreter.Connections);
    }

    private static string CodeOf(JsonElement error) =>
        error.TryGetProperty("extensions", out JsonElement extensions) && extensions.TryGetProperty("code", out JsonElement code)
            ? code.GetString() ?? ""
            : "no code";
}
