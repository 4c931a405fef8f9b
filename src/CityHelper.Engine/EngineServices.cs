using CityHelper.Engine.Admission;
using CityHelper.Engine.Binding;
using CityHelper.Engine.Caching;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Cost;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Database;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Subscriptions;
using CityHelper.Engine.Tags;
using CityHelper.Engine.Transport;
using CityHelper.Engine.Transport.Http;
using CityHelper.Engine.Transport.Sse;
using CityHelper.Engine.Transport.WebSockets;
using CityHelper.Engine.Writing;
using GraphQL.Types;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace CityHelper.Engine;

/// <summary>Registers the engine's services.</summary>
public static class EngineServices
{
    /// <summary>
    /// Adds the engine. The host provides an <see cref="ISchema"/>, an <see cref="IClientDirectory"/>, <see cref="CursorKeys"/>,
    /// <see cref="ITableStatistics"/>, the <see cref="TenantLog"/>, an <see cref="IAreaDirectory"/>, a <see cref="TimeProvider"/>,
    /// and an <see cref="NpgsqlDataSource"/> whose connections are read only (repeatable read, with a statement timeout). It may provide an
    /// <see cref="IOperationStore"/>, <see cref="ISharedAnswers"/>, <see cref="Replicas"/>, <see cref="LoggedRows"/> (for a schema with
    /// subscriptions, which it feeds through <see cref="EventStreams"/>) and, before this call, an <see cref="IChangeHistory"/>,
    /// <see cref="ICacheTenants"/>, <see cref="GraphQLHttpOptions"/>, <see cref="AdmissionOptions"/> and
    /// <see cref="ResponseCacheOptions"/> to override the defaults.
    /// </summary>
    public static IServiceCollection AddGraphQLEngine(this IServiceCollection services)
    {
        Limits.Verify();
        services.AddReadingDatabase();
        services.AddSingleton<SuspendedSignatures>();
        services.AddSingleton<OperationCompiler>().AddSingleton<CostAnalyser>();
        services.AddSingleton<StoredOperations>();
        services.AddSingleton<OperationRegistry>();
        services.AddSingleton<PlanCache>();
        services.AddSingleton<StatementCache>();
        services.AddSingleton<LogPositionCursors>();
        services.AddSingleton<BindingLookups>();
        services.TryAddSingleton(new BlockOptions(Limits.BlockRowsMin));
        services.AddSingleton(s => new BindingContext(
            s.GetRequiredService<CursorKeys>(),
            s.GetRequiredService<ITableStatistics>(),
            s.GetRequiredService<TimeProvider>(),
            s.GetRequiredService<BindingLookups>())
        {
            BlockRowsMin = s.GetRequiredService<BlockOptions>().RowsMin,
        });
        services.AddSingleton<OperationPreparer>().AddSingleton<OperationBinder>().AddSingleton<IntrospectionRunner>();
        services.AddSingleton(s => Prepared(s.GetRequiredService<NpgsqlDataSource>(), s.GetService<Replicas>()));
        services.AddSingleton<BatchRunner>();
        services.AddSingleton(s => new MutationRunner(
            s.GetRequiredService<BatchRunner>(),
            s.GetRequiredService<OperationBinder>().Roots,
            s.GetRequiredService<LogStatements>(),
            s.GetRequiredService<LogPositionCursors>(),
            s.GetRequiredService<ILogger<MutationRunner>>()));
        services.AddSingleton(s => new OperationExecutor(
            s.GetRequiredService<BatchRunner>(),
            s.GetRequiredService<IntrospectionRunner>(),
            s.GetRequiredService<OperationBinder>().Roots,
            s.GetRequiredService<MutationRunner>(),
            s.GetRequiredService<LogStatements>(),
            s.GetRequiredService<LogPositionCursors>(),
            s.GetService<Replicas>()));
        services.AddSingleton(s => new OperationExplainer(
            s.GetRequiredService<OperationPreparer>(),
            s.GetRequiredService<OperationBinder>(),
            s.GetRequiredService<OperationExecutor>(),
            s.GetRequiredService<AdmissionControl>(),
            s.GetRequiredService<TenantLog>(),
            s.GetRequiredService<SubscriptionBinder>()));
        services.AddSingleton<SubscriptionBinder>();
        services.TryAddSingleton<IChangeHistory, NoHistory>();
        services.TryAddSingleton(EventStreamOptions.Usual);
        services.AddSingleton(s => new EventStreams(s.GetRequiredService<LoggedRows>(), ToolsOf(s)));
        services.AddSingleton(s => new Pipeline(
            s.GetRequiredService<OperationAuthorisation>(),
            s.GetRequiredService<OperationPreparer>(),
            s.GetRequiredService<OperationBinder>(),
            s.GetRequiredService<OperationExecutor>(),
            s.GetRequiredService<AdmissionControl>(),
            s.GetRequiredService<SuspendedSignatures>(),
            s.GetRequiredService<BackendRegister>(),
            s.GetRequiredService<ResponseCache>(),
            s.GetRequiredService<TenantLog>(),
            s.GetRequiredService<IAreaDirectory>(),
            s.GetRequiredService<Freshness>(),
            s.GetRequiredService<SubscriptionBinder>(),
            s.GetService<LoggedRows>() is null ? null : s.GetRequiredService<EventStreams>()));
        services.AddSingleton<Freshness>();
        services.AddSingleton<TagTables>();
        services.TryAddSingleton(new ResponseCacheOptions());
        services.TryAddSingleton<ICacheTenants, NoTenants>();
        services.AddSingleton<SharedFormat>();
        services.AddSingleton(s => new DearAnswers(
            s.GetService<ISharedAnswers>(), s.GetRequiredService<SharedFormat>(), s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ResponseCache>();
        services.AddSingleton<LogStatements>();
        services.AddSingleton<RegisteredOperations>();
        services.AddSingleton<OperationAuthorisation>();
        services.TryAddSingleton(new GraphQLHttpOptions());
        services.AddSingleton<ResponseMemory>().AddSingleton<ResponseSender>().AddSingleton<EventStreamSender>();
        services.TryAddSingleton(new AdmissionOptions());
        services.AddSingleton<AdmissionControl>();
        services.AddSingleton<CachingHeaders>().AddSingleton<StoredEncodings>().AddSingleton<StoredAnswers>();
        services.AddSingleton<GraphQLHttpHandler>().AddSingleton<SchemaHttpHandler>();
        services.AddSingleton<SocketRegister>();
        services.AddSingleton(s => new GraphQLSocketHandler(new SocketTools(
            s.GetRequiredService<IClientDirectory>(),
            s.GetRequiredService<Pipeline>(),
            s.GetRequiredService<ResponseSender>(),
            s.GetRequiredService<SocketRegister>(),
            s.GetRequiredService<GraphQLHttpOptions>(),
            s.GetRequiredService<TimeProvider>(),
            s.GetRequiredService<ILogger<GraphQLSocketHandler>>())));
        services.AddContentEncodings();
        return services;
    }

    private static EventTools ToolsOf(IServiceProvider services) => new(
        services.GetRequiredService<BatchRunner>(),
        services.GetRequiredService<OperationBinder>().Roots,
        services.GetRequiredService<LogStatements>(),
        services.GetRequiredService<LogPositionCursors>(),
        services.GetRequiredService<ReadingDatabase>(),
        services.GetRequiredService<IChangeHistory>(),
        services.GetRequiredService<IAreaDirectory>(),
        services.GetRequiredService<TimeProvider>(),
        services.GetRequiredService<ILogger<EventStreams>>())
    {
        Settings = services.GetRequiredService<EventStreamOptions>(),
        Memory = services.GetRequiredService<ResponseMemory>().OpenConnection(),
    };

    private static PreparedStatements Prepared(NpgsqlDataSource pool, Replicas? replicas) =>
        new((1 + (replicas?.Count ?? 0)) * new NpgsqlConnectionStringBuilder(pool.ConnectionString).MaxPoolSize);

    /// <summary>Adds the database access of all reads for a request. Calling it twice has no further effect.</summary>
    public static IServiceCollection AddReadingDatabase(this IServiceCollection services)
    {
        services.TryAddSingleton<BackendRegister>();
        services.TryAddSingleton<ReadingDatabase>();
        return services;
    }

    /// <summary>Adds the engine's schema types.</summary>
    public static IServiceCollection AddEngineTypes(this IServiceCollection services)
    {
        services.AddSingleton(typeof(UpperSnakeEnumType<>));
        services.AddSingleton<DateTimeType>().AddSingleton<PositionType>().AddSingleton<CoordinatesType>();
        services.AddSingleton<GeoJsonGeometryType>().AddSingleton<GeoJsonInterface>();
        foreach (Type type in GeoJsonTypes.All)
        {
            services.AddSingleton(type);
        }

        services.AddSingleton<AreaInput>().AddSingleton<ViewportInput>().AddSingleton<CircleInput>().AddSingleton<GeometryType>();
        services.AddSingleton<LocalDateType>().AddSingleton<PeriodCountType>().AddSingleton<DurationStatsType>();
        services.AddSingleton<PositionInput>();
        services
            .AddSingleton<NodeInterface>()
            .AddSingleton<ErrorInterface>()
            .AddSingleton<PageInfoType>()
            .AddSingleton<SortEnumType>();
        return services;
    }

    /// <summary>
    /// Maps <c>/graphql</c>, the routes of persisted operations and the schema as SDL. WebSockets need
    /// <see cref="WebSocketMiddlewareExtensions.UseWebSockets(IApplicationBuilder)"/> before.
    /// </summary>
    public static void MapGraphQL(this IEndpointRouteBuilder endpoints, string path)
    {
        var handler = endpoints.ServiceProvider.GetRequiredService<GraphQLHttpHandler>();
        var schema = endpoints.ServiceProvider.GetRequiredService<SchemaHttpHandler>();
        var sockets = endpoints.ServiceProvider.GetRequiredService<GraphQLSocketHandler>();
        endpoints.Map(path, http => GraphQLSocketHandler.IsAskedBy(http) ? sockets.HandleAsync(http)
            : SchemaHttpHandler.IsAskedBy(http.Request) ? schema.HandleAsync(http)
            : handler.HandleAsync(http));
        endpoints.MapMethods($"{path}/schema", SchemaHttpHandler.Methods, schema.HandleAsync);
        endpoints.MapMethods($"{path}/schema.graphql", SchemaHttpHandler.Methods, schema.HandleAsync);
        endpoints.Map($"{path}/persisted/{{{RequestReader.IdRouteValue}}}", handler.HandleAsync);
        endpoints.Map($"{path}/persisted/{{{RequestReader.IdRouteValue}}}/{{{RequestReader.NameRouteValue}}}", handler.HandleAsync);
    }
}
