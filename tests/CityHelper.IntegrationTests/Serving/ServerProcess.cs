using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using CityHelper.Data;
using CityHelper.Server;
using CityHelper.Server.Security;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>The server in a separate process, for tests of its memory and its console.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    /// <summary>Two minutes of readiness checks, a tenth of a second each: half of one is not enough beside writers.</summary>
    private const int LooksMax = 1_200;

    private readonly Process _process;
    private readonly string _home;
    private readonly ConcurrentQueue<string> _lines = new();

    private ServerProcess(Process process, string home, Uri address, Uri http2)
    {
        _process = process;
        _home = home;
        Address = address;
        Http2 = http2;
        Client = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromMinutes(2) };
    }

    /// <summary>A client of the server.</summary>
    public HttpClient Client { get; }

    /// <summary>Its address for HTTP/1.1.</summary>
    public Uri Address { get; }

    /// <summary>Its address for HTTP/2 without TLS.</summary>
    public Uri Http2 { get; }

    public int Id => _process.Id;

    /// <summary>Its console output so far, line by line.</summary>
    public IReadOnlyCollection<string> Lines => _lines;

    /// <summary>The same as one text.</summary>
    public string Output => string.Join('\n', _lines);

    /// <summary>Starts a server and waits until it is ready.</summary>
    /// <param name="database">The connection string of its database.</param>
    /// <param name="environment">Its environment.</param>
    /// <param name="settings">Further configuration, named as environment variables: <c>Clients__civic__Mode</c>.</param>
    public static async Task<ServerProcess> StartAsync(
        string database, string environment, IReadOnlyDictionary<string, string>? settings = null)
    {
        string home = Directory.CreateTempSubdirectory("cityhelper-process-").FullName;
        var address = new Uri($"http://127.0.0.1:{FreePort()}");
        var http2 = new Uri($"http://127.0.0.1:{FreePort()}");
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "CityHelper.Server.dll"));
        start.ArgumentList.Add("serve");
        foreach ((string name, string value) in new Dictionary<string, string>(settings ?? new Dictionary<string, string>())
        {
            ["ASPNETCORE_ENVIRONMENT"] = environment,
            [CityHelperDatabase.ConnectionStringKey] = database,
            [ServerApplication.HomeKey] = home,
            [CursorKeyStore.CurrentKey] = Convert.ToBase64String(new byte[32]),
            ["Kestrel__Endpoints__Old__Url"] = address.ToString(),
            ["Kestrel__Endpoints__Old__Protocols"] = "Http1",
            ["Kestrel__Endpoints__New__Url"] = http2.ToString(),
            ["Kestrel__Endpoints__New__Protocols"] = "Http2",
        })
        {
            start.Environment[name] = value;
        }

        Process process = Process.Start(start)!;
        var server = new ServerProcess(process, home, address, http2);
        process.OutputDataReceived += (_, line) => server.Keep(line.Data);
        process.ErrorDataReceived += (_, line) => server.Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        for (int look = 0; look < LooksMax && !process.HasExited; look++)
        {
            if (await IsReadyAsync(server.Client))
            {
                return server;
            }

            await Task.Delay(100);
        }

        string output = string.Join('\n', server.Lines);
        await server.DisposeAsync();
        throw new InvalidOperationException($"The server did not start:\n{output}");
    }

    /// <summary>Ends the server with a signal, and waits for its last line.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> StopAsync()
    {
        using Process signal = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
        await signal.WaitForExitAsync();
        await _process.WaitForExitAsync();
        return _process.ExitCode;
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

    private void Keep(string? line)
    {
        if (line is not null)
        {
            _lines.Enqueue(line);
        }
    }

    private static async Task<bool> IsReadyAsync(HttpClient client)
    {
        try
        {
            using HttpResponseMessage answer = await client.GetAsync(new Uri("/health/ready", UriKind.Relative));
            return answer.StatusCode == HttpStatusCode.OK;
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
