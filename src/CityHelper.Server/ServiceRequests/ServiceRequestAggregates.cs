using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using GraphQL.Types;

namespace CityHelper.Server.ServiceRequests;

/// <summary><c>Query.serviceRequestStats</c>, <c>Query.serviceRequestClusters</c> and <c>City.stats</c>.</summary>
internal static class ServiceRequestAggregates
{
    private static readonly CountDimension s_category = new("category", "category_id");

    private static readonly CounterTables s_counters = new(
        "service_request_count", "service_request_closing_count", "service_request_delta", CoarseZoom: 14, FineZoom: 16,
        new AreaCounterTables("service_request_boundary_month", "service_request_boundary_count", "boundary_id"),
        new BlockTable("service_request_pack", BucketShift: 53, "public.pack_slices", "public.pack_status", PackedStatuses.Labels));

    /// <summary>Declares the fields, and returns what other features add to their own types.</summary>
    public static AggregateFields AddTo(
        IObjectGraphType query,
        IObjectGraphType cityType,
        ConnectionRows requests,
        TenantArgument city,
        string cityDescription,
        ITenantCalendars calendars)
    {
        var counted = new CountedRows(
            requests,
            [new CountDimension("status", "status"), s_category, new CountDimension("agency", "agency_id")],
            new DoneColumns("status", OpenStatuses.Labels, "due_at", "closed_at"),
            s_counters,
            calendars);
        AggregateFields aggregates = new AggregateFields(counted, "ServiceRequestStats", "ServiceRequestCluster", s_category);
        Cached(aggregates.OfQuery(
            query, "serviceRequestStats", city, cityDescription, "Figures of a city's requests, or of those in an area."));
        Cached(aggregates.ClustersOfQuery(
            query,
            "serviceRequestClusters",
            city,
            cityDescription,
            "The requests of a map by its cells, for heat maps and for maps that show too many to show each."));
        Cached(aggregates.OfTenant(cityType, "stats", "Figures of the city's requests."));
        return aggregates;
    }

    private static void Cached(FieldType field) =>
        field.CacheFor(ServiceRequestQueries.MaxAgeSeconds, ServiceRequestQueries.StaleWhileRevalidateSeconds);
}
