using CityHelper.Data;
using CityHelper.Engine;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Transport.Http;
using CityHelper.Server.Admission;
using CityHelper.Server.Clients;
using CityHelper.Server.Configuration;
using CityHelper.Server.Explorer;
using CityHelper.Server.Health;
using CityHelper.Server.Http;
using CityHelper.Server.Logging;
using CityHelper.Server.Redis;
using CityHelper.Server.Schema;
using CityHelper.Server.Security;
using CityHelper.Server.Statistics;
using CityHelper.Server.Telemetry;
using CityHelper.Server.Watching;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CityHelper.Server;

/// <summary>Builds the web server. A request's way through it: docs/architecture.md.</summary>
public static class ServerApplication
{
    /// <summary>Where this program keeps its files; <c>.cityhelper</c> in the working directory without it.</summary>
    public const string HomeKey = "CITYHELPER_HOME";

    /// <summary>The folder of persisted operations; without it, the one that was built with the server.</summary>
    public const string OperationsKey = "CITYHELPER_OPERATIONS";

    private const string GraphQLPath = "/graphql";

    /// <summary>Builds a server that is ready to run: operations compiled, nothing listening yet.</summary>
    /// <param name="options">Arguments, environment and content root.</param>
    /// <param name="configure">What a caller adds or replaces, such as tests their logging.</param>
    /// <exception cref="ConfigurationException">The configuration is wrong; the message says what to set.</exception>
    public static async Task<WebApplication> BuildAsync(WebApplicationOptions options, Action<WebApplicationBuilder>? configure = null)
    {
        Limits.Verify();
        WebApplicationBuilder builder = WebApplication.CreateBuilder(options);
        builder.Logging.AddConsoleLogging(builder.Environment);
        configure?.Invoke(builder);
        builder.AddSettings();
        builder.AddTelemetry();

        // What is not there, or wrong, is said below, before anything connects. Kestrel is built before that.
        string connectionString = SettingsReader.Read<DatabaseSettings>(builder.Configuration).ConnectionString ?? "";
        int connectionsMax = SettingsReader.Read<HttpSettings>(builder.Configuration).Connections;
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            ConnectionLimits.Apply(kestrel, connectionsMax);
        });
        builder.Services.Configure<SocketTransportOptions>(ConnectionLimits.Apply);
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.TryAddSingleton(StatementLimit.Usual);
        builder.Services.AddSingleton(services => ReadingConnections.Create(
            connectionString,
            services.Settings<AdmissionSettings>().Connections,
            services.GetRequiredService<ILoggerFactory>(),
            services.GetRequiredService<StatementLimit>()));
        builder.Services.AddSingleton(services =>
            CursorKeyStore.Load(services.Settings<CursorSettings>(), services.Settings<FileSettings>().Home));
        builder.Services.AddSingleton<IClientDirectory>(services =>
            new ClientDirectory(services.Settings<ClientsSettings>().ByName, builder.Environment.IsDevelopment()));
        builder.Services.AddSingleton(services => services.Settings<AdmissionSettings>().ToOptions());
        builder.Services.AddCityHelperSchema();
        builder.Services.AddTableStatistics();
        builder.Services.AddCounterFolding(connectionString);
        builder.Services.AddBackendWatcher(connectionString);
        builder.Services.AddSingleton(services => services.Settings<HttpSettings>().ToOptions(builder.Environment));
        builder.Services.AddGraphQLEngine();
        builder.Services.AddHostedService<MemoryTrimming>();
        builder.Services.AddSharedRedis(builder.Configuration);
        builder.Services.AddCityHelperHealth(connectionString);

        WebApplication app = builder.Build();
        try
        {
            app.Services.RequireValidSettings();
            string manifest = ManifestPathOf(builder.Configuration);
            await app.Services.GetRequiredService<OperationRegistry>().LoadAsync(manifest, CancellationToken.None);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        app.UseSafeHeaders();
        app.UseResponseDeadline();
        app.UseContentEncodings();
        app.UseExplorer();
        app.MapGraphQL(GraphQLPath);
        app.MapCityHelperHealth();
        return app;
    }

    private static void AddSettings(this WebApplicationBuilder builder)
    {
        builder.Services.AddSettings<DatabaseSettings>();
        builder.Services.AddSettings<FileSettings>();
        builder.Services.AddSettings<CursorSettings>();
        builder.Services.AddSettings<HttpSettings>();
        builder.Services.AddSettings<ClientsSettings>();
        builder.Services.AddSettings<AdmissionSettings>();
        builder.Services.AddSingleton<IValidateOptions<AdmissionSettings>, AdmissionValidation>();
    }

    /// <summary>The file of operations that a server loads.</summary>
    internal static string ManifestPathOf(IConfiguration configuration)
    {
        string folder = SettingsReader.Read<FileSettings>(configuration).Operations
            ?? Path.Combine(AppContext.BaseDirectory, "persisted-queries");
        return Path.Combine(folder, OperationManifest.FileName);
    }
}

/// <summary>
/// What a statement may take. The same for every server; a service, so that a test whose statements wait for a lock need not race with it.
/// </summary>
/// <param name="Milliseconds">After so many PostgreSQL cancels it.</param>
internal sealed record StatementLimit(int Milliseconds)
{
    public static StatementLimit Usual { get; } = new(Engine.Limits.StatementTimeoutMs);

    /// <summary>
    /// Seconds that Npgsql waits: later than PostgreSQL and the watcher by what <see cref="Limits.CommandTimeoutSeconds"/> leaves them.
    /// </summary>
    public int CommandTimeoutSeconds => Limits.CommandTimeoutSeconds + (Milliseconds - Engine.Limits.StatementTimeoutMs) / 1_000;

    /// <summary>From when on a backend is the watcher's.</summary>
    public TimeSpan WatchedAfter => TimeSpan.FromMilliseconds(Milliseconds + Engine.Limits.WatchMarginMs);
}

/// <summary>The pool that answers are read through.</summary>
internal static class ReadingConnections
{
    /// <summary>
    /// Settings of every reading connection. Repeatable read makes a batch one snapshot. Custom plans prune partitions when planning;
    /// a generic plan over many leaves is slower and takes megabytes per connection (measured, docs/decisions/0002). JIT and
    /// parallel workers cost more than these statements take. Every index here gives rows in the order of their ids, and pages stop
    /// early; a bitmap scan loses the order and reads a whole cell first (2,800 buffers instead of 200 in a dense one). Groups and sorts of
    /// a city's figures fit the memory, or they would go to disk.
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
    /// Sent once when a connection opens: the first distance on the spheroid that a connection computes takes about 20 ms, because PROJ
    /// starts up (measured). Better here than in somebody's answer.
    /// </summary>
    internal const string WarmingSql = "select st_distance('point(0 0)'::geography, 'point(1 1)'::geography)";

    /// <param name="connectionString">The database.</param>
    /// <param name="connectionsMax">Connections at most; admission lets no more in than find one.</param>
    /// <param name="loggers">Where Npgsql says what it does.</param>
    /// <param name="limit">What a statement may take; <see cref="StatementLimit.Usual"/> when left out.</param>
    public static NpgsqlDataSource Create(string connectionString, int connectionsMax, ILoggerFactory loggers, StatementLimit? limit = null)
    {
        limit ??= StatementLimit.Usual;
        var settings = new NpgsqlConnectionStringBuilder(connectionString)
        {
            ApplicationName = "cityhelper",
            MaxPoolSize = connectionsMax,
            // The last one holds: of what the connection string says, such as less memory on a small machine, all that answers do not rest
            // on.
            Options = $"-c work_mem={Limits.WorkMemoryMegabytes}MB {new NpgsqlConnectionStringBuilder(connectionString).Options} {s_settings} -c statement_timeout={limit.Milliseconds}",

            // PostgreSQL's own limit comes first, then the watcher, then these.
            CommandTimeout = limit.CommandTimeoutSeconds,
            CancellationTimeout = Limits.CancellationTimeoutMs,

            // By number alone Npgsql would bound them: Engine's PreparedStatements does so by size.
            MaxAutoPrepare = 0,

            // Nothing is ever set for a session, so there is nothing to reset and a round trip to save.
            NoResetOnClose = true,
        };
        return CityHelperDatabase.CreateDataSource(settings.ConnectionString, builder =>
        {
            // The pool's name in metrics; without one it is the connection string.
            builder.Name = "answers";
            builder.UseLoggerFactory(loggers).UsePhysicalConnectionInitializer(Warm, WarmAsync);
        });
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
            // A database without PostGIS is one that nobody has migrated yet; it says so itself.
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
