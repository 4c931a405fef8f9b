using System.Globalization;
using CityHelper.Data;
using CityHelper.Data.Cities;
using CityHelper.Data.Import.NewYork;
using CityHelper.IntegrationTests.Redis;
using Npgsql;

namespace CityHelper.IntegrationTests.Chaos;

/// <summary>What every test of chaos has: a PostgreSQL and a Redis that may be killed, and cities whose requests are imported.</summary>
internal sealed class ChaosScene : IAsyncDisposable
{
    private ChaosScene(ChaosCluster cluster, RedisInstance redis)
    {
        (Cluster, Redis) = (cluster, redis);
        Database = CityHelperDatabase.CreateDataSource(
            new NpgsqlConnectionStringBuilder(cluster.ConnectionString) { Pooling = false, CommandTimeout = 60 }.ConnectionString);
        Imports = new ChaosImports(cluster.ConnectionString);
    }

    /// <summary>What the dice begin with: <c>CITYHELPER_CHAOS_SEED</c>.</summary>
    public static int Seed { get; } =
        int.Parse(Environment.GetEnvironmentVariable("CITYHELPER_CHAOS_SEED") ?? "1", CultureInfo.InvariantCulture);

    /// <summary>How long faults go on after the first round through all of them: <c>CITYHELPER_CHAOS_MINUTES</c>.</summary>
    public static double Minutes { get; } =
        double.Parse(Environment.GetEnvironmentVariable("CITYHELPER_CHAOS_MINUTES") ?? "0", CultureInfo.InvariantCulture);

    public ChaosCluster Cluster { get; }

    public RedisInstance Redis { get; }

    /// <summary>The database for the test itself: no connection outlives a fault.</summary>
    public NpgsqlDataSource Database { get; }

    public ChaosImports Imports { get; }

    /// <summary>Starts both, adds cities, and imports the first file into each.</summary>
    public static async Task<ChaosScene> StartAsync(params string[] slugs)
    {
        var scene = new ChaosScene(await ChaosCluster.StartAsync(), await RedisInstance.StartAsync());
        string first = scene.Imports.WriteFirst();
        foreach (string slug in slugs)
        {
            await new CityDirectory(scene.Database, TimeProvider.System).AddAsync(NewYork.Facts with { Slug = slug });
        }

        await scene.ImportAsync(slugs, first);
        return scene;
    }

    /// <summary>Starts two servers of both.</summary>
    public Task<ChaosServers> StartServersAsync() => ChaosServers.StartAsync(Cluster.ConnectionString, Redis.ConnectionString);

    /// <summary>Imports a file into cities at once.</summary>
    public async Task ImportAsync(IReadOnlyList<string> slugs, string path)
    {
        string?[] failures = await Task.WhenAll(slugs.Select(slug => Imports.ImportAsync(slug, path)));
        Xunit.Assert.All(failures, Xunit.Assert.Null);
    }

    /// <summary>The requests that no import changes, but for the first.</summary>
    public async Task<IReadOnlyList<(short City, string Slug, long Id)>> WrittenAsync()
    {
        await using NpgsqlCommand command = Database.CreateCommand(
            $"""
            select r.city_id, c.slug, r.id from service_request r join city c on c.id = r.city_id
            where r.external_id::int > {ChaosImports.Few + ChaosImports.Many} order by r.city_id, r.id
            """);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        var requests = new List<(short, string, long)>();
        while (await reader.ReadAsync())
        {
            requests.Add((reader.GetInt16(0), reader.GetString(1), reader.GetInt64(2)));
        }

        return requests;
    }

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        await Redis.DisposeAsync();
        await Cluster.DisposeAsync();
        Imports.Dispose();
    }
}
