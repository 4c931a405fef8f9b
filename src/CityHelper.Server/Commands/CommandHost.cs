using CityHelper.Data;
using CityHelper.Data.Cities;
using CityHelper.Data.Import;
using CityHelper.Data.Migrations;
using CityHelper.Server.Configuration;
using CityHelper.Server.Redis;
using Npgsql;
using StackExchange.Redis;

namespace CityHelper.Server.Commands;

/// <summary>The environment of a command; tests bring their own.</summary>
public sealed class CommandHost
{
    public required IConfiguration Configuration { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public TextWriter Output { get; init; } = Console.Out;

    public TextWriter Error { get; init; } = Console.Error;

    /// <summary>Whether a person watches: then a progress bar is shown, otherwise plain lines.</summary>
    public bool IsTerminal { get; init; }

    public string Home => SettingsReader.Read<FileSettings>(Configuration).Home;

    /// <exception cref="CommandException">No connection string is configured.</exception>
    public string ConnectionString =>
        SettingsReader.Read<DatabaseSettings>(Configuration).ConnectionString
            ?? throw new CommandException(
                $"No database is configured: set {CityHelperDatabase.ConnectionStringKey} to a connection string such as "
                + "Host=127.0.0.1;Username=cityhelper;Database=cityhelper.");

    /// <summary>Whether a shared Redis is configured.</summary>
    public bool HasRedis => RedisAt is not null;

    /// <summary>The connection string of the shared Redis; null when none is configured.</summary>
    public string? RedisConnectionString => RedisAt;

    private string? RedisAt => SettingsReader.Read<RedisSettings>(Configuration).ConnectionString;

    /// <summary>The host of a program started from a shell.</summary>
    public static CommandHost FromEnvironment() => new()
    {
        Configuration = new ConfigurationBuilder().AddJsonFile("appsettings.json", optional: true).AddEnvironmentVariables().Build(),
        IsTerminal = !Console.IsOutputRedirected && !Console.IsErrorRedirected,
    };

    /// <summary>
    /// Opens a pool on a database whose schema is up to date. Its commands have no timeout: a person waits, who can stop them.
    /// </summary>
    /// <exception cref="CommandException">Migrations are pending.</exception>
    public async Task<NpgsqlDataSource> OpenDatabaseAsync(CancellationToken cancellation)
    {
        string connectionString = ConnectionString;
        return await new Migrator(connectionString).IsUpToDateAsync(cancellation)
            ? CityHelperDatabase.CreateDataSource(
                new NpgsqlConnectionStringBuilder(connectionString) { CommandTimeout = 0 }.ConnectionString)
            : throw new CommandException("The database's schema is not up to date: run `cityhelper migrate` first.");
    }

    /// <summary>Connects to the Redis that servers share.</summary>
    /// <exception cref="CommandException">None is configured.</exception>
    /// <exception cref="ConfigurationException">The connection string is wrong, or Redis does not answer.</exception>
    public Task<ConnectionMultiplexer> OpenRedisAsync() => RedisAt is { } connectionString
        ? RedisConnection.ConnectAsync(connectionString)
        : throw new CommandException(
            $"No Redis is configured: set {RedisConnection.ConnectionStringKey} to a connection string such as 127.0.0.1:6379,password=….");

    /// <summary>Finds the city that a command works on.</summary>
    /// <exception cref="CommandException">No city has this slug.</exception>
    public async Task<CityEntry> FindCityAsync(NpgsqlDataSource dataSource, string slug, CancellationToken cancellation) =>
        await new CityDirectory(dataSource, Time).FindAsync(slug, cancellation)
        ?? throw new CommandException($"There is no city `{slug}`: add it first with `cityhelper city add`.");

    /// <summary>Checks that a command can read its files, before it changes anything.</summary>
    /// <param name="paths">The files.</param>
    /// <param name="bytesMax">The largest length allowed.</param>
    /// <exception cref="CommandException">One of them cannot be read.</exception>
    public static void RequireReadable(IEnumerable<string> paths, long bytesMax)
    {
        if (paths.Select(path => InputFiles.Problem(path, bytesMax)).FirstOrDefault(problem => problem is not null) is { } problem)
        {
            throw new CommandException(problem);
        }
    }

    /// <summary>Reads the text of a command's file.</summary>
    /// <exception cref="CommandException">It cannot be read.</exception>
    public static async Task<string> ReadTextAsync(string path, CancellationToken cancellation) =>
        await InputFiles.ReadTextAsync(path, cancellation) is var (text, problem) && text is not null
            ? text
            : throw new CommandException(problem!);

    /// <summary>Runs a command, and prints one sentence for each failure that is not a bug of this program.</summary>
    /// <returns>0 when it succeeded, 1 when it did not.</returns>
    public async Task<int> RunAsync(Func<Task<int>> command)
    {
        try
        {
            return await command();
        }
        catch (Exception failure) when (Sentence(failure) is { } sentence)
        {
            // Several problems take several lines. Names and texts of files are in them.
            await Error.WriteLineAsync(
                string.Join(Environment.NewLine, sentence.Split('\n').Select(line => ImportDisplay.Printable(line.TrimEnd('\r')))));
            return 1;
        }
    }

    private static string? Sentence(Exception failure) => failure switch
    {
        CommandException or MigrationException or ConfigurationException or InvalidDataException => failure.Message,
        IOException or UnauthorizedAccessException or TimeZoneNotFoundException => failure.Message,
        OperationCanceledException => "Stopped.",
        PostgresException postgres => $"The database refused: {postgres.MessageText} ({postgres.SqlState}).",
        NpgsqlException { InnerException: TimeoutException } =>
            "The database did not answer in time: repeat it when the database is less busy and no other session holds a lock "
                + $"(pg_stat_activity tells), or see whether {CityHelperDatabase.ConnectionStringKey} is right.",
        NpgsqlException =>
            $"The database does not answer: {(failure.InnerException ?? failure).Message}. "
                + $"Is {CityHelperDatabase.ConnectionStringKey} right?",
        RedisServerException => $"Redis refused: {failure.Message}",
        RedisException or RedisTimeoutException =>
            $"Redis does not answer: {failure.Message}. Is {RedisConnection.ConnectionStringKey} right?",
        ArgumentException { Source: "Npgsql" } => DatabaseSettings.NotOne,
        _ => null,
    };
}

/// <summary>A command cannot do its work. The message is one sentence that says what to do.</summary>
public sealed class CommandException(string message) : Exception(message);
