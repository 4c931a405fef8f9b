using CityHelper.Engine.Clients;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace CityHelper.Engine.Transport.WebSockets;

/// <summary>
/// Which pages may open a WebSocket. Browsers let any page open one, with whatever identifies their user to the host, and no preflight asks
/// before (cross-site WebSocket hijacking). They do say which page it is; other clients need not, and could say anything.
/// </summary>
internal static class SocketOrigin
{
    private const int HttpPort = 80;
    private const int HttpsPort = 443;

    /// <summary>Whether the page of a request may not. <c>null</c> stands for pages that hide where they are from: they may not.</summary>
    public static bool IsRefused(HttpRequest request, IClientDirectory clients)
    {
        StringValues origin = request.Headers.Origin;
        return origin.Count > 0 && !(origin is [{ } sent] && (IsOwn(sent, request.Host) || clients.AllowsOrigin(sent)));
    }

    /// <summary>
    /// Whether an origin is the host's own: its host and its port are those of the request. The scheme is not compared: behind a proxy that
    /// ends TLS, the page's is <c>https</c> and the request's is <c>http</c>. Neither names the port that its scheme has anyway.
    /// </summary>
    public static bool IsOwn(string origin, HostString host) =>
        Uri.TryCreate(origin, UriKind.Absolute, out Uri? page)
        && (page.Scheme == Uri.UriSchemeHttps || page.Scheme == Uri.UriSchemeHttp)
        && IsSame(page, host.Host)
        && page.Port == (host.Port ?? (page.Scheme == Uri.UriSchemeHttps ? HttpsPort : HttpPort));

    // Browsers send names in Punycode, and the request's host is decoded to Unicode.
    private static bool IsSame(Uri page, string host) =>
        page.Host.Equals(host, StringComparison.OrdinalIgnoreCase)
        || page.IdnHost.Equals(new HostString(host).ToUriComponent(), StringComparison.OrdinalIgnoreCase);
}
