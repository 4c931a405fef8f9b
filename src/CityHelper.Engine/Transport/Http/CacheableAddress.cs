using Microsoft.AspNetCore.Http;

namespace CityHelper.Engine.Transport.Http;

/// <summary>
/// Where caches between here and a client may answer instead of this server: a published operation by id and name, read. They look at host,
/// path and query, and at no header that says who asks, so neither may what is answered there depend on one.
/// </summary>
public static class CacheableAddress
{
    /// <summary>Whether a request is sent there. Every spelling of the address counts, since a cache may take two for one.</summary>
    public static bool Includes(HttpRequest request) =>
        SafeMethods.Includes(request.Method) && request.RouteValues.ContainsKey(RequestReader.NameRouteValue);
}
