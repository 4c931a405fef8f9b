using System.Security.Cryptography;
using CityHelper.Data.Extremes;
using CityHelper.Engine;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Operations;
using CityHelper.Engine.Proof;
using CityHelper.Engine.Transport;
using CityHelper.Server.Schema;
using CityHelper.Server.Statistics;
using GraphQL.Types;

namespace CityHelper.Server.Proof;

/// <summary>The engine as a server has it, with its reading connections and what it knows of the tables, but without a server around it.</summary>
internal sealed class ProofServices : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    private ProofServices(ServiceProvider services, PlanCatalog catalog)
    {
        _services = services;
        Catalog = catalog;
    }

    /// <summary>What the names in plans belong to.</summary>
    public PlanCatalog Catalog { get; }

    /// <summary>Connects, and reads what a server reads when it starts.</summary>
    /// <exception cref="Npgsql.NpgsqlException">The database does not answer.</exception>
    public static async Task<ProofServices> StartAsync(string connectionString, TimeProvider time, CancellationToken cancellation)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton(time);
        services.AddSingleton(provider => ReadingConnections.Create(connectionString, Limits.ReadingConnections, provider.GetRequiredService<ILoggerFactory>()));

        // Cursors of this run alone.
        services.AddSingleton(new CursorKeys(new CursorKey(RandomNumberGenerator.GetBytes(CursorKey.KeyBytes)), Previous: null));
        services.AddCityHelperSchema();
        services.AddTableStatistics();
        services.AddGraphQLEngine();
        ServiceProvider provider = services.BuildServiceProvider();
        try
        {
            await provider.GetRequiredService<TableStatistics>().RefreshAsync(cancellation);
            return new ProofServices(provider, await PlanCatalog.ReadAsync(provider.GetRequiredService<Npgsql.NpgsqlDataSource>(), cancellation));
        }
        catch
        {
            await provider.DisposeAsync();
            throw;
        }
    }

    /// <summary>The check over the data of one city.</summary>
    public OperationCheck CheckOver(CityExtremes city)
    {
        var compiler = _services.GetRequiredService<OperationCompiler>();
        return new OperationCheck(
            compiler, new OperationProver(_services.GetRequiredService<OperationExplainer>(), Catalog), new DeepestPage(compiler, _services.GetRequiredService<Pipeline>()), _services.GetRequiredService<ISchema>(), new ExtremeValues(city));
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}
