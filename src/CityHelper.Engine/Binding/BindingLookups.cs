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
/// All that binding may have to ask the database: partitions by their names, areas by their ids, calendars. Directories answer most of it
/// from memory. A database that does not answer is an error of the field, like any other.
/// </summary>
internal sealed class BindingLookups(ILogger<BindingLookups> logger)
{
    /// <summary>The key of the partition that an argument names; an error when there is none.</summary>
    public async ValueTask<(short Partition, RequestError? Error)> PartitionAsync(NamedPartition named, VariableValues variables, CancellationToken cancellation)
    {
        var name = (string)named.Value.Evaluate(variables)!;
        (short? key, RequestError? error) = await AskAsync(named.Argument.Directory.FindAsync(name, cancellation));
        return key is { } found ? (found, null) : (default, error ?? named.Argument.Directory.NotFound(name));
    }

    /// <summary>The key of the partition of a name; null when there is none.</summary>
    public ValueTask<(short? Partition, RequestError? Error)> PartitionAsync(IPartitionDirectory directory, string name, CancellationToken cancellation) =>
        AskAsync(directory.FindAsync(name, cancellation));

    /// <summary>An area that is kept under an id; null when there is none.</summary>
    public ValueTask<(KeptArea? Area, RequestError? Error)> AreaAsync(IAreaDirectory areas, short partition, long key, CancellationToken cancellation) =>
        AskAsync(areas.FindAsync(partition, key, cancellation));

    /// <summary>The areas of a partition whose boxes have a point in common with a rectangle.</summary>
    public ValueTask<(IReadOnlyList<Geometry>? Areas, RequestError? Error)> OverlappingAsync(
        IAreaDirectory areas, short partition, Viewport box, CancellationToken cancellation) =>
        AskAsync<IReadOnlyList<Geometry>?>(Maybe(areas.OverlappingAsync(partition, box, cancellation)));

    /// <summary>The days of a partition.</summary>
    public ValueTask<(PartitionCalendar? Calendar, RequestError? Error)> CalendarAsync(
        IPartitionCalendars calendars, short partition, CancellationToken cancellation) =>
        AskAsync<PartitionCalendar?>(Maybe(calendars.OfAsync(partition, cancellation)));

    // From memory, nearly always.
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
