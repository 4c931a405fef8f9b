using CityHelper.Engine.Subscriptions;
using CityHelper.Engine.Telemetry;
using Microsoft.Extensions.Logging;

namespace CityHelper.Engine.Transport.WebSockets;

/// <summary>All WebSockets of this server, with and without operations: how many there are, and their end when the server stops.</summary>
/// <param name="time">The clock.</param>
/// <param name="logger">Told when the server stops.</param>
public sealed class SocketRegister(TimeProvider time, ILogger<SocketRegister> logger)
{
    private readonly Lock _gate = new();
    private readonly HashSet<SocketPlace> _places = [];
    private volatile bool _isDraining;

    /// <summary>Whether the server stops: it takes no more WebSockets.</summary>
    public bool IsDraining => _isDraining;

    /// <summary>How many there are.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _places.Count;
            }
        }
    }

    /// <summary>
    /// Ends all WebSockets in random order, spread over a time, and takes no more: clients that come back to other servers do not come at
    /// once. What a query or mutation has not answered by then is lost, and asked again by the client.
    /// </summary>
    /// <param name="span">The time that it may take.</param>
    /// <param name="cancellation">Ends all that are left at once.</param>
    public async Task DrainAsync(TimeSpan span, CancellationToken cancellation)
    {
        SocketPlace[] all;
        lock (_gate)
        {
            _isDraining = true;
            all = [.. _places];
        }

        LogMessages.SocketsDraining(logger, all.Length, span.TotalSeconds);
        await Draining.EndAsync(all, place => place.Close(SocketClose.ServiceRestart), span, time, cancellation);
    }

    /// <summary>Takes a place for a WebSocket.</summary>
    /// <returns>The place; null when there is none, or the server stops.</returns>
    internal SocketPlace? TryEnter()
    {
        var place = new SocketPlace(this);
        lock (_gate)
        {
            if (_isDraining || _places.Count >= Limits.SocketsMax)
            {
                return null;
            }

            _places.Add(place);
        }

        EngineTelemetry.Sockets.Add(1);
        return place;
    }

    internal void Leave(SocketPlace place)
    {
        lock (_gate)
        {
            _places.Remove(place);
        }

        EngineTelemetry.Sockets.Add(-1);
    }
}

/// <summary>The place of one WebSocket among those of the server. Dispose it once, when the socket has ended.</summary>
/// <param name="register">All of them.</param>
internal sealed class SocketPlace(SocketRegister register) : IDisposable
{
    private readonly Lock _gate = new();
    private SocketConnection? _connection;
    private SocketClose? _close;

    /// <summary>Sets the connection, which ends at once if it was to end before it was there.</summary>
    public void Take(SocketConnection connection)
    {
        lock (_gate)
        {
            _connection = connection;
            if (_close is not null)
            {
                connection.Close(_close);
            }
        }
    }

    /// <summary>Ends the connection.</summary>
    public void Close(SocketClose why)
    {
        lock (_gate)
        {
            _close = why;
            _connection?.Close(why);
        }
    }

    public void Dispose() => register.Leave(this);
}
