using CityHelper.Data.Model;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace CityHelper.Data;

/// <summary>The one place that says how this program talks to its database: spatial types, enum labels, column names.</summary>
public static class CityHelperDatabase
{
    /// <summary>The configuration key and environment variable that holds the Npgsql connection string.</summary>
    public const string ConnectionStringKey = "CITYHELPER_DATABASE";

    /// <summary>The database type behind <see cref="ServiceRequestStatus"/>.</summary>
    public const string StatusTypeName = "service_request_status";

    /// <summary>The database type behind <see cref="CountSpan"/>.</summary>
    public const string CountSpanTypeName = "count_span";

    /// <summary>Makes the pool of connections. A process needs one per server it talks to; the caller disposes it.</summary>
    /// <param name="connectionString">In Npgsql's form: <c>Host=…;Username=…;Database=…</c>.</param>
    /// <param name="configure">What only this caller needs: logging, metrics, an application name.</param>
    /// <exception cref="ArgumentException">The connection string has a key that Npgsql does not know.</exception>
    public static NpgsqlDataSource CreateDataSource(string connectionString, Action<NpgsqlDataSourceBuilder>? configure = null)
    {
        var builder = new NpgsqlDataSourceBuilder(connectionString);
        builder.UseNetTopologySuite();
        builder.MapEnum<ServiceRequestStatus>(StatusTypeName, StatusLabels.Translator);
        builder.MapEnum<CountSpan>(CountSpanTypeName, StatusLabels.Translator);
        configure?.Invoke(builder);
        return builder.Build();
    }

    /// <summary>Points EF Core at the pool, with the same mappings and with snake_case names.</summary>
    public static DbContextOptionsBuilder UseCityHelper(this DbContextOptionsBuilder options, NpgsqlDataSource dataSource) =>
        options
            // EF Core builds its own type mapping and does not read the pool's, so the enum is named in both.
            .UseNpgsql(dataSource, npgsql => npgsql
                .UseNetTopologySuite()
                .MapEnum<ServiceRequestStatus>(StatusTypeName, nameTranslator: StatusLabels.Translator)
                .MapEnum<CountSpan>(CountSpanTypeName, nameTranslator: StatusLabels.Translator))
            .UseSnakeCaseNamingConvention();
}
