using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace CityHelper.Engine.Transport.WebSockets;

/// <summary>A WebSocket runs as many operations as it may.</summary>
public sealed class TooManyOperationsError : RequestError
{
    public TooManyOperationsError()
        : base(
            $"This socket runs {Limits.SocketOperationsMax.ToString(CultureInfo.InvariantCulture)} operations already: complete one first.",
            "TOO_MANY_OPERATIONS")
    {
    }
}

/// <summary>A page of another host opens a WebSocket. The status is 403, before the upgrade.</summary>
public sealed class OriginNotAllowedError : RequestError
{
    public OriginNotAllowedError()
        : base("Pages of this `Origin` may not open a WebSocket here: add it to the origins of a client.", "ORIGIN_NOT_ALLOWED") =>
        Status = StatusCodes.Status403Forbidden;
}
