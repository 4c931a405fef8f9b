using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using GraphQL.Types;

namespace CityHelper.Server.ServiceRequests;

/// <summary><c>Query.serviceRequestStats</c>, <c>Query.serviceRequestClusters</c> and <c>City.stats</c>.</summary>
internal static class ServiceRequestFigures
{
    private static readonly CountDimension s_category = new("category", "category_id");

    private static readonly CounterTables s_counters = new(
        "service_request_count", "service_request_closing_count", "service_request_delta", CoarseZoom: 14, FineZoom: 16,
        new AreaCounterTables("service_request_boundary_month", "service_request_boundary_count", "boundary_id"),
        new PackTable("service_request_pack", SliceShift: 53, "public.pack_slices", "public.pack_status", PackedStatuses.Labels));

    /// <summary>Declares the fields, and returns what other features hang on their own types.</summary>
    public static FigureFields AddTo(
        IObjectGraphType query, IObjectGraphType cityType, ConnectionRows requests, PartitionArgument city, string cityDescription, IPartitionCalendars calendars)
    {
        var counted = new CountedRows(
            requests,
            [new CountDimension("status", "status"), s_category, new CountDimension("agency", "agency_id")],
            new DoneColumns("status", OpenStatuses.Labels, "due_at", "closed_at"),
            s_counters,
            calendars);
        var figures = new FigureFields(counted, "ServiceRequestStats", "ServiceRequestCluster", s_category);
        Cached(figures.OfQuery(query, "serviceRequestStats", city, cityDescription, "Figures of a city's requests, or of those in an area."));
        Cached(figures.ClustersOfQuery(
            query, "serviceRequestClusters", city, cityDescription, "The requests of a map by its cells, for heat maps and for maps that show too many to show each."));
        Cached(figures.OfPartition(cityType, "stats", "Figures of the city's requests."));
        return figures;
    }

    private static void Cached(FieldType field) => field.CacheFor(ServiceRequestQueries.MaxAgeSeconds, ServiceRequestQueries.StaleWhileRevalidateSeconds);
}
