using System.Collections.Concurrent;
using CityHelper.Engine.Planning;
using Npgsql;

namespace CityHelper.Engine.Database;

/// <summary>
/// Decides which statements a connection keeps prepared. Each takes memory of its backend for as long as the connection lives, some 80 bytes for a character of its
/// text, and a client chooses how many different ones there are: so they are bounded by characters and not by number alone (Npgsql's <c>Max Auto Prepare</c>
/// counts: 200 of a client's choice took 69 MB).
/// </summary>
/// <remarks>
/// Prepared is what the server has run before, and only if it is short: the statements of published operations are, those of a filter of fifty conditions in sixteen cells
/// are not. What does not fit any more throws out everything, which is then prepared again as it is used.
/// </remarks>
internal sealed class PreparedStatements
{
    private readonly ConcurrentDictionary<int, Kept> _connections = new();

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
            isWorthIt &= statement.IsUsedAgain() && statement.Sql.Length <= Limits.PreparedStatementCharsMax;
        }

        if (!isWorthIt || statements.Sum(s => s.Sql.Length) > Limits.PreparedConnectionCharsMax)
        {
            return;
        }

        Kept kept = KeptOf(connection.ProcessID);
        string[] added = [.. statements.Select(s => s.Sql).Where(sql => !kept.Statements.Contains(sql)).Distinct(StringComparer.Ordinal)];
        if (kept.Chars + added.Sum(sql => sql.Length) > Limits.PreparedConnectionCharsMax)
        {
            // Npgsql has it in a synchronous form alone.
            await Task.Run(connection.UnprepareAll, cancellation);
            kept.Clear();
            added = [.. statements.Select(s => s.Sql).Distinct(StringComparer.Ordinal)];
        }

        foreach (string sql in added)
        {
            kept.Add(sql);
        }

        // Without a round trip when all of them are prepared already.
        await batch.PrepareAsync(cancellation);
    }

    private Kept KeptOf(int processId)
    {
        if (_connections.Count > Limits.WatchedBackendsMax)
        {
            // Nearly all of them are of connections that are closed. Those that are not are counted anew, and so keep twice as much for once.
            _connections.Clear();
        }

        return _connections.GetOrAdd(processId, _ => new Kept());
    }

    private sealed class Kept
    {
        public HashSet<string> Statements { get; } = new(StringComparer.Ordinal);

        public int Chars { get; private set; }

        public void Add(string sql)
        {
            Statements.Add(sql);
            Chars += sql.Length;
        }

        public void Clear()
        {
            Statements.Clear();
            Chars = 0;
        }
    }
}
