using System.Text;
using Npgsql;

namespace CityHelper.Engine.Execution;

/// <summary>A leaf from one column of the row.</summary>
internal abstract class ColumnWriter(int ordinal) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        NpgsqlDataReader reader = context.Reader!;
        if (reader.IsDBNull(ordinal))
        {
            return WriteOutcome.Null;
        }

        Write(reader, ordinal, context.Json);
        return WriteOutcome.Written;
    }

    /// <summary>The writer for a CLR type.</summary>
    public static ColumnWriter For(Type valueType, int ordinal) => valueType switch
    {
        _ when valueType == typeof(string) || valueType.IsEnum => new TextWriter(ordinal),
        _ when valueType == typeof(int) => new Int32Writer(ordinal),
        _ when valueType == typeof(double) => new DoubleWriter(ordinal),
        _ when valueType == typeof(bool) => new BooleanWriter(ordinal),
        _ when valueType == typeof(DateTime) => new UtcWriter(ordinal),
        _ => throw new NotSupportedException($"A column of type {valueType.Name} cannot be written."),
    };

    protected abstract void Write(NpgsqlDataReader reader, int ordinal, JsonBuffer json);

    private sealed class TextWriter(int ordinal) : ColumnWriter(ordinal)
    {
        // GetBytes reads the UTF-8 as PostgreSQL sent it; GetString would decode it only for us to encode it again.
        protected override void Write(NpgsqlDataReader reader, int ordinal, JsonBuffer json)
        {
            int bytes = (int)reader.GetBytes(ordinal, 0, null, 0, 0);
            ArraySegment<byte> space = json.BeginStringSegment(bytes);
            reader.GetBytes(ordinal, 0, space.Array, space.Offset, bytes);
            json.FinishString(bytes);
        }
    }

    private sealed class Int32Writer(int ordinal) : ColumnWriter(ordinal)
    {
        protected override void Write(NpgsqlDataReader reader, int ordinal, JsonBuffer json) => json.WriteNumber(reader.GetInt32(ordinal));
    }

    private sealed class DoubleWriter(int ordinal) : ColumnWriter(ordinal)
    {
        protected override void Write(NpgsqlDataReader reader, int ordinal, JsonBuffer json) => json.WriteNumber(reader.GetDouble(ordinal));
    }

    private sealed class BooleanWriter(int ordinal) : ColumnWriter(ordinal)
    {
        protected override void Write(NpgsqlDataReader reader, int ordinal, JsonBuffer json) => json.WriteBoolean(reader.GetBoolean(ordinal));
    }

    private sealed class UtcWriter(int ordinal) : ColumnWriter(ordinal)
    {
        protected override void Write(NpgsqlDataReader reader, int ordinal, JsonBuffer json) => json.WriteUtc(reader.GetDateTime(ordinal));
    }
}

/// <summary>The global id of a row.</summary>
/// <param name="typeName">The GraphQL type.</param>
/// <param name="partitioned">Whether the partition's key is part of it.</param>
/// <param name="ordinal">The row's key, as bigint.</param>
internal sealed class GlobalIdWriter(string typeName, bool partitioned, int ordinal) : ValueWriter
{
    private readonly byte[] _prefix = Encoding.UTF8.GetBytes(typeName + ":");

    public override WriteOutcome Write(WriteContext context)
    {
        Span<byte> space = context.Json.BeginString(GlobalId.BytesMax(_prefix.Length));
        long row = context.Reader!.GetInt64(ordinal);
        context.Json.FinishString(GlobalId.Format(_prefix, partitioned ? context.Run.Partition : null, row, space));
        return WriteOutcome.Written;
    }
}

/// <summary>What a field of a GeoJSON point shows.</summary>
internal enum PointPart
{
    /// <summary><c>[longitude, latitude]</c>.</summary>
    Coordinates,

    /// <summary><c>[west, south, east, north]</c>.</summary>
    Box,
}

/// <summary>A position or box of a point.</summary>
internal sealed class PointPartWriter(PointPart part, int longitude, int latitude) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        JsonBuffer json = context.Json;
        json.WriteByte((byte)'[');
        WritePosition(context);
        if (part == PointPart.Box)
        {
            json.WriteByte((byte)',');
            WritePosition(context);
        }

        json.WriteByte((byte)']');
        return WriteOutcome.Written;
    }

    private void WritePosition(WriteContext context)
    {
        context.Json.WriteNumber(context.Reader!.GetDouble(longitude));
        context.Json.WriteByte((byte)',');
        context.Json.WriteNumber(context.Reader.GetDouble(latitude));
    }
}

/// <summary>A cursor of the row whose key is in a column.</summary>
internal sealed class CursorWriter(int ordinal) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        PageInfoWriter.WriteCursor(context, context.Reader!.GetInt64(ordinal));
        return WriteOutcome.Written;
    }
}

/// <summary>The rows of a nested list.</summary>
/// <param name="statement">The number of the statement that read them.</param>
/// <param name="ordinal">The parent's key.</param>
/// <param name="argumentError">Why the list cannot be read, known when the request's values are.</param>
internal sealed class ChildListWriter(int statement, int ordinal, Func<RootRun, RequestError?> argumentError) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        if (argumentError(context.Run) is { } error)
        {
            return context.Fail(error);
        }

        ChildRows rows = context.Run.Children[statement];
        if (!rows.Groups.TryGetValue(context.Reader!.GetInt64(ordinal), out ChildGroup? group))
        {
            context.Json.WriteRaw("[]"u8);
            return WriteOutcome.Written;
        }

        if (group.Errors is { } errors)
        {
            // Copied: several places of the answer may show the same rows under different paths.
            context.Errors.AddRange(errors.Take(Limits.ErrorsMax - context.Errors.Count).Select(e => e with { Path = [.. e.Path] }));
        }

        if (group.Failed)
        {
            return WriteOutcome.Failed;
        }

        context.Json.WriteByte((byte)'[');
        context.Json.WriteRaw(rows.Json.Written[group.Start..group.End]);
        context.Json.WriteByte((byte)']');
        return WriteOutcome.Written;
    }
}
