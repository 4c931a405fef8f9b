using Microsoft.AspNetCore.Http;

namespace CityHelper.Engine.Transport.Http;

/// <summary>
/// GET and HEAD only read: links, prefetching browsers and caches send them without a user's intent (RFC 9110, 9.2.1), and another site may
/// cause them to be sent (CSRF).
/// </summary>
internal static class SafeMethods
{
    public static bool Includes(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method);
}
