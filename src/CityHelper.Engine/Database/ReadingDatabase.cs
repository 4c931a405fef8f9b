using CityHelper.Engine.Telemetry;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace CityHelper.Engine.Database;

/// <summary>
/// Database access for all reads of a request. A connection stays open for the whole read, so its backend is known while it works. If a
/// connection of the pool turns out to be dead, the read is tried once more and the request does not fail.
/// </summary>
/// <param name="pool">The reading connections to the primary.</param>
/// <param name="backends">The backends of all reading connections.</param>
/// <param name="logger">Told of dead connections.</param>
/// <param name="replicas">The replicas; null without any.</param>
public sealed class ReadingDatabase(
    NpgsqlDataSource pool, BackendRegister backends, ILogger<ReadingDatabase> logger, Replicas? replicas = null)
{
    private readonly int _connectionsMax = new NpgsqlConnectionStringBuilder(pool.ConnectionString).MaxPoolSize;

    /// <summary>Reads with one connection.</summary>
    /// <param name="read">Does the reading. It may be called twice, so it must change nothing before its last statement was read.</param>
    /// <param name="cancellation">Cancels the statement in PostgreSQL too.</param>
    /// <exception cref="NpgsqlException">The database is unavailable or returns an error.</exception>
    public Task<T> ReadAsync<T>(Func<NpgsqlConnection, Task<T>> read, CancellationToken cancellation) =>
        ReadAsync(new DatabaseRead(null), use => read(use.Connection), cancellation);

    /// <summary>
    /// As the other overload, for a caller that says what it reads, where from, and when it must no longer be repeated. What fails on a
    /// replica is not repeated here: earlier batches of the answer may have been read there, so the caller reads all of it again.
    /// </summary>
    internal async Task<T> ReadAsync<T>(DatabaseRead use, Func<DatabaseRead, Task<T>> read, CancellationToken cancellation)
    {
        if (use.Source is { MayUseReplicas: true } source
            && replicas is not null
            && await replicas.TryOpenAsync(cancellation) is { } onReplica)
        {
            use.Replica = Replicas.ServerOf(onReplica);
            source.Replica ??= use.Replica;
            EngineTelemetry.CountRead(EngineTelemetry.Replica);
            return await AttemptAsync(use, onReplica, read);
        }

        EngineTelemetry.CountRead(EngineTelemetry.Primary);
        try
        {
            return await AttemptAsync(use, await pool.OpenConnectionAsync(cancellation), read);
        }
        catch (NpgsqlException cause) when (use.IsStale(cause) && !cancellation.IsCancellationRequested)
        {
            // The pool's other connections are of the same age, and PostgreSQL was most likely restarted.
            pool.Clear();
            LogMessages.StaleConnection(logger, (cause as PostgresException)?.SqlState ?? cause.InnerException!.GetType().Name);
            EngineTelemetry.ReadsRepeated.Add(1);
        }

        use.Backend = null;
        return await AttemptAsync(use, await OpenLiveAsync(cancellation), read);
    }

    /// <summary>
    /// Opens a connection that responds. A dead one may still come from the pool while another read clears it: Npgsql's <c>Clear</c>
    /// returns at once when one is already running.
    /// </summary>
    private async Task<NpgsqlConnection> OpenLiveAsync(CancellationToken cancellation)
    {
        for (int dead = 0; ; dead++)
        {
            NpgsqlConnection connection = await pool.OpenConnectionAsync(cancellation);
            try
            {
                await using var ping = new NpgsqlCommand("select 1", connection);
                await ping.ExecuteNonQueryAsync(cancellation);
                return connection;
            }
            catch (NpgsqlException cause) when (dead < _connectionsMax && DatabaseRead.IsDead(cause))
            {
                await connection.DisposeAsync();
            }
            catch
            {
                await connection.DisposeAsync();
                throw;
            }
        }
    }

    private async Task<T> AttemptAsync<T>(DatabaseRead use, NpgsqlConnection opened, Func<DatabaseRead, Task<T>> read)
    {
        await using NpgsqlConnection connection = opened;
        use.Connection = connection;
        use.Backend = backends.Begin(connection.ProcessID, use.Signature, use.Replica);
        try
        {
            return await read(use);
        }
        finally
        {
            // Npgsql closes a connection whose response it no longer waits for.
            backends.End(use.Backend, isGivenUp: connection.State != System.Data.ConnectionState.Open);
        }
    }
}

/// <summary>One use of the database.</summary>
/// <param name="signature">The signature of what it runs; null for a lookup.</param>
internal sealed class DatabaseRead(ExecutionSignature? signature)
{
    public ExecutionSignature? Signature { get; } = signature;

    /// <summary>Where it may be read from; null for the primary alone.</summary>
    public ReadSource? Source { get; init; }

    /// <summary>The replica that it is read from; null for the primary.</summary>
    public ReplicaServer? Replica { get; set; }

    public NpgsqlConnection Connection { get; set; } = null!;

    /// <summary>The backend that it uses; null until a connection is open.</summary>
    public BackendUse? Backend { get; set; }

    /// <summary>Set when the first result arrives: from then on the read must not be repeated.</summary>
    public bool HasBegun { get; set; }

    /// <summary>
    /// Whether a failure shows that the connection was dead before it was used (<see cref="IsDead"/>). This shows at once. A statement that
    /// ran for a while and took its backend down must not do so twice.
    /// </summary>
    public bool IsStale(NpgsqlException cause) =>
        !HasBegun
        && Backend is { IsTerminated: false } backend && backend.Age < TimeSpan.FromMilliseconds(Limits.StaleConnectionMs)
        && IsDead(cause);

    /// <summary>
    /// Whether a failure shows that the connection is dead: PostgreSQL shut down or ended the backend, or the socket failed.
    /// </summary>
    public static bool IsDead(NpgsqlException cause) =>
        cause is PostgresException { SqlState: PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown }
        || (cause is not PostgresException && cause.InnerException is IOException or System.Net.Sockets.SocketException);

    /// <summary>
    /// Whether a failure is the replica's: it may be dead, restored, behind a migration, or have cancelled the statement because replay had
    /// to remove rows that it read. What takes too long, or cannot be computed, would be the same on the primary.
    /// </summary>
    public bool IsOfReplica(NpgsqlException cause) => Replica is not null && !IsTimeout(cause) && !DatabaseFailure.IsOfGeometry(cause);

    /// <summary>Whether it ended because it took too long: by PostgreSQL's time limit, by Npgsql's, or by the watcher.</summary>
    public bool IsTimeout(NpgsqlException cause) =>
        cause is PostgresException { SqlState: PostgresErrorCodes.QueryCanceled }
        || Backend is { IsTerminated: true }
        || (Backend is not null && cause.InnerException is TimeoutException);
}
