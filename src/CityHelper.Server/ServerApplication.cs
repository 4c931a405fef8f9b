using CityHelper.Engine;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Transport.Http;
using CityHelper.Server.Admission;
using CityHelper.Server.Caching;
using CityHelper.Server.Changes;
using CityHelper.Server.Clients;
using CityHelper.Server.Configuration;
using CityHelper.Server.Database;
using CityHelper.Server.Explorer;
using CityHelper.Server.Health;
using CityHelper.Server.Http;
using CityHelper.Server.Logging;
using CityHelper.Server.Redis;
using CityHelper.Server.Schema;
using CityHelper.Server.Security;
using CityHelper.Server.Statistics;
using CityHelper.Server.Subscriptions;
using CityHelper.Server.Telemetry;
using CityHelper.Server.Watching;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace CityHelper.Server;

/// <summary>Builds the web server. docs/architecture.md follows a request through it.</summary>
public static class ServerApplication
{
    /// <summary>Where the program keeps its files; by default <c>.cityhelper</c> in the working directory.</summary>
    public const string HomeKey = "CITYHELPER_HOME";

    /// <summary>The folder of persisted operations; by default the one that was built with the server.</summary>
    public const string OperationsKey = "CITYHELPER_OPERATIONS";

    private const string GraphQLPath = "/graphql";

    /// <summary>Where published operations are answered by id and name.</summary>
    internal const string PersistedPath = $"{GraphQLPath}/persisted";

    /// <summary>Builds a server that is ready to run: operations compiled, nothing listening yet.</summary>
    /// <param name="options">Arguments, environment and content root.</param>
    /// <param name="configure">Adds or replaces services, such as the logging of tests.</param>
    /// <exception cref="ConfigurationException">The configuration is wrong; the message says what to set.</exception>
    public static async Task<WebApplication> BuildAsync(WebApplicationOptions options, Action<WebApplicationBuilder>? configure = null)
    {
        Limits.Verify();
        WebApplicationBuilder builder = WebApplication.CreateBuilder(options);
        builder.Logging.AddConsoleLogging(builder.Environment);
        configure?.Invoke(builder);
        builder.AddSettings();
        builder.AddTelemetry();

        // Missing or wrong values are reported below, before anything connects. Kestrel is built before that.
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
            services.Settings<AdmissionSettings>().Connections + Engine.Limits.EventReadsAtOnce,
            services.GetRequiredService<ILoggerFactory>(),
            services.GetRequiredService<StatementLimit>()));
        builder.Services.AddReplicas(builder.Configuration);
        builder.Services.AddSingleton(services => new WritingConnections(connectionString, services.GetRequiredService<ILoggerFactory>()));
        builder.Services.AddSingleton(services =>
            CursorKeyStore.Load(services.Settings<CursorSettings>(), services.Settings<FileSettings>().Home));
        builder.Services.AddSingleton<IClientDirectory>(services =>
            new ClientDirectory(services.Settings<ClientsSettings>().ByName, builder.Environment.IsDevelopment()));
        builder.Services.AddSingleton(services => services.Settings<AdmissionSettings>().ToOptions());
        builder.Services.AddResponseCache();
        builder.Services.AddSubscriptions();
        builder.Services.AddCityHelperSchema();
        builder.Services.AddTableStatistics();
        builder.Services.AddCounterCompaction();
        builder.Services.AddBackendWatcher(connectionString);
        builder.Services.AddSingleton(services => services.Settings<HttpSettings>().ToOptions(builder.Environment));
        builder.Services.AddGraphQLEngine();
        builder.Services.AddHostedService<MemoryTrimming>();
        builder.Services.AddSharedRedis(builder.Configuration);
        builder.Services.AddChangeFeed();
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

        // Only for requests that may become one: it allocates some 56 bytes for each that passes, which hits need not pay. Without pings
        // of its own: the engine sends those of the protocol.
        app.UseWhen(
            MayBecomeWebSocket,
            sockets => sockets.UseWebSockets(new WebSocketOptions { KeepAliveInterval = Timeout.InfiniteTimeSpan }));
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

    private static bool MayBecomeWebSocket(HttpContext http) =>
        http.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true }
        || http.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true };

    /// <summary>The file of operations that a server loads.</summary>
    internal static string ManifestPathOf(IConfiguration configuration)
    {
        string folder = SettingsReader.Read<FileSettings>(configuration).Operations
            ?? Path.Combine(AppContext.BaseDirectory, "persisted-queries");
        return Path.Combine(folder, OperationManifest.FileName);
    }
}
