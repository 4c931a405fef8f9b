using System.Runtime.InteropServices;
using CityHelper.Engine.Admission;
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
    private readonly HashSet<SocketSlot> _slots = [];
    private readonly Dictionary<string, int> _byShare = new(StringComparer.Ordinal);
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
                return _slots.Count;
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
        SocketSlot[] all;
        lock (_gate)
        {
            _isDraining = true;
            all = [.. _slots];
        }

        LogMessages.SocketsDraining(logger, all.Length, span.TotalSeconds);
        await Draining.EndAsync(all, slot => slot.Close(SocketClose.ServiceRestart), span, time, cancellation);
    }

    /// <summary>Takes a slot for a WebSocket.</summary>
    /// <returns>The slot; null when there is none, or the server stops.</returns>
    internal SocketSlot? TryEnter()
    {
        var slot = new SocketSlot(this);
        lock (_gate)
        {
            if (_isDraining || _slots.Count >= Limits.SocketsMax)
            {
                return null;
            }

            _slots.Add(slot);
        }

        EngineTelemetry.Sockets.Add(1);
        return slot;
    }

    /// <summary>Counts a socket as one of a client's.</summary>
    /// <returns>Whether it may have one more.</returns>
    internal bool TryCount(ClientShare share)
    {
        int max = share.Name == ClientShare.Everybody.Name ? Limits.StreamsOfDefaultMax : Limits.StreamsOfClientMax;
        lock (_gate)
        {
            ref int count = ref CollectionsMarshal.GetValueRefOrAddDefault(_byShare, share.Name, out _);
            bool isAllowed = count < max;
            count += isAllowed ? 1 : 0;
            return isAllowed;
        }
    }

    internal void Leave(SocketSlot slot)
    {
        lock (_gate)
        {
            _slots.Remove(slot);
            if (slot.Share is { } share && --_byShare[share.Name] == 0)
            {
                _byShare.Remove(share.Name);
            }
        }

        EngineTelemetry.Sockets.Add(-1);
    }
}

/// <summary>The slot of one WebSocket among those of the server. Dispose it once, when the socket has ended.</summary>
/// <param name="register">All of them.</param>
internal sealed class SocketSlot(SocketRegister register) : IDisposable
{
    private readonly Lock _gate = new();
    private SocketConnection? _connection;
    private SocketClose? _close;

    /// <summary>The share of the client that it counts for; null while nobody knows the client.</summary>
    public ClientShare? Share { get; private set; }

    /// <summary>Counts it for its client.</summary>
    /// <returns>Whether the client may have one more.</returns>
    public bool TryCount(ClientShare share)
    {
        bool isAllowed = register.TryCount(share);
        Share = isAllowed ? share : null;
        return isAllowed;
    }

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
