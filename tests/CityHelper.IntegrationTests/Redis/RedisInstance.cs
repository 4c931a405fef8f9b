using System.Diagnostics;
using System.Globalization;

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

    public async ValueTask DisposeAsync() => await EngScript.RunAsync("redis", "remove", _folder);

    private async Task SignalAsync(string signal)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", ProcessId.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }
}
