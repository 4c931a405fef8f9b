using CityHelper.Data.Model;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Server.Boundaries;

namespace CityHelper.Server.ServiceRequests;

/// <summary><c>ServiceRequest</c>.</summary>
public sealed class ServiceRequestType : EntityType<ServiceRequest>
{
    public ServiceRequestType(DatabaseModel database)
        : base(database)
    {
        Description = "A resident's request for service, such as a pothole or a broken street light.";
        GlobalId("The request's global id.");
        Column(r => r.ExternalId, "The key that the source system gave, unique within the city; null for requests made here.");
        Column(r => r.Title, "What it is about in a few words, more precise than the category.");
        Column(r => r.Description, "What the resident wrote.");
        Column(r => r.Status, "Where the request stands.").Sortable();
        Column(r => r.SourceStatus, "The status in the source system's own words.");
        Reference(r => r.Category, typeof(CategoryType), "What it is about.").Sortable();
        Reference(r => r.Agency, typeof(AgencyType), "The agency that answers it.");
        Column(r => r.Address, "Street address or intersection.");
        Column(r => r.PostalCode, "Postal code, as text: leading zeros count.");
        Column(r => r.District, "The district in the source system's own words.");
        Computed<int>(
            "version", "Rises by one with each change: send it with a mutation that must not overwrite a change that you have not seen.",
            row => $"{row}.version", nameof(ServiceRequest.Version));
        Computed<DateTime>(
            "redactedAt", "When its texts, address and location were removed for good; null when they were not.",
            row => $"{row}.redacted_at", nameof(ServiceRequest.RedactedAt));
        RowByKey<ServiceRequest>(
            "duplicateOf", r => r.DuplicateOf, typeof(ServiceRequestType),
            "The request that tells the same and stays; null when this is no duplicate. It is never a duplicate itself.");
        Column(r => r.Channel, "How the request came in, such as `PHONE` or `ONLINE`.");
        Geometry(r => r.Location, "Where it is; about one request in a hundred has no location.");
        Around<NetTopologySuite.Geometries.Point?, Boundary, NetTopologySuite.Geometries.MultiPolygon, BoundaryPart>(
            "boundaries",
            r => r.Location,
            b => b.Geometry,
            b => b.Parts,
            nameof(BoundaryPart.Geometry),
            [nameof(Boundary.Kind), nameof(Boundary.Name)],
            typeof(BoundaryType),
            "The districts, neighbourhoods and other areas of the city that it lies in, borders included; by kind and name. "
                + "None without a location.");
        Column(r => r.CreatedAt, "When the request was made.").Sortable();
        Column(r => r.UpdatedAt, "When it last changed.").Sortable();
        Column(r => r.DueAt, "When the agency means to be done.");
        Column(r => r.ClosedAt, "When it was closed.");
        Column(r => r.Resolution, "What was done, in the agency's words.");
        Children(r => r.Updates, typeof(StatusUpdateType), "The newest changes of its status, oldest of them first.");
    }
}
