using CityHelper.Engine.Cursors;

namespace CityHelper.Engine.Execution;

/// <summary>The rows of a root statement as a list.</summary>
internal sealed class RowListWriter(int output) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        RowOutput rows = context.Run.Rows.Outputs[output];
        context.Errors.AddRange(rows.Errors);
        if (rows.Failed)
        {
            return WriteOutcome.Failed;
        }

        context.Json.WriteByte((byte)'[');
        context.Json.WriteRaw(rows.Json.Written);
        context.Json.WriteByte((byte)']');
        return WriteOutcome.Written;
    }
}

/// <summary>The one row of a root statement, null when there was none.</summary>
internal sealed class SingleRowWriter : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        if (context.Run.IsForeign)
        {
            // Another partition's row is no row of this one, and nothing was read for it.
            return WriteOutcome.Null;
        }

        RowOutput row = context.Run.Rows.Outputs[0];
        foreach (FieldError error in row.Errors)
        {
            // The row has no index in the answer.
            error.Path.RemoveAt(error.Path.Count - 1);
            context.Errors.Add(error);
        }

        if (row.Failed)
        {
            return WriteOutcome.Failed;
        }

        if (context.Run.Rows.Count == 0)
        {
            return WriteOutcome.Null;
        }

        context.Json.WriteRaw(row.Json.Written);
        return WriteOutcome.Written;
    }
}

/// <summary>The exact number of rows of a connection.</summary>
internal sealed class TotalCountWriter : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        if (context.Run.TotalCountError is { } error)
        {
            return context.Fail(error);
        }

        context.Json.WriteNumber(context.Run.TotalCount);
        return WriteOutcome.Written;
    }
}

/// <summary>A field of a connection's <c>PageInfo</c>.</summary>
internal sealed class PageInfoWriter(string field) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        RowSet rows = context.Run.Rows;
        switch (field)
        {
            case "hasNextPage":
                context.Json.WriteBoolean(rows.HasMore);
                return WriteOutcome.Written;
            case "hasPreviousPage":
                // The cursor's own row comes before the page.
                context.Json.WriteBoolean(context.Run.After is not null);
                return WriteOutcome.Written;
            case "startCursor" or "endCursor" when rows.Count == 0:
                return WriteOutcome.Null;
            case "startCursor":
                WriteCursor(context, rows.FirstKey);
                return WriteOutcome.Written;
            case "endCursor":
                WriteCursor(context, rows.LastKey);
                return WriteOutcome.Written;
            default:
                throw new InvalidOperationException($"PageInfo.{field} has no writer.");
        }
    }

    internal static void WriteCursor(WriteContext context, long rowKey)
    {
        Span<byte> space = context.Json.BeginString(CursorSeal.CursorChars);
        context.Run.Cursors!.Seal(rowKey, space);
        context.Json.FinishString(CursorSeal.CursorChars);
    }
}

/// <summary>A meta field, which GraphQL.NET answered.</summary>
internal sealed class MetaWriter(string responseName) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        if (context.Run.Meta?.GetValueOrDefault(responseName) is not { } json)
        {
            return WriteOutcome.Null;
        }

        context.Json.WriteRaw(json);
        return WriteOutcome.Written;
    }
}
