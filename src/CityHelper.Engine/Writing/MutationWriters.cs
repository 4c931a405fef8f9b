using System.Collections;
using System.Reflection;
using System.Text;
using System.Text.Json;

namespace CityHelper.Engine.Writing;

/// <summary>The row of a mutation's payload; null when the mutation was refused, or the row is gone since.</summary>
/// <param name="output">The number of its selection.</param>
internal sealed class PayloadRowWriter(int output) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context) => context.Root.Mutation!.Row switch
    {
        null => WriteOutcome.Null,

        // The mutation was done all the same, so the rest of the payload is written.
        { Error: { } error } => context.Fail(error),
        { Rows.Outputs: { } outputs } => output < outputs.Count ? outputs[output].WriteSingle(context) : WriteOutcome.Null,
    };
}

/// <summary>The cursor of a mutation's payload.</summary>
internal sealed class PayloadCursorWriter : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        if (context.Root.Mutation!.Cursor is not { } cursor)
        {
            return WriteOutcome.Null;
        }

        ErrorFieldWriter.WriteText(context.Json, cursor);
        return WriteOutcome.Written;
    }
}

/// <summary>The errors of a mutation's payload; null when it was done.</summary>
/// <param name="types">Writes an error, by its class.</param>
internal sealed class PayloadErrorsWriter(IReadOnlyDictionary<Type, ObjectWriter> types) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        if (context.Root.Mutation!.Errors is not { Count: > 0 } errors)
        {
            return WriteOutcome.Null;
        }

        int start = context.Json.Length;
        context.Json.WriteByte((byte)'[');
        for (int i = 0; i < errors.Count; i++)
        {
            if (i > 0)
            {
                context.Json.WriteByte((byte)',');
            }

            int errorsBefore = context.Errors.Count;
            context.MutationError = errors[i];
            WriteOutcome outcome = types[errors[i].GetType()].Write(context);
            context.Locate(errorsBefore, i);
            if (outcome != WriteOutcome.Written)
            {
                // A non-null property is null, so the list is.
                context.Json.CutBackTo(start);
                return WriteOutcome.Failed;
            }
        }

        context.Json.WriteByte((byte)']');
        return WriteOutcome.Written;
    }
}

/// <summary>A property of an error.</summary>
/// <param name="property">The property.</param>
internal sealed class ErrorFieldWriter(PropertyInfo property) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        if (property.GetValue(context.MutationError) is not { } value)
        {
            return WriteOutcome.Null;
        }

        Write(context.Json, value);
        return WriteOutcome.Written;
    }

    internal static void WriteText(JsonBuffer json, string text)
    {
        int bytes = Encoding.UTF8.GetByteCount(text);
        Encoding.UTF8.GetBytes(text, json.BeginString(bytes));
        json.FinishString(bytes);
    }

    private static void Write(JsonBuffer json, object value)
    {
        switch (value)
        {
            case string text:
                // Many repeat what the client sent.
                WriteText(json, RequestError.Shortened(text));
                break;
            case Enum member:
                WriteText(json, JsonNamingPolicy.SnakeCaseUpper.ConvertName(member.ToString()));
                break;
            case bool flag:
                json.WriteBoolean(flag);
                break;
            case int number:
                json.WriteNumber(number);
                break;
            case double number:
                json.WriteNumber(number);
                break;
            case DateTime time:
                json.WriteUtc(time);
                break;
            case IEnumerable items:
                WriteList(json, items);
                break;
            default:
                throw new NotSupportedException($"A property of type {value.GetType().Name} cannot be written.");
        }
    }

    private static void WriteList(JsonBuffer json, IEnumerable items)
    {
        json.WriteByte((byte)'[');
        bool isFirst = true;
        foreach (object item in items)
        {
            if (!isFirst)
            {
                json.WriteByte((byte)',');
            }

            isFirst = false;
            Write(json, item);
        }

        json.WriteByte((byte)']');
    }
}
