using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace CityHelper.Engine;

/// <summary>
/// The server has no room for the request now: too much is being run, or too many bytes of answers wait for their readers. Nothing was kept
/// of it, so it may be sent again. Status 503 for every client, with <c>Retry-After</c> (RFC 9110, 15.6.4).
/// </summary>
public sealed class OverloadedError : RequestError
{
    /// <param name="retryAfterSeconds">Seconds after which it is worth trying again, at least one.</param>
    public OverloadedError(int retryAfterSeconds)
        : base($"The server is overloaded: try again in {retryAfterSeconds.ToString(CultureInfo.InvariantCulture)} s.", "OVERLOADED")
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(retryAfterSeconds, 1);
        RetryAfterSeconds = retryAfterSeconds;
        Status = StatusCodes.Status503ServiceUnavailable;
        Extensions = [new("retryAfterSeconds", retryAfterSeconds)];
    }
}
