using CityHelper.Engine.Telemetry;

namespace CityHelper.Engine.Writing;

/// <summary>
/// Counts the bytes that responses hold, from the allocation of a buffer until its bytes were passed to the transport, and refuses more
/// than allowed. Without it, slow readers could make the server hold any amount of memory.
/// </summary>
/// <remarks>
/// The more a response holds, the earlier it is refused. So large responses leave memory for ordinary ones, and these for small ones
/// (<see cref="Limits.ResponseMemorySmallBytes"/>, <see cref="Limits.ResponseMemoryOrdinaryBytes"/>). Thread-safe.
/// </remarks>
public sealed class ResponseMemory
{
    private long _held;
    private long _recentPeak;

    /// <summary>Bytes that are held now.</summary>
    public long Held => Volatile.Read(ref _held);

    /// <summary>The most bytes held since the last call. For a single caller.</summary>
    public long TakeRecentPeak() => Math.Max(Interlocked.Exchange(ref _recentPeak, 0), Held);

    /// <summary>Begins the accounting of a new connection.</summary>
    public ConnectionResponses OpenConnection() => new(this);

    internal bool TryTake(int bytes, long heldByAnswer)
    {
        long held = Interlocked.Add(ref _held, bytes);
        if (held > CeilingOf(heldByAnswer + bytes))
        {
            Interlocked.Add(ref _held, -bytes);
            return false;
        }

        for (long peak = Volatile.Read(ref _recentPeak); held > peak; peak = Volatile.Read(ref _recentPeak))
        {
            Interlocked.CompareExchange(ref _recentPeak, held, peak);
        }

        return true;
    }

    internal void Return(long bytes) => Interlocked.Add(ref _held, -bytes);

    private static long CeilingOf(long answerBytes) => answerBytes switch
    {
        <= Limits.ResponseMemorySmallBytes => Limits.ResponseMemoryBytes,
        <= Limits.ResponseMemoryOrdinaryBytes => Limits.ResponseMemoryForOrdinaryBytes,
        _ => Limits.ResponseMemoryForLargeBytes,
    };
}

/// <summary>Counts the bytes that one connection's responses hold, over all HTTP/2 streams. A connection feature; thread-safe.</summary>
public sealed class ConnectionResponses
{
    private readonly ResponseMemory _server;
    private long _held;
    private int _cutOff;

    internal ConnectionResponses(ResponseMemory server) => _server = server;

    /// <summary>Bytes that are held now.</summary>
    public long Held => Volatile.Read(ref _held);

    /// <summary>Begins a response.</summary>
    /// <returns>Its lease; null when there is no memory for even a small response.</returns>
    public MemoryLease? TryBegin()
    {
        if (Held + Limits.ResponseMemorySmallBytes <= Limits.ConnectionMemoryBytes
            && _server.Held + Limits.ResponseMemorySmallBytes <= Limits.ResponseMemoryBytes)
        {
            return new MemoryLease(this);
        }

        EngineTelemetry.ResponsesRefused.Add(1);
        return null;
    }

    /// <summary>Counts a response that the client did not read in time.</summary>
    /// <returns>The connection's number of such responses, this one included.</returns>
    internal int CountCutOff() => Interlocked.Increment(ref _cutOff);

    internal bool TryTake(int bytes, long heldByAnswer)
    {
        if (Interlocked.Add(ref _held, bytes) <= Limits.ConnectionMemoryBytes && _server.TryTake(bytes, heldByAnswer))
        {
            return true;
        }

        Interlocked.Add(ref _held, -bytes);
        return false;
    }

    internal void Return(long bytes)
    {
        // Order matters: what the connection no longer counts another of its responses may take at once.
        _server.Return(bytes);
        Interlocked.Add(ref _held, -bytes);
    }
}

/// <summary>
/// The bytes that one response holds: its rows, the response itself, and what is not yet sent. Used by one thread at a time.
/// </summary>
public sealed class MemoryLease : IDisposable
{
    private readonly ConnectionResponses? _connection;
    private long _held;

    internal MemoryLease(ConnectionResponses? connection) => _connection = connection;

    /// <summary>Counts nothing: for small responses that must always be possible, such as refusals, and for tools.</summary>
    public static MemoryLease Uncounted { get; } = new(null);

    /// <summary>
    /// Counts bytes before they are allocated, until <see cref="Return"/> or the end of the lease. Counts nothing if it throws.
    /// </summary>
    /// <param name="bytes">The number of bytes, 0 or more.</param>
    /// <exception cref="ResponseMemoryException">There is no memory for them.</exception>
    internal void Take(int bytes)
    {
        if (_connection is null)
        {
            return;
        }

        if (!_connection.TryTake(bytes, _held))
        {
            EngineTelemetry.ResponsesRefused.Add(1);
            throw new ResponseMemoryException();
        }

        _held += bytes;
    }

    /// <summary>Counts bytes that are no longer held.</summary>
    internal void Return(int bytes)
    {
        // An abandoned response may leave buffers behind; disposing the lease has already returned their bytes.
        if (_connection is null || _held == 0)
        {
            return;
        }

        _held -= bytes;
        _connection.Return(bytes);
    }

    /// <summary>Returns whatever is still held.</summary>
    public void Dispose()
    {
        long held = Interlocked.Exchange(ref _held, 0);
        _connection?.Return(held);
    }
}
