using CityHelper.Engine.Planning;
using Npgsql;

namespace CityHelper.Engine.Database;

/// <summary>
/// Decides which statements a connection keeps prepared. Each takes memory of its backend while the connection lives, some 80 bytes per
/// character of its text, and clients choose how many different ones there are. So they are limited by characters, not only by number
/// (Npgsql's <c>Max Auto Prepare</c> counts statements: with 200 of a client's choice a backend grew to 90 MB).
/// </summary>
/// <remarks>
/// A statement is prepared if the server has run it before and it is short: those of published operations are, those of a filter of fifty
/// conditions in sixteen cells are not. When a statement does not fit, the connection drops all of them and prepares them again as they are
/// used. Only hashes of the texts are kept: the texts would take 400 kB of the server's memory for each connection, and as much for each
/// closed one. Thread-safe.
/// </remarks>
/// <param name="connectionsMax">The largest number of connections of all pools.</param>
internal sealed class PreparedStatements(int connectionsMax)
{
    // No event reports a connection's end, so the least recently used are dropped. Twice the pool's size, so that no open one is dropped.
    private readonly int _keptMax = 2 * connectionsMax;
    private readonly Dictionary<(ReplicaServer? Replica, int ProcessId), Kept> _connections = [];
    private readonly Lock _lock = new();
    private long _uses;

    /// <summary>Tracked connections. For tests.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _connections.Count;
            }
        }
    }

    /// <summary>Prepares the statements of a batch if all of them qualify.</summary>
    /// <param name="use">The use of an open connection.</param>
    /// <param name="batch">The batch with its commands.</param>
    /// <param name="statements">Its statements, in any order.</param>
    /// <param name="cancellation">Cancels preparing.</param>
    public async Task PrepareAsync(
        DatabaseRead use, NpgsqlBatch batch, IReadOnlyCollection<CompiledStatement> statements, CancellationToken cancellation)
    {
        bool isWorthIt = true;
        foreach (CompiledStatement statement in statements)
        {
            // Counts every use, even if another statement of the batch does not qualify.
            isWorthIt &= statement.NoteUse() && statement.Sql.Length <= Limits.PreparedStatementCharsMax;
        }

        if (!isWorthIt || statements.Sum(s => s.Sql.Length) > Limits.PreparedConnectionCharsMax)
        {
            return;
        }

        Kept kept = KeptOf(use.Connection.ProcessID, use.Replica);
        CompiledStatement[] different = [.. statements.DistinctBy(s => s.TextHash)];
        if (kept.Chars + different.Where(s => !kept.Holds(s)).Sum(s => s.Sql.Length) > Limits.PreparedConnectionCharsMax)
        {
            // Npgsql has only a synchronous version.
            await Task.Run(use.Connection.UnprepareAll, cancellation);
            kept.Clear();
        }

        foreach (CompiledStatement statement in different)
        {
            kept.Add(statement);
        }

        // No round trip when all of them are already prepared.
        await batch.PrepareAsync(cancellation);
    }

    /// <summary>The prepared statements of a connection.</summary>
    /// <param name="processId">The process id of its backend.</param>
    /// <param name="replica">The replica that it is open to; null for the primary.</param>
    internal Kept KeptOf(int processId, ReplicaServer? replica = null)
    {
        lock (_lock)
        {
            if (!_connections.TryGetValue((replica, processId), out Kept? kept))
            {
                if (_connections.Count >= _keptMax)
                {
                    // If the dropped connection is used again, it starts from zero, and so may once keep twice as much.
                    _connections.Remove(_connections.MinBy(c => c.Value.LastUse).Key);
                }

                _connections.Add((replica, processId), kept = new Kept());
            }

            kept.LastUse = ++_uses;
            return kept;
        }
    }

    /// <summary>The prepared statements of one connection. Only the connection's current user calls it.</summary>
    internal sealed class Kept
    {
        private readonly HashSet<ulong> _statements = [];

        /// <summary>Characters of all texts.</summary>
        public int Chars { get; private set; }

        /// <summary>Sequence number of the last use; guarded by the lock.</summary>
        public long LastUse { get; set; }

        public bool Holds(CompiledStatement statement) => _statements.Contains(statement.TextHash);

        public void Add(CompiledStatement statement)
        {
            if (_statements.Add(statement.TextHash))
            {
                Chars += statement.Sql.Length;
            }
        }

        public void Clear()
        {
            _statements.Clear();
            Chars = 0;
        }
    }
}
