using System.Text.Json;
using System.Text.Json.Nodes;
using CityHelper.Benchmarks.Cost.Generated;
using CityHelper.Benchmarks.Scale;

namespace CityHelper.Benchmarks.Cost;

/// <summary>The city that costs are measured in, with 50,000 generated requests and districts.</summary>
internal static class CostDatabase
{
    public const int Requests = 50_000;

    /// <summary>Districts per row and per column: six by six.</summary>
    private const int Side = 6;
    private const double West = -74.1;
    private const double South = 40.55;
    private const double Step = 0.06;

    private static readonly int[] s_positions = [60, 200, 600, 2_000];

    /// <summary>Creates it unless it exists.</summary>
    /// <returns>Its connection string.</returns>
    public static async Task<string> EnsureAsync(string server)
    {
        string database = await ScaleDatabase.EnsureAsync(server, Requests);
        await ScaleDatabase.ImportBoundariesAsync(database, "drawn", Districts());
        return database;
    }

    private static string Districts()
    {
        var features = new JsonArray();
        for (int i = 0; i < Side * Side; i++)
        {
            JsonObject outline = CostShapes.Polygon(
                West + i % Side * Step, South + i / Side * Step, Step / 2, s_positions[i % s_positions.Length]);
            features.Add(
                (JsonNode)
                    new JsonObject
                    {
                        ["type"] = "Feature",
                        ["properties"] = new JsonObject { ["name"] = $"District {i + 1}" },
                        ["geometry"] = outline,
                    }
            );
        }

        return JsonSerializer.Serialize(new JsonObject { ["type"] = "FeatureCollection", ["features"] = features });
    }
}
