using System.Globalization;
using CityHelper.Engine.Caching;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Schema;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace CityHelper.Engine.Transport.Http;

/// <summary>
/// The headers by which caches keep and revalidate answers. A 304 has all that its 200 has: CloudFront keeps what a 304 says and drops what
/// it leaves out.
/// </summary>
/// <param name="cursors">Signs positions.</param>
public sealed class CachingHeaders(LogPositionCursors cursors)
{
    /// <summary>The log position at which the answer about one tenant was read.</summary>
    public const string Position = "CityHelper-Position";

    /// <summary>What the answer depends on, for purges (CloudFront, April 2026).</summary>
    public const string CacheTag = "Cache-Tag";

    /// <summary>What the cache of this server did (RFC 9211).</summary>
    public const string CacheStatus = "Cache-Status";

    private const string CacheName = "CityHelper";

    /// <summary>The headers of an answer from the store.</summary>
    /// <param name="headers">The response's headers.</param>
    /// <param name="valid">The answer.</param>
    internal static void SetStored(IHeaderDictionary headers, ValidAnswer valid)
    {
        Set(headers, valid.Answer, $"{CacheName}; hit");
        SetAge(headers, valid.Age);
    }

    /// <summary>The headers of an answer that was not in the store.</summary>
    /// <param name="headers">The response's headers.</param>
    /// <param name="executed">The answer.</param>
    /// <param name="origin">How the request came by it.</param>
    internal static void SetExecuted(IHeaderDictionary headers, ValidAnswer executed, AnswerOrigin origin)
    {
        string status = origin switch
        {
            AnswerOrigin.Joined => "; collapsed",
            AnswerOrigin.Shared => "; stored; detail=shared",
            _ => executed.Answer.IsKept ? "; stored" : "",
        };
        Set(headers, executed.Answer, $"{CacheName}; fwd=miss{status}");
        SetAge(headers, executed.Age);
    }

    /// <summary>The headers of an answer that nobody may keep.</summary>
    /// <param name="headers">The response's headers.</param>
    /// <param name="result">The answer.</param>
    internal void Set(IHeaderDictionary headers, OperationResult result)
    {
        headers.CacheControl = CachePolicy.None.Header;
        if (result.Read is { Tenant: > 0 } read)
        {
            headers[Position] = cursors.Sign(read.Tenant, read.Position);
        }
    }

    /// <summary>
    /// Whether <c>If-None-Match</c> names an entity tag: <c>*</c>, or a list with it. Tags are compared weakly (RFC 9110, 13.1.2).
    /// </summary>
    internal static bool IsMatch(StringValues ifNoneMatch, string etag)
    {
        ReadOnlySpan<char> opaque = etag.AsSpan("W/".Length);
        foreach (string? value in ifNoneMatch)
        {
            ReadOnlySpan<char> rest = value.AsSpan().Trim();
            if (rest is "*")
            {
                return true;
            }

            foreach (Range part in rest.Split(','))
            {
                ReadOnlySpan<char> sent = rest[part].Trim();
                if ((sent.StartsWith("W/") ? sent[2..] : sent).SequenceEqual(opaque))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static void SetAge(IHeaderDictionary headers, TimeSpan age)
    {
        if (age > TimeSpan.Zero)
        {
            headers.Age = Math.Ceiling(age.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        }
    }

    private static void Set(IHeaderDictionary headers, StoredAnswer stored, string status)
    {
        headers.CacheControl = stored.Policy.Header;
        headers.ETag = stored.ETag;
        headers.Vary = GraphQLHttpHandler.Vary;
        headers[CacheStatus] = status;
        headers[CacheTag] = stored.CacheTag;
        if (stored.Tenant > 0)
        {
            headers[Position] = stored.Cursor;
        }
    }
}
