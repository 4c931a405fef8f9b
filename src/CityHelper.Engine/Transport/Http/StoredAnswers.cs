using CityHelper.Engine.Caching;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Writing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace CityHelper.Engine.Transport.Http;

/// <summary>Answers from the store: the shortest way of a request, which reads neither operation nor variables.</summary>
/// <param name="cache">The stored answers.</param>
/// <param name="clients">Names the client of a host.</param>
/// <param name="sender">Sends bodies.</param>
/// <param name="encodings">Chooses the encoding of a body.</param>
internal sealed class StoredAnswers(ResponseCache cache, IClientDirectory clients, ResponseSender sender, StoredEncodings encodings)
{
    /// <summary>
    /// The question of a request; null for one whose answer is not stored: sent elsewhere than to a cacheable address, or with a header
    /// that changes the answer. Whether the address is canonical is not known yet; only answers of canonical ones are stored.
    /// </summary>
    public Question? QuestionOf(HttpRequest request) =>
        CacheableAddress.Includes(request)
        && !request.Headers.ContainsKey(GraphQLHttpHandler.DebugHeader)
        && !request.Headers.ContainsKey(GraphQLHttpHandler.CostHeaderName)
            ? new Question(
                clients.Identify(request).Name, request.HttpContext.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget)
            : null;

    /// <summary>The valid answer to a question; null when there is none.</summary>
    public ValidAnswer? Find(Question question) => cache.Find(question);

    /// <summary>An answer that was just executed, with what it may lack.</summary>
    public ValidAnswer Executed(StoredAnswer answer) => cache.Executed(answer);

    /// <summary>Sends a stored answer, or 304. The caching headers are set.</summary>
    /// <param name="http">The request.</param>
    /// <param name="question">Its question.</param>
    /// <param name="stored">The answer.</param>
    /// <param name="unkept">
    /// The body as it was executed, null for a hit. It is sent when the answer is not kept: then what the client has read is released.
    /// </param>
    /// <param name="mediaType">The media type.</param>
    /// <returns>The status and the bytes of the body.</returns>
    /// <exception cref="ResponseRefusedException">There is no room for the body; nothing was sent.</exception>
    public async ValueTask<(int Status, int Bytes)> SendAsync(
        HttpContext http, Question question, StoredAnswer stored, JsonBuffer? unkept, ResponseMediaType mediaType)
    {
        HttpResponse response = http.Response;
        if (CachingHeaders.IsMatch(http.Request.Headers.IfNoneMatch, stored.ETag))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return (response.StatusCode, 0);
        }

        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = AcceptHeader.Text(mediaType);
        if (!stored.IsKept)
        {
            int bytes = unkept!.Length;
            await sender.SendAsync(http, unkept);
            return (response.StatusCode, bytes);
        }

        byte[] body = stored.Body;
        if (body.Length >= Limits.CompressedBytesMin && encodings.Of(http) is { } encoding)
        {
            body = stored.In(encoding) ?? Encode(question, stored, encoding);
            response.Headers.ContentEncoding = StoredEncodings.NameOf(encoding);
        }

        await sender.SendStoredAsync(http, body);
        return (response.StatusCode, body.Length);
    }

    // Two who ask first at once both encode; the second result replaces the first, which is equal.
    private byte[] Encode(Question question, StoredAnswer stored, StoredEncoding encoding)
    {
        byte[] encoded = StoredEncodings.Encode(stored.Body, encoding);
        stored.Keep(encoding, encoded);
        cache.Resize(question, stored);
        return encoded;
    }
}
