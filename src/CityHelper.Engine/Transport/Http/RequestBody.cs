using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace CityHelper.Engine.Transport.Http;

/// <summary>The body of a POST: JSON, with its decompressed size bounded.</summary>
internal static class RequestBody
{
    /// <summary>
    /// Reads the body to its end, or until it is too large; at most <see cref="Limits.RequestBytesMax"/> are kept in memory.
    /// </summary>
    /// <returns>The bytes, or the error.</returns>
    public static async ValueTask<(byte[]? Bytes, RequestError? Error)> ReadAsync(HttpRequest http, CancellationToken cancellation)
    {
        if (CheckHeaders(http) is { } refusal)
        {
            return (null, refusal);
        }

        try
        {
            return await ReadBoundedAsync(http.BodyReader, cancellation) is { } bytes ? (bytes, null) : (null, new RequestTooLargeError());
        }
        catch (BadHttpRequestException cause) when (cause.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return (null, new RequestTooLargeError());
        }
        catch (Exception cause) when (cause is IOException or InvalidDataException or InvalidOperationException)
        {
            // Broken chunks, a client that left in the middle, bytes that are not in the named encoding (Brotli throws
            // InvalidOperationException).
            return (null, new RequestInvalidError(
                "The request's body cannot be read: send it whole, in the encoding that `Content-Encoding` names."));
        }
    }

    // Only JSON: a form on another site can send urlencoded, multipart or plain text without a preflight request (CSRF).
    private static RequestInvalidError? CheckHeaders(HttpRequest http)
    {
        if (!IsJson(http.ContentType))
        {
            return new RequestInvalidError("Send the request as `Content-Type: application/json`.")
            {
                Status = StatusCodes.Status415UnsupportedMediaType,
            };
        }

        // The decompression middleware has removed the known encodings from the header.
        string encoding = http.Headers.ContentEncoding.ToString();
        if (encoding.Length == 0 || encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        http.HttpContext.Response.Headers.AcceptEncoding = ContentEncodings.OfRequests;
        return new RequestInvalidError(
            $"The content encoding is unknown: send the body as it is, or in one of {ContentEncodings.OfRequests}.")
        {
            Status = StatusCodes.Status415UnsupportedMediaType,
        };
    }

    private static bool IsJson(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out MediaTypeHeaderValue? type)
        && type.MediaType.Equals(AcceptHeader.Json, StringComparison.OrdinalIgnoreCase)
        && (!type.Charset.HasValue || type.Charset.Value.Trim('"').Equals("utf-8", StringComparison.OrdinalIgnoreCase));

    private static async ValueTask<byte[]?> ReadBoundedAsync(PipeReader body, CancellationToken cancellation)
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
                byte[] bytes = read.Buffer.ToArray();

                // Otherwise the connection cannot be used for a second request.
                body.AdvanceTo(read.Buffer.End);
                return bytes;
            }

            body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }
}
