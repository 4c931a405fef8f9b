using System.Collections.Concurrent;
using System.IO.Compression;
using CityHelper.Engine.Caching;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.ResponseCompression;

namespace CityHelper.Engine.Transport.Http;

/// <summary>The encodings of stored answers: made once, when first asked for, and smaller than those of other answers.</summary>
/// <param name="compression">Reads <c>Accept-Encoding</c>.</param>
internal sealed class StoredEncodings(IResponseCompressionProvider compression)
{
    // 4 to 5 takes twice the time of 1 and a fifth fewer bytes; the next ones take several times as long for a few hundredths.
    private const int BrotliQuality = 5;
    private const int BrotliWindowBits = 22;

    // Browsers send a handful of values; reading one takes longer than sending a 304.
    private readonly ConcurrentDictionary<string, StoredEncoding?> _known = new(StringComparer.Ordinal);

    /// <summary>The encoding that the client prefers; null for none.</summary>
    public StoredEncoding? Of(HttpContext http)
    {
        if (http.Request.Headers.AcceptEncoding is not [{ } accepted])
        {
            return Read(http);
        }

        if (!_known.TryGetValue(accepted, out StoredEncoding? encoding))
        {
            encoding = Read(http);
            KnownHeaders.Keep(_known, accepted, encoding);
        }

        return encoding;
    }

    /// <summary>The value of <c>Content-Encoding</c>.</summary>
    public static string NameOf(StoredEncoding encoding) => encoding == StoredEncoding.Brotli ? "br" : "gzip";

    /// <summary>A body in an encoding.</summary>
    public static byte[] Encode(byte[] body, StoredEncoding encoding)
    {
        if (encoding == StoredEncoding.Brotli)
        {
            byte[] encoded = new byte[BrotliEncoder.GetMaxCompressedLength(body.Length)];
            return BrotliEncoder.TryCompress(body, encoded, out int written, BrotliQuality, BrotliWindowBits)
                ? encoded[..written]
                : throw new InvalidOperationException("The longest possible result must have room.");
        }

        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Optimal))
        {
            gzip.Write(body);
        }

        return stream.ToArray();
    }

    private StoredEncoding? Read(HttpContext http) =>
        !compression.CheckRequestAcceptsCompression(http) ? null : compression.GetCompressionProvider(http)?.EncodingName switch
        {
            "br" => StoredEncoding.Brotli,
            "gzip" => StoredEncoding.Gzip,
            _ => null,
        };
}
