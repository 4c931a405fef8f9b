using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CityHelper.Benchmarks.Cost.Generated;
using CityHelper.Benchmarks.Scale;
using CityHelper.Engine;
using CityHelper.Engine.Clients;
using Npgsql;

namespace CityHelper.Benchmarks.Cost;

/// <summary>The cost and the time of a request.</summary>
/// <param name="Request">The request.</param>
/// <param name="FieldCost">Its field cost; 0 when it was refused.</param>
/// <param name="DatabaseMs">Milliseconds of the database, the least of all runs.</param>
/// <param name="Code">Why it was refused; null when it was answered.</param>
internal sealed record CostMeasurement(CostRequest Request, double FieldCost, double DatabaseMs, string? Code)
{
    /// <summary>Avoids a division by zero: a selection of type names alone costs nothing.</summary>
    private const double LeastCost = 1;

    public bool IsAnswered => Code is null;

    /// <summary>Milliseconds per unit of cost.</summary>
    public double UnitMs => DatabaseMs / Math.Max(LeastCost, FieldCost);
}

/// <summary>A server whose answers report their cost (<c>GraphQL-Cost: report</c>).</summary>
internal sealed class CostServer : IAsyncDisposable
{
    /// <summary>The code of a timeout: such a request was admitted, so it counts.</summary>
    private const string TimeOut = "HC0045";
    private const string TooLarge = "HC0010";

    private readonly ServerProcess _server;
    private readonly HttpClient _client = new() { Timeout = TimeSpan.FromMinutes(1) };
    private readonly NpgsqlDataSource _database;
    private readonly Dictionary<string, string> _ids;

    private CostServer(ServerProcess server, string database)
    {
        _server = server;
        _database = NpgsqlDataSource.Create(database);
        _ids = OperationManifest.Read(Path.Combine(AppContext.BaseDirectory, "persisted-queries", OperationManifest.FileName))
            .Operations.ToDictionary(o => o.Name, o => o.Id);
    }

    /// <summary>Starts the server on a database.</summary>
    public static async Task<CostServer> StartAsync(string database) =>
        new(await ServerProcess.StartAsync("CityHelper.Server.dll", "/health/ready", url => ["serve", "--urls", url], database), database);

    /// <summary>Sends a text and returns its data.</summary>
    /// <exception cref="InvalidOperationException">It was refused.</exception>
    public async Task<JsonElement> DataAsync(string text)
    {
        (_, JsonElement json) = await PostAsync(new JsonObject { ["query"] = text }, report: false);
        return json.TryGetProperty("errors", out JsonElement errors)
            ? throw new InvalidOperationException($"{text}: {errors}")
            : json.GetProperty("data");
    }

    /// <summary>Sends a request several times.</summary>
    /// <returns>
    /// Its cost, and its least time, or the CPU time of PostgreSQL per run when that is less: on a busy machine a statement waits, which
    /// says nothing about it.
    /// </returns>
    public async Task<CostMeasurement> MeasureAsync(CostRequest request, int times)
    {
        CostMeasurement best = await AskAsync(request);
        if (times == 1 || !best.IsAnswered)
        {
            return best;
        }

        CpuTimes before = await CpuTimes.OfBackendsAsync(_database);
        for (int i = 0; i < times; i++)
        {
            CostMeasurement again = await AskAsync(request);
            best = again.DatabaseMs < best.DatabaseMs ? again : best;
        }

        double cpuMs = (await CpuTimes.OfBackendsAsync(_database)).Since(before).TotalMilliseconds / times;
        return best with { DatabaseMs = Math.Min(best.DatabaseMs, cpuMs) };
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        await _database.DisposeAsync();
    }

    /// <summary>The JSON body of a request.</summary>
    public JsonObject BodyOf(CostRequest request) => new()
    {
        [request.Operation is null ? "query" : "id"] = request.Text ?? _ids[request.Operation!],
        ["variables"] = request.Variables.DeepClone(),
    };

    private async Task<CostMeasurement> AskAsync(CostRequest request)
    {
        JsonObject body = BodyOf(request);
        if (Encoding.UTF8.GetByteCount(body.ToJsonString()) > Limits.RequestBytesMax)
        {
            // The connection of a much larger body may end before its refusal is read.
            return new CostMeasurement(request, 0, 0, TooLarge);
        }

        long start = Stopwatch.GetTimestamp();
        (HttpStatusCode status, JsonElement json) = await PostAsync(body, report: true);
        double tookMs = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        string[] codes = json.TryGetProperty("errors", out JsonElement errors) ? [.. errors.EnumerateArray().Select(CodeOf)] : [];
        if (!json.TryGetProperty("extensions", out JsonElement extensions) || !extensions.TryGetProperty("cost", out JsonElement cost))
        {
            return new CostMeasurement(
                request,
                codes.Contains(TimeOut) ? 1 : 0,
                tookMs,
                codes.Contains(TimeOut) ? null : codes.FirstOrDefault() ?? status.ToString());
        }

        double fieldCost = extensions.GetProperty("operationCost").GetProperty("fieldCost").GetDouble();
        double databaseMs = cost.GetProperty("databaseMs").GetDouble();
        return codes.Contains(TimeOut) ? new CostMeasurement(request, fieldCost, Math.Max(tookMs, databaseMs), null)
            : new CostMeasurement(request, fieldCost, databaseMs, codes.FirstOrDefault());
    }

    private async Task<(HttpStatusCode Status, JsonElement Json)> PostAsync(JsonObject body, bool report)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, new Uri(_server.Url, "/graphql"))
        {
            Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"),
        };
        if (report)
        {
            message.Headers.Add("GraphQL-Cost", "report");
        }

        using HttpResponseMessage answer = await _client.SendAsync(message);
        using JsonDocument document = await JsonDocument.ParseAsync(await answer.Content.ReadAsStreamAsync());
        return (answer.StatusCode, document.RootElement.Clone());
    }

    private static string CodeOf(JsonElement error) =>
        error.TryGetProperty("extensions", out JsonElement extensions) && extensions.TryGetProperty("code", out JsonElement code)
            ? code.GetString()!
            : "no code";
}
