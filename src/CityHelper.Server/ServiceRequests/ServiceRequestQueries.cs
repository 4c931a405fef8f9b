using System.Collections.Immutable;
using CityHelper.Data.Model;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Server.Boundaries;
using CityHelper.Server.Cities;
using GraphQL.Types;

namespace CityHelper.Server.ServiceRequests;

/// <summary>
/// <c>Query.serviceRequest</c>, <c>Query.serviceRequests</c>, and the lists of requests, categories, agencies and updates nested in other
/// types.
/// </summary>
internal static class ServiceRequestQueries
{
    /// <summary>The freshness that the platform promises at the edge: a minute, and half a minute more while it revalidates.</summary>
    public const int MaxAgeSeconds = 60;

    public const int StaleWhileRevalidateSeconds = 30;

    /// <summary>The zooms of the grid's cells: 12 for districts, 14 for a neighbourhood, 16 for a street corner.</summary>
    public static readonly ImmutableArray<int> Zooms = [12, 14, 16];

    /// <summary>The cells of requests.</summary>
    internal static GridColumns Grid(IAreaDirectory areas) =>
        new("location", [.. Zooms.Select(zoom => (zoom, $"cell_{zoom}"))], ["status", "category_id", "agency_id"]) { Areas = areas };

    private static readonly ExternalKey s_externalKey = new(
        "externalId", "external_id", "service_request_external_id", "external_id", "service_request_id");

    public static void AddTo(QueryFields query, ITenantDirectory cities, ITenantCalendars calendars, IAreaDirectory areas)
    {
        TenantArgument city = new TenantArgument("city", cities);
        ConnectionRows requests = query.Connections.Rows(Requests(query, areas), typeof(ServiceRequestType));
        query.RowOfTenant<ServiceRequest>(
            "serviceRequest",
            typeof(ServiceRequestType),
            city,
            CityQueries.CityDescription,
            s_externalKey,
            "One request, null when the city has none of that key.")
            .CacheFor(MaxAgeSeconds, StaleWhileRevalidateSeconds);
        query.Connection("serviceRequests", requests, city, CityQueries.CityDescription, "The requests of a city.")
            .CacheFor(MaxAgeSeconds, StaleWhileRevalidateSeconds);
        query.Nearby(
            "nearbyServiceRequests",
            requests,
            city,
            CityQueries.CityDescription,
            "The requests of a city around a position, nearest first; those at the same distance newest first.")
            .CacheFor(MaxAgeSeconds, StaleWhileRevalidateSeconds);
        AddLists(query, requests);
        AggregateFields aggregates = ServiceRequestAggregates.AddTo(
            query.Query, query.TypeOf<CityType>(), requests, city, CityQueries.CityDescription, calendars);
        Cached(query.Connections.OfArea(typeof(BoundaryType), "serviceRequests", requests, "The requests within it."));
        Cached(aggregates.OfArea(query.TypeOf<BoundaryType>(), "stats", "Figures of the requests within it."));
        PossibleDuplicates.AddTo(query, requests, city, CityQueries.CityDescription);
    }

    private static void AddLists(QueryFields query, ConnectionRows requests)
    {
        ConnectionFields lists = query.Connections;
        ConnectionRows categories = lists.Rows(query.Access<Category>() with { IsSmall = true }, typeof(CategoryType));
        ConnectionRows agencies = lists.Rows(query.Access<Agency>() with { IsSmall = true }, typeof(AgencyType));
        CreationTime created = query.Created<StatusUpdate>(nameof(StatusUpdate.CreatedAt), RequestId.FloorOfMs);
        ConnectionRows updates = lists.Rows(
            query.Access<StatusUpdate>() with { Created = created }, typeof(StatusUpdateType), oldestFirst: true);

        lists.OfTenant(typeof(CityType), "categories", categories, "What the city's requests are about.");
        lists.OfTenant(typeof(CityType), "agencies", agencies, "The departments that answer the city's requests.");
        Cached(lists.OfTenant(typeof(CityType), "serviceRequests", requests, "The requests of the city."));
        Cached(lists.Nested<ServiceRequest>(
            typeof(CategoryType), "serviceRequests", requests, nameof(ServiceRequest.CategoryId), "The requests of the category."));
        Cached(lists.Nested<ServiceRequest>(
            typeof(AgencyType), "serviceRequests", requests, nameof(ServiceRequest.AgencyId), "The requests that the agency answers."));
        Cached(lists.Nested<StatusUpdate>(
            typeof(ServiceRequestType),
            "history",
            updates,
            nameof(StatusUpdate.ServiceRequestId),
            "All changes of its status, for histories that `updates` is too short for."));
    }

    // Requests are cached for a shorter time than a city's own fields.
    private static void Cached(FieldType field) => field.CacheFor(MaxAgeSeconds, StaleWhileRevalidateSeconds);

    // Describes the indexes of 0001_service_requests.sql and 0003_filters_and_orders.sql.
    private static RowAccess Requests(QueryFields query, IAreaDirectory areas) => query.Access<ServiceRequest>() with
    {
        Created = query.Created<ServiceRequest>(nameof(ServiceRequest.CreatedAt), RequestId.FloorOfMs),
        Grid = Grid(areas),
        Values =
        [
            new ValueIndex("status", ["category_id", "agency_id", "location"]),
            new ValueIndex("category_id", ["status", "agency_id", "location"]),
            new ValueIndex("agency_id", ["status", "category_id"]),
        ],
        Ordered = new OrderIndex("updated_at", ["status", "category_id", "agency_id"]),
        External = s_externalKey,
    };
}
