using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using CityHelper.Data;

namespace CityHelper.Benchmarks;

/// <summary>A server in a separate process, so that its CPU time is measured alone.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    /// <summary>A minute of attempts, a tenth of a second apart; a busy machine takes some of it.</summary>
    private const int AttemptsMax = 600;

    private readonly Process _process;

    private ServerProcess(Process process, Uri url)
    {
        _process = process;
        Url = url;
    }

    public Uri Url { get; }

    public int Id => _process.Id;

    /// <summary>User and system time since the process started.</summary>
    public TimeSpan CpuTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Megabytes of private resident memory: heap and stacks, no files (RssAnon of proc(5)).</summary>
    public double MemoryMegabytes =>
        File.ReadLines($"/proc/{Id}/status")
            .Single(line => line.StartsWith("RssAnon:", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)
            is [_, var kilobytes, _]
            ? double.Parse(kilobytes, CultureInfo.InvariantCulture) / 1_024
            : throw new InvalidOperationException("/proc says nothing of the server's memory.");

    /// <summary>Starts a program of this build and waits until it answers.</summary>
    /// <param name="assembly">The program's file name; with its folder when it is of another build.</param>
    /// <param name="healthPath">The path that answers 200 once it is ready.</param>
    /// <param name="arguments">Its arguments, given the address to listen on.</param>
    /// <param name="database">The connection string of its database; that of this process when left out.</param>
    /// <param name="environment">Further variables of its environment; null removes one.</param>
    public static async Task<ServerProcess> StartAsync(
        string assembly, string healthPath, Func<string, string[]> arguments, string? database = null,
        IReadOnlyDictionary<string, string?>? environment = null)
    {
        var url = new Uri($"http://127.0.0.1:{FreePort()}");
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            Environment = { ["ASPNETCORE_ENVIRONMENT"] = "Development", ["Logging__LogLevel__Default"] = "Warning" },
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, assembly));
        if (database is not null)
        {
            start.Environment[CityHelperDatabase.ConnectionStringKey] = database;
        }

        foreach ((string name, string? value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[name] = value;
        }

        foreach (string argument in arguments(url.ToString()))
        {
            start.ArgumentList.Add(argument);
        }

        Process process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        var server = new ServerProcess(process, url);
        using var client = new HttpClient { BaseAddress = url };
        for (int attempt = 0; attempt < AttemptsMax && !process.HasExited; attempt++)
        {
            if (await AnswersAsync(client, healthPath))
            {
                return server;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100));
        }

        await server.DisposeAsync();
        throw new InvalidOperationException($"{assembly} did not answer {healthPath} within a minute: see its output above.");
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private static async Task<bool> AnswersAsync(HttpClient client, string path)
    {
        try
        {
            using HttpResponseMessage answer = await client.GetAsync(new Uri(path, UriKind.Relative));
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
