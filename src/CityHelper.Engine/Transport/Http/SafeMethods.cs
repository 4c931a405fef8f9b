using Microsoft.AspNetCore.Http;

namespace CityHelper.Engine.Transport.Http;

/// <summary>
/// GET and HEAD only read: a link, a prefetching browser or a cache sends them without anybody's will (RFC 9110, 9.2.1), and another site
/// may have them sent (CSRF).
/// </summary>
internal static class SafeMethods
{
    public static bool Includes(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method);
}
