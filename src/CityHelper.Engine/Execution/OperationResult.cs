using System.Text.Json;
using CityHelper.Engine.Types;

namespace CityHelper.Engine.Execution;

/// <summary>An answer as bytes. Dispose it when it is sent.</summary>
public sealed class OperationResult : IDisposable
{
    private OperationResult(JsonBuffer json, IReadOnlyList<RequestError> errors, bool hasData, CachePolicy cache)
    {
        Json = json;
        Errors = errors;
        HasData = hasData;
        Cache = cache;
    }

    /// <summary>The answer's JSON.</summary>
    public JsonBuffer Json { get; }

    /// <summary>What stands in the answer's <c>errors</c>.</summary>
    public IReadOnlyList<RequestError> Errors { get; }

    /// <summary>False for a request error: nothing was executed (spec 7.1.1).</summary>
    public bool HasData { get; }

    /// <summary>How long the answer may be kept; never when it holds errors.</summary>
    public CachePolicy Cache { get; }

    /// <summary>An answer to a request that was not executed.</summary>
    public static OperationResult Refused(params IReadOnlyList<RequestError> errors)
    {
        var json = new JsonBuffer();
        json.WriteByte((byte)'{');
        WriteErrors(json, errors.Select(e => new FieldError(e, [])).ToList());
        json.WriteByte((byte)'}');
        return new OperationResult(json, errors, hasData: false, CachePolicy.None);
    }

    /// <summary>An answer with data, and errors when there are any.</summary>
    /// <param name="data">The JSON of <c>data</c>; taken over.</param>
    /// <param name="errors">With paths innermost first.</param>
    /// <param name="cache">The plan's policy.</param>
    internal static OperationResult Executed(JsonBuffer data, List<FieldError> errors, CachePolicy cache)
    {
        var json = new JsonBuffer();
        json.WriteByte((byte)'{');
        if (errors.Count > 0)
        {
            WriteErrors(json, errors);
            json.WriteByte((byte)',');
        }

        json.WriteRaw("\"data\":"u8);
        json.WriteRaw(data.Written);
        json.WriteByte((byte)'}');
        data.Dispose();
        return new OperationResult(json, [.. errors.Select(e => e.Error)], hasData: true, errors.Count > 0 ? CachePolicy.None : cache);
    }

    public void Dispose() => Json.Dispose();

    // Errors are rare, so the library's writer is fast enough for them.
    private static void WriteErrors(JsonBuffer json, List<FieldError> errors)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions
        {
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        }))
        {
            writer.WriteStartArray();
            foreach (FieldError error in errors.Take(Limits.ErrorsMax))
            {
                WriteError(writer, error);
            }

            writer.WriteEndArray();
        }

        json.WriteRaw("\"errors\":"u8);
        json.WriteRaw(stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }

    private static void WriteError(Utf8JsonWriter writer, FieldError error)
    {
        writer.WriteStartObject();
        writer.WriteString("message", error.Error.Message);
        if (error.Error.Locations.Count > 0)
        {
            writer.WriteStartArray("locations");
            foreach ((int line, int column) in error.Error.Locations)
            {
                writer.WriteStartObject();
                writer.WriteNumber("line", line);
                writer.WriteNumber("column", column);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        if (error.Path.Count > 0)
        {
            writer.WritePropertyName("path");
            JsonSerializer.Serialize(writer, Enumerable.Reverse(error.Path));
        }

        writer.WriteStartObject("extensions");
        writer.WriteString("code", error.Error.Code);
        foreach ((string name, object value) in error.Error.Extensions)
        {
            writer.WritePropertyName(name);
            JsonSerializer.Serialize(writer, value);
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
