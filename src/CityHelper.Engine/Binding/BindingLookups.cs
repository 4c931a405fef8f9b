using CityHelper.Engine.Database;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;
using CityHelper.Engine.Telemetry;
using Microsoft.Extensions.Logging;
using NetTopologySuite.Geometries;
using Npgsql;

namespace CityHelper.Engine.Binding;

/// <summary>
/// All database lookups of binding: tenants by name, areas by id, calendars. Directories answer most of them from memory. A database
/// failure is an error of the field.
/// </summary>
internal sealed class BindingLookups(ILogger<BindingLookups> logger)
{
    /// <summary>The key of the tenant that an argument names; an error when there is none.</summary>
    public async ValueTask<(short Tenant, RequestError? Error)> TenantAsync(
        NamedTenant named, VariableValues variables, CancellationToken cancellation)
    {
        var name = (string)named.Value.Evaluate(variables)!;
        (short? key, RequestError? error) = await AskAsync(named.Argument.Directory.FindAsync(name, cancellation));
        return key is { } found ? (found, null) : (default, error ?? named.Argument.Directory.NotFound(name));
    }

    /// <summary>The key of the tenant of a name; null when there is none.</summary>
    public ValueTask<(short? Tenant, RequestError? Error)> TenantAsync(
        ITenantDirectory directory, string name, CancellationToken cancellation) =>
        AskAsync(directory.FindAsync(name, cancellation));

    /// <summary>Whether a tenant has the key.</summary>
    public async ValueTask<(bool Has, RequestError? Error)> HasTenantAsync(
        ITenantDirectory directory, short tenant, CancellationToken cancellation) =>
        await AskAsync(directory.HasAsync(tenant, cancellation));

    /// <summary>The stored area of a key; null when there is none.</summary>
    public ValueTask<(StoredArea? Area, RequestError? Error)> AreaAsync(
        IAreaDirectory areas, short tenant, long key, CancellationToken cancellation) =>
        AskAsync(areas.FindAsync(tenant, key, cancellation));

    /// <summary>The areas of a tenant whose boxes intersect a rectangle.</summary>
    public ValueTask<(IReadOnlyList<Geometry>? Areas, RequestError? Error)> OverlappingAsync(
        IAreaDirectory areas, short tenant, Viewport box, CancellationToken cancellation) =>
        AskAsync<IReadOnlyList<Geometry>?>(Maybe(areas.OverlappingAsync(tenant, box, cancellation)));

    /// <summary>The calendar of a tenant.</summary>
    public ValueTask<(TenantCalendar? Calendar, RequestError? Error)> CalendarAsync(
        ITenantCalendars calendars, short tenant, CancellationToken cancellation) =>
        AskAsync<TenantCalendar?>(Maybe(calendars.OfAsync(tenant, cancellation)));

    // Nearly all answers come from memory, without waiting.
    private ValueTask<(T? Answer, RequestError? Error)> AskAsync<T>(ValueTask<T?> asked) =>
        asked.IsCompletedSuccessfully ? ValueTask.FromResult<(T?, RequestError?)>((asked.Result, null)) : WaitAsync(asked);

    private async ValueTask<(T? Answer, RequestError? Error)> WaitAsync<T>(ValueTask<T?> asked)
    {
        try
        {
            return (await asked, null);
        }
        catch (NpgsqlException cause)
        {
            RequestError error = DatabaseFailure.Of(cause);
            LogMessages.BatchFailed(logger, error.Code, cause);
            return (default, error);
        }
    }

    private static async ValueTask<T?> Maybe<T>(ValueTask<T> asked)
        where T : class => await asked;
}
