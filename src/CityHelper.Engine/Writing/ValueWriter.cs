using Npgsql;

namespace CityHelper.Engine.Writing;

/// <summary>The outcome of writing a value.</summary>
internal enum WriteOutcome
{
    /// <summary>The value is in the buffer.</summary>
    Written,

    /// <summary>The value is null; nothing was written.</summary>
    Null,

    /// <summary>The value is null because of a recorded error; nothing was written.</summary>
    Failed,
}

/// <summary>The source and target of a writer. One per statement or root, reused for all its rows.</summary>
internal sealed class WriteContext(RootRows root)
{
    public RootRows Root { get; } = root;

    /// <summary>The current row; null while the response is assembled from rows already read.</summary>
    public NpgsqlDataReader? Reader { get; set; }

    public required JsonBuffer Json { get; set; }

    public required List<FieldError> Errors { get; set; }

    /// <summary>The page of the current connection.</summary>
    public RowSet Page { get; set; } = root.Rows;

    /// <summary>Signs the cursors of the page.</summary>
    public Cursors.CursorSigner? Cursors { get; set; } = root.Cursors;

    /// <summary>The item being written, in a list of aggregates.</summary>
    public AggregateItem Aggregate { get; set; }

    /// <summary>The error being written, in a mutation's payload.</summary>
    public MutationError? MutationError { get; set; }

    /// <summary>The rows being written; null while the response is assembled.</summary>
    public RowOutput? Output { get; set; }

    /// <summary>Records an error with an empty path; the enclosing fields and lists add their names and indexes.</summary>
    public WriteOutcome Fail(RequestError error)
    {
        if (Errors.Count < Limits.ErrorsMax)
        {
            Errors.Add(new FieldError(error, []));
        }

        return WriteOutcome.Failed;
    }

    /// <summary>Adds a segment to the path of every error since index <paramref name="before"/>.</summary>
    public void Locate(int before, object step)
    {
        for (int i = before; i < Errors.Count; i++)
        {
            Errors[i].Path.Add(step);
        }
    }
}

/// <summary>Writes one value of a plan. Immutable; shared by all requests.</summary>
internal abstract class ValueWriter
{
    public abstract WriteOutcome Write(WriteContext context);
}

/// <summary>A field of an object: its name with quotes and colon, its nullability, and its value.</summary>
internal sealed record FieldWriter(string ResponseName, byte[] NameUtf8, bool NonNull, ValueWriter Value)
{
    /// <summary>Writes the name, and the value or null.</summary>
    /// <returns>False when a non-null field is null, so that the object itself must be null.</returns>
    public bool TryWrite(WriteContext context)
    {
        int errorsBefore = context.Errors.Count;
        context.Json.WriteRaw(NameUtf8);
        WriteOutcome outcome = Value.Write(context);
        if (outcome == WriteOutcome.Written)
        {
            // A nullable field nested in the value may have failed and be null.
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

/// <summary>An object; null when its row is missing, failed when a non-null field of it is null.</summary>
/// <param name="fields">Its fields, in the order of the response.</param>
/// <param name="presence">A column that is null when the joined row is missing; -1 when the row always exists.</param>
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

/// <summary>A value fixed by the plan: <c>__typename</c>, the type of a GeoJSON point.</summary>
internal sealed class ConstantWriter(byte[] json) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        context.Json.WriteRaw(json);
        return WriteOutcome.Written;
    }
}
