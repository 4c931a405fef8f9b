using System.Collections.Concurrent;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Telemetry;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace CityHelper.Engine.Database;

/// <summary>
/// The replicas that queries are read from. Npgsql shares the batches among them and leaves dead ones alone for its recheck time; this
/// class leaves alone those that are far behind. Only standbys are read from: a promoted one is left alone too, until the configuration
/// names it as the primary.
/// </summary>
/// <remarks>Thread-safe. It disposes the pools.</remarks>
/// <param name="pools">The pools of reading connections, one per replica.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Told when replicas go and come back.</param>
public sealed class Replicas(NpgsqlMultiHostDataSource pools, TimeProvider time, ILogger<Replicas> logger) : IAsyncDisposable, IDisposable
{
    private readonly ConcurrentDictionary<ReplicaServer, ReplicaLag> _lags = new();
    private Away? _away;

    /// <summary>How many replicas there are.</summary>
    public int Count { get; } = new NpgsqlConnectionStringBuilder(pools.ConnectionString).Host!.Split(',').Length;

    /// <inheritdoc />
    public void Dispose() => pools.Dispose();

    /// <inheritdoc />
    public ValueTask DisposeAsync() => pools.DisposeAsync();

    /// <summary>The replica of an open connection.</summary>
    internal static ReplicaServer ServerOf(NpgsqlConnection connection) => new(connection.Host!, connection.Port);

    /// <summary>Opens a connection to a replica.</summary>
    /// <returns>Null when there is none to read from now: then the primary is.</returns>
    /// <exception cref="OperationCanceledException">The caller no longer waits.</exception>
    internal async Task<NpgsqlConnection?> TryOpenAsync(CancellationToken cancellation)
    {
        if (Volatile.Read(ref _away) is { } away && time.GetElapsedTime(away.Since) < Limits.ReplicasAwayFor)
        {
            return null;
        }

        try
        {
            // Npgsql takes its hosts in turn, so as many attempts as there are replicas meet each of them.
            for (int opened = 0; opened < Count; opened++)
            {
                NpgsqlConnection connection = await pools.OpenConnectionAsync(TargetSessionAttributes.Standby, cancellation);
                if (Interlocked.Exchange(ref _away, null) is not null)
                {
                    LogMessages.ReplicasBack(logger, ServerOf(connection).ToString());
                }

                if (!LagOf(ServerOf(connection)).IsResting)
                {
                    return connection;
                }

                await connection.DisposeAsync();
            }
        }
        catch (NpgsqlException cause)
        {
            // Npgsql reports a cancelled attempt as a host that failed.
            cancellation.ThrowIfCancellationRequested();
            if (Interlocked.Exchange(ref _away, new Away(time.GetTimestamp())) is null)
            {
                LogMessages.ReplicasAway(logger, ReasonOf(cause));
            }
        }

        return null;
    }

    /// <summary>Judges an answer that was read from a replica.</summary>
    /// <param name="server">The replica.</param>
    /// <param name="tenant">The tenant that it is about.</param>
    /// <param name="read">Where it was read; null when the replica does not have the tenant's log yet.</param>
    /// <param name="needed">The position that it must have been read at, at least; null for any.</param>
    /// <returns>Whether it was.</returns>
    internal bool IsMet(ReplicaServer server, short tenant, LogPosition? read, LogPosition? needed)
    {
        if (LagOf(server).Note(tenant, read, needed))
        {
            LogMessages.ReplicaFar(logger, server.ToString(), Limits.ReplicaRest.TotalSeconds);
        }

        return needed is null || read >= needed;
    }

    private ReplicaLag LagOf(ReplicaServer server) => _lags.GetOrAdd(server, static (_, time) => new ReplicaLag(time), time);

    private static string ReasonOf(NpgsqlException cause) =>
        cause.InnerException is AggregateException { InnerExceptions: [var first, ..] } ? first.Message : cause.Message;

    private sealed record Away(long Since);
}
