using Microsoft.AspNetCore.Http;

namespace CityHelper.Engine.Subscriptions;

/// <summary>The server stops and takes no more subscriptions; others do. The status is 503, with <c>Retry-After</c>.</summary>
public sealed class ServerStopsError : RequestError
{
    public ServerStopsError()
        : base("The server stops: subscribe again, at another one.", "SERVER_STOPS")
    {
        RetryAfterSeconds = 1;
        Status = StatusCodes.Status503ServiceUnavailable;
    }
}
