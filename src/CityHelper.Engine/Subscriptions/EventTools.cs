using System.Threading.RateLimiting;
using CityHelper.Engine.Binding;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Database;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;
using CityHelper.Engine.Writing;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CityHelper.Engine.Subscriptions;

/// <summary>Times that tests shorten.</summary>
/// <param name="ResyncSpread">See <see cref="Limits.ResyncSpread"/>.</param>
/// <param name="DrainTime">See <see cref="Limits.DrainTimeMax"/>.</param>
/// <param name="KeepAlive">See <see cref="Limits.KeepAliveInterval"/>.</param>
public sealed record EventStreamOptions(TimeSpan ResyncSpread, TimeSpan DrainTime, TimeSpan KeepAlive)
{
    /// <summary>Those of a server.</summary>
    public static EventStreamOptions Usual { get; } = new(Limits.ResyncSpread, Limits.DrainTimeMax, Limits.KeepAliveInterval);
}

/// <summary>What the dispatchers of all tenants share: reading, signing, and the events that are kept.</summary>
/// <param name="Batches">Reads rows.</param>
/// <param name="Binder">Binds rows.</param>
/// <param name="Log">Reads log positions.</param>
/// <param name="Cursors">Signs log positions.</param>
/// <param name="Database">Reads labels, and tests points.</param>
/// <param name="History">What was missed.</param>
/// <param name="Areas">The stored areas.</param>
/// <param name="Time">The clock.</param>
/// <param name="Logger">Told of RESYNCs and failures.</param>
internal sealed record EventTools(
    BatchRunner Batches,
    RootBinder Binder,
    LogStatements Log,
    LogPositionCursors Cursors,
    ReadingDatabase Database,
    IChangeHistory History,
    IAreaDirectory Areas,
    TimeProvider Time,
    ILogger<EventStreams> Logger) : IDisposable
{
    private readonly ConcurrencyLimiter _reads = new(new ConcurrencyLimiterOptions
    {
        PermitLimit = Limits.EventReadsAtOnce,
        QueueLimit = int.MaxValue,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    private readonly ConcurrencyLimiter _replays = new(new ConcurrencyLimiterOptions
    {
        PermitLimit = Limits.ReplaysFromLogMax,
        QueueLimit = Limits.StreamsMax,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    /// <summary>What tests shorten.</summary>
    public required EventStreamOptions Settings { get; init; }

    /// <summary>Counts the bytes of rows that are read for events.</summary>
    public required ConnectionResponses Memory { get; init; }

    /// <summary>Events of the last minute.</summary>
    public MemoryCache Kept { get; } = new(Options.Create(new MemoryCacheOptions { SizeLimit = Limits.KeptEventBytesMax }));

    /// <summary>Keeps an event for those who come back.</summary>
    public void Keep(EventKey key, SharedEvent made)
    {
        if (made.Json is { } json)
        {
            Kept.Set(key, made, new MemoryCacheEntryOptions
            {
                Size = json.Length, AbsoluteExpirationRelativeToNow = Limits.KeptEventTime,
            });
        }
    }

    /// <summary>Drops the events of a row.</summary>
    public void Forget(short tenant, long row)
    {
        foreach (EventKey key in Kept.Keys.OfType<EventKey>().Where(key => key.Row == row && key.Selection.Tenant == tenant))
        {
            if (Kept.TryGetValue(key, out object? made))
            {
                ((SharedEvent)made!).Forget();
            }

            Kept.Remove(key);
        }
    }

    /// <summary>Waits for one of the connections that read for events. Dispatchers alone ask, so few wait.</summary>
    public ValueTask<RateLimitLease> EnterAsync() => _reads.AcquireAsync();

    /// <summary>Waits for the turn to replay what is more than memory tells at once.</summary>
    /// <returns>Null when the wait is too long.</returns>
    public async ValueTask<RateLimitLease?> EnterReplayAsync(CancellationToken cancellation)
    {
        using var patience = new CancellationTokenSource(Limits.ReplayWaitMax, Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        try
        {
            RateLimitLease lease = await _replays.AcquireAsync(1, either.Token);
            return lease.IsAcquired ? lease : null;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>
    /// Tests points against areas in the database, as queries test rows: a statement for each area, in as few batches as may be. The caller
    /// has a turn.
    /// </summary>
    /// <param name="tests">The areas, each with longitudes and latitudes.</param>
    /// <param name="cancellation">Cancels the statements.</param>
    /// <returns>Of each area, the indexes of the points that lie in it.</returns>
    /// <exception cref="NpgsqlException">The database does not answer.</exception>
    public async Task<IReadOnlyList<HashSet<int>>> TestAsync(
        IReadOnlyList<(Area Area, IReadOnlyList<(double X, double Y)> Points)> tests, CancellationToken cancellation)
    {
        List<HashSet<int>> found = [];
        foreach ((Area, IReadOnlyList<(double, double)>)[] some in tests.Chunk(Limits.BatchStatementsMax))
        {
            found.AddRange(await Database.ReadAsync(connection => TestAsync(connection, some, cancellation), cancellation));
        }

        return found;
    }

    public void Dispose()
    {
        _reads.Dispose();
        _replays.Dispose();
        Kept.Dispose();
    }

    private static async Task<IReadOnlyList<HashSet<int>>> TestAsync(
        NpgsqlConnection connection, (Area Area, IReadOnlyList<(double X, double Y)> Points)[] tests, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection);
        foreach ((Area area, IReadOnlyList<(double X, double Y)> points) in tests)
        {
            CompiledStatement statement = PointStatement.Of(area is CircleArea ? AreaKind.Circle : AreaKind.Surface);
            var values = new RootValues(Documents.VariableValues.None)
            {
                Area = area,
                TestedPoints = ([.. points.Select(point => point.X)], [.. points.Select(point => point.Y)]),
            };
            var command = new NpgsqlBatchCommand(statement.Sql);
            command.Parameters.AddRange(Array.ConvertAll(statement.Parameters, source => source(values)));
            batch.BatchCommands.Add(command);
        }

        List<HashSet<int>> found = [];
        await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellation);
        do
        {
            HashSet<int> inside = [];
            while (await reader.ReadAsync(cancellation))
            {
                inside.Add((int)reader.GetInt64(0) - 1);
            }

            found.Add(inside);
        }
        while (await reader.NextResultAsync(cancellation));
        return found;
    }
}
