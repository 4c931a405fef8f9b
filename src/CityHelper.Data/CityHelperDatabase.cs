using CityHelper.Data.Changes;
using CityHelper.Data.Model;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Npgsql.NameTranslation;

namespace CityHelper.Data;

/// <summary>Configures access to the database in one class: spatial types, enum labels, column names.</summary>
public static class CityHelperDatabase
{
    /// <summary>The configuration key and environment variable of the Npgsql connection string.</summary>
    public const string ConnectionStringKey = "CITYHELPER_DATABASE";

    /// <summary>The database type of <see cref="ServiceRequestStatus"/>.</summary>
    public const string StatusTypeName = "service_request_status";

    /// <summary>The database type of <see cref="CountSpan"/>.</summary>
    public const string CountSpanTypeName = "count_span";

    /// <summary>The database type of <see cref="ChangeKind"/>.</summary>
    public const string ChangeKindTypeName = "change_kind";

    /// <summary>Creates the connection pool. A process needs one per database server; the caller disposes it.</summary>
    /// <param name="connectionString">In Npgsql's format: <c>Host=…;Username=…;Database=…</c>.</param>
    /// <param name="configure">Settings of this caller: logging, metrics, an application name.</param>
    /// <exception cref="ArgumentException">The connection string has a keyword that Npgsql does not know.</exception>
    public static NpgsqlDataSource CreateDataSource(string connectionString, Action<NpgsqlDataSourceBuilder>? configure = null) =>
        Builder(connectionString, configure).Build();

    /// <summary>Creates a pool for each of several hosts that hold the same database; the caller disposes them.</summary>
    /// <param name="connectionString">As above, with a list of hosts: <c>Host=a,b:5433</c>.</param>
    /// <param name="configure">As above.</param>
    /// <exception cref="ArgumentException">The connection string has a keyword that Npgsql does not know.</exception>
    public static NpgsqlMultiHostDataSource CreateMultiHostDataSource(
        string connectionString, Action<NpgsqlDataSourceBuilder>? configure = null) =>
        Builder(connectionString, configure).BuildMultiHost();

    /// <summary>Lets EF Core use the pool, with the same mappings and snake_case names.</summary>
    public static DbContextOptionsBuilder UseCityHelper(this DbContextOptionsBuilder options, NpgsqlDataSource dataSource) =>
        options
            // EF Core has its own type mapping and does not read the pool's, so enums are mapped in both.
            .UseNpgsql(dataSource, npgsql => npgsql
                .UseNetTopologySuite()
                .MapEnum<ServiceRequestStatus>(StatusTypeName, nameTranslator: StatusLabels.Translator)
                .MapEnum<CountSpan>(CountSpanTypeName, nameTranslator: StatusLabels.Translator))
            .UseSnakeCaseNamingConvention();

    private static NpgsqlDataSourceBuilder Builder(string connectionString, Action<NpgsqlDataSourceBuilder>? configure)
    {
        var builder = new NpgsqlDataSourceBuilder(connectionString);
        builder.UseNetTopologySuite();
        builder.MapEnum<ServiceRequestStatus>(StatusTypeName, StatusLabels.Translator);
        builder.MapEnum<CountSpan>(CountSpanTypeName, StatusLabels.Translator);
        builder.MapEnum<ChangeKind>(ChangeKindTypeName, new NpgsqlSnakeCaseNameTranslator());
        configure?.Invoke(builder);
        return builder;
    }
}
