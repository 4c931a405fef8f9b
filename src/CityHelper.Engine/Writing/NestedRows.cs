using CityHelper.Engine.Cursors;

namespace CityHelper.Engine.Writing;

/// <summary>One nested list in one request: its rows by their parent's key.</summary>
/// <param name="memory">Counts the bytes of the rows.</param>
/// <param name="outputs">The number of selections that show the rows.</param>
internal sealed class NestedRows(MemoryLease memory, int outputs) : IDisposable
{
    private readonly List<JsonBuffer> _buffers = [];
    private readonly Dictionary<long, RowSet> _groups = [];

    /// <summary>Why the list cannot be read; it is then null in every parent.</summary>
    public RequestError? Error { get; init; }

    /// <summary>Signs the cursors of the list; null for a list without cursors.</summary>
    public CursorSigner? Cursors { get; init; }

    /// <summary>Whether its pages are read from the list's end.</summary>
    public bool Backward { get; init; }

    /// <summary>The number of the batch that is being read.</summary>
    public int Batch { get; set; }

    /// <summary>The rows of a parent; empty where none were read.</summary>
    public RowSet Of(long parent)
    {
        if (!_groups.TryGetValue(parent, out RowSet? rows))
        {
            while (_buffers.Count < outputs)
            {
                _buffers.Add(new JsonBuffer(memory));
            }

            List<RowOutput> empty = [.. _buffers.Take(outputs).Select(b => new RowOutput(b))];
            _groups.Add(parent, rows = new RowSet { Batch = Batch, Backward = Backward, Outputs = empty });
        }

        return rows;
    }

    public void Dispose()
    {
        foreach (JsonBuffer buffer in _buffers)
        {
            buffer.Dispose();
        }
    }
}
