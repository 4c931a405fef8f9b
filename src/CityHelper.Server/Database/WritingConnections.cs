using CityHelper.Data;
using Npgsql;

namespace CityHelper.Server.Database;

/// <summary>
/// The pool of writing connections: mutations, numbering and pulses of the change log, compaction of counters. Imports and rebuilds are
/// commands with connections of their own, without these time limits.
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
        var settings = new NpgsqlConnectionStringBuilder(connectionString)
        {
            ApplicationName = "cityhelper writing",
            MinPoolSize = 0,
            MaxPoolSize = Limits.WritingConnections,
            Options = $"{new NpgsqlConnectionStringBuilder(connectionString).Options} {s_settings}",
            CommandTimeout = Limits.WriteTimeoutSeconds,
            CancellationTimeout = Limits.CancellationTimeoutMs,
        };
        Database = CityHelperDatabase.CreateDataSource(settings.ConnectionString, builder =>
        {
            builder.Name = "writing";
            builder.UseLoggerFactory(loggers);
        });
    }

    /// <summary>The pool.</summary>
    public NpgsqlDataSource Database { get; }

    public void Dispose() => Database.Dispose();

    public ValueTask DisposeAsync() => Database.DisposeAsync();
}
