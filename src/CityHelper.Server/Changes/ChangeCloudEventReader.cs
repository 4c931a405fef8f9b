using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using CityHelper.Data.Changes;
using CityHelper.Data.Model;
using CityHelper.Engine;
using NetTopologySuite.Geometries;

namespace CityHelper.Server.Changes;

/// <summary>Reads what <see cref="ChangeCloudEvents"/> wrote. Whoever may write to Redis may have written something else.</summary>
internal static class ChangeCloudEventReader
{
    private static readonly JsonSerializerOptions s_options = new() { MaxDepth = Limits.EventDepthMax, RespectNullableAnnotations = true };

    private static readonly Dictionary<string, ChangeKind> s_kinds =
        Enum.GetValues<ChangeKind>().ToDictionary(ChangeCloudEvents.TypeOf, StringComparer.Ordinal);

    private static readonly Dictionary<string, ServiceRequestStatus> s_statuses = Enum.GetValues<ServiceRequestStatus>()
        .ToDictionary(status => StatusLabels.Translator.TranslateMemberName(status.ToString()), StringComparer.Ordinal);

    /// <summary>Reads an event of a city.</summary>
    /// <param name="json">The event in UTF-8; as bytes, because text that is no UTF-8 is no event either.</param>
    /// <param name="cityId">The city.</param>
    /// <returns>Null when the text is no event of this city, for whatever reason.</returns>
    public static ChangeEvent? Parse(ReadOnlySpan<byte> json, short cityId)
    {
        if (json.Length > Limits.EventBytesMax)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<Envelope>(json, s_options) is { } envelope ? Read(envelope, cityId) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static ChangeEvent? Read(Envelope envelope, short cityId)
    {
        Content data = envelope.Data;
        if (!Guid.TryParseExact(envelope.Id, "D", out Guid eventId)
            || !s_kinds.TryGetValue(envelope.Type, out ChangeKind kind)
            || Time(envelope.Time) is not { } recordedAt
            || Time(data.NumberedAt) is not { } numberedAt
            || data.Epoch < 1
            || data.N < 1
            || (envelope.Subject is not null && RowOf(envelope.Subject, nameof(ServiceRequest), cityId) is null)
            || !TryRead(data.Before, cityId, out ChangedRequest? before)
            || !TryRead(data.After, cityId, out ChangedRequest? after)
            || Cells(data.Cells) is not { } cells)
        {
            return null;
        }

        return new(cityId, data.N, data.Epoch, eventId, kind)
        {
            IsUrgent = data.Urgent,
            Cause = data.Cause,
            RecordedAt = recordedAt,
            NumberedAt = numberedAt,
            ServiceRequestId = envelope.Subject is null ? null : RowOf(envelope.Subject, nameof(ServiceRequest), cityId),
            Version = data.Version,
            Before = before,
            After = after,
            Cells = cells,
            IsAll = data.All ?? false,
        };
    }

    private static bool TryRead(State? state, short cityId, out ChangedRequest? request)
    {
        request = null;
        if (state is null)
        {
            return true;
        }

        if (!s_statuses.TryGetValue(state.Status, out ServiceRequestStatus status)
            || KeyOf(state.Category, nameof(Category), cityId) is not { } category
            || (state.Agency is not null && KeyOf(state.Agency, nameof(Agency), cityId) is null)
            || (state.Location is not null && PointOf(state.Location) is null))
        {
            return false;
        }

        request = new(
            status,
            category,
            state.Agency is null ? null : KeyOf(state.Agency, nameof(Agency), cityId),
            state.Location is null ? null : PointOf(state.Location));
        return true;
    }

    private static List<long>? Cells(string?[]? names)
    {
        if (names?.Length > Data.Limits.EventCellsMax)
        {
            return null;
        }

        var cells = new List<long>();
        foreach (string? name in names ?? [])
        {
            if (CellNames.Parse(name) is not { } cell)
            {
                return null;
            }

            cells.Add(cell);
        }

        return cells;
    }

    private static DateTime? Time(string text) => DateTime.TryParseExact(
        text,
        ChangeCloudEvents.TimeFormat,
        CultureInfo.InvariantCulture,
        DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
        out DateTime time) ? time : null;

    private static Point? PointOf(double[] location) => location is [>= -180 and <= 180, >= -90 and <= 90]
        ? new Point(location[0], location[1]) { SRID = Wgs84.Srid }
        : null;

    private static int? KeyOf(string id, string type, short cityId) =>
        RowOf(id, type, cityId) is { } row and >= int.MinValue and <= int.MaxValue ? (int)row : null;

    private static long? RowOf(string id, string type, short cityId) =>
        GlobalId.Parse(id) is { } parsed && parsed.Type == type && parsed.Tenant == cityId ? parsed.Row : null;

    private sealed record Envelope(
        [property: JsonPropertyName("id"), JsonRequired] string Id,
        [property: JsonPropertyName("type"), JsonRequired] string Type,
        [property: JsonPropertyName("time"), JsonRequired] string Time,
        [property: JsonPropertyName("data"), JsonRequired] Content Data,
        [property: JsonPropertyName("subject")] string? Subject = null);

    private sealed record Content(
        [property: JsonPropertyName("epoch"), JsonRequired] int Epoch,
        [property: JsonPropertyName("n"), JsonRequired] long N,
        [property: JsonPropertyName("numberedAt"), JsonRequired] string NumberedAt,
        [property: JsonPropertyName("cause"), JsonRequired] string Cause,
        [property: JsonPropertyName("urgent"), JsonRequired] bool Urgent,
        [property: JsonPropertyName("version")] int? Version = null,
        [property: JsonPropertyName("before")] State? Before = null,
        [property: JsonPropertyName("after")] State? After = null,
        [property: JsonPropertyName("all")] bool? All = null,
        [property: JsonPropertyName("cells")] string?[]? Cells = null);

    private sealed record State(
        [property: JsonPropertyName("status"), JsonRequired] string Status,
        [property: JsonPropertyName("category"), JsonRequired] string Category,
        [property: JsonPropertyName("agency")] string? Agency = null,
        [property: JsonPropertyName("location")] double[]? Location = null);
}
