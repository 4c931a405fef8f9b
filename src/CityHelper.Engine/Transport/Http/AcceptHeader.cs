using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace CityHelper.Engine.Transport.Http;

/// <summary>Media type of a response (GraphQL over HTTP, "Content negotiation").</summary>
internal enum ResponseMediaType
{
    /// <summary><c>application/json</c>: request errors have status 200, as old clients expect.</summary>
    Json,

    /// <summary><c>application/graphql-response+json</c>: request errors have status 400.</summary>
    GraphQLResponse,
}

/// <summary>What a client takes.</summary>
/// <param name="Json">The media type of a single response; null when it takes only a stream.</param>
/// <param name="Stream">Whether it takes a stream of events.</param>
internal readonly record struct Accepted(ResponseMediaType? Json, bool Stream);

/// <summary>Reads the accept header.</summary>
public static class AcceptHeader
{
    public const string EventStream = "text/event-stream";
    public const string GraphQLResponse = "application/graphql-response+json";
    public const string Json = "application/json";

    private const string Charset = "; charset=utf-8";

    // Browsers and libraries send a handful of values; parsing one allocates more than all the rest of a hit.
    private static readonly ConcurrentDictionary<string, Accepted> s_known = new(StringComparer.Ordinal);

    /// <summary>Chooses the media types.</summary>
    /// <returns>The media types; an error when the header cannot be parsed; neither when no acceptable type is offered (406).</returns>
    internal static (Accepted? Types, RequestError? Error) Choose(StringValues header)
    {
        if (StringValues.IsNullOrEmpty(header))
        {
            return (new Accepted(ResponseMediaType.Json, Stream: false), null);
        }

        if (header is not [{ } sent])
        {
            return Read(header);
        }

        if (s_known.TryGetValue(sent, out Accepted known))
        {
            return (known, null);
        }

        (Accepted? types, RequestError? error) = Read(header);
        if (types is { } chosen)
        {
            KnownHeaders.Keep(s_known, sent, chosen);
        }

        return (types, error);
    }

    private static (Accepted? Types, RequestError? Error) Read(StringValues header)
    {
        if (!MediaTypeHeaderValue.TryParseList([.. header!], out IList<MediaTypeHeaderValue>? accepted) || accepted.Count == 0)
        {
            return (null, new AcceptHeaderInvalidError(header.ToString()));
        }

        double graphQL = Quality(accepted, GraphQLResponse, wildcards: false);
        double json = Quality(accepted, Json, wildcards: true);
        bool stream = Quality(accepted, EventStream, wildcards: false) > 0;
        if (graphQL <= 0 && json <= 0)
        {
            return (stream ? new Accepted(Json: null, stream) : null, null);
        }

        // On equal quality the newer type wins: its status codes say what happened.
        return (new Accepted(graphQL >= json ? ResponseMediaType.GraphQLResponse : ResponseMediaType.Json, stream), null);
    }

    internal static string Text(ResponseMediaType type) =>
        type == ResponseMediaType.Json ? Json + Charset : GraphQLResponse + Charset;

    /// <summary>Whether a browser requests a page.</summary>
    public static bool WantsHtml(HttpRequest request) =>
        MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out IList<MediaTypeHeaderValue>? accepted)
        && accepted.Any(a => a.MediaType.Equals("text/html", StringComparison.OrdinalIgnoreCase) && a.Quality is not 0);

    // A wildcard means application/json, as does a missing header: old clients send it.
    private static double Quality(IList<MediaTypeHeaderValue> accepted, string type, bool wildcards)
    {
        MediaTypeHeaderValue? best = accepted
            .Where(a => a.MediaType.Equals(type, StringComparison.OrdinalIgnoreCase) || (wildcards && MatchesJson(a)))
            .OrderBy(a => a.MatchesAllTypes ? 2 : a.MatchesAllSubTypes ? 1 : 0)
            .FirstOrDefault();
        return best is null ? 0 : best.Quality ?? 1;
    }

    private static bool MatchesJson(MediaTypeHeaderValue accepted) =>
        accepted.MatchesAllTypes
        || (accepted.MatchesAllSubTypes && accepted.Type.Equals("application", StringComparison.OrdinalIgnoreCase));
}
