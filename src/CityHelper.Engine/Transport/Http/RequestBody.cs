using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace CityHelper.Engine.Transport.Http;

/// <summary>The body of a POST: JSON, bounded as it comes out of decompression.</summary>
internal static class RequestBody
{
    /// <summary>
    /// Reads the body to its end, or until it is too large; nothing beyond <see cref="Limits.RequestBytesMax"/> is ever held.
    /// </summary>
    /// <returns>The bytes, or why they cannot be read.</returns>
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
            // Broken chunks, a client that left in the middle, bytes that are not of the named encoding (InvalidOperationException is
            // Brotli's word for it).
            return (null, new RequestInvalidError("The request's body cannot be read: send it whole, in the encoding that `Content-Encoding` names."));
        }
    }

    // Only JSON, and never what a form of another site could send without asking first (CSRF): urlencoded, multipart, plain text.
    private static RequestInvalidError? CheckHeaders(HttpRequest http)
    {
        if (!IsJson(http.ContentType))
        {
            return new RequestInvalidError("Send the request as `Content-Type: application/json`.") { Status = StatusCodes.Status415UnsupportedMediaType };
        }

        // The encodings that we know were taken off the header by the middleware that undoes them.
        string encoding = http.Headers.ContentEncoding.ToString();
        if (encoding.Length == 0 || encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        http.HttpContext.Response.Headers.AcceptEncoding = ContentEncodings.OfRequests;
        return new RequestInvalidError($"The content encoding is unknown: send the body as it is, or in one of {ContentEncodings.OfRequests}.")
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

                // Without it the connection cannot be used for a second request.
                body.AdvanceTo(read.Buffer.End);
                return bytes;
            }

            body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }
}
