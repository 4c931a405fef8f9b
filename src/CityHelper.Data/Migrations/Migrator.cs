using System.Reflection;
using CityHelper.Data.Import;
using DbUp;
using DbUp.Engine;
using DbUp.Postgresql;
using Npgsql;

namespace CityHelper.Data.Migrations;

/// <summary>Migrates a database to the schema of this program, with the numbered scripts embedded beside this class.</summary>
/// <remarks>
/// Takes a connection string and opens unpooled connections. A connection loads the database's types when it opens; one that is older than
/// a migration would not know the types it adds.
/// </remarks>
public sealed class Migrator
{
    /// <summary>The table that records which scripts ran.</summary>
    public const string JournalTable = "schema_version";

    // Any number works, as long as every version of this program uses the same one.
    private const long LockKey = 0x0C17_4E19_0001;

    private const string ScriptPrefix = "CityHelper.Data.Migrations.";

    private readonly string _connectionString;

    public Migrator(string connectionString) =>
        _connectionString = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString;

    /// <summary>The scripts of this program, oldest first: <c>0001_service_requests.sql</c>.</summary>
    public static IReadOnlyList<string> ScriptNames { get; } =
        [.. Assembly.GetExecutingAssembly().GetManifestResourceNames()
            .Where(name => name.StartsWith(ScriptPrefix, StringComparison.Ordinal) && name.EndsWith(".sql", StringComparison.Ordinal))
            .Select(name => name[ScriptPrefix.Length..])
            .Order(StringComparer.Ordinal)];

    /// <summary>
    /// Runs pending scripts, each in its own transaction. Servers that start at once queue on an advisory lock: the first migrates, the
    /// others find nothing left to do.
    /// </summary>
    /// <returns>The scripts that ran; empty when the schema was up to date.</returns>
    /// <exception cref="MigrationException">
    /// The server is too old or lacks an extension, an import is running, a script failed, or the lock was held for too long.
    /// </exception>
    public async Task<IReadOnlyList<string>> MigrateAsync(CancellationToken cancellation = default)
    {
        await using NpgsqlDataSource dataSource = NpgsqlDataSource.Create(_connectionString);
        // The lock belongs to this connection and is released when it closes or dies.
        await using NpgsqlConnection connection = await dataSource.OpenConnectionAsync(cancellation);
        await TakeLockAsync(connection, cancellation);
        await DatabaseRequirements.CheckAsync(connection, cancellation);
        if ((await PendingAsync(connection, cancellation)).Count == 0)
        {
            return [];
        }

        await RequireNoImportAsync(connection, cancellation);
        DatabaseUpgradeResult result = await Task.Run(() => Engine(dataSource).PerformUpgrade(), cancellation);
        return result.Successful
            ? [.. result.Scripts.Select(script => script.Name)]
            : throw new MigrationException(
                $"Migration {result.ErrorScript?.Name} failed and was rolled back: {result.Error.Message}", result.Error);
    }

    /// <summary>The scripts that have not run yet; for a readiness check.</summary>
    /// <exception cref="NpgsqlException">The database does not answer.</exception>
    public async Task<IReadOnlyList<string>> PendingAsync(CancellationToken cancellation = default)
    {
        await using NpgsqlDataSource dataSource = NpgsqlDataSource.Create(_connectionString);
        await using NpgsqlConnection connection = await dataSource.OpenConnectionAsync(cancellation);
        return await PendingAsync(connection, cancellation);
    }

    /// <summary>Whether every script of this program has run.</summary>
    public async Task<bool> IsUpToDateAsync(CancellationToken cancellation = default) => (await PendingAsync(cancellation)).Count == 0;

    /// <summary>As <see cref="PendingAsync(CancellationToken)"/>, on the caller's connection.</summary>
    public static async Task<IReadOnlyList<string>> PendingAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var exists = new NpgsqlCommand($"select to_regclass('public.{JournalTable}') is not null", connection);
        if (await exists.ExecuteScalarAsync(cancellation) is not true)
        {
            return ScriptNames;
        }

        var ran = new HashSet<string>(StringComparer.Ordinal);
        await using var command = new NpgsqlCommand($"select scriptname from public.{JournalTable}", connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            ran.Add(reader.GetString(0));
        }

        return [.. ScriptNames.Where(name => !ran.Contains(name))];
    }

    private static UpgradeEngine Engine(NpgsqlDataSource dataSource) =>
        DeployChanges.To
            .PostgresqlDatabase(new PostgresqlConnectionManager(dataSource))
            .WithScripts(ScriptNames.Select(name => SqlScript.FromStream(
                name, Assembly.GetExecutingAssembly().GetManifestResourceStream(ScriptPrefix + name)!)))
            // Otherwise DbUp takes $body$ for a variable.
            .WithVariablesDisabled()
            .WithTransactionPerScript()
            // No timeout: an index over a large city takes longer to build than any limit that helps elsewhere.
            .WithExecutionTimeout(TimeSpan.Zero)
            .JournalToPostgresqlTable("public", JournalTable)
            .LogToNowhere()
            .Build();

    private static async Task TakeLockAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select pg_advisory_lock($1)", connection)
        {
            CommandTimeout = (int)Limits.MigrationWaitMax.TotalSeconds,
            Parameters = { new() { Value = LockKey } },
        };
        try
        {
            await command.ExecuteNonQueryAsync(cancellation);
        }
        catch (NpgsqlException timeout) when (timeout.InnerException is TimeoutException)
        {
            throw new MigrationException(
                $"Another process has been migrating this database for {Limits.MigrationWaitMax.TotalMinutes:0} minutes. "
                    + "Indexes over many requests take that long; look in pg_stat_activity whether it works or waits, "
                    + "and migrate again when it has ended.",
                timeout);
        }
    }

    /// <summary>
    /// An import that began before a script does not know what the script adds: it would go on without appending deltas, and from then on
    /// the counters would be silently wrong.
    /// </summary>
    private static async Task RequireNoImportAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            $"""
            select exists (
                select from pg_locks l where l.locktype = 'advisory' and l.classid = {Importer.LockClass} and l.objsubid = 2
                    and l.database = (select d.oid from pg_database d where d.datname = current_database()))
            """, connection);
        if (await command.ExecuteScalarAsync(cancellation) is true)
        {
            throw new MigrationException("An import into this database is running: migrate when it has ended.");
        }
    }
}
