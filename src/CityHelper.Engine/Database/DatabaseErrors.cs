using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace CityHelper.Engine.Database;

/// <summary>
/// The operation outlived its limit in the database a moment ago and could not be stopped there; it is not run again for a while. Status
/// 503 for every client, with <c>Retry-After</c>.
/// </summary>
public sealed class OperationSuspendedError : RequestError
{
    /// <param name="retryAfterSeconds">Seconds until it is run again, at least one.</param>
    public OperationSuspendedError(int retryAfterSeconds)
        : base(
            $"An operation like this one took too long and could not be stopped: it is not run for {retryAfterSeconds.ToString(CultureInfo.InvariantCulture)} s. Ask for less: simpler geometries, a smaller area.",
            "OPERATION_SUSPENDED")
    {
        Status = StatusCodes.Status503ServiceUnavailable;
        RetryAfterSeconds = retryAfterSeconds;
        Extensions = [new("retryAfterSeconds", retryAfterSeconds)];
    }
}
