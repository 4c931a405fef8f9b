using System.Collections.Concurrent;
using System.Diagnostics;

namespace CityHelper.Engine.Database;

/// <summary>
/// The backends (PostgreSQL processes) of this server's reading connections, in use or abandoned, by PostgreSQL server and process id. It
/// knows which operation each runs, even after Npgsql has given up the connection: PostgreSQL continues statements that nobody waits for.
/// </summary>
/// <remarks>Thread-safe. Servers may share a PostgreSQL; each knows only its own backends.</remarks>
public sealed class BackendRegister
{
    private readonly ConcurrentDictionary<(ReplicaServer? Replica, int ProcessId), BackendUse> _uses = new();
    private int _givenUp;

    /// <summary>The uses that run or were abandoned.</summary>
    public IReadOnlyCollection<BackendUse> Uses => [.. _uses.Values];

    /// <summary>Removes a backend that has ended.</summary>
    public void Remove(BackendUse use)
    {
        if (_uses.TryRemove(KeyValuePair.Create((use.Replica, use.ProcessId), use)) && use.IsGivenUp)
        {
            Interlocked.Decrement(ref _givenUp);
        }

        use.End();
    }

    /// <summary>
    /// Lets an abandoned backend that still runs keep its request's permits until it has ended: it loads the database as before.
    /// </summary>
    /// <param name="signature">The signature of the request.</param>
    /// <param name="held">The permits; disposed when the backend has ended.</param>
    /// <returns>False when there is no such backend: then the caller disposes the permits.</returns>
    internal bool TryHold(ExecutionSignature? signature, IDisposable held) =>
        signature is not null
        && Volatile.Read(ref _givenUp) > 0
        && _uses.Values.FirstOrDefault(use => use.IsGivenUp && ReferenceEquals(use.Signature, signature)) is { } orphan
        && orphan.TryHold(held);

    internal BackendUse Begin(int processId, ExecutionSignature? signature, ReplicaServer? replica)
    {
        var use = new BackendUse(processId, signature) { Replica = replica };

        // A known use of the same id belongs to a backend that has ended: PostgreSQL reuses process ids.
        _uses[(replica, processId)] = use;
        return use;
    }

    /// <summary>Ends a use.</summary>
    /// <param name="use">The use that <see cref="Begin"/> returned.</param>
    /// <param name="isGivenUp">Whether the connection broke, so the backend may still be busy.</param>
    internal void End(BackendUse use, bool isGivenUp)
    {
        if (isGivenUp && _uses.Count <= Limits.WatchedBackendsMax)
        {
            use.IsGivenUp = true;
            Interlocked.Increment(ref _givenUp);
        }
        else
        {
            Remove(use);
        }
    }
}

/// <summary>One use of a backend, by a batch or a lookup.</summary>
/// <param name="processId">The process id.</param>
/// <param name="signature">The signature of what it runs; null for a lookup, which runs the server's own statements.</param>
public sealed class BackendUse(int processId, ExecutionSignature? signature)
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly Lock _ending = new();
    private IDisposable? _held;
    private bool _hasEnded;

    /// <summary>The process id.</summary>
    public int ProcessId { get; } = processId;

    /// <summary>The replica that the process belongs to; null for the primary, whose processes have the same ids.</summary>
    public ReplicaServer? Replica { get; init; }

    /// <summary>The signature of what it runs; null for a lookup, which runs the server's own statements.</summary>
    public ExecutionSignature? Signature { get; } = signature;

    /// <summary>Time since it began. PostgreSQL has another clock, so only durations are compared, never points in time.</summary>
    public TimeSpan Age => Stopwatch.GetElapsedTime(_start);

    /// <summary>Whether the server no longer waits for it.</summary>
    public bool IsGivenUp { get; internal set; }

    /// <summary>Keeps the permits of its request until it has ended.</summary>
    /// <param name="held">The permits.</param>
    /// <returns>False when it has ended, or broke before its statement's time limit: then PostgreSQL is gone, not the client.</returns>
    internal bool TryHold(IDisposable held)
    {
        lock (_ending)
        {
            if (_hasEnded || Age < TimeSpan.FromMilliseconds(Limits.StatementTimeoutMs))
            {
                return false;
            }

            _held = held;
            return true;
        }
    }

    internal void End()
    {
        IDisposable? held;
        lock (_ending)
        {
            _hasEnded = true;
            (held, _held) = (_held, null);
        }

        held?.Dispose();
    }

    /// <summary>Whether the watcher terminated it because it outlived its time limit.</summary>
    public bool IsTerminated { get; set; }
}

/// <summary>What requests with the same statements have in common: the operation, the variable signature, and the access paths.</summary>
/// <param name="OperationId">The operation's id.</param>
/// <param name="OperationName">The operation's name, or its id when it has none.</param>
/// <param name="VariableSignature">The variable signature.</param>
/// <param name="AccessPaths">The access path of each connection.</param>
public sealed record ExecutionSignature(string OperationId, string OperationName, string VariableSignature, string AccessPaths);
