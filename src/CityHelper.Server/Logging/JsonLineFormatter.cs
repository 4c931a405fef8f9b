using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using CityHelper.Engine.Telemetry;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace CityHelper.Server.Logging;

/// <summary>
/// Writes each log message as one JSON object on one line of the console, for programs that collect logs:
/// <c>{"timestamp":"…","severity":"warn","category":"…","event_id":1002,"message":"…","attributes":{…},"trace_id":"…","span_id":"…"}</c>.
/// The names of the trace's fields are OpenTelemetry's (https://opentelemetry.io/docs/specs/otel/compatibility/logging_trace_context/).
/// </summary>
/// <remarks>
/// Texts are escaped and bounded as in <see cref="LineFormatter"/>, because what is read from the JSON may be shown on a terminal.
/// </remarks>
internal sealed class JsonLineFormatter(TimeProvider time) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "json-line";

    /// <summary>The name under which loggers pass the template of a message among its values.</summary>
    private const string Template = "{OriginalFormat}";

    // The log is not HTML, and terminal control characters are escaped before. So letters and quotes stay legible.
    private static readonly JsonWriterOptions s_options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, s_options))
        {
            json.WriteStartObject();
            json.WriteString("timestamp", time.GetUtcNow().UtcDateTime.ToString(LineFormatter.TimeFormat, CultureInfo.InvariantCulture));
            json.WriteString("severity", LineFormatter.Word(logEntry.LogLevel));
            json.WriteString("category", logEntry.Category);
            json.WriteNumber("event_id", logEntry.EventId.Id);
            if (logEntry.EventId.Name is { } name)
            {
                json.WriteString("event_name", name);
            }

            json.WriteString("message", Safe(logEntry.Formatter(logEntry.State, logEntry.Exception), Limits.LogLineCharsMax));
            WriteAttributes(json, logEntry.State as IReadOnlyList<KeyValuePair<string, object?>>);
            if (logEntry.Exception is { } exception)
            {
                json.WriteString("exception", Lines(exception));
            }

            if (Activity.Current is { } span)
            {
                json.WriteString("trace_id", span.TraceId.ToHexString());
                json.WriteString("span_id", span.SpanId.ToHexString());
            }

            json.WriteEndObject();
        }

        textWriter.Write(Encoding.UTF8.GetString(buffer.WrittenSpan));
        textWriter.Write('\n');
    }

    // Keeps the line breaks of an exception: JSON escapes them.
    private static string Lines(Exception exception) => string.Join('\n', exception.ToString()
        .Split('\n', Limits.LoggedExceptionLinesMax + 1)
        .Take(Limits.LoggedExceptionLinesMax)
        .Select(line => Safe(line.TrimEnd('\r'), Limits.LogLineCharsMax)));

    private static void WriteAttributes(Utf8JsonWriter json, IReadOnlyList<KeyValuePair<string, object?>>? values)
    {
        if (values is null || values.All(value => value.Key == Template))
        {
            return;
        }

        json.WriteStartObject("attributes");
        foreach ((string key, object? value) in values.Where(value => value.Key != Template).Take(Limits.LoggedAttributesMax))
        {
            json.WritePropertyName(Safe(key, Limits.LoggedAttributeCharsMax));
            Write(json, value);
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case bool isSo:
                json.WriteBooleanValue(isSo);
                break;
            case int or long or short or byte or uint or ushort or sbyte:
                json.WriteNumberValue(Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case double number when double.IsFinite(number):
                json.WriteNumberValue(number);
                break;
            default:
                json.WriteStringValue(Safe(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "", Limits.LoggedAttributeCharsMax));
                break;
        }
    }

    private static string Safe(string text, int charsMax) => LogText.Escape(text, charsMax);
}
