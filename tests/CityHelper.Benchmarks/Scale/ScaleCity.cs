using System.Text.Json;
using CityHelper.Engine.Transport.Http;
using Npgsql;

namespace CityHelper.Benchmarks.Scale;

/// <summary>One city with its server, its operations and the clients that send them.</summary>
internal sealed class ScaleCity : IAsyncDisposable
{
    private const int ConnectionCount = 4;

    /// <summary>The time of a round: about a hundred statistics requests, at 20 to 40 ms each. There are hundreds of rounds.</summary>
    private static readonly TimeSpan s_timeMax = TimeSpan.FromSeconds(2);

    private readonly string _database;
    private readonly ServerProcess _server;
    private readonly NpgsqlDataSource _source;
    private readonly HttpLoad _load = new(ConnectionCount, s_timeMax);

    private ScaleCity(string database, ServerProcess server)
    {
        _database = database;
        _server = server;
        _source = NpgsqlDataSource.Create(database);
    }

    /// <summary>The same in every city except for ids and cursors.</summary>
    public IReadOnlyList<ScaleOperation> Operations { get; private set; } = [];

    /// <summary>Starts a server over a database.</summary>
    /// <param name="database">The database.</param>
    /// <param name="only">Words: an operation is measured when its name holds one of them.</param>
    public static async Task<ScaleCity> StartAsync(string database, string[] only)
    {
        ServerProcess server = await ServerProcess.StartAsync(
            "CityHelper.Server.dll", "/health/ready", url => ["serve", "--urls", url], database);
        var city = new ScaleCity(database, server);
        city.Operations = [.. (await new ScaleOperations().AllAsync(city._load.Client, server.Url))
            .Where(o => only.Any(word => o.Name.Contains(word, StringComparison.OrdinalIgnoreCase)))];
        return city;
    }

    /// <summary>Explains the operations.</summary>
    /// <remarks>All at once, so that the connections are closed before the load begins: they would count as the server's.</remarks>
    public async Task<IReadOnlyList<StatementCost?>> ExplainAsync()
    {
        await using Explainer explainer = await Explainer.StartAsync(_database);
        var costs = new List<StatementCost?>();
        foreach (ScaleOperation operation in Operations)
        {
            costs.Add(await explainer.MeasureAsync(operation));
        }

        return costs;
    }

    /// <summary>Sends an operation's requests without measuring.</summary>
    public Task WarmUpAsync(ScaleOperation operation, int requests) => _load.SendAsync(operation.Questions(_server.Url), requests);

    /// <summary>Sends an operation's requests.</summary>
    /// <returns>CPU time per request.</returns>
    public async Task<RoundCost> RoundAsync(ScaleOperation operation, int requests)
    {
        CpuTimes postgres = await CpuTimes.OfBackendsAsync(_source);
        CpuTimes server = CpuTimes.Of(_server.Id);
        int sent = (await _load.SendAsync(operation.Questions(_server.Url), requests)).Requests;
        return new RoundCost(
            (await CpuTimes.OfBackendsAsync(_source)).Since(postgres).TotalMicroseconds / sent,
            CpuTimes.Of(_server.Id).Since(server).TotalMicroseconds / sent);
    }

    /// <summary>Sends one request and reads its answer.</summary>
    /// <returns>The access path, and the rows of all connections together; 1 without a connection.</returns>
    public async Task<(string AccessPath, int Rows)> AskAsync(ScaleOperation operation)
    {
        using HttpRequestMessage message = operation.Questions(_server.Url)[0].ToMessage();
        message.Headers.Add(GraphQLHttpHandler.DebugHeader, "1");
        using HttpResponseMessage answer = await _load.Client.SendAsync(message);
        string paths = answer.Headers.TryGetValues(GraphQLHttpHandler.AccessPathsHeader, out IEnumerable<string>? values)
            ? string.Join(", ", values)
            : "";
        using JsonDocument body = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync());
        return (paths.Replace("serviceRequests=", "", StringComparison.Ordinal), RowsIn(body.RootElement.GetProperty("data")) ?? 1);
    }

    public async ValueTask DisposeAsync()
    {
        _load.Dispose();
        await _server.DisposeAsync();
        await _source.DisposeAsync();
    }

    // Null where there is no connection.
    private static int? RowsIn(JsonElement element)
    {
        int?[] rows = element.ValueKind switch
        {
            JsonValueKind.Object => [.. element.EnumerateObject()
                .Select(p => Sum(p.NameEquals("nodes"u8) ? p.Value.GetArrayLength() : null, RowsIn(p.Value)))],
            JsonValueKind.Array => [.. element.EnumerateArray().Select(RowsIn)],
            _ => [],
        };
        return rows.Aggregate((int?)null, Sum);
    }

    private static int? Sum(int? one, int? other) => one is null ? other : one + (other ?? 0);
}

/// <summary>CPU time per request, in one round.</summary>
/// <param name="PostgresMicroseconds">That of PostgreSQL.</param>
/// <param name="ServerMicroseconds">That of the server.</param>
internal sealed record RoundCost(double PostgresMicroseconds, double ServerMicroseconds);
