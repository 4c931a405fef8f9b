using CityHelper.IntegrationTests.Serving;
using CityHelper.Server.Redis;

namespace CityHelper.IntegrationTests.Chaos;

/// <summary>Two servers, each a process of its own, which may be killed.</summary>
internal sealed class ChaosServers : IAsyncDisposable
{
    private readonly string _database;
    private readonly string _redis;
    private readonly IReadOnlyDictionary<string, string> _settings;
    private readonly ServerProcess?[] _servers = new ServerProcess?[2];
    private readonly List<string> _output = [];

    private ChaosServers(string database, string redis, IReadOnlyDictionary<string, string> settings)
    {
        _database = database;
        _redis = redis;
        _settings = settings;
    }

    /// <summary>How many there are while none is killed.</summary>
    public int Count => _servers.Length;

    /// <summary>Starts the servers.</summary>
    /// <param name="database">The connection string of their database.</param>
    /// <param name="redis">That of their Redis.</param>
    /// <param name="settings">Further configuration, named as environment variables.</param>
    public static async Task<ChaosServers> StartAsync(
        string database, string redis, IReadOnlyDictionary<string, string>? settings = null)
    {
        var servers = new ChaosServers(database, redis, settings ?? new Dictionary<string, string>());
        await Task.WhenAll(servers.StartAgainAsync(0), servers.StartAgainAsync(1));
        return servers;
    }

    /// <summary>One of the servers that run.</summary>
    public HttpClient Pick(Random dice)
    {
        int first = dice.Next(_servers.Length);
        return (_servers[first] ?? _servers[1 - first])!.Client;
    }

    /// <summary>A client of a server; null while it is killed.</summary>
    public HttpClient? ClientOf(int server) => _servers[server]?.Client;

    /// <summary>Kills a server amid what it does.</summary>
    public async Task KillAsync(int server)
    {
        ServerProcess killed = _servers[server]!;
        _servers[server] = null;
        await killed.DisposeAsync();
        _output.Add(killed.Output);
    }

    /// <summary>Starts a server in the place of a killed one.</summary>
    public async Task StartAgainAsync(int server) => _servers[server] = await ServerProcess.StartAsync(
        _database,
        "Development",
        new Dictionary<string, string>(_settings)
        {
            [RedisConnection.ConnectionStringKey] = _redis,
            // Compiled once: they live too short for a second time, which takes a third of the machine.
            ["DOTNET_TieredPGO"] = "0",
        });

    /// <summary>What all servers have written to their consoles, those that were killed too.</summary>
    public IEnumerable<string> AllOutput => _output.Concat(_servers.Select(server => server?.Output).OfType<string>());

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
