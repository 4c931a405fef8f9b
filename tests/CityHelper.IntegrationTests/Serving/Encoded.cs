using System.IO.Compression;
using System.Text;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>Bodies encoded as <c>Content-Encoding</c> names them.</summary>
internal static class Encoded
{
    public static byte[] With(string encoding, string text) => With(encoding, Encoding.UTF8.GetBytes(text));

    public static byte[] With(string encoding, byte[] bytes)
    {
        using var encoded = new MemoryStream();
        using (Stream stream = Wrap(encoding, encoded, CompressionMode.Compress))
        {
            stream.Write(bytes);
        }

        return encoded.ToArray();
    }

    public static async Task<string> ReadAsync(HttpResponseMessage response)
    {
        await using Stream body = await response.Content.ReadAsStreamAsync();
        await using Stream decoded = Wrap(
            response.Content.Headers.ContentEncoding.SingleOrDefault() ?? "identity", body, CompressionMode.Decompress);
        using var reader = new StreamReader(decoded);
        return await reader.ReadToEndAsync();
    }

    public static HttpRequestMessage Post(byte[] body, params string[] encodings)
    {
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = new("application/json");
        foreach (string encoding in encodings)
        {
            content.Headers.ContentEncoding.Add(encoding);
        }

        return new HttpRequestMessage(HttpMethod.Post, "/graphql") { Content = content };
    }

    private static Stream Wrap(string encoding, Stream stream, CompressionMode mode) => encoding.ToLowerInvariant() switch
    {
        "gzip" => new GZipStream(stream, mode, leaveOpen: true),
        "br" => new BrotliStream(stream, mode, leaveOpen: true),
        "deflate" => new ZLibStream(stream, mode, leaveOpen: true),
        _ => stream,
    };
}
