using System.Diagnostics;
using System.Globalization;
using StackExchange.Redis;
using Xunit;

namespace CityHelper.IntegrationTests.Redis;

/// <summary>A private Redis of one test, which may stop it, hang it and start it again.</summary>
public sealed class RedisInstance : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"cityhelper-tests-{Guid.NewGuid():N}");
    private readonly string[] _options;

    private RedisInstance(string[] options) => _options = options;

    public string ConnectionString { get; private set; } = "";

    private int ProcessId => int.Parse(File.ReadAllText(Path.Combine(_folder, "redis.pid")), CultureInfo.InvariantCulture);

    /// <summary>Starts a Redis on a free port.</summary>
    /// <param name="options">Options of <c>eng/redis start</c>.</param>
    public static async Task<RedisInstance> StartAsync(params string[] options)
    {
        var instance = new RedisInstance(options);
        await instance.StartAgainAsync();
        return instance;
    }

    /// <summary>Starts it again, on the same port.</summary>
    public async Task StartAgainAsync() => ConnectionString = await EngScript.RunAsync("redis", ["start", _folder, .. _options]);

    /// <summary>
    /// Kills its process once everything that it has confirmed is in its file. What a crash can lose before that is not tested.
    /// </summary>
    public async Task KillAsync()
    {
        await UntilWrittenAsync();
        using Process process = Process.GetProcessById(ProcessId);
        process.Kill();
        await process.WaitForExitAsync();
    }

    /// <summary>Cuts the end of its append-only file, as a crash of the machine does. It must not run.</summary>
    /// <param name="bytes">How many bytes are lost.</param>
    /// <returns>The length before.</returns>
    public long CutFile(int bytes)
    {
        string newest = Directory.GetFiles(_folder, "*.incr.aof", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Last();
        using FileStream file = File.Open(newest, FileMode.Open);
        long length = file.Length;
        file.SetLength(Math.Max(0, length - bytes));
        return length;
    }

    /// <summary>From now on it accepts requests and answers none.</summary>
    public Task HangAsync() => SignalAsync("STOP");

    /// <summary>It answers again.</summary>
    public Task GoOnAsync() => SignalAsync("CONT");

    /// <summary>The number of calls of a command in a Redis.</summary>
    /// <param name="connection">A connection to it with <c>allowAdmin</c>.</param>
    /// <param name="command">In lower case: <c>getrange</c>.</param>
    public static async Task<int> CallsAsync(ConnectionMultiplexer connection, string command)
    {
        IGrouping<string, KeyValuePair<string, string>>[] stats = await connection.GetServers()[0].InfoAsync("commandstats");
        string? counted = stats.SelectMany(group => group).FirstOrDefault(entry => entry.Key == $"cmdstat_{command}").Value;
        return counted is null ? 0 : int.Parse(counted.Split(',')[0].Split('=')[1], CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync() => await EngScript.RunAsync("redis", "remove", _folder);

    // Redis confirms a write before it is in the file where the disk is slow: while one fsync runs, the next write waits up to two
    // seconds ("postponed" in its aof.c).
    private async Task UntilWrittenAsync()
    {
        ConfigurationOptions options = ConfigurationOptions.Parse(ConnectionString);
        options.AllowAdmin = true;
        await using ConnectionMultiplexer connection = await ConnectionMultiplexer.ConnectAsync(options);
        long start = Stopwatch.GetTimestamp();
        Dictionary<string, string> persistence;
        do
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < s_patience, "Redis does not write what it has confirmed.");
            persistence = (await connection.GetServers()[0].InfoAsync("persistence")).SelectMany(group => group).ToDictionary();
        }
        while (persistence.GetValueOrDefault("aof_buffer_length", "0") != "0");
    }

    private async Task SignalAsync(string signal)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", ProcessId.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }
}
