using CityHelper.Data;
using CityHelper.Data.Model;
using CityHelper.Engine;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Server.Boundaries;
using CityHelper.Server.Changes;
using CityHelper.Server.Cities;
using CityHelper.Server.Database;
using CityHelper.Server.ServiceRequests;
using CityHelper.Server.ServiceRequests.Writing;
using GraphQL.Types;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Npgsql;

namespace CityHelper.Server.Schema;

/// <summary>Registers the schema and the types of each feature.</summary>
internal static class SchemaServices
{
    public static IServiceCollection AddCityHelperSchema(this IServiceCollection services)
    {
        services.AddSingleton(s => new DatabaseModel(Model(s.GetRequiredService<NpgsqlDataSource>()), tenantColumn: "city_id"));
        services.AddReadingDatabase();
        services
            .AddSingleton(CityLog.Log)
            .AddSingleton<CitySlugs>()
            .AddSingleton<ITenantDirectory>(s => s.GetRequiredService<CitySlugs>())
            .AddSingleton<ITenantCalendars, CityCalendars>()
            .AddSingleton<BoundaryAreas>()
            .AddSingleton<IAreaDirectory>(s => s.GetRequiredService<BoundaryAreas>())
            .AddSingleton(s => ServiceRequestSubscriptions.Rows(
                s.GetRequiredService<DatabaseModel>(), s.GetRequiredService<IAreaDirectory>()));
        services.TryAddSingleton<ILogAge, NoLogAge>();
        services.AddEngineTypes();
        services.AddSingleton<BoundaryType>();
        services.AddSingleton<CityType>().AddSingleton<BoundsType>();
        services
            .AddSingleton<ServiceRequestType>()
            .AddSingleton<CategoryType>()
            .AddSingleton<AgencyType>()
            .AddSingleton<StatusUpdateType>();
        services.AddRequestMutations();
        services.TryAddSingleton<ISchema, CityHelperSchema>();
        return services;
    }

    /// <summary>The schema without a database, for the commands that only read it. Dispose it.</summary>
    public static ServiceProvider CreateOffline() => new ServiceCollection()
        .AddLogging()
        .AddSingleton(TimeProvider.System)
        .AddSingleton(CityHelperDatabase.CreateDataSource("Host=none"))
        .AddSingleton(s => new WritingConnections("Host=none", s.GetRequiredService<ILoggerFactory>()))
        .AddCityHelperSchema()
        .BuildServiceProvider();

    // The model is built from code and options; nothing is read from the database.
    private static Microsoft.EntityFrameworkCore.Metadata.IModel Model(NpgsqlDataSource dataSource)
    {
        var options = new DbContextOptionsBuilder<CityHelperContext>();
        options.UseCityHelper(dataSource);
        using var context = new CityHelperContext(options.Options);
        return context.Model;
    }
}
