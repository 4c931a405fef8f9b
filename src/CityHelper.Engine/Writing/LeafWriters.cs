using System.Buffers;
using System.Text;
using CityHelper.Engine.Cursors;
using Npgsql;

namespace CityHelper.Engine.Writing;

/// <summary>A leaf value from one column of the row.</summary>
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
        // GetBytes reads the UTF-8 as PostgreSQL sent it; GetString would decode it, only to be encoded again.
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
        protected override void Write(NpgsqlDataReader reader, int ordinal, JsonBuffer json) =>
            json.WriteBoolean(reader.GetBoolean(ordinal));
    }

    private sealed class UtcWriter(int ordinal) : ColumnWriter(ordinal)
    {
        protected override void Write(NpgsqlDataReader reader, int ordinal, JsonBuffer json) => json.WriteUtc(reader.GetDateTime(ordinal));
    }
}

/// <summary>The global id of a row.</summary>
/// <param name="typeName">The GraphQL type.</param>
/// <param name="hasTenant">Whether the id contains the tenant's key.</param>
/// <param name="ordinal">The column of the row's key, a bigint.</param>
internal sealed class GlobalIdWriter(string typeName, bool hasTenant, int ordinal) : ValueWriter
{
    private readonly byte[] _prefix = Encoding.UTF8.GetBytes(typeName + ":");

    public override WriteOutcome Write(WriteContext context)
    {
        Span<byte> space = context.Json.BeginString(GlobalId.BytesMax(_prefix.Length));
        long row = context.Reader!.GetInt64(ordinal);
        context.Json.FinishString(GlobalId.Format(_prefix, hasTenant ? context.Root.Tenant : null, row, space));
        return WriteOutcome.Written;
    }
}

/// <summary>The member of a GeoJSON point that a field shows.</summary>
internal enum PointPart
{
    /// <summary><c>[longitude, latitude]</c>.</summary>
    Coordinates,

    /// <summary><c>[west, south, east, north]</c>.</summary>
    Box,
}

/// <summary>The position or bounding box of a point.</summary>
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

/// <summary>The member of a GeoJSON object that a field shows.</summary>
internal enum GeoJsonPart
{
    /// <summary>Arrays of positions.</summary>
    Coordinates,

    /// <summary><c>[west, south, east, north]</c>.</summary>
    Box,
}

/// <summary>
/// A part of PostGIS's GeoJSON text, <c>{"type":"…","bbox":[…],"coordinates":[…]}</c>, copied verbatim: a polygon of ten thousand
/// positions is neither parsed nor formatted.
/// </summary>
internal sealed class GeoJsonPartWriter(GeoJsonPart part, int ordinal) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        NpgsqlDataReader reader = context.Reader!;
        int bytes = (int)reader.GetBytes(ordinal, 0, null, 0, 0);
        byte[] text = ArrayPool<byte>.Shared.Rent(bytes);
        reader.GetBytes(ordinal, 0, text, 0, bytes);
        context.Json.WriteRaw(Part(text.AsSpan(0, bytes)));
        ArrayPool<byte>.Shared.Return(text);
        return WriteOutcome.Written;
    }

    private ReadOnlySpan<byte> Part(ReadOnlySpan<byte> json)
    {
        // The text before the positions is short.
        ReadOnlySpan<byte> name = part == GeoJsonPart.Coordinates ? "\"coordinates\":"u8 : "\"bbox\":"u8;
        int start = json.IndexOf(name);
        if (start < 0)
        {
            throw new InvalidOperationException("PostGIS's GeoJSON is not as expected.");
        }

        ReadOnlySpan<byte> rest = json[(start + name.Length)..];
        return part == GeoJsonPart.Coordinates ? rest[..^1] : rest[..(rest.IndexOf((byte)']') + 1)];
    }
}

/// <summary>The columns of a statement that hold a row's keyset position.</summary>
/// <param name="Key">The column of the row's key.</param>
/// <param name="Value">The column that rows are ordered by before the key; -1 without one.</param>
/// <param name="IsDouble">Whether that column is a double, stored bitwise in the cursor; else it is a whole number.</param>
internal readonly record struct KeysetColumns(int Key, int Value, bool IsDouble = false)
{
    /// <summary>The keyset position of the reader's row.</summary>
    public KeysetPosition Read(NpgsqlDataReader reader) => new(reader.GetInt64(Key), Value < 0 ? 0
        : IsDouble ? BitConverter.DoubleToInt64Bits(reader.GetDouble(Value)) : reader.GetInt64(Value));
}

/// <summary>The cursor of the row.</summary>
internal sealed class CursorWriter(KeysetColumns keyset) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        PageInfoWriter.WriteCursor(context, keyset.Read(context.Reader!));
        return WriteOutcome.Written;
    }
}

/// <summary>A nested list or connection: the rows whose parent is the current row.</summary>
/// <param name="number">The list's number in the root's plan.</param>
/// <param name="ordinal">The column of the parent's key.</param>
/// <param name="value">Writes the list, or the connection around it.</param>
internal sealed class NestedWriter(int number, int ordinal, ValueWriter value) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        NestedRows nested = context.Root.Nested[number];
        if (nested.Error is { } error)
        {
            return context.Fail(error);
        }

        (RowSet outerPage, Cursors.CursorSigner? outerCursors) = (context.Page, context.Cursors);
        context.Page = nested.Of(context.Reader!.GetInt64(ordinal));
        context.Cursors = nested.Cursors;
        WriteOutcome outcome = value.Write(context);
        (context.Page, context.Cursors) = (outerPage, outerCursors);
        return outcome;
    }
}
