using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using CityHelper.Engine.Database;
using CityHelper.Engine.Telemetry;
using CityHelper.Server.Configuration;
using CityHelper.Server.Database;
using CityHelper.Server.Telemetry;
using Npgsql;

namespace CityHelper.Server.Watching;

/// <summary>
/// The last defence against statements that PostgreSQL does not stop itself: GEOS, for one, does not check for cancellation while it works.
/// A backend of this server that runs one statement for longer than <c>statement_timeout</c> is terminated once and reported, and its
/// signature is not run for a while (<see cref="SuspendedSignatures"/>). One that still does not end is reported again and left alone:
/// <c>kill -9</c> would restart the whole cluster.
/// </summary>
/// <remarks>Queries PostgreSQL only when something runs for longer than a statement may, over a connection that no request uses.</remarks>
internal sealed class BackendWatcher(
    WatchConnection connection,
    BackendRegister backends,
    SuspendedSignatures suspended,
    StatementLimit limit,
    TimeProvider time,
    ILogger<BackendWatcher> logger) : BackgroundService
{
    /// <summary>
    /// Finds the given backends that are still the same processes: a process id is reused, but not by a process that is older than the
    /// recorded use of it.
    /// </summary>
    private const string LookSql =
        """
        select a.pid, a.state = 'active' and a.query_start < clock_timestamp() - $3::float8 * interval '1 second',
               extract(epoch from clock_timestamp() - a.query_start)::float8
        from unnest($1::integer[], $2::float8[]) w(pid, age)
        join pg_stat_activity a on a.pid = w.pid and a.datname = current_database() and a.usename = current_user
        where a.backend_start <= clock_timestamp() - w.age * interval '1 second'
        """;

    /// <summary>Terminates a backend that still runs the late statement; returns no row when it does not.</summary>
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
    private readonly SemaphoreSlim _checking = new(1);
    private bool _failed;

    /// <summary>Checks once. Two checks never overlap: the second would report what the first is about to report.</summary>
    /// <exception cref="NpgsqlException">The database does not answer.</exception>
    public async Task CheckAsync(CancellationToken cancellation)
    {
        await _checking.WaitAsync(cancellation);
        try
        {
            await CheckAloneAsync(cancellation);
        }
        finally
        {
            _checking.Release();
        }
    }

    private async Task CheckAloneAsync(CancellationToken cancellation)
    {
        BackendUse[] old = [.. backends.Uses.Where(use => use.Age > limit.WatchedAfter)];
        if (old.Length == 0)
        {
            return;
        }

        // The primary first: a replica may be silent.
        foreach (IGrouping<ReplicaServer?, BackendUse> uses in old.GroupBy(use => use.Replica).OrderBy(uses => uses.Key is not null))
        {
            try
            {
                await CheckAsync([.. uses], cancellation);
            }
            catch (NpgsqlException) when (uses.Key is not null)
            {
                // Nobody can tell what a replica does that does not answer. It takes nothing from the others, so nobody waits for it.
                Array.ForEach([.. uses], Remove);
            }
        }
    }

    /// <summary>Checks uses of one PostgreSQL server.</summary>
    private async Task CheckAsync(BackendUse[] old, CancellationToken cancellation)
    {
        IReadOnlyDictionary<int, (bool IsLate, double Seconds)> there = await FindAsync(old, cancellation);
        foreach (BackendUse use in old)
        {
            if (!there.TryGetValue(use.ProcessId, out (bool IsLate, double Seconds) found))
            {
                Remove(use);
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
        await using NpgsqlCommand command = connection.Of(uses[0].Replica).CreateCommand(LookSql);
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
        // Set before the call: the request that waits for the backend may learn of its end first, and must know why.
        use.IsTerminated = true;
        bool isTerminated = false;
        try
        {
            await using NpgsqlCommand command = connection.Of(use.Replica).CreateCommand(TerminateSql);
            command.Parameters.Add(new() { Value = use.ProcessId });
            command.Parameters.Add(new() { Value = use.Age.TotalSeconds });
            command.Parameters.Add(new() { Value = limit.WatchedAfter.TotalSeconds });
            isTerminated = await command.ExecuteScalarAsync(cancellation) is true;
        }
        finally
        {
            // After a failed call the next check must try again, and not take the backend for one that was terminated and runs on.
            use.IsTerminated = isTerminated;
        }

        return isTerminated;
    }

    /// <inheritdoc />
    public override void Dispose()
    {
        base.Dispose();
        _checking.Dispose();
    }

    private void Remove(BackendUse use)
    {
        // A request that still waits for the backend ends the use itself.
        _reported.Remove(use);
        if (use.IsGivenUp)
        {
            backends.Remove(use);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(Engine.Limits.WatchIntervalMs), time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            // Catches everything: the next check may reach the database again.
            try
            {
                await CheckAsync(stoppingToken);
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
        if (use.Signature is { } signature)
        {
            suspended.Add(signature);
        }

        LogMessages.BackendTerminated(
            logger,
            use.ProcessId,
            OperationOf(use),
            use.Signature?.VariableSignature,
            use.Signature?.AccessPaths,
            seconds,
            (int)Engine.Limits.SuspendedFor.TotalSeconds);
    }

    private void ReportAgain(BackendUse use, double seconds)
    {
        if (time.GetElapsedTime(_reported.GetValueOrDefault(use)) >= TimeSpan.FromSeconds(Engine.Limits.WatchReportSeconds))
        {
            _reported[use] = time.GetTimestamp();
            LogMessages.BackendRunsOn(logger, use.ProcessId, OperationOf(use), seconds);
        }
    }

    private static string OperationOf(BackendUse use) =>
        use.Signature is { } signature ? $"{signature.OperationId} ({signature.OperationName})" : "a look-up";
}

/// <summary>
/// The watcher's single connection, in its own pool, so that it works while all others are taken; and one to each replica that it had to
/// look at.
/// </summary>
/// <param name="primary">The connection string of the primary.</param>
/// <param name="replicas">The connection string of the replicas; null without any.</param>
internal sealed class WatchConnection(string primary, string? replicas) : IAsyncDisposable
{
    private readonly NpgsqlDataSource _primary = Create(new NpgsqlConnectionStringBuilder(primary));
    private readonly ConcurrentDictionary<ReplicaServer, NpgsqlDataSource> _replicas = new();

    /// <summary>The pool of a server.</summary>
    /// <param name="replica">The replica; null for the primary.</param>
    public NpgsqlDataSource Of(ReplicaServer? replica) => replica is null
        ? _primary
        : _replicas.GetOrAdd(
            replica, server => Create(new NpgsqlConnectionStringBuilder(replicas) { Host = server.Host, Port = server.Port }));

    public async ValueTask DisposeAsync()
    {
        await _primary.DisposeAsync();
        foreach (NpgsqlDataSource replica in _replicas.Values)
        {
            await replica.DisposeAsync();
        }
    }

    private static NpgsqlDataSource Create(NpgsqlConnectionStringBuilder settings)
    {
        settings.ApplicationName = "cityhelper watcher";
        settings.MinPoolSize = 0;
        settings.MaxPoolSize = Limits.ConnectionsOfWatching;
        settings.Timeout = Limits.WatchTimeoutSeconds;
        settings.CommandTimeout = Limits.WatchTimeoutSeconds;
        return new NpgsqlDataSourceBuilder(settings.ConnectionString) { Name = "watcher" }.Build();
    }
}

/// <summary>Registers the watcher.</summary>
internal static class WatchingServices
{
    public static IServiceCollection AddBackendWatcher(this IServiceCollection services, string connectionString)
    {
        services.AddSingleton(s => new WatchConnection(connectionString, s.Settings<DatabaseSettings>().Replicas));
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
        + "{Seconds:F1} s; this signature is not run for {SuspendedSeconds} s")]
    public static partial void BackendTerminated(
        ILogger logger, int pid, LogText operation, LogText signature, LogText accessPaths, double seconds, int suspendedSeconds);

    [LoggerMessage(EventIds.BackendRunsOn, LogLevel.Warning,
        "Backend {Pid} was terminated and still runs {Operation}, for {Seconds:F0} s now: it ends by itself, or with PostgreSQL")]
    public static partial void BackendRunsOn(ILogger logger, int pid, LogText operation, double seconds);

    [LoggerMessage(EventIds.NotWatched, LogLevel.Warning,
        "Statements past their time limit cannot be watched at the moment; the next attempt is in half a second")]
    public static partial void NotWatched(ILogger logger, Exception cause);
}
