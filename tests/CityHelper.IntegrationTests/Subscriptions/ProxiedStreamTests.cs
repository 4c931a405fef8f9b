using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text.Json;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Subscriptions;

/// <summary>Streams through what stands between: nginx as Debian has it, and one connection of HTTP/2.</summary>
[Collection(PostgresCollection.Name)]
public sealed class ProxiedStreamTests(SubscriptionServer fixture, ITestOutputHelper output) : IClassFixture<SubscriptionServer>
{
    // Shorter than what a server has and what proxies wait, and farther apart than needed: the machine may be busy. By hand, in two
    // minutes, CITYHELPER_SLOW_PROXY=1 has the server's own 12 s and a proxy that waits 15.
    private static readonly bool s_isSlow = Environment.GetEnvironmentVariable("CITYHELPER_SLOW_PROXY") == "1";
    private static readonly TimeSpan s_keepAlive = s_isSlow ? Engine.Limits.KeepAliveInterval : TimeSpan.FromMilliseconds(500);
    private static readonly string s_readTimeout = s_isSlow ? "15s" : "2500ms";

    /// <summary>
    /// nginx buffers answers and ends silent ones: events come all the same, each when it is sent, and a quiet stream lives.
    /// </summary>
    [Fact]
    public async Task Nginx_passes_events_on_and_keeps_a_quiet_stream()
    {
        await using TestServer server = await fixture.StartAsync(s_keepAlive);
        string folder = Directory.CreateTempSubdirectory("cityhelper-nginx-").FullName;
        int port = FreePort();
        await File.WriteAllTextAsync(Path.Combine(folder, "nginx.conf"), Configuration(folder, port, server.Client.BaseAddress!.Port));
        using Process nginx = Process.Start(
            new ProcessStartInfo("/usr/sbin/nginx", ["-c", Path.Combine(folder, "nginx.conf"), "-p", folder]))!;
        try
        {
            using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
            await Patience.UntilAsync(async () =>
            {
                try
                {
                    return await client.GetStringAsync("/health/live");
                }
                catch (HttpRequestException)
                {
                    return null;
                }
            });
            await using SseStream stream = await SseStream.OpenAsync(client);
            Assert.Equal("RESYNC", (await stream.NextAsync()).Kind);
            string id = await fixture.ReportAsync();
            long start = Stopwatch.GetTimestamp();
            Assert.Equal(id, (await stream.NextAsync()).Id);
            output.WriteLine($"An event arrived {Stopwatch.GetElapsedTime(start).TotalMilliseconds:0} ms after its mutation");
            for (int comments = 0; comments < 10;)
            {
                SseBlock block = await stream.ReadAsync() ?? throw new InvalidOperationException("The proxy has ended the stream.");
                comments += block.IsComment ? 1 : 0;
            }

            output.WriteLine($"It was quiet for {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s and ten keep-alives");

            await fixture.SetStatusAsync(id, "ASSIGNED");
            Assert.Equal(("UPDATED", id), await NextAsync(stream));
        }
        finally
        {
            nginx.Kill(entireProcessTree: true);
            await nginx.WaitForExitAsync();
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task One_connection_of_HTTP_2_carries_fifty_streams()
    {
        await using ServerProcess server = await ServerProcess.StartAsync(fixture.ConnectionString, "Development");
        int connections = 0;
        using var handler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = false,
            ConnectCallback = async (context, cancellation) =>
            {
                Interlocked.Increment(ref connections);
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(context.DnsEndPoint, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        using var client = new HttpClient(handler)
        {
            BaseAddress = server.Http2,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        SseStream[] streams = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => SseStream.OpenAsync(client)));
        foreach (SseStream stream in streams)
        {
            Assert.Equal("RESYNC", (await stream.NextAsync()).Kind);
        }

        string id = await fixture.ReportAsync();
        foreach (SseStream stream in streams)
        {
            Assert.Equal(("ENTERED", id), await NextAsync(stream));
            await stream.DisposeAsync();
        }

        Assert.Equal(1, connections);
    }

    /// <summary>An extended CONNECT (RFC 8441), beside other requests of its connection.</summary>
    [Fact]
    public async Task A_stream_of_HTTP_2_becomes_a_WebSocket()
    {
        await using ServerProcess server = await ServerProcess.StartAsync(fixture.ConnectionString, "Development");
        using var handler = new HttpMessageInvoker(new SocketsHttpHandler());
        using var socket = new ClientWebSocket();
        socket.Options.HttpVersion = HttpVersion.Version20;
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        socket.Options.AddSubProtocol(RawSocket.Protocol);
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await socket.ConnectAsync(new UriBuilder(server.Http2) { Scheme = "ws", Path = "/graphql" }.Uri, handler, patience.Token);
        Assert.Equal("connection_ack", await AskAsync(new { type = "connection_init" }));
        Assert.Equal("next", await AskAsync(new { id = "1", type = "subscribe", payload = new { query = SocketFixture.Changes } }));

        async Task<string> AskAsync(object message)
        {
            await socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(message), WebSocketMessageType.Text, true, patience.Token);
            byte[] answer = new byte[4_096];
            ValueWebSocketReceiveResult received = await socket.ReceiveAsync(answer.AsMemory(), patience.Token);
            return JsonDocument.Parse(answer.AsMemory(0, received.Count)).RootElement.GetProperty("type").GetString()!;
        }
    }

    private static async Task<(string Kind, string Id)> NextAsync(SseStream stream)
    {
        StreamEvent next = await stream.NextAsync();
        return (next.Kind, next.Id!);
    }

    private static string Configuration(string folder, int port, int server) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""
        daemon off;
        worker_processes 1;
        pid {{folder}}/pid;
        error_log {{folder}}/error.log;
        events { worker_connections 64; }
        http {
            access_log off;
            client_body_temp_path {{folder}}/body;
            proxy_temp_path {{folder}}/proxy;
            fastcgi_temp_path {{folder}}/fastcgi;
            uwsgi_temp_path {{folder}}/uwsgi;
            scgi_temp_path {{folder}}/scgi;
            server {
                listen 127.0.0.1:{{port}};
                location / {
                    proxy_pass http://127.0.0.1:{{server}};
                    proxy_read_timeout {{s_readTimeout}};
                }
            }
        }
        """);

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
