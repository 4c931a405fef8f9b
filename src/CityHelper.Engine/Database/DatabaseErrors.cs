using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace CityHelper.Engine.Database;

/// <summary>
/// The operation recently outlived its time limit in the database and could not be stopped; it is suspended for a while. The status is 503
/// for every client, with <c>Retry-After</c>.
/// </summary>
public sealed class OperationSuspendedError : RequestError
{
    /// <param name="retryAfterSeconds">Seconds until it may run again, at least one.</param>
    public OperationSuspendedError(int retryAfterSeconds)
        : base(
            "An operation like this one took too long and could not be stopped: it is not run for "
                + $"{retryAfterSeconds.ToString(CultureInfo.InvariantCulture)} s. Ask for less: simpler geometries, a smaller area.",
            "OPERATION_SUSPENDED")
    {
        Status = StatusCodes.Status503ServiceUnavailable;
        RetryAfterSeconds = retryAfterSeconds;
        Extensions = [new("retryAfterSeconds", retryAfterSeconds)];
    }
}
