using CityHelper.Engine.Clients;

namespace CityHelper.Benchmarks.Overload;

/// <summary>Published operations of the web client, with random viewports and times.</summary>
/// <remarks>No two are equal, so no cache of the database or the server answers the next one.</remarks>
internal sealed class Drawn(Uri server, int seed)
{
    private const string City = "nyc";
    private const double West = -74.03;
    private const double East = -73.80;
    private const double South = 40.60;
    private const double North = 40.85;

    private readonly Random _dice = new(seed);
    private readonly OperationManifest _manifest =
        OperationManifest.Read(Path.Combine(AppContext.BaseDirectory, "persisted-queries", OperationManifest.FileName));

    /// <summary>Statistics of a viewport, for all times or for some months.</summary>
    public byte[][] Statistics(int count) =>
        [
            .. Enumerable
                .Range(0, count)
                .Select(_ =>
                {
                    object within = new { viewport = Viewport(sideMin: 0.05, sideMax: 0.22) };
                    DateTime from = new DateTime(2024, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddMinutes(_dice.Next(500_000));
                    object variables =
                        _dice.Next(2) == 0
                            ? new { city = City, within }
                            : new
                            {
                                city = City,
                                within,
                                where = new { createdAt = new { gte = from, lt = from.AddMinutes(_dice.Next(50_000, 500_000)) } },
                            };
                    return Ask("ServiceRequestStats", variables);
                }),
        ];

    /// <summary>The newest requests of a part of town.</summary>
    public byte[][] Maps(int count) => [.. Enumerable.Range(0, count).Select(_ =>
        Ask("ServiceRequestMap", new { city = City, viewport = Viewport(sideMin: 0.02, sideMax: 0.03) }))];

    /// <summary>The readiness probe of an orchestrator.</summary>
    public byte[] Readiness() => Wire.Get(new Uri(server, "/health/ready"));

    private object Viewport(double sideMin, double sideMax)
    {
        double side = sideMin + _dice.NextDouble() * (sideMax - sideMin);
        double west = Math.Round(West + _dice.NextDouble() * (East - West - side), 5);
        double south = Math.Round(South + _dice.NextDouble() * (North - South - side), 5);
        return new { west, south, east = Math.Round(west + side, 5), north = Math.Round(south + side, 5) };
    }

    private byte[] Ask(string operation, object variables) => Wire.Get(Question.Persisted(
        server, _manifest.Operations.Single(o => o.Client == "web" && o.Name == operation).Id, operation, variables).Url);
}
