using CityHelper.Engine.Planning;
using Npgsql;

namespace CityHelper.Engine.Database;

/// <summary>
/// Decides which statements a connection keeps prepared. Each takes memory of its backend for as long as the connection lives, some 80
/// bytes for a character of its text, and a client chooses how many different ones there are: so they are bounded by characters and not by
/// number alone (Npgsql's <c>Max Auto Prepare</c> counts: with 200 of a client's choice a backend grew to 90 MB).
/// </summary>
/// <remarks>
/// Prepared is what the server has run before, and only if it is short: the statements of published operations are, those of a filter of
/// fifty conditions in sixteen cells are not. What does not fit any more throws out everything, which is then prepared again as it is used.
/// Texts are known by their hashes: of the texts themselves each connection would keep 400 kB of the server's memory, and closed
/// connections as much. Thread-safe.
/// </remarks>
/// <param name="connectionsMax">Connections of the pool at most.</param>
internal sealed class PreparedStatements(int connectionsMax)
{
    // No event tells of a connection's end, so those that were not used for longest are forgotten; twice the pool, so that one of the
    // pool's own is not among them.
    private readonly int _keptMax = 2 * connectionsMax;
    private readonly Dictionary<int, Kept> _connections = [];
    private readonly Lock _lock = new();
    private long _uses;

    /// <summary>Connections that are remembered.</summary>
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

    /// <summary>Prepares the statements of a batch if all of them are worth it.</summary>
    /// <param name="connection">The open connection, which nobody else uses meanwhile.</param>
    /// <param name="batch">The batch, filled.</param>
    /// <param name="statements">Its statements, in any order.</param>
    /// <param name="cancellation">Ends preparing.</param>
    public async Task PrepareAsync(NpgsqlConnection connection, NpgsqlBatch batch, IReadOnlyCollection<CompiledStatement> statements, CancellationToken cancellation)
    {
        bool isWorthIt = true;
        foreach (CompiledStatement statement in statements)
        {
            // All are counted, whatever the others of their batch are like.
            isWorthIt &= statement.NoteUse() && statement.Sql.Length <= Limits.PreparedStatementCharsMax;
        }

        if (!isWorthIt || statements.Sum(s => s.Sql.Length) > Limits.PreparedConnectionCharsMax)
        {
            return;
        }

        Kept kept = KeptOf(connection.ProcessID);
        CompiledStatement[] different = [.. statements.DistinctBy(s => s.TextHash)];
        if (kept.Chars + different.Where(s => !kept.Holds(s)).Sum(s => s.Sql.Length) > Limits.PreparedConnectionCharsMax)
        {
            // Npgsql has it in a synchronous form alone.
            await Task.Run(connection.UnprepareAll, cancellation);
            kept.Clear();
        }

        foreach (CompiledStatement statement in different)
        {
            kept.Add(statement);
        }

        // Without a round trip when all of them are prepared already.
        await batch.PrepareAsync(cancellation);
    }

    /// <summary>What a connection keeps.</summary>
    /// <param name="processId">Its backend.</param>
    internal Kept KeptOf(int processId)
    {
        lock (_lock)
        {
            if (!_connections.TryGetValue(processId, out Kept? kept))
            {
                if (_connections.Count >= _keptMax)
                {
                    // One that is used again all the same is counted anew, and so keeps twice as much for once.
                    _connections.Remove(_connections.MinBy(c => c.Value.LastUse).Key);
                }

                _connections.Add(processId, kept = new Kept());
            }

            kept.LastUse = ++_uses;
            return kept;
        }
    }

    /// <summary>What one connection keeps prepared. Used by whoever has the connection.</summary>
    internal sealed class Kept
    {
        private readonly HashSet<ulong> _statements = [];

        /// <summary>The characters of all texts.</summary>
        public int Chars { get; private set; }

        /// <summary>The number of the use that was the last; the lock's.</summary>
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
