using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace CityHelper.Engine;

/// <summary>
/// The server is overloaded: it runs too much, or too many bytes of responses wait for their readers. Nothing of the request was kept, so
/// the client may retry. The status is 503 for every client, with <c>Retry-After</c> (RFC 9110, 15.6.4).
/// </summary>
public sealed class OverloadedError : RequestError
{
    /// <param name="retryAfterSeconds">Seconds after which the client may retry, at least one.</param>
    public OverloadedError(int retryAfterSeconds)
        : base($"The server is overloaded: try again in {retryAfterSeconds.ToString(CultureInfo.InvariantCulture)} s.", "OVERLOADED")
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(retryAfterSeconds, 1);
        RetryAfterSeconds = retryAfterSeconds;
        Status = StatusCodes.Status503ServiceUnavailable;
        Extensions = [new("retryAfterSeconds", retryAfterSeconds)];
    }
}
