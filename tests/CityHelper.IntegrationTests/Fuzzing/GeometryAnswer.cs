using System.Text.Json;
using CityHelper.IntegrationTests.Serving;

namespace CityHelper.IntegrationTests.Fuzzing;

/// <summary>Compares answers with geometries with the rows that plain PostGIS finds.</summary>
internal static class GeometryAnswer
{
    /// <summary>How an answer differs; null where it does not.</summary>
    /// <param name="fixture">The fixture.</param>
    /// <param name="target">The operation.</param>
    /// <param name="data">The answer's data.</param>
    /// <param name="keys">The keys of the rows, the newest first.</param>
    public static string? Difference(GeometryFixture fixture, GeoTarget target, JsonElement data, IReadOnlyList<long> keys)
    {
        switch (target)
        {
            case GeoTarget.Boundaries:
                JsonElement boundaries = data.GetProperty("boundaries");
                string[] due = [.. keys.Select(k => GeometryFixture.BoundaryId((int)k)).Order(StringComparer.Ordinal)];
                return Different(due, [.. Ids(boundaries).Order(StringComparer.Ordinal)])
                    ?? Different(keys.Count, boundaries.GetProperty("totalCount").GetInt32());
            case GeoTarget.ServiceRequestStats:
                return Different(keys.Count, data.GetProperty("serviceRequestStats").GetProperty("total").GetInt32());
            case GeoTarget.ServiceRequestClusters:
                return Different(
                    keys.Count, data.GetProperty("serviceRequestClusters").EnumerateArray().Sum(c => c.GetProperty("count").GetInt32()));
            case GeoTarget.NearbyServiceRequests:
                // The nearest first, which is another order; beyond a page only the count can be compared.
                JsonElement[] edges = [.. data.GetProperty("nearbyServiceRequests").GetProperty("edges").EnumerateArray()];
                string[] near = [.. edges.Select(e => e.GetProperty("node").GetProperty("id").GetString()!).Order(StringComparer.Ordinal)];
                return keys.Count > GeoQuestion.Page
                    ? Different(GeoQuestion.Page, near.Length)
                    : Different([.. keys.Select(GeometryFixture.RequestId).Order(StringComparer.Ordinal)], near);
            case GeoTarget.BoundaryDetail:
                JsonElement boundary = data.GetProperty("boundary");
                return Different(keys.Count, boundary.GetProperty("stats").GetProperty("total").GetInt32())
                    ?? DifferentPage(keys, boundary.GetProperty("serviceRequests"));
            case GeoTarget.CategoryOverview:
                return data.GetProperty("city")
                    .GetProperty("categories")
                    .GetProperty("nodes")
                    .EnumerateArray()
                    .Select(category =>
                        Different(
                            [
                                .. keys.Where(k =>
                                        RequestRows.CategoryCodes[fixture.Categories[k] - 1] == category.GetProperty("code").GetString())
                                    .Take(3)
                                    .Select(GeometryFixture.RequestId),
                            ],
                            [.. Ids(category.GetProperty("serviceRequests"))]))
                    .FirstOrDefault(difference => difference is not null);
            default:
                JsonElement requests = data.GetProperty("serviceRequests");
                return DifferentPage(keys, requests)
                    ?? (requests.TryGetProperty("totalCount", out JsonElement total) ? Different(keys.Count, total.GetInt32()) : null);
        }
    }

    private static string? DifferentPage(IReadOnlyList<long> keys, JsonElement connection) =>
        Different([.. keys.Take(GeoQuestion.Page).Select(GeometryFixture.RequestId)], [.. Ids(connection)]);

    private static string? Different(string[] expected, string[] got) => expected.SequenceEqual(got)
        ? null
        : $"rows differ: {expected.Length} expected, {got.Length} in the answer; missing "
            + $"{string.Join(' ', expected.Except(got).Take(5))}; not due {string.Join(' ', got.Except(expected).Take(5))}";

    private static string? Different(int expected, int got) =>
        expected == got ? null : $"the count differs: {expected} expected, {got} in the answer";

    private static IEnumerable<string> Ids(JsonElement connection) =>
        connection.GetProperty("nodes").EnumerateArray().Select(n => n.GetProperty("id").GetString()!);
}
