using CityHelper.Engine.Cursors;

namespace CityHelper.Engine.Writing;

/// <summary>The rows of a page as a list.</summary>
internal sealed class RowListWriter(int output) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context) => context.Page.Outputs[output].WriteList(context, context.Page);
}

/// <summary>The single row of a root statement; null when there is none.</summary>
internal sealed class SingleRowWriter : ValueWriter
{
    public override WriteOutcome Write(WriteContext context) => context.Root.IsAbsent || context.Root.Rows.Outputs.Count == 0
        ? WriteOutcome.Null
        : context.Root.Rows.Outputs[0].WriteSingle(context);
}

/// <summary>A value that is always refused.</summary>
internal sealed class RefusedWriter(RequestError error) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context) => context.Fail(error);
}

/// <summary>A connection nested in a root's row: its value is known only after the whole batch, so a gap is left for it.</summary>
internal sealed class NestedRootWriter(int number) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        context.Output!.AddHole(context.Root.NestedRoots[number]);
        return WriteOutcome.Written;
    }
}

/// <summary>The exact number of rows of a connection.</summary>
internal sealed class TotalCountWriter : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        if (context.Root.TotalCountError is { } error)
        {
            return context.Fail(error);
        }

        context.Json.WriteNumber(context.Page.TotalCount);
        return WriteOutcome.Written;
    }
}

/// <summary>A field of a connection's <c>PageInfo</c>.</summary>
internal sealed class PageInfoWriter(string field) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        RowSet rows = context.Page;
        switch (field)
        {
            case "hasNextPage":
                context.Json.WriteBoolean(rows.HasNextPage);
                return WriteOutcome.Written;
            case "hasPreviousPage":
                context.Json.WriteBoolean(rows.HasPreviousPage);
                return WriteOutcome.Written;
            case "startCursor" or "endCursor" when rows.Count == 0:
                return WriteOutcome.Null;
            case "startCursor":
                WriteCursor(context, rows.Start);
                return WriteOutcome.Written;
            case "endCursor":
                WriteCursor(context, rows.End);
                return WriteOutcome.Written;
            default:
                throw new InvalidOperationException($"PageInfo.{field} has no writer.");
        }
    }

    internal static void WriteCursor(WriteContext context, KeysetPosition position)
    {
        Span<byte> space = context.Json.BeginString(CursorSigner.CursorChars);
        context.Cursors!.Sign(position, space);
        context.Json.FinishString(CursorSigner.CursorChars);
    }
}

/// <summary>A meta field; GraphQL.NET made its value.</summary>
internal sealed class MetaWriter(string responseName) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        if (context.Root.Meta.Error is { } error)
        {
            return context.Fail(error);
        }

        if (!context.Root.Meta.Json.TryGetValue(responseName, out byte[]? json))
        {
            return WriteOutcome.Null;
        }

        context.Json.WriteRaw(json);
        return WriteOutcome.Written;
    }
}

/// <summary>The rows that the DataLoader found, in the order of the ids.</summary>
internal sealed class NodesWriter(bool isList) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        if (!isList)
        {
            return Write(context, context.Root.Nodes[0]);
        }

        context.Json.WriteByte((byte)'[');
        for (int i = 0; i < context.Root.Nodes.Count; i++)
        {
            if (i > 0)
            {
                context.Json.WriteByte((byte)',');
            }

            int errorsBefore = context.Errors.Count;
            if (Write(context, context.Root.Nodes[i]) != WriteOutcome.Written)
            {
                context.Json.WriteNull();
            }

            context.Locate(errorsBefore, i);
        }

        context.Json.WriteByte((byte)']');
        return WriteOutcome.Written;
    }

    private static WriteOutcome Write(WriteContext context, NodeResult result) => result switch
    {
        { Error: { } error } => context.Fail(error),
        { Row: { } row } => row.WriteSingle(context),
        _ => WriteOutcome.Null,
    };
}
