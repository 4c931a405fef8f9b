using System.Text;
using System.Text.Json;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Schema;

namespace CityHelper.Engine.Writing;

/// <summary>The values of an event, which the log tells, and the row that was read for it.</summary>
/// <param name="Kind">What it means to the subscription.</param>
/// <param name="Cursor">Its place in the log.</param>
internal sealed record ChangeValues(RowChangeKind Kind, string Cursor)
{
    /// <summary>When the change was made; null where no row has changed.</summary>
    public DateTime? At { get; init; }

    /// <summary>The key of the changed row; null where none has changed.</summary>
    public long? RowKey { get; init; }

    /// <summary>The logged values before the change, in the order of the columns; null for a new row.</summary>
    public IReadOnlyList<object?>? Before { get; init; }

    /// <summary>The logged values after the change; null for a removed row.</summary>
    public IReadOnlyList<object?>? After { get; init; }

    /// <summary>The row, once for each of its selections; null where it is gone.</summary>
    public IReadOnlyList<RowOutput?> Rows { get; init; } = [];

    /// <summary>Why the row is left out.</summary>
    public RequestError? RowError { get; init; }
}

/// <summary>The kind of an event.</summary>
internal sealed class ChangeKindWriter : ValueWriter
{
    private static readonly Dictionary<RowChangeKind, byte[]> s_labels = Enum.GetValues<RowChangeKind>().ToDictionary(
        kind => kind, kind => Encoding.UTF8.GetBytes($"\"{JsonNamingPolicy.SnakeCaseUpper.ConvertName(kind.ToString())}\""));

    public override WriteOutcome Write(WriteContext context)
    {
        context.Json.WriteRaw(s_labels[context.Root.Change!.Kind]);
        return WriteOutcome.Written;
    }
}

/// <summary>The cursor of an event.</summary>
internal sealed class ChangeCursorWriter : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        Encoding.ASCII.GetBytes(context.Root.Change!.Cursor, context.Json.BeginString(CursorSigner.CursorChars));
        context.Json.FinishString(CursorSigner.CursorChars);
        return WriteOutcome.Written;
    }
}

/// <summary>The moment of an event.</summary>
internal sealed class ChangeTimeWriter : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        if (context.Root.Change!.At is not { } at)
        {
            return WriteOutcome.Null;
        }

        context.Json.WriteUtc(at);
        return WriteOutcome.Written;
    }
}

/// <summary>The global id of the changed row.</summary>
/// <param name="typeName">The GraphQL type.</param>
/// <param name="hasTenant">Whether the id contains the tenant's key.</param>
internal sealed class ChangeIdWriter(string typeName, bool hasTenant) : ValueWriter
{
    private readonly byte[] _prefix = Encoding.UTF8.GetBytes(typeName + ":");

    public override WriteOutcome Write(WriteContext context)
    {
        if (context.Root.Change!.RowKey is not { } row)
        {
            return WriteOutcome.Null;
        }

        Span<byte> space = context.Json.BeginString(GlobalId.BytesMax(_prefix.Length));
        context.Json.FinishString(GlobalId.Format(_prefix, hasTenant ? context.Root.Tenant : null, row, space));
        return WriteOutcome.Written;
    }
}

/// <summary>A logged value of the changed row.</summary>
/// <param name="column">The number of the column.</param>
/// <param name="isBefore">Whether it is the value before the change.</param>
internal sealed class ChangeValueWriter(int column, bool isBefore) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        ChangeValues change = context.Root.Change!;
        if ((isBefore ? change.Before : change.After)?[column] is not string label)
        {
            return WriteOutcome.Null;
        }

        ErrorFieldWriter.WriteText(context.Json, label);
        return WriteOutcome.Written;
    }
}

/// <summary>The changed row.</summary>
/// <param name="number">The number of its selection.</param>
internal sealed class ChangeRowWriter(int number) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context) => context.Root.Change! switch
    {
        { RowKey: null } => WriteOutcome.Null,
        { RowError: { } error } => context.Fail(error),
        { Rows: var rows } => number < rows.Count && rows[number] is { } row ? row.WriteSingle(context) : WriteOutcome.Null,
    };
}
