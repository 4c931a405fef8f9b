using System.Diagnostics;
using System.Globalization;
using StackExchange.Redis;

namespace CityHelper.IntegrationTests.Redis;

/// <summary>A private Redis of one test, which may stop it, let it hang and start it again.</summary>
public sealed class RedisInstance : IAsyncDisposable
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"cityhelper-tests-{Guid.NewGuid():N}");
    private readonly string[] _options;

    private RedisInstance(string[] options) => _options = options;

    public string ConnectionString { get; private set; } = "";

    private int ProcessId => int.Parse(File.ReadAllText(Path.Combine(_folder, "redis.pid")), CultureInfo.InvariantCulture);

    /// <summary>Starts one on a free port.</summary>
    /// <param name="options">Options of <c>eng/redis start</c>.</param>
    public static async Task<RedisInstance> StartAsync(params string[] options)
    {
        var instance = new RedisInstance(options);
        await instance.StartAgainAsync();
        return instance;
    }

    /// <summary>Starts it again, on the port that it had.</summary>
    public async Task StartAgainAsync() => ConnectionString = await EngScript.RunAsync("redis", ["start", _folder, .. _options]);

    /// <summary>Ends its process as a crash does.</summary>
    public async Task KillAsync()
    {
        using Process process = Process.GetProcessById(ProcessId);
        process.Kill();
        await process.WaitForExitAsync();
    }

    /// <summary>From here on it accepts what is sent and answers nothing.</summary>
    public Task HangAsync() => SignalAsync("STOP");

    /// <summary>It answers again.</summary>
    public Task GoOnAsync() => SignalAsync("CONT");

    /// <summary>How many calls of a command a Redis has had.</summary>
    /// <param name="connection">A connection to it with <c>allowAdmin</c>.</param>
    /// <param name="command">In lower case: <c>getrange</c>.</param>
    public static async Task<int> CallsAsync(ConnectionMultiplexer connection, string command)
    {
        IGrouping<string, KeyValuePair<string, string>>[] stats = await connection.GetServers()[0].InfoAsync("commandstats");
        string? counted = stats.SelectMany(group => group).FirstOrDefault(entry => entry.Key == $"cmdstat_{command}").Value;
        return counted is null ? 0 : int.Parse(counted.Split(',')[0].Split('=')[1], CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync() => await EngScript.RunAsync("redis", "remove", _folder);

    private async Task SignalAsync(string signal)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", ProcessId.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }
}
