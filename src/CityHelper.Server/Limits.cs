namespace CityHelper.Server;

/// <summary>Every number that bounds something in the server, with its reason.</summary>
public static partial class Limits
{
    /// <summary>
    /// Milliseconds that a request waits for Redis. A call takes one on a good day; one that takes this long says that Redis is in trouble,
    /// and what is asked of it can be done without.
    /// </summary>
    public const int RedisCallMs = 500;

    /// <summary>
    /// Milliseconds for which nothing is asked of a Redis that let a call wait: else every request would wait, and calls pile up.
    /// </summary>
    public const int RedisRestMs = 1_000;

    /// <summary>Milliseconds that connecting may take. A server that starts waits for it once.</summary>
    public const int RedisConnectMs = 1_000;

    /// <summary>Milliseconds between two attempts to connect again: about as long as a Redis that was restarted is missed.</summary>
    public const int RedisReconnectMs = 1_000;

    /// <summary>
    /// Milliseconds that a verb waits for Redis, to connect as for each call: nobody else waits for it, and it says why it ends.
    /// </summary>
    public const int RedisVerbMs = 2_000;

    /// <summary>
    /// How long a text that a client registered is kept after its last use: an app that is opened once a week finds its operations. Redis
    /// evicts it earlier when memory is short.
    /// </summary>
    public static readonly TimeSpan RegisteredTextKept = TimeSpan.FromDays(14);

    /// <summary>How long the count of a day's registrations is kept: the day itself, and clocks of servers that differ.</summary>
    public static readonly TimeSpan RegistrationCountKept = TimeSpan.FromDays(2);

    /// <summary>Keys that one step of a listing looks at in Redis, which does nothing else meanwhile: well under a millisecond.</summary>
    public const int RedisScanKeys = 1_000;

    /// <summary>
    /// Bytes of a value that are read from Redis: the longest document there can be. A longer value is none of ours, and its beginning does
    /// not hash to its id.
    /// </summary>
    public const int StoredTextBytesMax = Engine.Limits.DocumentCharsMax * Utf8BytesPerCharMax;

    /// <summary>
    /// Megabytes that PostgreSQL may use for one sort of a reading statement, and twice that for one table of groups, before it goes to
    /// disk: the clusters of a city of 200,000 requests take 34 at the zoom where they are most, and the default allows 8. It is taken when
    /// it is needed and given back at the statement's end.
    /// </summary>
    public const int WorkMemoryMegabytes = 32;

    /// <summary>
    /// Connections that answers are read through: with <see cref="ConnectionsOfFolding"/>, <see cref="ConnectionsOfHealth"/> and
    /// <see cref="ConnectionsOfWatching"/> 44, so that two servers leave nine of PostgreSQL's default for an import (three), a migration
    /// (two) and people.
    /// </summary>
    public const int ReadingConnections = 40;

    /// <summary>Connections of answers that a setting may ask for: each is a process of PostgreSQL of 10 MB, so these are 100 GB.</summary>
    public const int ReadingConnectionsMax = 10_000;

    /// <summary>Of the reading connections, one for what the server reads for itself every few minutes, the tables' statistics.</summary>
    public const int ConnectionsOfStatistics = 1;

    /// <summary>Connections that fold counters: two, so that a fold that was cut off at one does not stop the next.</summary>
    public const int ConnectionsOfFolding = 2;

    /// <summary>Connections that health is looked at through: never one that answers are read through.</summary>
    public const int ConnectionsOfHealth = 1;

    /// <summary>Connections that watch the server's statements in PostgreSQL.</summary>
    public const int ConnectionsOfWatching = 1;

    /// <summary>PostgreSQL's default <c>max_connections</c>, less the three that it keeps for superusers.</summary>
    public const int PostgresConnections = 97;

    /// <summary>Servers that share a PostgreSQL with that default.</summary>
    public const int ServersOfOneDatabase = 2;

    /// <summary>Connections that an import, a migration and a person's psql take beside the servers.</summary>
    public const int ConnectionsOfOthers = 9;

    /// <summary>Milliseconds between two looks at the database: one that is gone is noticed after two or three of them.</summary>
    public const int HealthEveryMs = 1_000;

    /// <summary>
    /// Milliseconds that a look may take before it is given up. A database that is only busy answers `select 1` within some ten.
    /// </summary>
    public const int HealthLookMs = 2_000;

    /// <summary>
    /// Milliseconds for which a database that let looks run out counts as there: a server that is called unready is taken away, and its
    /// load goes to others that are as busy. One that refuses to connect is gone at once.
    /// </summary>
    public const int HealthUnansweredMs = 5_000;

    /// <summary>
    /// Milliseconds that a question for readiness waits for a look while the last one failed, so that who migrates or restarts the database
    /// need not wait for the next.
    /// </summary>
    public const int HealthAskMs = 50;

    /// <summary>
    /// Threads that the pool makes without hesitation. Its default is one for each processor, and where two requests read long answers, a
    /// third waits behind them for up to half a second until the pool decides to make another; the system's scheduler gives each thread its
    /// turn after milliseconds.
    /// </summary>
    public const int ThreadsMin = 32;

    /// <summary>
    /// Seconds that Npgsql waits for an answer of PostgreSQL: more than a statement may take and the watcher needs to end it, so that the
    /// connection is kept whenever PostgreSQL ends the statement.
    /// </summary>
    public const int CommandTimeoutSeconds = 8;

    /// <summary>
    /// Milliseconds that Npgsql waits for the end of a statement that it has cancelled; then it gives the connection up, and the backend is
    /// the watcher's.
    /// </summary>
    public const int CancellationTimeoutMs = 1_500;

    /// <summary>Seconds that the watcher waits for a connection, and for its one small statement.</summary>
    public const int WatchTimeoutSeconds = 5;

    /// <summary>Characters of a wrong value that the message about it shows: whoever wrote it knows it by them.</summary>
    public const int ShownSettingCharsMax = 100;

    private const int Utf8BytesPerCharMax = 3;

    /// <summary>Limits that contradict each other must not start a server.</summary>
    /// <exception cref="InvalidOperationException">A relation between two limits is broken.</exception>
    public static void Verify()
    {
        VerifyConnections();
        const int WatchedMs = Engine.Limits.StatementTimeoutMs + Engine.Limits.WatchMarginMs + Engine.Limits.WatchIntervalMs;
        Check(Engine.Limits.StatementTimeoutMs < CommandTimeoutSeconds * 1_000, "PostgreSQL must end a statement before Npgsql does");
        Check(WatchedMs < CommandTimeoutSeconds * 1_000, "what outlives its limit must be ended before Npgsql gives its connection up");
        Check(CommandTimeoutSeconds * 1_000 + CancellationTimeoutMs < Engine.Limits.RequestTimeoutMs, "a connection must be given up before its request is");
        Check(
            ServersOfOneDatabase * (ReadingConnections + ConnectionsOfFolding + ConnectionsOfHealth + ConnectionsOfWatching) + ConnectionsOfOthers <= PostgresConnections,
            "two servers must fit the database's connections");
        Check(Engine.Admission.ClientShare.Everybody.Executions + ConnectionsOfStatistics <= ReadingConnections, "whoever is admitted by default must have a connection");
        Check(HealthEveryMs + HealthLookMs < HealthUnansweredMs, "one look that ran out must not take a server away");
    }

    private static void Check(bool holds, string relation)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"CityHelper.Server.Limits contradict each other: {relation}.");
        }
    }
}
