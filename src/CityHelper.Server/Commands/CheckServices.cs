using System.Security.Cryptography;
using CityHelper.Checks.PlanAudits;
using CityHelper.Data.Extremes;
using CityHelper.Engine;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Transport;
using CityHelper.Server.Schema;
using CityHelper.Server.Statistics;
using CityHelper.Server.WorstCases;
using GraphQL.Types;

namespace CityHelper.Server.Commands;

/// <summary>
/// The engine as a server has it, with its reading connections and what it knows of the tables, but without a server around it.
/// </summary>
internal sealed class CheckServices : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    private CheckServices(ServiceProvider services, PlanCatalog catalog)
    {
        _services = services;
        Catalog = catalog;
    }

    /// <summary>What the names in plans belong to.</summary>
    public PlanCatalog Catalog { get; }

    /// <summary>Connects, and reads what a server reads when it starts.</summary>
    /// <exception cref="Npgsql.NpgsqlException">The database does not answer.</exception>
    public static async Task<CheckServices> StartAsync(string connectionString, TimeProvider time, CancellationToken cancellation)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton(time);
        services.AddSingleton(provider => ReadingConnections.Create(
            connectionString, Limits.ReadingConnections, provider.GetRequiredService<ILoggerFactory>()));

        // Cursors of this run alone.
        services.AddSingleton(new CursorKeys(new CursorKey(RandomNumberGenerator.GetBytes(CursorKey.KeyBytes)), Previous: null));
        services.AddCityHelperSchema();
        services.AddTableStatistics();
        services.AddGraphQLEngine();
        ServiceProvider provider = services.BuildServiceProvider();
        try
        {
            await provider.GetRequiredService<TableStatistics>().RefreshAsync(cancellation);
            var database = provider.GetRequiredService<Npgsql.NpgsqlDataSource>();
            return new CheckServices(provider, await PlanCatalog.ReadAsync(database, cancellation));
        }
        catch
        {
            await provider.DisposeAsync();
            throw;
        }
    }

    /// <summary>What the variables of the schema's operations are tried with.</summary>
    public WorstCaseValues ValuesOf(CityExtremes city) => new(city, _services.GetRequiredService<DatabaseModel>());

    /// <summary>The check with those values.</summary>
    public OperationCheck CheckWith(WorstCaseValues values) =>
        new(_services.GetRequiredService<ISchema>(), _services.GetRequiredService<OperationExplainer>(), _services.GetRequiredService<Pipeline>(), Catalog, values);

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}
