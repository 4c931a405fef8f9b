using System.Text.Json;
using CityHelper.Engine.Cost;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Writing;

namespace CityHelper.Engine.Execution;

/// <summary>A response as bytes. Dispose it after sending.</summary>
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

    /// <summary>The response's JSON.</summary>
    public JsonBuffer Json { get; }

    /// <summary>The errors of the response.</summary>
    public IReadOnlyList<RequestError> Errors { get; }

    /// <summary>False for a request error: nothing was executed (GraphQL spec 7.1.1).</summary>
    public bool HasData { get; }

    /// <summary>How long the response may be cached; never when it has errors.</summary>
    public CachePolicy Cache { get; private set; }

    /// <summary>The access path of each connection, such as <c>serviceRequests=deferred-join cells=6</c>; null unless requested.</summary>
    public string? AccessPaths { get; internal set; }

    /// <summary>Where it was read; null for a response about no tenant, or several.</summary>
    internal AnswerPosition? Read { get; set; }

    /// <summary>The time of its batches in the database.</summary>
    internal TimeSpan DatabaseTime { get; set; }

    /// <summary>The cost of the operation; 0 for a refused request.</summary>
    public CostMetrics Cost { get; internal set; }

    /// <summary>
    /// Whether mutations were done: then the response may lack rows and extensions, but must not become a request error, which says that
    /// nothing ran.
    /// </summary>
    public bool HasWritten => Shortened is not null;

    /// <summary>
    /// The same response without the rows of payloads, which have an error instead, in memory that nobody counts; null where nothing was
    /// written.
    /// </summary>
    internal Func<RequestError, OperationResult>? Shortened { get; set; }

    /// <summary>The response to a request that was not executed.</summary>
    public static OperationResult Refused(params IReadOnlyList<RequestError> errors)
    {
        var json = new JsonBuffer(MemoryLease.Uncounted);
        json.WriteByte((byte)'{');
        WriteErrors(json, errors.Select(e => new FieldError(e, [])).ToList());
        json.WriteByte((byte)'}');
        return new OperationResult(json, errors, hasData: false, CachePolicy.None);
    }

    /// <summary>The errors of a request that was not executed, as a JSON array: for transports that tell them without a response.</summary>
    /// <param name="errors">The errors.</param>
    internal static byte[] ErrorsJson(IReadOnlyList<RequestError> errors) => ErrorsJson([.. errors.Select(e => new FieldError(e, []))]);

    /// <summary>A response with data, and with errors if there are any.</summary>
    /// <param name="json">An open object whose last member is <c>data</c>; taken over and closed.</param>
    /// <param name="dataStart">Where the value of <c>data</c> begins.</param>
    /// <param name="errors">The errors, their paths innermost segment first.</param>
    /// <param name="cache">The plan's policy.</param>
    internal static OperationResult Executed(JsonBuffer json, int dataStart, List<FieldError> errors, CachePolicy cache)
    {
        if (errors.Count == 0)
        {
            json.WriteByte((byte)'}');
            return new OperationResult(json, [], hasData: true, cache);
        }

        // The errors are known last but come first, as in HotChocolate since version 15.
        var withErrors = new JsonBuffer(json.Memory);
        withErrors.WriteByte((byte)'{');
        WriteErrors(withErrors, errors);
        withErrors.WriteRaw(",\"data\":"u8);
        withErrors.TakeOver(json, dataStart);
        withErrors.WriteByte((byte)'}');
        return new OperationResult(withErrors, [.. errors.Select(e => e.Error)], hasData: true, CachePolicy.None);
    }

    /// <summary>The cost of an operation that is not executed.</summary>
    internal static OperationResult CostOnly(CostMetrics cost, MemoryLease memory)
    {
        var json = new JsonBuffer(memory);
        json.WriteRaw("{\"extensions\":"u8);
        json.WriteRaw(JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object> { ["operationCost"] = cost }, s_json));
        json.WriteByte((byte)'}');
        return new OperationResult(json, [], hasData: true, CachePolicy.None) { _hasExtensions = true };
    }

    /// <summary>
    /// Adds a member to <c>extensions</c>, the last member of the response. A response with extensions is not cached: they belong to this
    /// request.
    /// </summary>
    /// <exception cref="ResponseRefusedException">There is no room for it, and nothing was written.</exception>
    public void With(string name, object value)
    {
        Cache = CachePolicy.None;
        int end = Json.Length - (_hasExtensions ? 2 : 1);
        try
        {
            Json.CutBackTo(end);
            Json.WriteRaw(_hasExtensions ? ",\""u8 : ",\"extensions\":{\""u8);
            Json.WriteRaw(System.Text.Encoding.UTF8.GetBytes(name));
            Json.WriteRaw("\":"u8);
            Json.WriteRaw(JsonSerializer.SerializeToUtf8Bytes(value, s_json));
            Json.WriteRaw("}}"u8);
            _hasExtensions = true;
        }
        catch (ResponseRefusedException) when (HasWritten)
        {
            Json.CutBackTo(end);
            Json.WriteRaw(_hasExtensions ? "}}"u8 : "}"u8);
        }
    }

    /// <summary>A response without errors whose body is stored elsewhere.</summary>
    internal static OperationResult Stored(CachePolicy cache) => new(new JsonBuffer(MemoryLease.Uncounted), [], hasData: true, cache);

    /// <summary>The same response in another buffer, which holds the same bytes.</summary>
    internal OperationResult Over(JsonBuffer json) =>
        new(json, Errors, HasData, Cache) { AccessPaths = AccessPaths, Cost = Cost, Read = Read, _hasExtensions = _hasExtensions };

    /// <summary>Forbids caching the response.</summary>
    public void ForbidCaching() => Cache = CachePolicy.None;

    /// <summary>The responses to a batch of requests.</summary>
    /// <param name="json">The whole array; taken over.</param>
    /// <param name="errors">The errors of all responses.</param>
    /// <param name="shortened">The same without rows; null where none has written.</param>
    internal static OperationResult Batch(
        JsonBuffer json, IReadOnlyList<RequestError> errors, Func<RequestError, OperationResult>? shortened) =>
        new(json, errors, hasData: true, CachePolicy.None) { Shortened = shortened };

    public void Dispose() => Json.Dispose();

    private static void WriteErrors(JsonBuffer json, List<FieldError> errors)
    {
        json.WriteRaw("\"errors\":"u8);
        json.WriteRaw(ErrorsJson(errors));
    }

    // Errors are rare, so Utf8JsonWriter is fast enough.
    private static byte[] ErrorsJson(List<FieldError> errors)
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

        return stream.ToArray();
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
