using CityHelper.Engine.Telemetry;

namespace CityHelper.Engine.Writing;

/// <summary>
/// Counts the bytes that answers hold, from the moment a buffer of theirs is allocated until its bytes were handed to the transport, and
/// refuses to let them be more than allowed: readers who take their time would otherwise hold as much as they care to ask for.
/// </summary>
/// <remarks>
/// The more an answer holds already, the earlier it is refused: what makes it large may not take what ordinary answers need, nor these what
/// small ones need (<see cref="Limits.ResponseMemorySmallBytes"/>, <see cref="Limits.ResponseMemoryOrdinaryBytes"/>). Thread-safe.
/// </remarks>
public sealed class ResponseMemory
{
    private long _held;
    private long _recentPeak;

    /// <summary>Bytes that are held now.</summary>
    public long Held => Volatile.Read(ref _held);

    /// <summary>The most that was held since this was last asked. One caller asks.</summary>
    public long TakeRecentPeak() => Math.Max(Interlocked.Exchange(ref _recentPeak, 0), Held);

    /// <summary>The share of a new connection, which ends with it.</summary>
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

/// <summary>What the answers of one connection hold, all streams of HTTP/2 together. A feature of the connection; thread-safe.</summary>
public sealed class ConnectionResponses
{
    private readonly ResponseMemory _server;
    private long _held;
    private int _cutOff;

    internal ConnectionResponses(ResponseMemory server) => _server = server;

    /// <summary>Bytes that are held now.</summary>
    public long Held => Volatile.Read(ref _held);

    /// <summary>Begins an answer.</summary>
    /// <returns>Its lease; null when there is no room for an answer of any size.</returns>
    public MemoryLease? TryBegin()
    {
        if (Held + Limits.ResponseMemorySmallBytes <= Limits.ConnectionMemoryBytes && _server.Held + Limits.ResponseMemorySmallBytes <= Limits.ResponseMemoryBytes)
        {
            return new MemoryLease(this);
        }

        EngineTelemetry.ResponsesRefused.Add(1);
        return null;
    }

    /// <summary>Counts an answer that was not read in time.</summary>
    /// <returns>How many there were of the connection, with this one.</returns>
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
        Interlocked.Add(ref _held, -bytes);
        _server.Return(bytes);
    }
}

/// <summary>
/// What one answer holds: the rows it is made of, the answer itself, and what of it was not written yet. Used by one thread at a time.
/// </summary>
public sealed class MemoryLease : IDisposable
{
    private readonly ConnectionResponses? _connection;
    private long _held;

    internal MemoryLease(ConnectionResponses? connection) => _connection = connection;

    /// <summary>For what is small and must be there whatever else is, such as refusals, and for programs that serve nobody.</summary>
    public static MemoryLease Uncounted { get; } = new(null);

    /// <summary>
    /// Counts bytes that are about to be allocated, until <see cref="Return"/> or the lease's end; nothing is counted where it throws.
    /// </summary>
    /// <param name="bytes">How many, 0 or more.</param>
    /// <exception cref="ResponseMemoryException">There is no room for them.</exception>
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
        // An answer that broke off may leave buffers behind; disposing the lease has returned what they held.
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
