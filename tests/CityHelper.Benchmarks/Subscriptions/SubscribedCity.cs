using System.Collections.Concurrent;
using CityHelper.Benchmarks.Log;
using CityHelper.Benchmarks.Scale;
using CityHelper.Data.Cities;
using CityHelper.Server.Changes;
using CityHelper.Server.Redis;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace CityHelper.Benchmarks.Subscriptions;

/// <summary>
/// A city that writers change while servers have subscriptions to it. The writers are those of two further servers, in this process: they
/// write as servers do, and tell the others of their changes through Redis, so a commit's moment is known here and no server's CPU time
/// holds that of writing.
/// </summary>
internal sealed class SubscribedCity : IAsyncDisposable
{
    /// <summary>The requests of the city.</summary>
    public const int Requests = 50_000;

    private const string DatabaseName = "cityhelper_subscriptions";
    private const string ServerPools = "cityhelper%";

    /// <summary>More than any part opens: the default is for machines with less memory for each.</summary>
    private const string Connections = "5000";

    private readonly CityEntry _city;
    private readonly string _redis;
    private readonly int _redisProcess;
    private readonly RedisConnection _connection;
    private readonly CityNames _names;
    private readonly LogFollower _follower;
    private readonly LogWriters _writers;
    private int _given;

    private SubscribedCity(
        LogDatabase database, CityEntry city, string redis, int redisProcess, RedisConnection connection, CityNames names,
        LogFollower follower, LogWriters writers)
    {
        (Database, _city, _redis, _redisProcess) = (database, city, redis, redisProcess);
        (_connection, _names, _follower, _writers) = (connection, names, follower, writers);
    }

    public LogDatabase Database { get; }

    public string Slug => _city.Slug;

    /// <summary>The requests that have a place, in drawn order.</summary>
    public IReadOnlyList<PlacedRequest> Placed { get; private init; } = [];

    /// <summary>When the commit of each event returned.</summary>
    public ConcurrentDictionary<Guid, long> Committed => _writers.Committed;

    /// <summary>When each event arrived at the follower of the writers, who then tell the other servers through Redis.</summary>
    public ConcurrentDictionary<Guid, long> Followed => _follower.Arrived;

    /// <param name="server">A connection string to any database of the server.</param>
    /// <param name="redis">The connection string of Redis, on this machine.</param>
    /// <param name="seed">Of what is drawn.</param>
    public static async Task<SubscribedCity> StartAsync(string server, string redis, int seed)
    {
        LogDatabase database = await LogDatabase.CreateAsync(server, DatabaseName);
        CityEntry city = await database.AddCityAsync(1, Requests);
        await database.RunAsync("vacuum analyze");
        var connection = new RedisConnection(redis, TimeProvider.System, NullLogger<RedisConnection>.Instance);
        await connection.StartAsync(CancellationToken.None);
        var names = new CityNames(database.Database, TimeProvider.System);
        LogFollower follower = await LogFollower.StartAsync(
            database, new RedisChangeStream(connection, names, TimeProvider.System, NullLogger<RedisChangeStream>.Instance));
        return new SubscribedCity(
            database, city, redis, await RedisProcess.FindAsync(redis), connection, names, follower,
            new LogWriters(database, seed, follower.Nudge))
        {
            Placed = await PlacedAsync(database, city, seed),
        };
    }

    /// <summary>Starts a server of this city.</summary>
    /// <param name="measuresHeap">Whether its heap can be asked for (<see cref="HeapServer"/>).</param>
    public Task<ServerProcess> StartServerAsync(bool measuresHeap = false)
    {
        var settings = new Dictionary<string, string?>
        {
            [RedisConnection.ConnectionStringKey] = _redis,
            ["Http__Connections"] = Connections,
        };
        if (!measuresHeap)
        {
            return ServerProcess.StartAsync(
                "CityHelper.Server.dll", "/health/ready", url => ["serve", "--urls", url], Database.ConnectionString, settings);
        }

        settings[KestrelFloor.SpinLimit] = "0";
        return ServerProcess.StartAsync(
            "CityHelper.Benchmarks.dll", "/health/ready", url => ["heap-server", url], Database.ConnectionString, settings);
    }

    /// <summary>Requests that were not given before, so that each is changed once.</summary>
    public IReadOnlyList<PlacedRequest> Take(int count)
    {
        _given += count;
        return _given <= Placed.Count
            ? [.. Placed.Skip(_given - count).Take(count)]
            : throw new InvalidOperationException("The city has too few requests for so many seconds.");
    }

    /// <summary>Changes requests in turn, at a rate.</summary>
    public Task<WriterLoad> WriteAsync(IReadOnlyList<PlacedRequest> requests, double perSecond, TimeSpan length) =>
        _writers.RunAsync([.. requests.Select(request => (_city.Id, request.Id))], perSecond, length);

    /// <summary>The CPU time so far of a server, and of all that share the machine with it.</summary>
    public async Task<CpuShares> CpuAsync(ServerProcess server) => new(
        CpuTimes.Of(server.Id), await CpuTimes.OfBackendsAsync(Database.Database, ServerPools), CpuTimes.Of(_redisProcess),
        CpuTimes.Of(Environment.ProcessId), await MachineCpu.ReadAsync());

    public async ValueTask DisposeAsync()
    {
        await _writers.DisposeAsync();
        await _follower.DisposeAsync();
        await _connection.DisposeAsync();
        _names.Dispose();
        await Database.DisposeAsync();
    }

    private static async Task<IReadOnlyList<PlacedRequest>> PlacedAsync(LogDatabase database, CityEntry city, int seed)
    {
        await using NpgsqlCommand command = database.Database.CreateCommand(
            """
            select id, st_x(location), st_y(location) from service_request
            where city_id = $1 and location is not null and status not in ('CANCELLED', 'DUPLICATE')
            order by hashint8extended(id, $2)
            """);
        command.Parameters.Add(new() { Value = city.Id });
        command.Parameters.Add(new() { Value = (long)seed });
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        var placed = new List<PlacedRequest>();
        while (await reader.ReadAsync())
        {
            placed.Add(new(reader.GetInt64(0), reader.GetDouble(1), reader.GetDouble(2)));
        }

        return placed;
    }
}

/// <summary>CPU time of those who share the machine.</summary>
/// <param name="Server">The server with the subscriptions.</param>
/// <param name="Postgres">PostgreSQL's backends, for servers and writers.</param>
/// <param name="Redis">Redis.</param>
/// <param name="Here">This process: writers and subscribers.</param>
/// <param name="Machine">All processes of the machine.</param>
internal sealed record CpuShares(CpuTimes Server, CpuTimes Postgres, CpuTimes Redis, CpuTimes Here, TimeSpan Machine)
{
    /// <summary>The time since an earlier reading of all that is not named: PostgreSQL's log writer, and whoever else is there.</summary>
    public TimeSpan OthersSince(CpuShares before)
    {
        TimeSpan named =
            Server.Since(before.Server) + Postgres.Since(before.Postgres) + Redis.Since(before.Redis) + Here.Since(before.Here);

        // The machine's time is a sample taken every few milliseconds: it may be a little less than the sum of its parts.
        return Machine - before.Machine > named ? Machine - before.Machine - named : TimeSpan.Zero;
    }
}
