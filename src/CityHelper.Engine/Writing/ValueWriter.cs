using Npgsql;

namespace CityHelper.Engine.Writing;

/// <summary>What became of a value.</summary>
internal enum WriteOutcome
{
    /// <summary>It stands in the buffer.</summary>
    Written,

    /// <summary>It is null; nothing was written.</summary>
    Null,

    /// <summary>It is null because of an error that was recorded; nothing was written.</summary>
    Failed,
}

/// <summary>Where a writer reads from and writes to. One per statement or root, reused for all its rows.</summary>
internal sealed class WriteContext(RootRows root)
{
    public RootRows Root { get; } = root;

    /// <summary>The current row; null while the root is assembled from what was read.</summary>
    public NpgsqlDataReader? Reader { get; set; }

    public required JsonBuffer Json { get; set; }

    public required List<FieldError> Errors { get; set; }

    /// <summary>The page that a connection's fields are about.</summary>
    public RowSet Page { get; set; } = root.Rows;

    /// <summary>Signs the cursors of the page.</summary>
    public Cursors.CursorSeal? Cursors { get; set; } = root.Cursors;

    /// <summary>The figure that is being written, of a list of them.</summary>
    public FigureItem Figure { get; set; }

    /// <summary>The rows that are being written; null while an answer is assembled.</summary>
    public RowOutput? Output { get; set; }

    /// <summary>Records an error here; the fields around it add their names on the way up.</summary>
    public WriteOutcome Fail(RequestError error)
    {
        if (Errors.Count < Limits.ErrorsMax)
        {
            Errors.Add(new FieldError(error, []));
        }

        return WriteOutcome.Failed;
    }

    /// <summary>Adds a step to the path of every error since <paramref name="before"/>.</summary>
    public void Locate(int before, object step)
    {
        for (int i = before; i < Errors.Count; i++)
        {
            Errors[i].Path.Add(step);
        }
    }
}

/// <summary>Writes one value of a plan. Immutable and shared by all requests.</summary>
internal abstract class ValueWriter
{
    public abstract WriteOutcome Write(WriteContext context);
}

/// <summary>A field of an object: its name with quotes and colon, and what its null means.</summary>
internal sealed record FieldWriter(string ResponseName, byte[] NameUtf8, bool NonNull, ValueWriter Value)
{
    /// <summary>Writes name and value, or null, or tells that the object itself must be null.</summary>
    /// <returns>False when the field is null and must not be.</returns>
    public bool TryWrite(WriteContext context)
    {
        int errorsBefore = context.Errors.Count;
        context.Json.WriteRaw(NameUtf8);
        WriteOutcome outcome = Value.Write(context);
        if (outcome == WriteOutcome.Written)
        {
            // A nullable field deeper down may have failed and stand as null.
            context.Locate(errorsBefore, ResponseName);
            return true;
        }

        if (outcome == WriteOutcome.Null && NonNull)
        {
            context.Fail(new NonNullError());
        }

        context.Locate(errorsBefore, ResponseName);
        if (NonNull)
        {
            return false;
        }

        context.Json.WriteNull();
        return true;
    }
}

/// <summary>An object; null when the row that it stands for is missing, failed when a field of it must not be null and is.</summary>
/// <param name="fields">Its fields, in the order of the answer.</param>
/// <param name="presence">A column that is null when the joined row is missing; -1 when there always is one.</param>
internal sealed class ObjectWriter(FieldWriter[] fields, int presence = -1) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        if (presence >= 0 && context.Reader!.IsDBNull(presence))
        {
            return WriteOutcome.Null;
        }

        JsonBuffer json = context.Json;
        int start = json.Length;
        json.WriteByte((byte)'{');
        for (int i = 0; i < fields.Length; i++)
        {
            if (i > 0)
            {
                json.WriteByte((byte)',');
            }

            if (!fields[i].TryWrite(context))
            {
                json.CutBackTo(start);
                return WriteOutcome.Failed;
            }
        }

        json.WriteByte((byte)'}');
        return WriteOutcome.Written;
    }
}

/// <summary>Bytes that the plan already knows: <c>__typename</c>, the type of a GeoJSON point.</summary>
internal sealed class ConstantWriter(byte[] json) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        context.Json.WriteRaw(json);
        return WriteOutcome.Written;
    }
}
