using CityHelper.Data;
using Npgsql;

namespace CityHelper.Server.Database;

/// <summary>
/// The writing connections, in two pools: mutations, inboxes and compaction of counters; and numbering, pulses and following of the change
/// log. Imports and rebuilds are commands with connections of their own, without these time limits.
/// </summary>
internal sealed class WritingConnections : IAsyncDisposable, IDisposable
{
    /// <summary>
    /// Settings of every writing connection. Read committed: numbering must see what was committed while it waited for its lock. Custom
    /// plans prune partitions when planning. The limits end what hangs: a write takes milliseconds, a step of compaction seconds.
    /// </summary>
    private static readonly string s_settings = string.Join(' ',
        @"-c default_transaction_isolation=read\ committed",
        "-c default_transaction_read_only=off",
        "-c plan_cache_mode=force_custom_plan",
        "-c jit=off",
        $"-c statement_timeout={Limits.WritingStatementTimeoutMs}",
        $"-c lock_timeout={Limits.WritingLockTimeoutMs}",
        $"-c idle_in_transaction_session_timeout={Limits.WritingIdleTimeoutMs}");

    /// <param name="connectionString">The primary.</param>
    /// <param name="loggers">The loggers of Npgsql.</param>
    public WritingConnections(string connectionString, ILoggerFactory loggers)
    {
        Database = Create(connectionString, "writing", Limits.WritingConnections, loggers);
        Log = Create(connectionString, "change log", Limits.ConnectionsOfChangeLog, loggers);
    }

    /// <summary>The pool of writes: they may wait for rows that others hold, for seconds.</summary>
    public NpgsqlDataSource Database { get; }

    /// <summary>The pool of the change log, of its own: whatever writes wait for, servers go on learning what changed.</summary>
    public NpgsqlDataSource Log { get; }

    public void Dispose()
    {
        Database.Dispose();
        Log.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        await Log.DisposeAsync();
    }

    private static NpgsqlDataSource Create(string connectionString, string name, int connections, ILoggerFactory loggers)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString)
        {
            ApplicationName = $"cityhelper {name}",
            MinPoolSize = 0,
            MaxPoolSize = connections,
            Options = $"{new NpgsqlConnectionStringBuilder(connectionString).Options} {s_settings}",
            CommandTimeout = Limits.WriteTimeoutSeconds,
            CancellationTimeout = Limits.CancellationTimeoutMs,
        };
        return CityHelperDatabase.CreateDataSource(settings.ConnectionString, builder =>
        {
            builder.Name = name;
            builder.UseLoggerFactory(loggers);
        });
    }
}
