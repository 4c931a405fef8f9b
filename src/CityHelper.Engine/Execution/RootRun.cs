using CityHelper.Engine.Cursors;
using CityHelper.Engine.Operations;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Execution;

/// <summary>One root field in one request: the values its statements are bound to, and what they returned.</summary>
internal sealed class RootRun(VariableValues variables) : IDisposable
{
    public VariableValues Variables { get; } = variables;

    /// <summary>Why the field is not read at all.</summary>
    public RequestError? Error { get; set; }

    /// <summary>The key of the partition that is read.</summary>
    public short Partition { get; set; }

    /// <summary>The row that is looked up by global id.</summary>
    public long RowKey { get; set; }

    /// <summary>Whether the id names a row of another partition, which is no row of this one.</summary>
    public bool IsForeign { get; set; }

    /// <summary>The JSON of meta fields by response name.</summary>
    public IReadOnlyDictionary<string, byte[]>? Meta { get; set; }

    /// <summary>Rows of the page.</summary>
    public int First { get; set; }

    /// <summary>The row the page starts after.</summary>
    public long? After { get; set; }

    public Viewport Area { get; set; }

    public CellCover Cover { get; set; } = CellCover.None;

    /// <summary>Signs the cursors of this question; null when neither given nor asked for.</summary>
    public CursorSeal? Cursors { get; set; }

    /// <summary>What the root statement's rows became.</summary>
    public RowSet Rows { get; } = new();

    /// <summary>What the nested lists' rows became, by the number of their statement.</summary>
    public Dictionary<int, ChildRows> Children { get; } = [];

    public long TotalCount { get; set; }

    /// <summary>Why there is no total count.</summary>
    public RequestError? TotalCountError { get; set; }

    public void Dispose()
    {
        Rows.Dispose();
        foreach (ChildRows rows in Children.Values)
        {
            rows.Dispose();
        }
    }
}

/// <summary>The rows of a root statement, written once for each place they are selected in.</summary>
internal sealed class RowSet : IDisposable
{
    public List<RowOutput> Outputs { get; } = [];

    /// <summary>Rows of the page, without the one that only tells that there are more.</summary>
    public int Count { get; set; }

    /// <summary>Whether the statement returned a row beyond the page.</summary>
    public bool HasMore { get; set; }

    public long FirstKey { get; set; }

    public long LastKey { get; set; }

    public void Dispose()
    {
        foreach (RowOutput output in Outputs)
        {
            output.Json.Dispose();
        }
    }
}

/// <summary>Rows as comma-separated JSON, and what went wrong in them.</summary>
internal sealed class RowOutput
{
    public JsonBuffer Json { get; } = new();

    public List<FieldError> Errors { get; } = [];

    /// <summary>Whether a row was null where none may be, so that the list is null.</summary>
    public bool Failed { get; set; }
}

/// <summary>The rows of a nested list, by their parent's key.</summary>
internal sealed class ChildRows : IDisposable
{
    public JsonBuffer Json { get; } = new();

    public Dictionary<long, ChildGroup> Groups { get; } = [];

    public void Dispose() => Json.Dispose();
}

/// <summary>One parent's rows: a part of the buffer.</summary>
internal sealed class ChildGroup(int start)
{
    public int Start { get; } = start;

    public int End { get; set; } = start;

    public int Count { get; set; }

    public bool Failed { get; set; }

    public List<FieldError>? Errors { get; set; }
}
