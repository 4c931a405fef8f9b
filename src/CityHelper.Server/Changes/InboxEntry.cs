using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using StackExchange.Redis;

namespace CityHelper.Server.Changes;

/// <summary>An entry of an inbox as it was sent.</summary>
/// <param name="Id">Its id in the stream.</param>
/// <param name="Fields">Its fields: whatever was written, of bounded length.</param>
internal sealed record InboxEntry(string Id, IReadOnlyList<NameValueEntry> Fields);

/// <summary>What an entry of an inbox announces, once it is known to be a service's own.</summary>
/// <param name="Source">The service.</param>
/// <param name="EventId">The id of the event.</param>
/// <param name="Cells">The packed cells of zoom 14; null for everything.</param>
internal sealed record InboxAnnouncement(string Source, Guid EventId, long[]? Cells)
{
    private const byte Version8 = 0x80;

    private const byte Variant = 0x80;

    /// <summary>
    /// The id of the second announcement: a UUID of version 8 made of the first, so that it is the same whoever announces again, and the
    /// unique id drops all but one.
    /// </summary>
    public Guid SecondEventId
    {
        get
        {
            byte[] hash = SHA256.HashData(EventId.ToByteArray(bigEndian: true));
            hash[6] = (byte)((hash[6] & 0x0F) | Version8);
            hash[8] = (byte)((hash[8] & 0x3F) | Variant);
            return new Guid(hash.AsSpan(0, 16), bigEndian: true);
        }
    }
}

/// <summary>Why an entry is refused. The names are the reasons in the dead-letter stream, in lower case and with dashes.</summary>
internal enum InboxRefusal
{
    /// <summary>A field is missing, there twice, unknown or unreadable.</summary>
    Malformed,

    /// <summary>There is no signature.</summary>
    Unsigned,

    /// <summary>No service of this name has a key here.</summary>
    UnknownSource,

    /// <summary>The signature is not that of the service's key over this city and these fields.</summary>
    WrongSignature,

    /// <summary>The service may not announce changes of this city.</summary>
    UnknownCity,

    /// <summary>Its time is too long ago: it may be an old entry that is sent again.</summary>
    TooOld,

    /// <summary>Its time is yet to come.</summary>
    InFuture,
}

/// <summary>The signature of an inbox entry. docs/events.md tells it with examples.</summary>
internal static class InboxSignature
{
    /// <summary>The first line of what is signed: a signature made for another purpose, or version, is none here.</summary>
    private const string Purpose = "cityhelper-inbox-1";

    /// <summary>
    /// HMAC-SHA-256 over six lines, joined by line feeds: the purpose, the city's id, and the four fields as they are sent.
    /// </summary>
    /// <returns>64 characters of lower-case hex.</returns>
    public static string Of(byte[] key, short cityId, string source, string eventId, string time, string cells)
    {
        string city = cityId.ToString(CultureInfo.InvariantCulture);
        byte[] text = Encoding.UTF8.GetBytes(string.Join('\n', Purpose, city, source, eventId, time, cells));
        return Convert.ToHexStringLower(HMACSHA256.HashData(key, text));
    }
}
