using System.Net;
using System.Net.Sockets;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>
/// A proxy before a server, that of PostgreSQL or of clients. It can stop passing data on, like a network that loses packets, and lead new
/// connections to another server.
/// </summary>
internal sealed class StallingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private volatile IPEndPoint _target;
    private readonly Task _accepting;
    private readonly TaskCompletionSource _holdsBytes = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile TaskCompletionSource _passing = Passing();

    private StallingProxy(IPEndPoint target)
    {
        _target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public static StallingProxy Before(string host, int port) => new(new IPEndPoint(IPAddress.Parse(host), port));

    /// <summary>Leads new connections elsewhere.</summary>
    public void LeadTo(int port) => _target = new IPEndPoint(_target.Address, port);

    /// <summary>Ends when it holds data back for the first time.</summary>
    public Task HoldsBytes => _holdsBytes.Task;

    public void Stall() => _passing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Pass() => _passing.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        Pass();
        await _accepting;
        _end.Dispose();
    }

    private static TaskCompletionSource Passing()
    {
        var passing = new TaskCompletionSource();
        passing.SetResult();
        return passing;
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(PassAsync(await _listener.AcceptSocketAsync(_end.Token)));
            }
        }
        catch (Exception cause) when (cause is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task PassAsync(Socket from)
    {
        using var to = new Socket(SocketType.Stream, ProtocolType.Tcp);
        using (from)
        {
            try
            {
                await to.ConnectAsync(_target, _end.Token);
                await Task.WhenAny(CopyAsync(from, to), CopyAsync(to, from));
            }
            catch (Exception cause) when (cause is OperationCanceledException or SocketException)
            {
                // One of the two sides is gone.
            }
        }
    }

    private async Task CopyAsync(Socket from, Socket to)
    {
        byte[] buffer = new byte[16 * 1024];
        try
        {
            for (int read = 1; read > 0;)
            {
                read = await from.ReceiveAsync(buffer, _end.Token);
                Task passing = _passing.Task;
                if (read > 0 && !passing.IsCompleted)
                {
                    _holdsBytes.TrySetResult();
                }

                await passing.WaitAsync(_end.Token);
                await to.SendAsync(buffer.AsMemory(0, read), _end.Token);
            }
        }
        catch (Exception cause) when (cause is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // As above.
        }
    }
}
