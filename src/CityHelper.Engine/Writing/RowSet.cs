using CityHelper.Engine.Cursors;

namespace CityHelper.Engine.Writing;

/// <summary>
/// The rows of a list or a page, written once for each place they are selected in, and what is known of the list around them.
/// </summary>
internal sealed class RowSet : IDisposable
{
    public List<RowOutput> Outputs { get; init; } = [];

    /// <summary>Rows of the page, without the one that only tells that there are more.</summary>
    public int Count { get; set; }

    /// <summary>Whether the rows were read from the list's end, and are shown the other way round.</summary>
    public bool Backward { get; init; }

    /// <summary>Whether there was a row beyond the page, on the side it was read to.</summary>
    public bool HasMore { get; set; }

    /// <summary>Whether rows stand at or before the place of <c>after</c>.</summary>
    public bool HasRowsBefore { get; set; }

    /// <summary>Whether rows stand at or behind the place of <c>before</c>.</summary>
    public bool HasRowsBehind { get; set; }

    public bool HasNextPage => (HasMore && !Backward) || HasRowsBehind;

    public bool HasPreviousPage => (HasMore && Backward) || HasRowsBefore;

    /// <summary>The place of the row that was read first.</summary>
    public CursorPosition FirstRead { get; set; }

    /// <summary>The place of the row that was read last.</summary>
    public CursorPosition LastRead { get; set; }

    public CursorPosition Start => Backward ? LastRead : FirstRead;

    public CursorPosition End => Backward ? FirstRead : LastRead;

    public long TotalCount { get; set; }

    /// <summary>Which batch of the request it belongs to: the first, or the one that completes a page.</summary>
    public int Batch { get; init; }

    public void Dispose()
    {
        foreach (RowOutput output in Outputs)
        {
            output.Json.Dispose();
        }
    }
}

/// <summary>Rows as comma-separated JSON, and what went wrong in them.</summary>
/// <param name="json">A buffer of its own, or one that several outputs write into one after the other.</param>
internal sealed class RowOutput(JsonBuffer json)
{
    private readonly List<int> _starts = [];
    private List<(int Offset, RootRows Below)>? _holes;

    public JsonBuffer Json { get; } = json;

    public List<FieldError> Errors { get; } = [];

    /// <summary>Whether a row was null where none may be, so that the list is null.</summary>
    public bool Failed { get; private set; }

    private int End { get; set; }

    /// <summary>Leaves room for what is known only when the whole batch was read.</summary>
    public void AddHole(RootRows below) => (_holes ??= []).Add((Json.Length, below));

    /// <summary>Writes the reader's row as one more row of this output.</summary>
    public void Add(ValueWriter row, WriteContext context)
    {
        if (Failed)
        {
            return;
        }

        if (_starts.Count > 0)
        {
            Json.WriteByte((byte)',');
        }

        _starts.Add(Json.Length);
        context.Output = this;
        int errorsBefore = context.Errors.Count;
        Failed = row.Write(context) != WriteOutcome.Written;
        context.Locate(errorsBefore, _starts.Count - 1);
        End = Json.Length;
    }

    /// <summary>Writes the rows as a list.</summary>
    public WriteOutcome WriteList(WriteContext context, RowSet page)
    {
        bool backward = page.Backward;
        // Copied: several places of the answer may show the same rows under different paths.
        foreach (FieldError error in Errors.Take(Limits.ErrorsMax - context.Errors.Count))
        {
            context.Errors.Add(error with { Path = [.. error.Path[..^1], backward ? page.Count - 1 - (int)error.Path[^1] : error.Path[^1]] });
        }

        if (Failed)
        {
            return WriteOutcome.Failed;
        }

        context.Json.WriteByte((byte)'[');
        if (backward)
        {
            WriteReversed(context.Json);
        }
        else if (_starts.Count > 0)
        {
            context.Json.WriteRange(Json, _starts[0], End);
        }

        context.Json.WriteByte((byte)']');
        return WriteOutcome.Written;
    }

    /// <summary>Writes the only row there is; null when there is none.</summary>
    public WriteOutcome WriteSingle(WriteContext context)
    {
        // The row has no index in the answer.
        context.Errors.AddRange(Errors.Take(Math.Max(0, Limits.ErrorsMax - context.Errors.Count)).Select(e => e with { Path = [.. e.Path[..^1]] }));
        if (Failed)
        {
            return WriteOutcome.Failed;
        }

        if (_starts.Count == 0)
        {
            return WriteOutcome.Null;
        }

        int done = _starts[0];
        foreach ((int offset, RootRows below) in _holes ?? [])
        {
            context.Json.WriteRange(Json, done, offset);
            Fill(context, below);
            done = offset;
        }

        context.Json.WriteRange(Json, done, End);
        return WriteOutcome.Written;
    }

    private void WriteReversed(JsonBuffer json)
    {
        for (int i = _starts.Count - 1; i >= 0; i--)
        {
            // Between two rows stands a comma.
            int end = i == _starts.Count - 1 ? End : _starts[i + 1] - 1;
            json.WriteRange(Json, _starts[i], end);
            if (i > 0)
            {
                json.WriteByte((byte)',');
            }
        }
    }

    // A connection is nullable, so whatever went wrong in it stays in it.
    private static void Fill(WriteContext context, RootRows below)
    {
        int errorsBefore = context.Errors.Count;
        var inner = new WriteContext(below) { Json = context.Json, Errors = context.Errors, Page = below.Rows };
        int start = context.Json.Length;
        WriteOutcome outcome = below.Error is { } error ? inner.Fail(error) : below.Field.Value.Write(inner);
        if (outcome != WriteOutcome.Written)
        {
            context.Json.CutBackTo(start);
            context.Json.WriteNull();
        }

        context.Locate(errorsBefore, below.Field.ResponseName);
    }
}
