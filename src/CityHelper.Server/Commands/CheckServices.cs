using System.Security.Cryptography;
using System.Text.Json;
using CityHelper.Checks.PlanAudits;
using CityHelper.Data.WorstCases;
using CityHelper.Engine;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Tags;
using CityHelper.Engine.Transport;
using CityHelper.Server.Cities;
using CityHelper.Server.Database;
using CityHelper.Server.Schema;
using CityHelper.Server.Statistics;
using CityHelper.Server.WorstCases;
using GraphQL.Types;

namespace CityHelper.Server.Commands;

/// <summary>The engine with a server's reading connections and table statistics, but without a server around it.</summary>
internal sealed class CheckServices : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    private CheckServices(ServiceProvider services, PlanCatalog catalog)
    {
        _services = services;
        Catalog = catalog;
    }

    /// <summary>Maps the names in plans to tables and indexes.</summary>
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

        // A random key: cursors are valid in this run only.
        services.AddSingleton(new CursorKeys(new CursorKey(RandomNumberGenerator.GetBytes(CursorKey.KeyBytes)), Previous: null));
        // The schema needs it; a check runs no mutation.
        services.AddSingleton(provider => new WritingConnections(connectionString, provider.GetRequiredService<ILoggerFactory>()));
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

    /// <summary>The values to test the variables of operations with.</summary>
    public WorstCaseValues ValuesOf(CityWorstCases city) => new(city, _services.GetRequiredService<DatabaseModel>());

    /// <summary>The operation check with those values.</summary>
    public OperationCheck CheckWith(WorstCaseValues values) =>
        new(
            _services.GetRequiredService<ISchema>(),
            _services.GetRequiredService<OperationExplainer>(),
            _services.GetRequiredService<Pipeline>(),
            Catalog,
            values);

    /// <summary>Explains what the answer to an operation depends on.</summary>
    /// <param name="manifest">The file that servers load.</param>
    /// <param name="idOrName">The operation's id or name.</param>
    /// <param name="variables">A JSON object.</param>
    /// <param name="cancellation">Cancels lookups.</param>
    /// <returns>The explanation and the name of its city; null when there is no such operation.</returns>
    public async Task<(CacheExplanation Explanation, string City)?> ExplainCacheAsync(
        string manifest, string idOrName, JsonElement variables, CancellationToken cancellation)
    {
        var operations = _services.GetRequiredService<OperationRegistry>();
        await operations.LoadAsync(manifest, cancellation);
        if (operations.Published.FirstOrDefault(known => known.Id == idOrName || known.Name == idOrName) is not { } operation)
        {
            return null;
        }

        CacheExplanation explanation = await _services.GetRequiredService<OperationExplainer>().ExplainCacheAsync(
            operation, variables, ServerApplication.PersistedPath, cancellation);
        IReadOnlyDictionary<short, string> cities = await _services.GetRequiredService<CitySlugs>().NamesAsync(cancellation);
        return (explanation, cities.GetValueOrDefault(explanation.Tenant, TagNames.NoTenant));
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}
