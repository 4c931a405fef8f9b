using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace CityHelper.Engine.Http;

/// <summary>Reads requests, bounded: POST bodies, GET parameters, persisted routes (conventions §8 and §9).</summary>
internal static class RequestReader
{
    public const string IdRouteValue = "id";
    public const string NameRouteValue = "name";

    private static readonly JsonDocumentOptions s_json = new() { MaxDepth = Limits.JsonDepthMax };

    /// <summary>Reads the request into <paramref name="request"/>.</summary>
    /// <returns>Null, or why it cannot be read.</returns>
    public static async ValueTask<BadRequest?> ReadAsync(HttpRequest http, OperationRequest request, CancellationToken cancellation)
    {
        BadRequest? bad = HttpMethods.IsPost(http.Method)
            ? await ReadBodyAsync(http, request, cancellation)
            : ReadParameters(http.Query, request);

        // The route's id and name win: the URL is what caches and logs see.
        if (http.RouteValues.TryGetValue(IdRouteValue, out object? id))
        {
            request.Id = (string)id!;
            request.Query = null;
            request.OperationName = http.RouteValues.GetValueOrDefault(NameRouteValue) as string ?? request.OperationName;
        }

        return bad;
    }

    private static BadRequest? ReadParameters(IQueryCollection parameters, OperationRequest request)
    {
        request.Query = parameters["query"];
        request.Id = parameters["id"].FirstOrDefault() ?? parameters["documentId"];
        request.OperationName = parameters["operationName"];
        if (parameters["variables"].FirstOrDefault() is not { Length: > 0 } variables)
        {
            return null;
        }

        try
        {
            request.Variables = request.Own(JsonDocument.Parse(variables, s_json));
        }
        catch (JsonException)
        {
            return new BadRequest(StatusCodes.Status400BadRequest, new InvalidJsonError());
        }

        return CheckVariables(request);
    }

    private static async ValueTask<BadRequest?> ReadBodyAsync(HttpRequest http, OperationRequest request, CancellationToken cancellation)
    {
        if (!IsJson(http.ContentType))
        {
            return new BadRequest(
                StatusCodes.Status415UnsupportedMediaType,
                new RequestInvalidError("Send the request as `Content-Type: application/json`."));
        }

        ReadOnlySequence<byte>? body = await ReadBoundedAsync(http.BodyReader, cancellation);
        if (body is not { } bytes)
        {
            return new BadRequest(StatusCodes.Status413PayloadTooLarge, new RequestTooLargeError());
        }

        try
        {
            return ReadMembers(request.Own(JsonDocument.Parse(bytes.ToArray(), s_json)), request);
        }
        catch (JsonException)
        {
            return new BadRequest(StatusCodes.Status400BadRequest, new InvalidJsonError());
        }
        finally
        {
            // Without it the connection cannot be used for a second request.
            http.BodyReader.AdvanceTo(bytes.End);
        }
    }

    private static async ValueTask<ReadOnlySequence<byte>?> ReadBoundedAsync(PipeReader body, CancellationToken cancellation)
    {
        while (true)
        {
            ReadResult read = await body.ReadAsync(cancellation);
            if (read.Buffer.Length > Limits.RequestBytesMax)
            {
                body.AdvanceTo(read.Buffer.End);
                return null;
            }

            if (read.IsCompleted)
            {
                return read.Buffer;
            }

            body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static BadRequest? ReadMembers(JsonElement body, OperationRequest request)
    {
        if (body.ValueKind != JsonValueKind.Object)
        {
            return Invalid("Send one JSON object with `query` or `id`, and `variables`.");
        }

        foreach (JsonProperty member in body.EnumerateObject())
        {
            switch (member.Name)
            {
                case "query" or "id" or "documentId" or "operationName" when member.Value.ValueKind is not (JsonValueKind.String or JsonValueKind.Null):
                    return Invalid($"`{member.Name}` must be a string.");
                case "query":
                    request.Query = member.Value.GetString();
                    break;
                case "id" or "documentId":
                    request.Id = member.Value.GetString();
                    break;
                case "operationName":
                    request.OperationName = member.Value.GetString();
                    break;
                case "variables":
                    request.Variables = member.Value;
                    break;
                case "extensions" when member.Value.ValueKind is not (JsonValueKind.Object or JsonValueKind.Null):
                    return Invalid("`extensions` must be an object.");
            }
        }

        return CheckVariables(request);
    }

    private static BadRequest? CheckVariables(OperationRequest request) =>
        request.Variables.ValueKind is JsonValueKind.Object or JsonValueKind.Null or JsonValueKind.Undefined
            ? null
            : Invalid("`variables` must be an object.");

    private static BadRequest Invalid(string message) => new(StatusCodes.Status400BadRequest, new RequestInvalidError(message));

    private static bool IsJson(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out MediaTypeHeaderValue? type)
        && type.MediaType.Equals(AcceptHeader.Json, StringComparison.OrdinalIgnoreCase)
        && (!type.Charset.HasValue || type.Charset.Value.Trim('"').Equals("utf-8", StringComparison.OrdinalIgnoreCase));
}
