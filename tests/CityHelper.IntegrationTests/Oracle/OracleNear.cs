using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using CityHelper.Data.Model;
using NetTopologySuite.Geometries;
using Npgsql;
using NpgsqlTypes;

namespace CityHelper.IntegrationTests.Oracle;

/// <summary>A request that may be a duplicate of another.</summary>
internal sealed record OracleDuplicate(ServiceRequest Request, double Metres, double Score);

/// <summary>
/// Near and similar requests, exactly by the schema's descriptions. PostgreSQL computes each distance and each text similarity separately,
/// because the descriptions refer to its functions.
/// </summary>
internal sealed class OracleNear(OracleRows rows) : IDisposable
{
    private const string DistancesSql =
        """
        select st_distance(st_setsrid(st_makepoint(p.x, p.y), 4326)::geography, st_setsrid(st_makepoint($3, $4), 4326)::geography)
        from unnest($1, $2) with ordinality p(x, y, place) order by p.place
        """;

    private readonly ConcurrentDictionary<(short, double, double), IReadOnlyDictionary<ServiceRequest, double>> _distances = new();
    private readonly ConcurrentDictionary<(string, string), double> _similarities = new();
    private NpgsqlDataSource? _database;

    /// <summary>The time of the server's clock: in the weeks with the most requests.</summary>
    public static DateTime Now { get; } = new(2025, 2, 15, 6, 30, 0, DateTimeKind.Utc);

    /// <summary>Sets the PostgreSQL database to ask.</summary>
    public void Connect(string database) => _database = NpgsqlDataSource.Create(database);

    /// <summary>The distances of a city's located requests from a point, in metres.</summary>
    public IReadOnlyDictionary<ServiceRequest, double> DistancesTo(short city, double longitude, double latitude) =>
        _distances.GetOrAdd((city, longitude, latitude), _ => AskDistances(city, longitude, latitude));

    public IReadOnlyList<OracleDuplicate> DuplicatesOf(ServiceRequest request, IReadOnlyDictionary<string, JsonNode?> arguments) =>
        request.Location is not { } at
            ? []
            : Best(
                rows.Requests.Where(r => r.CityId == request.CityId && r.CategoryId == request.CategoryId && r != request),
                request.CityId,
                at,
                request.CreatedAt,
                TextOf(request),
                arguments);

    public IReadOnlyList<OracleDuplicate> CandidatesOf(short city, Point at, IReadOnlyDictionary<string, JsonNode?> arguments)
    {
        int category = rows.Categories.Single(c => c.CityId == city && c.Code == arguments["category"]!.GetValue<string>()).Id;
        return Best(
            rows.Requests.Where(r =>
                r.CityId == city && r.CategoryId == category && (r.Status <= ServiceRequestStatus.Pending || r.CreatedAt >= Now.AddDays(-7))
            ),
            city,
            at,
            Now,
            arguments.GetValueOrDefault("description")?.GetValue<string>() ?? "",
            arguments);
    }

    public void Dispose() => _database?.Dispose();

    private List<OracleDuplicate> Best(
        IEnumerable<ServiceRequest> others,
        short city,
        Point at,
        DateTime created,
        string text,
        IReadOnlyDictionary<string, JsonNode?> arguments)
    {
        double radius = Number(arguments.GetValueOrDefault("withinMetres")) ?? 100;
        double span = (Number(arguments.GetValueOrDefault("withinDays")) ?? 14) * 86_400_000;
        IReadOnlyDictionary<ServiceRequest, double> distances = DistancesTo(city, at.X, at.Y);
        List<OracleDuplicate> found = [];
        foreach (ServiceRequest other in others)
        {
            double apart = Math.Abs((other.CreatedAt - created).TotalMilliseconds);
            if (distances.TryGetValue(other, out double metres) && metres <= radius && apart <= span)
            {
                double near = 0.4 * (1 - metres / radius) + 0.2 * (1 - apart / 1_000 * 1_000 / span);
                string words = TextOf(other);
                double score = words.Length == 0 || text.Length == 0 ? near / 0.6 : near + 0.4 * Similarity(words, text);
                found.Add(new OracleDuplicate(other, metres, score));
            }
        }

        int first = (int)(Number(arguments.GetValueOrDefault("first")) ?? 5);
        return [.. found.OrderByDescending(f => f.Score).ThenBy(f => f.Metres).ThenByDescending(f => f.Request.Id).Take(first)];
    }

    private static string TextOf(ServiceRequest request) =>
        string.Join(' ', new[] { request.Title, request.Description }.Where(t => !string.IsNullOrEmpty(t)));

    private static double? Number(JsonNode? value) =>
        value is null ? null : double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture);

    private double Similarity(string left, string right) => _similarities.GetOrAdd((left, right), _ =>
    {
        using NpgsqlCommand command = _database!.CreateCommand("select similarity($1, $2)::float8");
        command.Parameters.Add(new() { Value = left });
        command.Parameters.Add(new() { Value = right });
        return (double)command.ExecuteScalar()!;
    });

    private Dictionary<ServiceRequest, double> AskDistances(short city, double longitude, double latitude)
    {
        ServiceRequest[] located = [.. rows.Requests.Where(r => r.CityId == city && r.Location is not null)];
        using NpgsqlCommand command = _database!.CreateCommand(DistancesSql);
        command.Parameters.Add(
            new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Double, Value = located.Select(r => r.Location!.X).ToArray() });
        command.Parameters.Add(
            new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Double, Value = located.Select(r => r.Location!.Y).ToArray() });
        command.Parameters.Add(new() { Value = longitude });
        command.Parameters.Add(new() { Value = latitude });
        Dictionary<ServiceRequest, double> distances = new(ReferenceEqualityComparer.Instance);
        using NpgsqlDataReader reader = command.ExecuteReader();
        for (int i = 0; reader.Read(); i++)
        {
            distances.Add(located[i], reader.GetDouble(0));
        }

        return distances;
    }
}
