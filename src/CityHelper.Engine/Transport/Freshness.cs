using System.Globalization;
using CityHelper.Engine.Binding;
using CityHelper.Engine.Caching;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Writing;

namespace CityHelper.Engine.Transport;

/// <summary>What clients ask of the freshness of an answer, and what they are told of it.</summary>
/// <param name="cursors">Opens and signs positions.</param>
/// <param name="tenants">How old what is known of a tenant's changes is.</param>
/// <param name="time">The clock.</param>
internal sealed class Freshness(LogPositionCursors cursors, ICacheTenants tenants, TimeProvider time)
{
    /// <summary>The moment before a batch is sent.</summary>
    public DateTimeOffset Now => time.GetUtcNow();

    /// <summary>The position that an answer must have at least.</summary>
    /// <param name="atLeast">The cursor that the client sent; null for none. Mutations are answered by what they wrote.</param>
    /// <param name="bound">The operation.</param>
    public (LogPosition? Position, RequestError? Refused) Open(string? atLeast, BoundOperation bound)
    {
        if (atLeast is null || bound.Prepared.Plan.Writes != WriteAccess.None)
        {
            return (null, null);
        }

        return bound.Tenant is > 0 and { } tenant && cursors.Open(tenant, atLeast) is { } position
            ? (position, null)
            : (null, new AtLeastInvalidError());
    }

    /// <summary>Adds <c>extensions.freshness</c>: where the answer was read, and how stale it may be, in seconds.</summary>
    /// <param name="result">The answer; unchanged when it is of no tenant, or of several.</param>
    /// <param name="sentAt">The moment before its first batch was sent.</param>
    public void Report(OperationResult result, DateTimeOffset sentAt)
    {
        if (result.Read is not { Tenant: > 0 } read)
        {
            return;
        }

        // A replica may be behind: what it lacks is what the log did not prove yet.
        TimeSpan? behind = read.IsOfReplica ? tenants.AgeOf(read.Tenant) : TimeSpan.Zero;
        DateTimeOffset? asOf = sentAt - behind;
        result.With("freshness", new
        {
            cursor = cursors.Sign(read.Tenant, read.Position),
            asOf = asOf?.UtcDateTime.ToString(JsonBuffer.UtcFormat, CultureInfo.InvariantCulture),
            maxStaleness = (Now - asOf) is { } stale ? Math.Ceiling(stale.TotalSeconds) : (double?)null,
        });
    }
}
