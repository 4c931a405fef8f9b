using CityHelper.IntegrationTests.Serving;
using CityHelper.Server.Redis;

namespace CityHelper.IntegrationTests.Chaos;

/// <summary>Two servers, each a process of its own, which may be killed.</summary>
internal sealed class ChaosServers : IAsyncDisposable
{
    private readonly string _database;
    private readonly string _redis;
    private readonly ServerProcess?[] _servers = new ServerProcess?[2];

    private ChaosServers(string database, string redis)
    {
        _database = database;
        _redis = redis;
    }

    public static async Task<ChaosServers> StartAsync(string database, string redis)
    {
        var servers = new ChaosServers(database, redis);
        await Task.WhenAll(servers.StartAgainAsync(0), servers.StartAgainAsync(1));
        return servers;
    }

    /// <summary>One of the servers that run.</summary>
    public HttpClient Pick(Random dice)
    {
        int first = dice.Next(_servers.Length);
        return (_servers[first] ?? _servers[1 - first])!.Client;
    }

    /// <summary>Kills a server amid what it does.</summary>
    public async Task KillAsync(int server)
    {
        ServerProcess killed = _servers[server]!;
        _servers[server] = null;
        await killed.DisposeAsync();
    }

    /// <summary>Starts a server in the place of a killed one.</summary>
    public async Task StartAgainAsync(int server) => _servers[server] = await ServerProcess.StartAsync(
        _database,
        "Development",
        new Dictionary<string, string>
        {
            [RedisConnection.ConnectionStringKey] = _redis,
            // Compiled once: they live too short for a second time, which takes a third of the machine.
            ["DOTNET_TieredPGO"] = "0",
        });

    /// <summary>What the servers have written to their consoles.</summary>
    public string Output => string.Join("\n\n", _servers.Select(server => server?.Output));

    public async ValueTask DisposeAsync()
    {
        foreach (ServerProcess? server in _servers)
        {
            if (server is not null)
            {
                await server.DisposeAsync();
            }
        }
    }
}
