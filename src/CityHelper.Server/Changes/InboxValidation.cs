using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using StackExchange.Redis;

namespace CityHelper.Server.Changes;

/// <summary>
/// Decides what an inbox entry is. The signature comes before the content: nothing that a stranger wrote is read any further.
/// </summary>
/// <param name="settings">The services and their keys.</param>
/// <param name="time">The clock against which the entries' times are held.</param>
internal sealed class InboxValidation(InboxSettings settings, TimeProvider time)
{
    /// <summary>The fields of an entry.</summary>
    public const string Source = "source";

    public const string EventId = "event_id";

    public const string Time = "time";

    public const string Cells = "cells";

    public const string Signature = "signature";

    /// <summary>The value of <see cref="Cells"/> that stands for the whole city.</summary>
    public const string All = "all";

    private const char CellSeparator = ' ';

    private static readonly string[] s_fields = [Source, EventId, Time, Cells, Signature];

    // RFC 3339 in UTC, with up to microseconds.
    private static readonly string[] s_timeFormats =
        ["yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", ChangeCloudEvents.TimeFormat];

    private readonly Dictionary<string, byte[]> _keys = settings.ByName.ToDictionary(
        source => source.Key, source => InboxSettings.KeyOf(source.Value.Key)!, StringComparer.Ordinal);

    /// <summary>Validates an entry.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="cityId">The city of the stream.</param>
    /// <param name="slug">Its slug.</param>
    /// <returns>Either what it announces, or why it is refused.</returns>
    public (InboxAnnouncement? Announcement, InboxRefusal? Refusal) Validate(InboxEntry entry, short cityId, string slug)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (NameValueEntry field in entry.Fields)
        {
            if ((string?)field.Name is not { } name || !s_fields.Contains(name) || !values.TryAdd(name, (string?)field.Value ?? ""))
            {
                return (null, InboxRefusal.Malformed);
            }
        }

        if (!values.TryGetValue(Source, out string? source)
            || !values.TryGetValue(EventId, out string? eventId)
            || !values.TryGetValue(Time, out string? sentAt)
            || !values.TryGetValue(Cells, out string? cells))
        {
            return (null, InboxRefusal.Malformed);
        }

        if (values.GetValueOrDefault(Signature) is not { Length: > 0 } signature)
        {
            return (null, InboxRefusal.Unsigned);
        }

        if (!_keys.TryGetValue(source, out byte[]? key))
        {
            return (null, InboxRefusal.UnknownSource);
        }

        if (!IsSame(signature, InboxSignature.Of(key, cityId, source, eventId, sentAt, cells)))
        {
            return (null, InboxRefusal.WrongSignature);
        }

        if (settings.ByName[source].Cities is { Length: > 0 } allowed && !allowed.Contains(slug, StringComparer.Ordinal))
        {
            return (null, InboxRefusal.UnknownCity);
        }

        if (!Guid.TryParseExact(eventId, "D", out Guid id) || TimeOf(sentAt) is not { } at || !TryCells(cells, out long[]? packed))
        {
            return (null, InboxRefusal.Malformed);
        }

        TimeSpan age = time.GetUtcNow() - at;
        return age > Limits.InboxAgeMax ? (null, InboxRefusal.TooOld)
            : age < -Limits.InboxAheadMax ? (null, InboxRefusal.InFuture)
            : (new(source, id, packed), null);
    }

    // In constant time: how long a wrong one takes must not tell how much of it is right.
    private static bool IsSame(string signature, string expected) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(signature), Encoding.UTF8.GetBytes(expected));

    private static DateTimeOffset? TimeOf(string text) => DateTimeOffset.TryParseExact(
        text, s_timeFormats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset at) ? at : null;

    private static bool TryCells(string text, out long[]? cells)
    {
        cells = null;
        if (text == All)
        {
            return true;
        }

        string[] names = text.Split(CellSeparator);
        if (names.Length > Data.Limits.EventCellsMax)
        {
            return false;
        }

        long?[] packed = [.. names.Select(CellNames.Parse)];
        if (packed.Any(cell => cell is null || cell >> (2 * CellNames.AxisBits) != CellNames.EventZoom))
        {
            return false;
        }

        cells = [.. packed.Select(cell => cell!.Value).Distinct().Order()];
        return true;
    }
}
