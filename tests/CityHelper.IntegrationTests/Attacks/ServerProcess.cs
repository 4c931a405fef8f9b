using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using CityHelper.Data;
using CityHelper.Server;
using CityHelper.Server.Security;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>A server in a process of its own, as in production, so that its memory is its own.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan s_startMax = TimeSpan.FromMinutes(1);

    private readonly Process _process;
    private readonly string _home;
    private readonly System.Text.StringBuilder _output = new();

    private ServerProcess(Process process, Uri url, string home)
    {
        _process = process;
        _home = home;
        Client = new HttpClient { BaseAddress = url, Timeout = TimeSpan.FromMinutes(2) };
        process.OutputDataReceived += (_, line) => Take(line.Data);
        process.ErrorDataReceived += (_, line) => Take(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>A client of it.</summary>
    public HttpClient Client { get; }

    /// <summary>The process id.</summary>
    public int Id => _process.Id;

    /// <summary>What it has said.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <summary>Starts the server of this build and waits until it is ready.</summary>
    /// <param name="database">The connection string of its database.</param>
    /// <param name="environment"><c>Production</c> or <c>Development</c>.</param>
    /// <param name="settings">Further environment variables: <c>Clients__default__Mode</c>.</param>
    public static async Task<ServerProcess> StartAsync(string database, string environment, IReadOnlyDictionary<string, string>? settings = null)
    {
        var url = new Uri($"http://127.0.0.1:{FreePort()}");
        string home = Directory.CreateTempSubdirectory("cityhelper-home-").FullName;
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "CityHelper.Server.dll"), "serve", "--urls", url.ToString()])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["ASPNETCORE_ENVIRONMENT"] = environment,
                [CityHelperDatabase.ConnectionStringKey] = database,
                [ServerApplication.HomeKey] = home,
                [CursorKeyStore.CurrentKey] = Convert.ToBase64String(new byte[32]),
            },
        };
        foreach ((string key, string value) in settings ?? new Dictionary<string, string>())
        {
            start.Environment[key] = value;
        }

        var server = new ServerProcess(Process.Start(start)!, url, home);
        long began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < s_startMax && !server._process.HasExited)
        {
            if (await server.IsReadyAsync())
            {
                return server;
            }

            await Task.Delay(100);
        }

        string output = server.Output;
        await server.DisposeAsync();
        throw new InvalidOperationException($"The server did not get ready: {output}");
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        Directory.Delete(_home, recursive: true);
    }

    private void Take(string? line)
    {
        lock (_output)
        {
            _output.AppendLine(line);
        }
    }

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            using HttpResponseMessage answer = await Client.GetAsync(new Uri("/health/ready", UriKind.Relative));
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
