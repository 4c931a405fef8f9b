using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace CityHelper.IntegrationTests.Caching;

/// <summary>A response as caches see it.</summary>
/// <param name="Status">The status.</param>
/// <param name="Body">The body as text.</param>
/// <param name="Headers">The headers, those of the body too.</param>
internal sealed record CacheAnswer(HttpStatusCode Status, string Body, IReadOnlyDictionary<string, string> Headers)
{
    public const string Hit = "CityHelper; hit";
    public const string Stored = "CityHelper; fwd=miss; stored";
    public const string Joined = "CityHelper; fwd=miss; collapsed";
    public const string Shared = "CityHelper; fwd=miss; stored; detail=shared";

    // All that a cache keeps of a 200 and of a 304.
    private static readonly string[] s_caching = ["ETag", "Cache-Control", "Vary", "Cache-Tag", "CityHelper-Position"];

    public string CacheStatus => Headers.GetValueOrDefault("Cache-Status", "");

    public string ETag => Headers["ETag"];

    public string? Position => Headers.GetValueOrDefault("CityHelper-Position");

    public string CacheControl => Headers["Cache-Control"];

    public string Caching => string.Join('\n', s_caching.Select(name => $"{name}: {Headers.GetValueOrDefault(name)}"));

    /// <summary>Sends a GET.</summary>
    /// <param name="client">The client.</param>
    /// <param name="address">Path and query.</param>
    /// <param name="headers">Request headers.</param>
    public static Task<CacheAnswer> GetAsync(HttpClient client, string address, params (string Name, string Value)[] headers) =>
        SendAsync(client, new HttpRequestMessage(HttpMethod.Get, address), headers);

    /// <summary>Sends any request.</summary>
    public static async Task<CacheAnswer> SendAsync(
        HttpClient client, HttpRequestMessage request, params (string Name, string Value)[] headers)
    {
        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using HttpResponseMessage response = await client.SendAsync(request);
        byte[] body = await response.Content.ReadAsByteArrayAsync();
        var all = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach ((string name, IEnumerable<string> values) in response.Headers.NonValidated
            .Concat<KeyValuePair<string, HeaderStringValues>>(response.Content.Headers.NonValidated)
            .Select(header => (header.Key, (IEnumerable<string>)header.Value)))
        {
            all[name] = string.Join(", ", values);
        }

        return new CacheAnswer(response.StatusCode, Encoding.UTF8.GetString(body), all);
    }
}
