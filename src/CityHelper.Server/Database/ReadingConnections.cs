using CityHelper.Data;
using Npgsql;

namespace CityHelper.Server.Database;

/// <summary>The pools of reading connections.</summary>
internal static class ReadingConnections
{
    /// <summary>
    /// Settings of every reading connection. Repeatable read makes a batch one snapshot. Custom plans prune partitions when planning; a
    /// generic plan over many partitions is slower and takes megabytes per connection (measured, docs/decisions/0002). JIT and parallel
    /// workers cost more than these statements take. Every index here returns rows in the order of their ids, and pages stop early; a
    /// bitmap scan loses the order and reads a whole cell first (2,800 buffers instead of 200 in a dense one). The groups and sorts of a
    /// city's statistics fit <c>work_mem</c>, or they would spill to disk.
    /// </summary>
    private static readonly string s_settings = string.Join(' ',
        @"-c default_transaction_isolation=repeatable\ read",
        "-c default_transaction_read_only=on",
        "-c plan_cache_mode=force_custom_plan",
        "-c jit=off",
        "-c max_parallel_workers_per_gather=0",
        "-c enable_bitmapscan=off",
        "-c random_page_cost=1.1");

    /// <summary>
    /// Sent once when a connection opens: a connection's first distance on the spheroid takes about 20 ms, because PROJ starts up
    /// (measured). Otherwise a request would pay for it.
    /// </summary>
    internal const string WarmingSql = "select st_distance('point(0 0)'::geography, 'point(1 1)'::geography)";

    /// <param name="connectionString">The database.</param>
    /// <param name="connectionsMax">The most connections; admission lets in no more executions than that.</param>
    /// <param name="loggers">The loggers of Npgsql.</param>
    /// <param name="limit">The time limit of a statement; <see cref="StatementLimit.Usual"/> by default.</param>
    public static NpgsqlDataSource Create(
        string connectionString, int connectionsMax, ILoggerFactory loggers, StatementLimit? limit = null) =>
        CityHelperDatabase.CreateDataSource(
            Settings(connectionString, connectionsMax, limit ?? StatementLimit.Usual).ConnectionString,
            builder => Configure(builder, "answers", loggers));

    /// <summary>The same connections to replicas, in a pool for each.</summary>
    /// <param name="connectionString">The replicas: its host is a list.</param>
    /// <param name="connectionsMax">The most connections to one replica.</param>
    /// <param name="loggers">The loggers of Npgsql.</param>
    /// <param name="limit">The time limit of a statement.</param>
    public static NpgsqlMultiHostDataSource CreateReplicas(
        string connectionString, int connectionsMax, ILoggerFactory loggers, StatementLimit limit)
    {
        NpgsqlConnectionStringBuilder settings = Settings(connectionString, connectionsMax, limit);
        settings.LoadBalanceHosts = true;
        settings.Timeout = Limits.ReplicaConnectSeconds;
        return CityHelperDatabase.CreateMultiHostDataSource(
            settings.ConnectionString, builder => Configure(builder, "replicas", loggers));
    }

    private static NpgsqlConnectionStringBuilder Settings(string connectionString, int connectionsMax, StatementLimit limit) =>
        new(connectionString)
        {
            ApplicationName = "cityhelper",
            MaxPoolSize = connectionsMax,
            // The last value of an option wins: the connection string may override work_mem, such as on a small machine, but no setting
            // that answers rely on.
            Options =
                $"-c work_mem={Limits.WorkMemoryMegabytes}MB {new NpgsqlConnectionStringBuilder(connectionString).Options} {s_settings} "
                    + $"-c statement_timeout={limit.Milliseconds}",

            // PostgreSQL's own limit applies first, then the watcher, then these.
            CommandTimeout = limit.CommandTimeoutSeconds,
            CancellationTimeout = Limits.CancellationTimeoutMs,

            // Npgsql would bound prepared statements by number alone; the engine's PreparedStatements bounds them by size.
            MaxAutoPrepare = 0,

            // No session state is ever set: there is nothing to reset, and a round trip is saved.
            NoResetOnClose = true,
        };

    private static void Configure(NpgsqlDataSourceBuilder builder, string name, ILoggerFactory loggers)
    {
        // The pool's name in metrics, which is the connection string by default.
        builder.Name = name;
        builder.UseLoggerFactory(loggers).UsePhysicalConnectionInitializer(Warm, WarmAsync);
    }

    private static void Warm(NpgsqlConnection connection)
    {
        try
        {
            using NpgsqlCommand command = new(WarmingSql, connection);
            command.ExecuteNonQuery();
        }
        catch (PostgresException missing) when (missing.SqlState == PostgresErrorCodes.UndefinedObject)
        {
            // A database without PostGIS is not migrated yet; the health check reports it.
        }
    }

    private static async Task WarmAsync(NpgsqlConnection connection)
    {
        try
        {
            await using NpgsqlCommand command = new(WarmingSql, connection);
            await command.ExecuteNonQueryAsync();
        }
        catch (PostgresException missing) when (missing.SqlState == PostgresErrorCodes.UndefinedObject)
        {
            // As above.
        }
    }
}
