namespace CityHelper.Server;

/// <summary>Every number that bounds something in the server, with its reason.</summary>
public static partial class Limits
{
    /// <summary>Megabytes of stored answers that may be configured: half of a machine that serves.</summary>
    public const int CacheMegabytesMax = 16_384;

    /// <summary>
    /// Milliseconds that a request waits for Redis. A call usually takes one. A call that takes this long shows that Redis is in trouble,
    /// and the request can do without its answer.
    /// </summary>
    public const int RedisCallMs = 500;

    /// <summary>
    /// Milliseconds without calls to Redis after a call timed out: otherwise every request would wait, and calls pile up.
    /// </summary>
    public const int RedisRestMs = 1_000;

    /// <summary>Milliseconds that connecting may take. A starting server waits for it once.</summary>
    public const int RedisConnectMs = 1_000;

    /// <summary>Milliseconds between two attempts to reconnect: about as long as a restarted Redis goes unnoticed.</summary>
    public const int RedisReconnectMs = 1_000;

    /// <summary>
    /// Milliseconds that a command waits for Redis, to connect and for each call: nothing else waits for it, and it reports why it ends.
    /// </summary>
    public const int RedisCommandMs = 2_000;

    /// <summary>
    /// How long a registered text is kept after its last use: an app that is opened once a week finds its operations. Redis evicts it
    /// earlier when memory is short.
    /// </summary>
    public static readonly TimeSpan RegisteredTextKept = TimeSpan.FromDays(14);

    /// <summary>How long a day's count of registrations is kept: the day itself, and a margin for clocks that differ.</summary>
    public static readonly TimeSpan RegistrationCountKept = TimeSpan.FromDays(2);

    /// <summary>Keys that one step of a scan visits in Redis, which does nothing else meanwhile: well under a millisecond.</summary>
    public const int RedisScanKeys = 1_000;

    /// <summary>
    /// Bytes of a value that are read from Redis: the longest possible document. A longer value is not ours, and its beginning does not
    /// hash to its id.
    /// </summary>
    public const int StoredTextBytesMax = Engine.Limits.DocumentCharsMax * Utf8BytesPerCharMax;

    /// <summary>
    /// Megabytes that PostgreSQL may use for one sort of a reading statement, and twice that for one hash table of groups, before it spills
    /// to disk. The clusters of a city of 200,000 requests take 34 at the zoom with the most clusters; the default allows 8. Memory is
    /// allocated on demand and freed at the statement's end.
    /// </summary>
    public const int WorkMemoryMegabytes = 32;

    /// <summary>
    /// Connections for reading answers. With <see cref="WritingConnections"/>, <see cref="ConnectionsOfChangeLog"/>,
    /// <see cref="ConnectionsOfHealth"/> and <see cref="ConnectionsOfWatching"/> they are 44, so two servers leave nine of PostgreSQL's
    /// default for an import (three), a migration (two) and people.
    /// </summary>
    public const int ReadingConnections = 36;

    /// <summary>The most reading connections that a setting may allow: at 10 MB per PostgreSQL process they take 100 GB.</summary>
    public const int ReadingConnectionsMax = 10_000;

    /// <summary>
    /// Seconds that connecting to a replica may take: milliseconds in the same region. Requests that meet a silent one wait for so long,
    /// once in Npgsql's recheck time, and are then read from the primary.
    /// </summary>
    public const int ReplicaConnectSeconds = 2;

    /// <summary>Reading connections for the table statistics, which the server reads for itself every few minutes.</summary>
    public const int ConnectionsOfStatistics = 1;

    /// <summary>
    /// Connections that write: compaction takes one for seconds, inboxes one now and then, and mutations the rest, some milliseconds each.
    /// </summary>
    public const int WritingConnections = 4;

    /// <summary>
    /// Connections of the change log: one for pulse and following, one for the writes that number their own events, milliseconds each.
    /// </summary>
    public const int ConnectionsOfChangeLog = 2;

    /// <summary>Seconds that a command of a mutation may take; then it is cancelled, and the mutation with it.</summary>
    public const int WriteTimeoutSeconds = 5;

    /// <summary>
    /// Milliseconds after which PostgreSQL ends any statement of a writing connection: a step of compaction takes seconds.
    /// </summary>
    public const int WritingStatementTimeoutMs = 60_000;

    /// <summary>Milliseconds that a writing connection waits for a lock: whoever holds one longer hangs, or migrates.</summary>
    public const int WritingLockTimeoutMs = 4_000;

    /// <summary>
    /// Milliseconds after which PostgreSQL ends a transaction whose server says nothing: it holds rows that others wait for.
    /// </summary>
    public const int WritingIdleTimeoutMs = 10_000;

    /// <summary>Connections for health checks: never a reading connection.</summary>
    public const int ConnectionsOfHealth = 1;

    /// <summary>Connections that watch the server's statements in PostgreSQL.</summary>
    public const int ConnectionsOfWatching = 1;

    /// <summary>PostgreSQL's default <c>max_connections</c>, less the three that it keeps for superusers.</summary>
    public const int PostgresConnections = 97;

    /// <summary>Servers that share a PostgreSQL with that default.</summary>
    public const int ServersOfOneDatabase = 2;

    /// <summary>Connections that an import, a migration and a person's psql take beside the servers.</summary>
    public const int ConnectionsOfOthers = 9;

    /// <summary>Milliseconds between two health checks of the database: one that is gone is noticed after two or three of them.</summary>
    public const int HealthEveryMs = 1_000;

    /// <summary>
    /// Milliseconds that a health check may take before it is given up. A database that is only busy answers `select 1` within some ten.
    /// </summary>
    public const int HealthCheckMs = 2_000;

    /// <summary>
    /// Milliseconds for which a database that lets checks time out counts as present: an unready server is taken out of rotation, and its
    /// load moves to others that are as busy. A database that refuses to connect is gone at once.
    /// </summary>
    public const int HealthUnansweredMs = 5_000;

    /// <summary>
    /// Milliseconds that a readiness request waits for a new check while the last one failed, so that a migrated or restarted database is
    /// seen at once.
    /// </summary>
    public const int HealthWaitMs = 50;

    /// <summary>
    /// Threads that the pool creates without delay. Its default is one for each processor: where two requests read long answers, a third
    /// waits behind them for up to half a second until the pool adds one. The system's scheduler gives each thread its turn after
    /// milliseconds.
    /// </summary>
    public const int ThreadsMin = 32;

    /// <summary>
    /// Seconds that Npgsql waits for PostgreSQL: more than a statement may take plus what the watcher needs to end it, so that the
    /// connection is kept whenever PostgreSQL ends the statement.
    /// </summary>
    public const int CommandTimeoutSeconds = 8;

    /// <summary>
    /// Milliseconds that Npgsql waits for a cancelled statement to end; then it gives up the connection, and leaves the backend to the
    /// watcher.
    /// </summary>
    public const int CancellationTimeoutMs = 1_500;

    /// <summary>Seconds that the watcher waits for a connection, and for its one small statement.</summary>
    public const int WatchTimeoutSeconds = 5;

    /// <summary>
    /// Requests that a client may report to one server in a minute: a city of eight million people reports ten a minute on a bad day.
    /// </summary>
    public const int ReportsPerMinute = 60;

    /// <summary>Characters of a wrong value that the message about it shows: enough to recognise it.</summary>
    public const int ShownSettingCharsMax = 100;

    private const int Utf8BytesPerCharMax = 3;

    /// <summary>Throws when limits contradict each other, so that no server starts with them.</summary>
    /// <exception cref="InvalidOperationException">A relation between two limits is broken.</exception>
    public static void Verify()
    {
        VerifyConnections();
        VerifyChanges();
        const int WatchedMs = Engine.Limits.StatementTimeoutMs + Engine.Limits.WatchMarginMs + Engine.Limits.WatchIntervalMs;
        Check(Engine.Limits.StatementTimeoutMs < CommandTimeoutSeconds * 1_000, "PostgreSQL must end a statement before Npgsql does");
        Check(WatchedMs < CommandTimeoutSeconds * 1_000, "what outlives its limit must be ended before Npgsql gives its connection up");
        Check(
            CommandTimeoutSeconds * 1_000 + CancellationTimeoutMs < Engine.Limits.RequestTimeoutMs,
            "a connection must be given up before its request is");
        Check(
            ServersOfOneDatabase
                    * (ReadingConnections + WritingConnections + ConnectionsOfChangeLog + ConnectionsOfHealth + ConnectionsOfWatching)
                + ConnectionsOfOthers
                <= PostgresConnections,
            "two servers must fit the database's connections");
        Check(
            Engine.Admission.ClientShare.Everybody.Executions + ConnectionsOfStatistics <= ReadingConnections,
            "the default shares must fit the pool");
        Check(HealthEveryMs + HealthCheckMs < HealthUnansweredMs, "one timed-out check must not make a server unready");
    }

    private static void Check(bool holds, string relation)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"CityHelper.Server.Limits contradict each other: {relation}.");
        }
    }
}
