using CityHelper.Data;
using CityHelper.Data.Model;
using CityHelper.Engine;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Server.Boundaries;
using CityHelper.Server.Cities;
using CityHelper.Server.ServiceRequests;
using GraphQL.Types;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace CityHelper.Server.Schema;

/// <summary>Wires the schema and the types of each feature.</summary>
internal static class SchemaServices
{
    public static IServiceCollection AddCityHelperSchema(this IServiceCollection services)
    {
        services.AddSingleton(s => new DatabaseModel(Model(s.GetRequiredService<NpgsqlDataSource>()), partitionColumn: "city_id"));
        services.AddReadingDatabase();
        services.AddSingleton<IPartitionDirectory, CitySlugs>().AddSingleton<IPartitionCalendars, CityCalendars>().AddSingleton<IAreaDirectory, BoundaryAreas>();
        services.AddEngineTypes();
        services.AddSingleton<BoundaryType>();
        services.AddSingleton<CityType>().AddSingleton<BoundsType>();
        services.AddSingleton<ServiceRequestType>().AddSingleton<CategoryType>().AddSingleton<AgencyType>().AddSingleton<StatusUpdateType>();
        services.AddSingleton<ISchema, CityHelperSchema>();
        return services;
    }

    /// <summary>The schema without a database, for the verbs that only look at it. Dispose it.</summary>
    public static ServiceProvider CreateOffline() => new ServiceCollection()
        .AddLogging()
        .AddSingleton(TimeProvider.System)
        .AddSingleton(CityHelperDatabase.CreateDataSource("Host=none"))
        .AddCityHelperSchema()
        .BuildServiceProvider();

    // The model is code and options; nothing is read from the database for it.
    private static Microsoft.EntityFrameworkCore.Metadata.IModel Model(NpgsqlDataSource dataSource)
    {
        var options = new DbContextOptionsBuilder<CityHelperContext>();
        options.UseCityHelper(dataSource);
        using var context = new CityHelperContext(options.Options);
        return context.Model;
    }
}
