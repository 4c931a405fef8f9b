using CityHelper.Data.Model;
using CityHelper.Engine.Bindings;
using CityHelper.Engine.Types;

namespace CityHelper.Server.ServiceRequests;

/// <summary><c>Query.serviceRequest</c> and <c>Query.serviceRequests</c>.</summary>
internal static class ServiceRequestQueries
{
    /// <summary>The freshness that the platform promises at the edge: a minute, and half a minute while it asks again.</summary>
    private const int MaxAgeSeconds = 60;

    private const int StaleWhileRevalidateSeconds = 30;

    private const string CityDescription = "The city's slug, such as `nyc`.";

    /// <summary>Zoom 12 for districts, 14 for a neighbourhood, 16 for a street corner.</summary>
    private static readonly GridColumns s_grid = new(
        "location", [(12, "cell_12"), (14, "cell_14"), (16, "cell_16")], ["status", "category_id"]);

    private static readonly ExternalKey s_externalKey = new(
        "externalId", "service_request_external_id", "external_id", "service_request_id");

    public static void AddTo(QueryFields query, IPartitionDirectory cities)
    {
        var city = new PartitionArgument("city", cities);
        query.RowOfPartition<ServiceRequest>(
                "serviceRequest", typeof(ServiceRequestType), city, CityDescription, s_externalKey, "One request, null when the city has none of that key.")
            .CacheFor(MaxAgeSeconds, StaleWhileRevalidateSeconds);
        query.Connection<ServiceRequest>(
                "serviceRequests", typeof(ServiceRequestType), city, CityDescription, s_grid, r => r.CreatedAt, RequestId.Floor, "The requests of a city, newest first.")
            .CacheFor(MaxAgeSeconds, StaleWhileRevalidateSeconds);
    }
}
