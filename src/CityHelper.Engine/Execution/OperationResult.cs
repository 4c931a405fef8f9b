using System.Text.Json;
using CityHelper.Engine.Cost;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Writing;

namespace CityHelper.Engine.Execution;

/// <summary>An answer as bytes. Dispose it when it is sent.</summary>
public sealed class OperationResult : IDisposable
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);

    private bool _hasExtensions;

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
    public CachePolicy Cache { get; private set; }

    /// <summary>
    /// The form in which each connection's rows were reached, such as <c>serviceRequests=late cells=6</c>; null unless asked for.
    /// </summary>
    public string? Forms { get; internal set; }

    /// <summary>What it was priced at; nothing for what was refused.</summary>
    public Price Price { get; internal set; }

    /// <summary>An answer to a request that was not executed.</summary>
    public static OperationResult Refused(params IReadOnlyList<RequestError> errors)
    {
        var json = new JsonBuffer(MemoryLease.Uncounted);
        json.WriteByte((byte)'{');
        WriteErrors(json, errors.Select(e => new FieldError(e, [])).ToList());
        json.WriteByte((byte)'}');
        return new OperationResult(json, errors, hasData: false, CachePolicy.None);
    }

    /// <summary>An answer with data, and errors when there are any.</summary>
    /// <param name="json">An open object whose last member is <c>data</c>; taken over and closed.</param>
    /// <param name="dataStart">Where the value of <c>data</c> begins.</param>
    /// <param name="errors">With paths innermost first.</param>
    /// <param name="cache">The plan's policy.</param>
    internal static OperationResult Executed(JsonBuffer json, int dataStart, List<FieldError> errors, CachePolicy cache)
    {
        if (errors.Count == 0)
        {
            json.WriteByte((byte)'}');
            return new OperationResult(json, [], hasData: true, cache);
        }

        // Errors come first (HotChocolate since 15), and are known last.
        var withErrors = new JsonBuffer(json.Memory);
        withErrors.WriteByte((byte)'{');
        WriteErrors(withErrors, errors);
        withErrors.WriteRaw(",\"data\":"u8);
        withErrors.TakeOver(json, dataStart);
        withErrors.WriteByte((byte)'}');
        return new OperationResult(withErrors, [.. errors.Select(e => e.Error)], hasData: true, CachePolicy.None);
    }

    /// <summary>The price of an operation that is not run.</summary>
    internal static OperationResult Priced(Price price, MemoryLease memory)
    {
        var json = new JsonBuffer(memory);
        json.WriteRaw("{\"extensions\":"u8);
        json.WriteRaw(JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object> { ["operationCost"] = price }, s_json));
        json.WriteByte((byte)'}');
        return new OperationResult(json, [], hasData: true, CachePolicy.None) { _hasExtensions = true };
    }

    /// <summary>
    /// Adds a member to <c>extensions</c>, which stand behind all other members, where the conventions have them. An answer that says more
    /// than its data is nobody else's.
    /// </summary>
    public void With(string name, object value)
    {
        Json.CutBackTo(Json.Length - (_hasExtensions ? 2 : 1));
        Json.WriteRaw(_hasExtensions ? ",\""u8 : ",\"extensions\":{\""u8);
        Json.WriteRaw(System.Text.Encoding.UTF8.GetBytes(name));
        Json.WriteRaw("\":"u8);
        Json.WriteRaw(JsonSerializer.SerializeToUtf8Bytes(value, s_json));
        Json.WriteRaw("}}"u8);
        _hasExtensions = true;
        Cache = CachePolicy.None;
    }

    /// <summary>Lets nobody keep the answer.</summary>
    public void ForbidCaching() => Cache = CachePolicy.None;

    /// <summary>The answers of a batch.</summary>
    /// <param name="json">The whole array; taken over.</param>
    /// <param name="errors">Those of all answers.</param>
    internal static OperationResult Batch(JsonBuffer json, IReadOnlyList<RequestError> errors) => new(json, errors, hasData: true, CachePolicy.None);

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
