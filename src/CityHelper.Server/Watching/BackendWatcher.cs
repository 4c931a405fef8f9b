using System.Diagnostics.Metrics;
using CityHelper.Engine.Database;
using CityHelper.Engine.Telemetry;
using CityHelper.Server.Telemetry;
using Npgsql;

namespace CityHelper.Server.Watching;

/// <summary>
/// The last line against statements that PostgreSQL does not stop itself: GEOS, for one, does not look at a cancellation while it works. A
/// backend of this server that is busy with one statement beyond <c>statement_timeout</c> is terminated once and reported, and its shape is
/// not run for a while (<see cref="SuspendedShapes"/>). One that does not end then either is reported again and left alone: <c>kill -9</c>
/// would restart the whole cluster.
/// </summary>
/// <remarks>
/// It asks PostgreSQL only when something runs for longer than a statement may, over a connection that no answer waits for.
/// </remarks>
internal sealed class BackendWatcher(
    WatchConnection connection, BackendRegister backends, SuspendedShapes suspended, StatementLimit limit, TimeProvider time, ILogger<BackendWatcher> logger) : BackgroundService
{
    /// <summary>
    /// The backends that are asked for, as far as they still are the ones: a process id is used again, but not by a process that is older
    /// than the use of it.
    /// </summary>
    private const string LookSql =
        """
        select a.pid, a.state = 'active' and a.query_start < clock_timestamp() - $3::float8 * interval '1 second',
               extract(epoch from clock_timestamp() - a.query_start)::float8
        from unnest($1::integer[], $2::float8[]) w(pid, age)
        join pg_stat_activity a on a.pid = w.pid and a.datname = current_database() and a.usename = current_user
        where a.backend_start <= clock_timestamp() - w.age * interval '1 second'
        """;

    /// <summary>Terminates a backend if it is still at it; nothing comes back when it is not.</summary>
    private const string TerminateSql =
        """
        with stuck as materialized (
            select a.pid from pg_stat_activity a
            where a.pid = $1 and a.datname = current_database() and a.usename = current_user and a.state = 'active'
              and a.backend_start <= clock_timestamp() - $2::float8 * interval '1 second'
              and a.query_start < clock_timestamp() - $3::float8 * interval '1 second')
        select pg_terminate_backend(pid) from stuck
        """;

    private static readonly Counter<long> s_terminated = new Meter(EngineTelemetry.Name).CreateCounter<long>(
        "cityhelper.database.backends.terminated", "{backend}", "Backends that outlived the limit of their statement and were terminated.");

    private readonly Dictionary<BackendUse, long> _reported = [];
    private readonly SemaphoreSlim _looking = new(1);
    private bool _failed;

    /// <summary>Looks once. Two looks never overlap: the second would report what the first is about to.</summary>
    /// <exception cref="NpgsqlException">The database does not answer.</exception>
    public async Task LookAsync(CancellationToken cancellation)
    {
        await _looking.WaitAsync(cancellation);
        try
        {
            await LookAloneAsync(cancellation);
        }
        finally
        {
            _looking.Release();
        }
    }

    private async Task LookAloneAsync(CancellationToken cancellation)
    {
        BackendUse[] old = [.. backends.Uses.Where(use => use.Age > limit.WatchedAfter)];
        if (old.Length == 0)
        {
            return;
        }

        IReadOnlyDictionary<int, (bool IsLate, double Seconds)> there = await FindAsync(old, cancellation);
        foreach (BackendUse use in old)
        {
            if (!there.TryGetValue(use.ProcessId, out (bool IsLate, double Seconds) found))
            {
                Forget(use);
            }
            else if (found.IsLate && use.IsTerminated)
            {
                ReportAgain(use, found.Seconds);
            }
            else if (found.IsLate && await TryTerminateAsync(use, cancellation))
            {
                Report(use, found.Seconds);
            }
        }
    }

    private async Task<IReadOnlyDictionary<int, (bool IsLate, double Seconds)>> FindAsync(BackendUse[] uses, CancellationToken cancellation)
    {
        await using NpgsqlCommand command = connection.Database.CreateCommand(LookSql);
        command.Parameters.Add(new() { Value = uses.Select(use => use.ProcessId).ToArray() });
        command.Parameters.Add(new() { Value = uses.Select(use => use.Age.TotalSeconds).ToArray() });
        command.Parameters.Add(new() { Value = limit.WatchedAfter.TotalSeconds });
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        var found = new Dictionary<int, (bool IsLate, double Seconds)>();
        while (await reader.ReadAsync(cancellation))
        {
            found[reader.GetInt32(0)] = (!reader.IsDBNull(1) && reader.GetBoolean(1), reader.IsDBNull(2) ? 0 : reader.GetDouble(2));
        }

        return found;
    }

    private async Task<bool> TryTerminateAsync(BackendUse use, CancellationToken cancellation)
    {
        // Before it is: the request that waits for it may learn of its end sooner than this does, and must know why.
        use.IsTerminated = true;
        bool isTerminated = false;
        try
        {
            await using NpgsqlCommand command = connection.Database.CreateCommand(TerminateSql);
            command.Parameters.Add(new() { Value = use.ProcessId });
            command.Parameters.Add(new() { Value = use.Age.TotalSeconds });
            command.Parameters.Add(new() { Value = limit.WatchedAfter.TotalSeconds });
            isTerminated = await command.ExecuteScalarAsync(cancellation) is true;
        }
        finally
        {
            // Where the call fails the next look tries again: else it would take the backend for one that was terminated and runs on.
            use.IsTerminated = isTerminated;
        }

        return isTerminated;
    }

    /// <inheritdoc />
    public override void Dispose()
    {
        base.Dispose();
        _looking.Dispose();
    }

    private void Forget(BackendUse use)
    {
        // One that is still waited for ends its use itself.
        _reported.Remove(use);
        if (use.IsGivenUp)
        {
            backends.Forget(use);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(Engine.Limits.WatchIntervalMs), time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            // Whatever it is, the next look may find the database again.
            try
            {
                await LookAsync(stoppingToken);
                _failed = false;
            }
            catch (Exception cause) when (cause is not OperationCanceledException)
            {
                if (!_failed)
                {
                    LogMessages.NotWatched(logger, cause);
                }

                _failed = true;
            }
        }
    }

    private void Report(BackendUse use, double seconds)
    {
        _reported[use] = time.GetTimestamp();
        s_terminated.Add(1);
        if (use.Shape is { } shape)
        {
            suspended.Add(shape);
        }

        LogMessages.BackendTerminated(
            logger, use.ProcessId, OperationOf(use), use.Shape?.VariableSignature, use.Shape?.AccessPaths, seconds, (int)Engine.Limits.SuspendedFor.TotalSeconds);
    }

    private void ReportAgain(BackendUse use, double seconds)
    {
        if (time.GetElapsedTime(_reported.GetValueOrDefault(use)) >= TimeSpan.FromSeconds(Engine.Limits.WatchReportSeconds))
        {
            _reported[use] = time.GetTimestamp();
            LogMessages.BackendRunsOn(logger, use.ProcessId, OperationOf(use), seconds);
        }
    }

    private static string OperationOf(BackendUse use) => use.Shape is { } shape ? $"{shape.OperationId} ({shape.OperationName})" : "a look-up";
}

/// <summary>The connection of the watcher: one, of a pool of its own, so that it finds its way when all others are taken.</summary>
internal sealed class WatchConnection(string connectionString) : IAsyncDisposable
{
    public NpgsqlDataSource Database { get; } = new NpgsqlDataSourceBuilder(new NpgsqlConnectionStringBuilder(connectionString)
    {
        ApplicationName = "cityhelper watcher",
        MinPoolSize = 0,
        MaxPoolSize = Limits.ConnectionsOfWatching,
        Timeout = Limits.WatchTimeoutSeconds,
        CommandTimeout = Limits.WatchTimeoutSeconds,
    }.ConnectionString)
    {
        Name = "watcher",
    }.Build();

    public ValueTask DisposeAsync() => Database.DisposeAsync();
}

/// <summary>Wires the watcher.</summary>
internal static class WatchingServices
{
    public static IServiceCollection AddBackendWatcher(this IServiceCollection services, string connectionString)
    {
        services.AddSingleton(_ => new WatchConnection(connectionString));
        services.AddSingleton<BackendWatcher>();
        services.AddHostedService(s => s.GetRequiredService<BackendWatcher>());
        return services;
    }
}

/// <summary>The log messages of the watcher.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(EventIds.BackendTerminated, LogLevel.Warning,
        "Backend {Pid} was terminated: {Operation} with variables '{Signature}' by '{AccessPaths}' ran one statement for "
        + "{Seconds:F1} s; the shape is not run for {SuspendedSeconds} s")]
    public static partial void BackendTerminated(
        ILogger logger, int pid, LogText operation, LogText signature, LogText accessPaths, double seconds, int suspendedSeconds);

    [LoggerMessage(EventIds.BackendRunsOn, LogLevel.Warning,
        "Backend {Pid} was terminated and still runs {Operation}, for {Seconds:F0} s now: it ends by itself, or with PostgreSQL")]
    public static partial void BackendRunsOn(ILogger logger, int pid, LogText operation, double seconds);

    [LoggerMessage(EventIds.NotWatched, LogLevel.Warning,
        "What outlives its limit cannot be watched now; it is tried again twice a second")]
    public static partial void NotWatched(ILogger logger, Exception cause);
}
