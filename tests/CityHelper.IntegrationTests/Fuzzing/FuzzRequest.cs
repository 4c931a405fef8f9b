using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace CityHelper.IntegrationTests.Fuzzing;

/// <summary>A request as it is sent.</summary>
/// <param name="Method">The method.</param>
/// <param name="Target">Path and query, as in the request line.</param>
/// <param name="Headers">All headers, those of the body too.</param>
/// <param name="Body">The body; empty for none.</param>
internal sealed record FuzzRequest(string Method, string Target, IReadOnlyList<(string Name, string Value)> Headers, byte[] Body)
{
    private static readonly JsonSerializerOptions s_readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public HttpRequestMessage ToMessage(Uri server)
    {
        // Unchanged: the client must not repair an invalid URL.
        var target = new Uri(
            server.GetLeftPart(UriPartial.Authority) + Target,
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        var message = new HttpRequestMessage(new HttpMethod(Method), target);
        if (Method is not ("GET" or "HEAD"))
        {
            message.Content = new ByteArrayContent(Body);
        }

        foreach ((string name, string value) in Headers)
        {
            if (!message.Headers.TryAddWithoutValidation(name, value))
            {
                message.Content?.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return message;
    }

    /// <summary>For people: shows a body that is not text in Base64.</summary>
    public override string ToString()
    {
        string text = Encoding.UTF8.GetString(Body);
        string body = Encoding.UTF8.GetBytes(text).AsSpan().SequenceEqual(Body)
            ? JsonSerializer.Serialize(text, s_readable)
            : $"Base64 {Convert.ToBase64String(Body)}";
        return $"{Method} {Target}\n{string.Join('\n', Headers.Select(h => $"{h.Name}: {h.Value}"))}\n\n{body}";
    }
}
