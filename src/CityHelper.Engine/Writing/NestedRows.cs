using CityHelper.Engine.Cursors;

namespace CityHelper.Engine.Writing;

/// <summary>One nested list in one request: its rows by their parent's key.</summary>
/// <param name="memory">Where the bytes of the rows are counted.</param>
/// <param name="outputs">How many places the rows are selected in.</param>
internal sealed class NestedRows(MemoryLease memory, int outputs) : IDisposable
{
    private readonly List<JsonBuffer> _buffers = [];
    private readonly Dictionary<long, RowSet> _groups = [];

    /// <summary>Why the list cannot be read; it is null with every parent then.</summary>
    public RequestError? Error { get; init; }

    /// <summary>Signs the cursors of the list; null for one that has none.</summary>
    public CursorSeal? Cursors { get; init; }

    /// <summary>Whether its pages are read from the list's end.</summary>
    public bool Backward { get; init; }

    /// <summary>Which batch of the request is read.</summary>
    public int Batch { get; set; }

    /// <summary>The rows of a parent; empty ones where none were read.</summary>
    public RowSet Of(long parent)
    {
        if (!_groups.TryGetValue(parent, out RowSet? rows))
        {
            while (_buffers.Count < outputs)
            {
                _buffers.Add(new JsonBuffer(memory));
            }

            _groups.Add(parent, rows = new RowSet { Batch = Batch, Backward = Backward, Outputs = [.. _buffers.Take(outputs).Select(b => new RowOutput(b))] });
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
