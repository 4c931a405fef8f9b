using System.Text.Json;
using CityHelper.Benchmarks.Scale;
using CityHelper.Engine;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Transport.Http;
using Npgsql;

namespace CityHelper.Benchmarks.Cache;

/// <summary>A question at its canonical address.</summary>
/// <param name="Target">Path and query.</param>
/// <param name="Variables">The variables.</param>
internal sealed record CacheQuestion(string Target, JsonElement Variables);

/// <summary>An operation that is measured.</summary>
/// <param name="Name">Its name in the table.</param>
/// <param name="Published">The published operation.</param>
/// <param name="TurnQuestions">Questions of a turn, each another one.</param>
/// <param name="EndsWithMinute">Whether its answers are judged at the full minute, and end with it: it has <c>overdue</c>.</param>
internal sealed record CacheOperation(string Name, ManifestOperation Published, int TurnQuestions, bool EndsWithMinute)
{
    /// <summary>The address of its answers, without variables.</summary>
    public string Path => $"/graphql/persisted/{Published.Id}/{Published.Name}";
}

/// <summary>Questions with drawn ids, viewports and periods: none is asked twice, so that no cache of plans or pages knows it.</summary>
internal sealed class CacheQuestions
{
    private const string City = ScaleOperations.City;
    private const double West = -74.03;
    private const double East = -73.80;
    private const double South = 40.60;
    private const double North = 40.85;

    private readonly Random _dice;
    private readonly Queue<string> _ids;

    private CacheQuestions(Random dice, IEnumerable<string> ids)
    {
        (_dice, _ids) = (dice, new Queue<string>(ids));
        OperationManifest manifest = OperationManifest.Read(
            Path.Combine(AppContext.BaseDirectory, "persisted-queries", OperationManifest.FileName));
        CacheOperation Of(string name, string operation, int questions, bool endsWithMinute = false) => new(
            name, manifest.Operations.Single(o => o.Client == "web" && o.Name == operation), questions, endsWithMinute);
        Operations =
        [
            Of("detail", "ServiceRequestDetail", 500),
            Of("map", "ServiceRequestMap", 400),
            Of("clusters", "ServiceRequestClusters", 200),
            Of("statistics", "ServiceRequestStats", 100, endsWithMinute: true),
        ];
    }

    /// <summary>The operations.</summary>
    public IReadOnlyList<CacheOperation> Operations { get; }

    /// <summary>Reads the ids of all requests of the city.</summary>
    public static async Task<CacheQuestions> OpenAsync(NpgsqlDataSource database, int seed)
    {
        await using NpgsqlCommand command = database.CreateCommand(
            """
            select r.city_id, r.id from service_request r join city c on c.id = r.city_id
            where c.slug = $1 order by hashint8extended(r.id, $2)
            """);
        command.Parameters.Add(new() { Value = City });
        command.Parameters.Add(new() { Value = (long)seed });
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        var ids = new List<string>();
        while (await reader.ReadAsync())
        {
            ids.Add(new GlobalId("ServiceRequest", reader.GetInt16(0), reader.GetInt64(1)).ToString());
        }

        return new CacheQuestions(new Random(seed), ids);
    }

    /// <summary>Draws questions.</summary>
    public CacheQuestion[] Draw(CacheOperation operation, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => Question(operation, VariablesOf(operation)))];

    private static CacheQuestion Question(CacheOperation operation, object variables)
    {
        JsonElement element = JsonSerializer.SerializeToElement(variables);
        return new CacheQuestion(CanonicalAddress.Of(operation.Path, element)!, element);
    }

    private object VariablesOf(CacheOperation operation) => operation.Published.Name switch
    {
        "ServiceRequestDetail" => new { city = City, id = _ids.Dequeue() },
        "ServiceRequestMap" => new { city = City, viewport = Viewport(sideMin: 0.02, sideMax: 0.03) },
        "ServiceRequestClusters" => new { city = City, viewport = Viewport(sideMin: 0.05, sideMax: 0.2), zoom = _dice.Next(11, 14) },
        "ServiceRequestStats" => new { city = City, where = new { createdAt = Period() } },
        _ => throw new InvalidOperationException($"Nothing is drawn for {operation.Published.Name}."),
    };

    private object Viewport(double sideMin, double sideMax)
    {
        double side = sideMin + _dice.NextDouble() * (sideMax - sideMin);
        double west = Math.Round(West + _dice.NextDouble() * (East - West - side), 5);
        double south = Math.Round(South + _dice.NextDouble() * (North - South - side), 5);
        return new { west, south, east = Math.Round(west + side, 5), north = Math.Round(south + side, 5) };
    }

    private object Period()
    {
        DateTime from = new DateTime(2024, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddMinutes(_dice.Next(500_000));
        return new { gte = from, lt = from.AddMinutes(_dice.Next(50_000, 500_000)) };
    }
}
