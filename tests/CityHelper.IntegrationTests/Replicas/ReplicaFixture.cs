using CityHelper.Data;
using CityHelper.Engine.Binding;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Transport;
using CityHelper.IntegrationTests.Chaos;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using CityHelper.Server.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Replicas;

/// <summary>
/// Forty requests in a cluster of their own with two streaming standbys: those of other tests are full of databases, which a standby would
/// have to copy.
/// </summary>
public sealed class ReplicaFixture : IAsyncLifetime
{
    private ChaosCluster _cluster = null!;

    internal ChaosCluster.Standby First { get; private set; } = null!;

    internal ChaosCluster.Standby Second { get; private set; } = null!;

    /// <summary>The primary's connection string.</summary>
    public string Primary => _cluster.ConnectionString;

    /// <summary>A pool of the primary.</summary>
    public NpgsqlDataSource Database { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        _cluster = await ChaosCluster.StartAsync();
        await ReadingFixture.FillAsync(Primary);
        Database = CityHelperDatabase.CreateDataSource(Primary);
        Commit("as it was");
        First = await _cluster.AddStandbyAsync();
        Second = await _cluster.AddStandbyAsync();
    }

    public async Task DisposeAsync()
    {
        await Database.DisposeAsync();
        NpgsqlConnection.ClearAllPools();
        await _cluster.DisposeAsync();
    }

    /// <summary>A server that reads from replicas.</summary>
    /// <param name="hosts">Their addresses, with commas between them.</param>
    /// <param name="time">Its clock; the system's when left out.</param>
    /// <param name="password">Another password than the right one.</param>
    public Task<TestServer> StartServerAsync(string hosts, TimeProvider? time = null, string? password = null)
    {
        // Npgsql's time for a dead host is real time: as short as it can be.
        var replicas = new NpgsqlConnectionStringBuilder(Primary) { Host = hosts, HostRecheckSeconds = 1 };
        replicas.Password = password ?? replicas.Password;
        return TestServer.StartAsync(
            Primary, time: time, settings: new Dictionary<string, string?> { [DatabaseSettings.ReplicasKey] = replicas.ConnectionString });
    }

    /// <summary>Changes a request's title, as another service does, and numbers the event.</summary>
    public void Commit(string title) => Database.Commit(title);

    /// <summary>The newest position of the city in the primary's log.</summary>
    public LogPosition Head() => Database.Head();

    /// <summary>Executes a query whose answer needs a position.</summary>
    internal static async Task<OperationResult> ExecuteAsync(TestServer server, string query, LogPosition? needed)
    {
        IServiceProvider services = server.Services;
        Operation operation = (await services.GetRequiredService<OperationCompiler>().CompileAsync(query, null, CancellationToken.None))
            .Operation!;
        (PreparedOperation? prepared, _) = await services.GetRequiredService<OperationPreparer>().PrepareAsync(
            operation, default, CancellationToken.None);
        BoundOperation bound = await services.GetRequiredService<OperationBinder>().BindAsync(prepared!, CancellationToken.None);
        var options = new RunOptions(Report: CostReport.Report);
        return await services.GetRequiredService<OperationExecutor>().ExecuteAsync(
            bound, options.Answer with { Needed = needed }, CancellationToken.None);
    }
}
