using System.Globalization;
using CityHelper.Data.Model;

namespace CityHelper.IntegrationTests.Oracle;

/// <summary>The values of rows' columns by the schema's names, and how answers write them.</summary>
internal static class OracleColumns
{
    /// <summary>The value of a column: a text, a status, a time, or null.</summary>
    public static object? Value(object row, string field) => field == "id" ? OracleRows.KeyOf(row) : row switch
    {
        ServiceRequest request => Value(request, field),
        StatusUpdate update => Value(update, field),
        Category category => field == "code" ? category.Code : field == "name" ? category.Name : throw Unknown(row, field),
        Agency agency => field == "code" ? agency.Code : field == "name" ? agency.Name : throw Unknown(row, field),
        Boundary boundary => field switch
        {
            "kind" => boundary.Kind,
            "code" => boundary.Code,
            "name" => boundary.Name,
            _ => throw Unknown(row, field),
        },
        City city => field switch
        {
            "slug" => city.Slug,
            "name" => city.Name,
            "timeZone" => city.TimeZone,
            _ => throw Unknown(row, field),
        },
        _ => throw Unknown(row, field),
    };

    /// <summary>The name of a status in the schema.</summary>
    public static string NameOf(ServiceRequestStatus status) => status switch
    {
        ServiceRequestStatus.Open => "OPEN",
        ServiceRequestStatus.Assigned => "ASSIGNED",
        ServiceRequestStatus.InProgress => "IN_PROGRESS",
        ServiceRequestStatus.Pending => "PENDING",
        ServiceRequestStatus.Resolved => "RESOLVED",
        ServiceRequestStatus.Closed => "CLOSED",
        ServiceRequestStatus.Cancelled => "CANCELLED",
        ServiceRequestStatus.Duplicate => "DUPLICATE",
        _ => throw new ArgumentOutOfRangeException(nameof(status)),
    };

    /// <summary>A time as answers write it.</summary>
    public static string TextOf(DateTime moment) => moment.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static object? Value(ServiceRequest request, string field) => field switch
    {
        "externalId" => request.ExternalId,
        "title" => request.Title,
        "description" => request.Description,
        "status" => request.Status,
        "sourceStatus" => request.SourceStatus,
        "address" => request.Address,
        "postalCode" => request.PostalCode,
        "district" => request.District,
        "channel" => request.Channel,
        "createdAt" => request.CreatedAt,
        "updatedAt" => request.UpdatedAt,
        "dueAt" => request.DueAt,
        "closedAt" => request.ClosedAt,
        "resolution" => request.Resolution,
        _ => throw Unknown(request, field),
    };

    private static object? Value(StatusUpdate update, string field) => field switch
    {
        "status" => update.Status,
        "sourceStatus" => update.SourceStatus,
        "note" => update.Note,
        "createdAt" => update.CreatedAt,
        _ => throw Unknown(update, field),
    };

    private static ArgumentException Unknown(object row, string field) => new($"The oracle knows no column {row.GetType().Name}.{field}.");
}
