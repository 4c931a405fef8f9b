using System.Collections.Concurrent;
using System.Diagnostics;

namespace CityHelper.Engine.Database;

/// <summary>
/// The backends (processes of PostgreSQL) that this server's reading connections use or have given up, by process id. It knows which
/// operation each of them runs, also after Npgsql has given the connection up: PostgreSQL goes on with what nobody waits for.
/// </summary>
/// <remarks>Thread-safe. Several servers share a PostgreSQL; each knows its own backends alone.</remarks>
public sealed class BackendRegister
{
    private readonly ConcurrentDictionary<int, BackendUse> _uses = new();
    private int _givenUp;

    /// <summary>What is running or was given up.</summary>
    public IReadOnlyCollection<BackendUse> Uses => [.. _uses.Values];

    /// <summary>Forgets a backend that has ended.</summary>
    public void Forget(BackendUse use)
    {
        if (_uses.TryRemove(KeyValuePair.Create(use.ProcessId, use)) && use.IsGivenUp)
        {
            Interlocked.Decrement(ref _givenUp);
        }

        use.End();
    }

    /// <summary>
    /// Lets a backend that works on although nobody waits for it keep what its request holds, until it has ended: it takes as much of the
    /// database as before.
    /// </summary>
    /// <param name="shape">What the request ran.</param>
    /// <param name="held">Is disposed when the backend has ended.</param>
    /// <returns>False when there is no such backend: the caller disposes it.</returns>
    internal bool TryHold(ExecutionShape? shape, IDisposable held) =>
        shape is not null && Volatile.Read(ref _givenUp) > 0 && _uses.Values.FirstOrDefault(use => use.IsGivenUp && ReferenceEquals(use.Shape, shape)) is { } orphan && orphan.TryHold(held);

    internal BackendUse Begin(int processId, ExecutionShape? shape)
    {
        var use = new BackendUse(processId, shape);

        // Another use of the same id is one of a backend that has ended: a process id is used again then.
        _uses[processId] = use;
        return use;
    }

    /// <summary>Ends a use.</summary>
    /// <param name="use">What <see cref="Begin"/> returned.</param>
    /// <param name="isGivenUp">Whether the connection broke, so that the backend may still be busy.</param>
    internal void End(BackendUse use, bool isGivenUp)
    {
        if (isGivenUp && _uses.Count <= Limits.WatchedBackendsMax)
        {
            use.IsGivenUp = true;
            Interlocked.Increment(ref _givenUp);
        }
        else
        {
            Forget(use);
        }
    }
}

/// <summary>One use of a backend: by a batch, or by a look-up.</summary>
/// <param name="processId">Its process id.</param>
/// <param name="shape">What it runs; null for a look-up, whose statements are the server's own.</param>
public sealed class BackendUse(int processId, ExecutionShape? shape)
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly Lock _ending = new();
    private IDisposable? _held;
    private bool _hasEnded;

    /// <summary>The process id.</summary>
    public int ProcessId { get; } = processId;

    /// <summary>What it runs; null for a look-up, whose statements are the server's own.</summary>
    public ExecutionShape? Shape { get; } = shape;

    /// <summary>How long ago it began. PostgreSQL's clock is another, so moments are never compared, only durations.</summary>
    public TimeSpan Age => Stopwatch.GetElapsedTime(_start);

    /// <summary>Whether the server does not wait for it any more.</summary>
    public bool IsGivenUp { get; internal set; }

    /// <summary>What its request holds of the server's places; disposed when it has ended.</summary>
    /// <param name="held">The places.</param>
    /// <returns>False when it has ended, or when it broke before its statement's limit: then PostgreSQL went away, and not the
    /// client.</returns>
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

    /// <summary>Whether it was terminated because it outlived its limit.</summary>
    public bool IsTerminated { get; set; }
}

/// <summary>
/// What requests have in common that run the same statements: the operation, which of its variables are given, and how its rows are
/// reached.
/// </summary>
/// <param name="OperationId">The operation's id.</param>
/// <param name="OperationName">Its name, or its id when it has none.</param>
/// <param name="VariableSignature">Which members its variables have.</param>
/// <param name="AccessPaths">The access path of each connection.</param>
public sealed record ExecutionShape(string OperationId, string OperationName, string VariableSignature, string AccessPaths);
