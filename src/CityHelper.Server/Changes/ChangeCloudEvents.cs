using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using CityHelper.Data.Changes;
using CityHelper.Data.Model;
using CityHelper.Engine;

namespace CityHelper.Server.Changes;

/// <summary>
/// Events of the change log as CloudEvents 1.0 in JSON (https://cloudevents.io, JSON event format), with the extension <c>sequence</c>.
/// docs/events.md describes them, and <see cref="ChangeCloudEventReader"/> reads them.
/// </summary>
/// <remarks>
/// An event has at most <see cref="Limits.EventBytesMax"/> bytes: services may announce any number of cells, and give any cause. Cells that
/// are too many, or are no cells, become <c>all</c>, which says more and nothing wrong.
/// </remarks>
internal static class ChangeCloudEvents
{
    /// <summary>The beginning of every type.</summary>
    public const string TypePrefix = "org.cityhelper.";

    /// <summary>The format of times: UTC, with the microseconds of PostgreSQL. All have one length, so they compare as texts do.</summary>
    public const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";

    // Sequences are compared as text, so they all have the length of the largest number.
    private const int EpochDigits = 10;

    private const int NumberDigits = 19;

    // A global id may end with a plus sign or an equals sign, which the default would escape.
    private static readonly JsonSerializerOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The event as one line of JSON.</summary>
    /// <param name="change">The event.</param>
    /// <param name="city">The city's slug; null for what belongs to no city.</param>
    public static string ToJson(ChangeEvent change, string? city)
    {
        var json = new JsonObject
        {
            ["specversion"] = "1.0",
            ["id"] = change.EventId.ToString(),
            ["source"] = city is null ? "/" : $"/cities/{city}",
            ["type"] = TypeOf(change.Kind),
            ["time"] = Time(change.RecordedAt),
            ["sequence"] = Sequence(change),
        };
        if (change.ServiceRequestId is { } id)
        {
            json["subject"] = new GlobalId(nameof(ServiceRequest), change.CityId, id).ToString();
        }

        json["datacontenttype"] = "application/json";
        json["data"] = DataOf(change);
        return json.ToJsonString(s_options);
    }

    /// <summary>The type of an event, such as <c>org.cityhelper.request</c>.</summary>
    public static string TypeOf(ChangeKind kind) => TypePrefix + kind.ToString().ToLowerInvariant();

    /// <summary>The place of an event, so that places compare as texts do.</summary>
    private static string Sequence(ChangeEvent change) => Padded(change.Epoch, EpochDigits) + "-" + Padded(change.Number, NumberDigits);

    /// <summary>A time in <see cref="TimeFormat"/>.</summary>
    public static string Time(DateTime utc) => utc.ToString(TimeFormat, CultureInfo.InvariantCulture);

    private static string Padded(long number, int digits) => number.ToString(CultureInfo.InvariantCulture).PadLeft(digits, '0');

    private static JsonObject DataOf(ChangeEvent change)
    {
        var data = new JsonObject
        {
            ["epoch"] = change.Epoch,
            ["n"] = change.Number,
            ["numberedAt"] = Time(change.NumberedAt),
            ["cause"] = Cut(change.Cause),
            ["urgent"] = change.IsUrgent,
        };
        if (change.Version is { } version)
        {
            data["version"] = version;
        }

        if (change.Before is { } before)
        {
            data["before"] = Request(change.CityId, before);
        }

        if (change.After is { } after)
        {
            data["after"] = Request(change.CityId, after);
        }

        bool isNamed = change.Cells.Count <= Data.Limits.EventCellsMax && change.Cells.All(CellNames.IsCell);
        if (change.ServiceRequestId is null || change.IsAll || !isNamed)
        {
            data["all"] = change.IsAll || !isNamed;
        }

        if (change.ServiceRequestId is null || change.Cells.Count > 0)
        {
            // Packed cells do not fit the numbers of JavaScript.
            IReadOnlyList<long> cells = isNamed ? change.Cells : [];
            data["cells"] = new JsonArray([.. cells.Select(cell => (JsonNode)CellNames.Of(cell))]);
        }

        return data;
    }

    private static JsonObject Request(short city, ChangedRequest request)
    {
        var json = new JsonObject
        {
            ["status"] = StatusLabels.Translator.TranslateMemberName(request.Status.ToString()),
            ["category"] = new GlobalId(nameof(Category), city, request.CategoryId).ToString(),
            ["agency"] = request.AgencyId is { } agency ? new GlobalId(nameof(Agency), city, agency).ToString() : null,
            ["location"] = request.Location is { } point ? new JsonArray(point.X, point.Y) : null,
        };
        return json;
    }

    private static string Cut(string cause)
    {
        int end = Math.Min(cause.Length, Limits.EventCauseCharsMax);
        return end > 0 && char.IsHighSurrogate(cause[end - 1]) ? cause[..(end - 1)] : cause[..end];
    }
}
