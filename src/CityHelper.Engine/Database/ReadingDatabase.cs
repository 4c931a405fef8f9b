using CityHelper.Engine.Telemetry;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace CityHelper.Engine.Database;

/// <summary>
/// The way to the database for everything that is read for a request. A connection is opened for the whole use, so that its backend is
/// known while it works, and a connection of the pool that turns out to be dead costs no answer: it is tried once more.
/// </summary>
public sealed class ReadingDatabase(NpgsqlDataSource pool, BackendRegister backends, ILogger<ReadingDatabase> logger)
{
    private readonly int _connectionsMax = new NpgsqlConnectionStringBuilder(pool.ConnectionString).MaxPoolSize;

    /// <summary>Reads with a connection that is taken for as long.</summary>
    /// <param name="read">Reads. It may be called twice, so it must not change anything before its last statement was read.</param>
    /// <param name="cancellation">Ends the statement in PostgreSQL too.</param>
    /// <exception cref="NpgsqlException">The database does not answer, or not as it should.</exception>
    public Task<T> ReadAsync<T>(Func<NpgsqlConnection, Task<T>> read, CancellationToken cancellation) =>
        ReadAsync(new DatabaseRead(null), use => read(use.Connection), cancellation);

    /// <summary>As the other, for one that says what it reads and from where on it must not be repeated.</summary>
    internal async Task<T> ReadAsync<T>(DatabaseRead use, Func<DatabaseRead, Task<T>> read, CancellationToken cancellation)
    {
        try
        {
            return await AttemptAsync(use, await pool.OpenConnectionAsync(cancellation), read);
        }
        catch (NpgsqlException cause) when (use.IsStale(cause) && !cancellation.IsCancellationRequested)
        {
            // The others of the pool are of the same age, and PostgreSQL was most likely restarted.
            pool.Clear();
            LogMessages.StaleConnection(logger, (cause as PostgresException)?.SqlState ?? cause.InnerException!.GetType().Name);
            EngineTelemetry.ReadsRepeated.Add(1);
        }

        use.Backend = null;
        return await AttemptAsync(use, await OpenLiveAsync(cancellation), read);
    }

    /// <summary>
    /// A connection that answers. A dead one may still be taken while another read clears the pool: Npgsql's <c>Clear</c> returns at once
    /// when one is under way.
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
        use.Backend = backends.Begin(connection.ProcessID, use.Shape);
        try
        {
            return await read(use);
        }
        finally
        {
            // Npgsql closes a connection whose answer it does not wait for any more.
            backends.End(use.Backend, isGivenUp: connection.State != System.Data.ConnectionState.Open);
        }
    }
}

/// <summary>One use of the database.</summary>
/// <param name="shape">What it runs; null for a look-up.</param>
internal sealed class DatabaseRead(ExecutionShape? shape)
{
    public ExecutionShape? Shape { get; } = shape;

    public NpgsqlConnection Connection { get; set; } = null!;

    /// <summary>The backend that reads; null until a connection is open.</summary>
    public BackendUse? Backend { get; set; }

    /// <summary>Set when the first answer is there: what was read must not be read twice.</summary>
    public bool HasBegun { get; set; }

    /// <summary>
    /// Whether a failure says that the connection was dead before it was asked (<see cref="IsDead"/>). It shows at once; a statement that
    /// ran for a while and took its backend along must not do so twice.
    /// </summary>
    public bool IsStale(NpgsqlException cause) =>
        !HasBegun
        && Backend is { IsTerminated: false } backend && backend.Age < TimeSpan.FromMilliseconds(Limits.StaleConnectionMs)
        && IsDead(cause);

    /// <summary>
    /// Whether a failure says that the connection is dead: told by PostgreSQL when it shut down or ended the backend, or by the socket.
    /// </summary>
    public static bool IsDead(NpgsqlException cause) =>
        cause is PostgresException { SqlState: PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown }
        || (cause is not PostgresException && cause.InnerException is IOException or System.Net.Sockets.SocketException);

    /// <summary>Whether it was ended because it took too long: by PostgreSQL's limit, by Npgsql's, or by the watcher.</summary>
    public bool IsTimeout(NpgsqlException cause) =>
        cause is PostgresException { SqlState: PostgresErrorCodes.QueryCanceled }
        || Backend is { IsTerminated: true }
        || (Backend is not null && cause.InnerException is TimeoutException);
}
