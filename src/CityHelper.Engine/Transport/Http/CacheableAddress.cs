using Microsoft.AspNetCore.Http;

namespace CityHelper.Engine.Transport.Http;

/// <summary>
/// The addresses that caches between server and client may serve: GET or HEAD of a published operation by id and name. Caches key on host,
/// path and query, and on no header that identifies the client, so the response must not depend on one either.
/// </summary>
public static class CacheableAddress
{
    /// <summary>Whether a request is sent to such an address. Every spelling counts, since a cache may treat two as one.</summary>
    public static bool Includes(HttpRequest request) =>
        SafeMethods.Includes(request.Method) && request.RouteValues.ContainsKey(RequestReader.NameRouteValue);
}
