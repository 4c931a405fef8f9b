using CityHelper.Benchmarks.Scale;
using CityHelper.Server.Redis;
using Npgsql;

namespace CityHelper.Benchmarks.Cache;

/// <summary>CPU time of a round, per request.</summary>
/// <param name="ServerUs">That of the server.</param>
/// <param name="PostgresUs">That of PostgreSQL.</param>
/// <param name="RedisUs">That of Redis.</param>
/// <param name="PerSecond">Requests per second.</param>
/// <param name="Bytes">The length of a body.</param>
internal sealed record CacheCost(double ServerUs, double PostgresUs, double RedisUs, double PerSecond, double Bytes)
{
    public double AllUs => ServerUs + PostgresUs + RedisUs;

    /// <summary>The mean of rounds of equal length.</summary>
    public static CacheCost Mean(IReadOnlyList<CacheCost> rounds) => new(
        rounds.Average(r => r.ServerUs), rounds.Average(r => r.PostgresUs), rounds.Average(r => r.RedisUs),
        rounds.Average(r => r.PerSecond), rounds.Average(r => r.Bytes));
}

/// <summary>
/// Three servers over one database: one alone, one whose answers are all shared because its database is slow, and one that finds them in
/// Redis.
/// </summary>
internal sealed class CacheServers : IAsyncDisposable
{
    /// <summary>More than all answers of a run take.</summary>
    private const string StoreMegabytes = "1024";

    private readonly int _redis;

    private CacheServers(
        NpgsqlDataSource database, int redis, SlowDatabase slowOfSharing, SlowDatabase slowOfFinding, ServerProcess alone,
        ServerProcess sharing, ServerProcess finding)
    {
        Database = database;
        _redis = redis;
        (SlowOfSharing, SlowOfFinding) = (slowOfSharing, slowOfFinding);
        (Alone, Sharing, Finding) = (alone, sharing, finding);
    }

    /// <summary>A little more than an answer that is shared takes to read.</summary>
    public static TimeSpan Delay { get; } = Engine.Limits.DearReading + TimeSpan.FromMilliseconds(2);

    public NpgsqlDataSource Database { get; }

    public SlowDatabase SlowOfSharing { get; }

    public SlowDatabase SlowOfFinding { get; }

    /// <summary>Without Redis.</summary>
    public ServerProcess Alone { get; }

    /// <summary>The same of another build; null when none is compared.</summary>
    public ServerProcess? Other { get; private init; }

    /// <summary>Reads, and shares all that it reads.</summary>
    public ServerProcess Sharing { get; }

    /// <summary>Finds what the other has shared.</summary>
    public ServerProcess Finding { get; }

    /// <param name="database">The connection string of the database.</param>
    /// <param name="redis">The connection string of Redis, on this machine.</param>
    /// <param name="otherBuild">The folder of another build, whose hits are compared.</param>
    public static async Task<CacheServers> StartAsync(string database, string redis, string? otherBuild)
    {
        var slowOfSharing = new SlowDatabase(database);
        var slowOfFinding = new SlowDatabase(database);
        return new CacheServers(
            NpgsqlDataSource.Create(database),
            await RedisProcess.FindAsync(redis),
            slowOfSharing,
            slowOfFinding,
            await StartServerAsync(database, null),
            await StartServerAsync(slowOfSharing.ConnectionString, redis),
            await StartServerAsync(slowOfFinding.ConnectionString, redis))
        {
            Other = otherBuild is null ? null : await StartServerAsync(database, null, Path.GetFullPath(otherBuild)),
        };
    }

    /// <summary>Measures a round.</summary>
    public async Task<CacheCost> MeasureAsync(ServerProcess server, Func<Task<RoundAnswers>> round)
    {
        CpuTimes postgres = await CpuTimes.OfBackendsAsync(Database);
        CpuTimes redis = CpuTimes.Of(_redis);
        CpuTimes process = CpuTimes.Of(server.Id);
        RoundAnswers answers = await round();
        TimeSpan ofServer = CpuTimes.Of(server.Id).Since(process);
        TimeSpan ofRedis = CpuTimes.Of(_redis).Since(redis);
        TimeSpan ofPostgres = (await CpuTimes.OfBackendsAsync(Database)).Since(postgres);
        return new CacheCost(
            ofServer.TotalMicroseconds / answers.Count,
            ofPostgres.TotalMicroseconds / answers.Count,
            ofRedis.TotalMicroseconds / answers.Count,
            answers.Count / answers.Took.TotalSeconds,
            (double)answers.Bytes / answers.Count);
    }

    public async ValueTask DisposeAsync()
    {
        await Alone.DisposeAsync();
        await Sharing.DisposeAsync();
        await Finding.DisposeAsync();
        await (Other?.DisposeAsync() ?? ValueTask.CompletedTask);
        await SlowOfSharing.DisposeAsync();
        await SlowOfFinding.DisposeAsync();
        await Database.DisposeAsync();
    }

    private static Task<ServerProcess> StartServerAsync(string database, string? redis, string folder = "") => ServerProcess.StartAsync(
        Path.Combine(folder, "CityHelper.Server.dll"), "/health/ready", url => ["serve", "--urls", url], database,
        new Dictionary<string, string?> { [RedisConnection.ConnectionStringKey] = redis, ["Cache__Megabytes"] = StoreMegabytes });
}
