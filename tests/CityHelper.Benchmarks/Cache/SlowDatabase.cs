using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace CityHelper.Benchmarks.Cache;

/// <summary>
/// PostgreSQL behind a slow network: what a server sends is passed on after a delay. So the server takes everything that it reads for dear,
/// and shares it, without another setting; waiting takes no CPU time.
/// </summary>
internal sealed class SlowDatabase : IAsyncDisposable
{
    private const int BufferBytes = 64 * 1024;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly string _host;
    private readonly int _port;
    private readonly Task _accepting;
    private long _delayTicks;

    /// <param name="database">The connection string of the database.</param>
    public SlowDatabase(string database)
    {
        var settings = new NpgsqlConnectionStringBuilder(database);
        (_host, _port) = (settings.Host!, settings.Port);
        _listener.Start();
        settings.Host = IPAddress.Loopback.ToString();
        settings.Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        ConnectionString = settings.ConnectionString;
        _accepting = AcceptAsync();
    }

    /// <summary>The database behind it.</summary>
    public string ConnectionString { get; }

    /// <summary>How long what a server sends waits.</summary>
    public TimeSpan Delay
    {
        get => TimeSpan.FromTicks(Volatile.Read(ref _delayTicks));
        set => Volatile.Write(ref _delayTicks, value.Ticks);
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        var passing = new List<Task>();
        try
        {
            while (true)
            {
                passing.Add(PassAsync(await _listener.AcceptSocketAsync(_end.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(passing);
        }
    }

    private async Task PassAsync(Socket client)
    {
        using Socket near = client;
        using var far = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        near.NoDelay = true;
        try
        {
            await far.ConnectAsync(_host, _port, _end.Token);
            await Task.WhenAny(PassAsync(near, far, isRequest: true), PassAsync(far, near, isRequest: false));
        }
        catch (Exception cause) when (cause is SocketException or OperationCanceledException)
        {
            // The server sees that the connection is closed.
        }
    }

    private async Task PassAsync(Socket from, Socket to, bool isRequest)
    {
        byte[] buffer = new byte[BufferBytes];
        try
        {
            while (await from.ReceiveAsync(buffer, _end.Token) is > 0 and var received)
            {
                if (isRequest && Delay > TimeSpan.Zero)
                {
                    await Task.Delay(Delay, _end.Token);
                }

                for (int sent = 0; sent < received;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, received - sent), _end.Token);
                }
            }
        }
        catch (Exception cause) when (cause is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // One side has ended, and ends the other.
        }
    }
}
