using CityHelper.Engine.Cursors;

namespace CityHelper.Engine.Writing;

/// <summary>The rows of a list or page, written once per selection that shows them, and facts about the rest of the list.</summary>
internal sealed class RowSet : IDisposable
{
    public List<RowOutput> Outputs { get; init; } = [];

    /// <summary>The number of rows of the page, without the extra row that only shows that there are more.</summary>
    public int Count { get; set; }

    /// <summary>Whether the rows were read from the end of the list, and are shown in reverse.</summary>
    public bool Backward { get; init; }

    /// <summary>Whether there is a row beyond the page, in the direction of reading.</summary>
    public bool HasMore { get; set; }

    /// <summary>Whether there are rows at or before the keyset position of <c>after</c>.</summary>
    public bool HasRowsBefore { get; set; }

    /// <summary>Whether there are rows at or after the keyset position of <c>before</c>.</summary>
    public bool HasRowsBehind { get; set; }

    public bool HasNextPage => (HasMore && !Backward) || HasRowsBehind;

    public bool HasPreviousPage => (HasMore && Backward) || HasRowsBefore;

    /// <summary>The keyset position of the row read first.</summary>
    public KeysetPosition FirstRead { get; set; }

    /// <summary>The keyset position of the row read last.</summary>
    public KeysetPosition LastRead { get; set; }

    public KeysetPosition Start => Backward ? LastRead : FirstRead;

    public KeysetPosition End => Backward ? FirstRead : LastRead;

    public long TotalCount { get; set; }

    /// <summary>The batch that it was read in: the first, or the one that completes a page.</summary>
    public int Batch { get; init; }

    public void Dispose()
    {
        foreach (RowOutput output in Outputs)
        {
            output.Json.Dispose();
        }
    }
}

/// <summary>Rows as comma-separated JSON, with their errors.</summary>
/// <param name="json">Its own buffer, or one that several outputs write into in turn.</param>
internal sealed class RowOutput(JsonBuffer json)
{
    private readonly List<int> _starts = [];
    private List<(int Offset, RootRows Nested)>? _holes;

    public JsonBuffer Json { get; } = json;

    public List<FieldError> Errors { get; } = [];

    /// <summary>Whether a non-null row was null, so that the list is null.</summary>
    public bool Failed { get; private set; }

    private int End { get; set; }

    /// <summary>Leaves a gap for a value that is known only after the whole batch.</summary>
    public void AddHole(RootRows nested) => (_holes ??= []).Add((Json.Length, nested));

    /// <summary>Appends the reader's row.</summary>
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
        // Copied: the response may show the same rows at several paths.
        foreach (FieldError error in Errors.Take(Limits.ErrorsMax - context.Errors.Count))
        {
            context.Errors.Add(
                error with { Path = [.. error.Path[..^1], backward ? page.Count - 1 - (int)error.Path[^1] : error.Path[^1]] });
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

    /// <summary>Writes the single row; null when there is none.</summary>
    public WriteOutcome WriteSingle(WriteContext context)
    {
        // A single row has no index in the error's path.
        context.Errors.AddRange(
            Errors.Take(Math.Max(0, Limits.ErrorsMax - context.Errors.Count)).Select(e => e with { Path = [.. e.Path[..^1]] }));
        if (Failed)
        {
            return WriteOutcome.Failed;
        }

        if (_starts.Count == 0)
        {
            return WriteOutcome.Null;
        }

        int done = _starts[0];
        foreach ((int offset, RootRows nested) in _holes ?? [])
        {
            context.Json.WriteRange(Json, done, offset);
            Fill(context, nested);
            done = offset;
        }

        context.Json.WriteRange(Json, done, End);
        return WriteOutcome.Written;
    }

    private void WriteReversed(JsonBuffer json)
    {
        for (int i = _starts.Count - 1; i >= 0; i--)
        {
            // A comma separates the rows.
            int end = i == _starts.Count - 1 ? End : _starts[i + 1] - 1;
            json.WriteRange(Json, _starts[i], end);
            if (i > 0)
            {
                json.WriteByte((byte)',');
            }
        }
    }

    // A connection is nullable, so an error in it does not propagate.
    private static void Fill(WriteContext context, RootRows nested)
    {
        int errorsBefore = context.Errors.Count;
        var inner = new WriteContext(nested) { Json = context.Json, Errors = context.Errors, Page = nested.Rows };
        int start = context.Json.Length;
        WriteOutcome outcome = nested.Error is { } error ? inner.Fail(error) : nested.Field.Value.Write(inner);
        if (outcome != WriteOutcome.Written)
        {
            context.Json.CutBackTo(start);
            context.Json.WriteNull();
        }

        context.Locate(errorsBefore, nested.Field.ResponseName);
    }
}
