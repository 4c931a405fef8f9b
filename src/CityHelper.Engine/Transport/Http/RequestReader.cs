using System.Text.Json;
using CityHelper.Engine.Documents;
using Microsoft.AspNetCore.Http;

namespace CityHelper.Engine.Transport.Http;

/// <summary>Reads requests, bounded: POST bodies, GET parameters, routes of persisted operations.</summary>
internal static class RequestReader
{
    public const string IdRouteValue = "id";
    public const string NameRouteValue = "name";

    private static readonly JsonDocumentOptions s_json = new() { MaxDepth = Limits.JsonDepthMax };

    /// <summary>Reads the request into <paramref name="request"/>.</summary>
    /// <param name="http">The HTTP request.</param>
    /// <param name="element">The element of a batch; null outside batches.</param>
    /// <param name="request">Receives what is read.</param>
    /// <param name="cancellation">Cancels reading.</param>
    /// <returns>Null, or the error.</returns>
    public static async ValueTask<RequestError?> ReadAsync(
        HttpRequest http, JsonElement? element, OperationRequest request, CancellationToken cancellation)
    {
        if (element is { } part)
        {
            return ReadMembers(part, request);
        }

        RequestError? refusal = HttpMethods.IsPost(http.Method)
            ? await ReadBodyAsync(http, request, cancellation)
            : ReadParameters(http.Query, request);

        // The route's id and name win: the URL is what caches and logs see.
        if (http.RouteValues.TryGetValue(IdRouteValue, out object? id))
        {
            request.Id = (string)id!;
            request.Query = null;
            request.Hash = null;
            request.OperationName = http.RouteValues.GetValueOrDefault(NameRouteValue) as string ?? request.OperationName;
        }

        return refusal;
    }

    private static RequestError? ReadParameters(IQueryCollection parameters, OperationRequest request)
    {
        // A repeated parameter means one thing to a cache and another to a server.
        if (parameters.FirstOrDefault(p => p.Value.Count > 1).Key is { } repeated)
        {
            return Invalid($"Send the parameter `{repeated}` once.");
        }

        request.Query = parameters["query"];
        request.Id = parameters["id"].FirstOrDefault() ?? parameters["documentId"];
        request.OperationName = parameters["operationName"];
        if (parameters["extensions"].FirstOrDefault() is { Length: > 0 } extensions)
        {
            try
            {
                if (ReadExtensions(Parse(request, System.Text.Encoding.UTF8.GetBytes(extensions)), request) is { } invalid)
                {
                    return invalid;
                }
            }
            catch (JsonException)
            {
                return new InvalidJsonError();
            }
        }

        if (parameters["variables"].FirstOrDefault() is not { Length: > 0 } variables)
        {
            return null;
        }

        try
        {
            request.Variables = Parse(request, System.Text.Encoding.UTF8.GetBytes(variables));
        }
        catch (JsonException)
        {
            return new InvalidJsonError();
        }

        return CheckVariables(request);
    }

    private static async ValueTask<RequestError?> ReadBodyAsync(HttpRequest http, OperationRequest request, CancellationToken cancellation)
    {
        (byte[]? bytes, RequestError? refusal) = await RequestBody.ReadAsync(http, cancellation);
        if (bytes is null)
        {
            return refusal;
        }

        JsonElement body;
        try
        {
            body = Parse(request, bytes);
        }
        catch (JsonException)
        {
            return new InvalidJsonError();
        }

        if (body.ValueKind == JsonValueKind.Array)
        {
            request.Batch = body;
            return null;
        }

        return ReadMembers(body, request);
    }

    /// <summary>Parses JSON of a client, as deep as <see cref="Limits.JsonDepthMax"/>; its texts can be read without exceptions.</summary>
    /// <param name="request">Owns the document from now on.</param>
    /// <param name="json">UTF-8; must not change while the request is used.</param>
    /// <exception cref="JsonException">The bytes are not JSON, or hold invalid text: invalid UTF-8, half a surrogate pair.</exception>
    internal static JsonElement Parse(OperationRequest request, byte[] json)
    {
        JsonElement root = request.Own(JsonDocument.Parse(json, s_json));
        try
        {
            ReadTexts(root);
        }
        catch (InvalidOperationException cause)
        {
            throw new JsonException("The JSON holds text that cannot be decoded.", cause);
        }

        return root;
    }

    // JsonDocument decodes text only on access, and throws then. Reading all of it here keeps later code free of such exceptions.
    private static void ReadTexts(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in element.EnumerateArray())
                {
                    ReadTexts(item);
                }

                break;
            case JsonValueKind.Object:
                foreach (JsonProperty member in element.EnumerateObject())
                {
                    _ = member.Name;
                    ReadTexts(member.Value);
                }

                break;
        }
    }

    /// <summary>
    /// Reads the members of a request into <paramref name="request"/>: a JSON body, or what another transport has in its place.
    /// </summary>
    /// <returns>Null, or the error.</returns>
    internal static RequestError? ReadMembers(JsonElement body, OperationRequest request)
    {
        if (body.ValueKind != JsonValueKind.Object)
        {
            return Invalid("Send one JSON object with `query` or `id`, and `variables`.");
        }

        foreach (JsonProperty member in body.EnumerateObject())
        {
            switch (member.Name)
            {
                case "query" or "id" or "documentId" or "operationName"
                    when member.Value.ValueKind is not (JsonValueKind.String or JsonValueKind.Null):
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
                case "extensions" when ReadExtensions(member.Value, request) is { } invalid:
                    return invalid;
            }
        }

        return CheckVariables(request);
    }

    // Automatic persisted queries (Apollo's protocol): {"persistedQuery": {"version": 1, "sha256Hash": "…"}}. Other extensions are ignored.
    private static RequestInvalidError? ReadExtensions(JsonElement extensions, OperationRequest request)
    {
        if (extensions.ValueKind is not JsonValueKind.Object)
        {
            return extensions.ValueKind == JsonValueKind.Null ? null : Invalid("`extensions` must be an object.");
        }

        if (!extensions.TryGetProperty("persistedQuery", out JsonElement persisted) || persisted.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        bool isKnown =
            persisted.ValueKind == JsonValueKind.Object
            && persisted.TryGetProperty("version", out JsonElement version)
            && version.ValueKind == JsonValueKind.Number
            && version.TryGetInt32(out int number)
            && number == 1
            && persisted.TryGetProperty("sha256Hash", out JsonElement hash)
            && hash.ValueKind == JsonValueKind.String
            && hash.GetString()!.Length > 0;
        if (!isKnown)
        {
            return Invalid(
                "`extensions.persistedQuery` must be `{version: 1, sha256Hash}` with the SHA-256 of the text in lower-case hex.");
        }

        request.Hash = persisted.GetProperty("sha256Hash").GetString();
        return null;
    }

    private static RequestError? CheckVariables(OperationRequest request) =>
        request.Variables.ValueKind is JsonValueKind.Object or JsonValueKind.Null or JsonValueKind.Undefined
            ? null
            : Invalid("`variables` must be an object.");

    private static RequestInvalidError Invalid(string message) => new(message);
}
