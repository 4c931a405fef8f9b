using System.Globalization;
using CityHelper.Engine.Writing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.ResponseCompression;

namespace CityHelper.Engine.Transport.Http;

/// <summary>
/// Sends the bodies of responses. They are compressed whole before the first byte leaves: a Brotli encoder takes 700 kB beside its input,
/// and no slow reader may hold that. The body is then sent in pieces, each when the reader has made room for it, and each is released once
/// written.
/// </summary>
public sealed class ResponseSender(ResponseMemory memory, IResponseCompressionProvider compression)
{
    /// <summary>Begins a response.</summary>
    /// <returns>Counts its bytes; null when there is no room for it.</returns>
    internal MemoryLease? TryBegin(HttpContext http) => (http.Features.Get<ConnectionResponses>() ?? memory.OpenConnection()).TryBegin();

    /// <summary>Sends a constant body; 503 without a body when there is no room for it. The caller sets all other headers before.</summary>
    public async Task SendAsync(HttpContext http, ReadOnlyMemory<byte> body)
    {
        using MemoryLease? lease = TryBegin(http);
        try
        {
            using var copy = new JsonBuffer(lease ?? throw new ResponseMemoryException());
            copy.WriteRaw(body.Span);
            await SendAsync(http, copy);
        }
        catch (ResponseRefusedException)
        {
            http.Response.Clear();
            http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            http.Response.Headers.CacheControl = "no-store";
            http.Response.Headers.RetryAfter = Limits.ResponseMemoryRetrySeconds.ToString(CultureInfo.InvariantCulture);
        }
    }

    /// <summary>Sends a body with its length, in the client's preferred encoding. The caller sets all other headers before.</summary>
    /// <param name="http">The request; its response has not started.</param>
    /// <param name="body">Empty when this returns.</param>
    /// <exception cref="ResponseRefusedException">There is no room for the compressed body; nothing was sent.</exception>
    internal async Task SendAsync(HttpContext http, JsonBuffer body)
    {
        HttpResponse response = http.Response;
        response.ContentLength = body.Length;
        if (compression.CheckRequestAcceptsCompression(http)
            && compression.ShouldCompressResponse(http)
            && compression.GetCompressionProvider(http) is { } encoder)
        {
            using JsonBuffer encoded = await EncodeAsync(encoder, body, http.RequestAborted);
            response.ContentLength = encoded.Length;
            response.Headers.ContentEncoding = encoder.EncodingName;
            await SendAsync(http, encoded, http.RequestAborted);
            return;
        }

        await SendAsync(http, body, http.RequestAborted);
    }

    /// <summary>Sends a stored body with its length. The caller sets all other headers before.</summary>
    /// <param name="http">The request; its response has not started.</param>
    /// <param name="body">The body, encoded if the headers say so.</param>
    /// <exception cref="ResponseRefusedException">The client reads too slowly for more; nothing was sent.</exception>
    internal async ValueTask SendStoredAsync(HttpContext http, byte[] body)
    {
        http.Response.ContentLength = body.Length;
        if (HttpMethods.IsHead(http.Request.Method))
        {
            return;
        }

        // A body may have left the store and live on here, so slow readers count as those of other answers do.
        using MemoryLease lease = TryBegin(http) ?? throw new ResponseMemoryException();
        lease.Take(body.Length);

        // In pieces as other answers: the transport copies what it is given, and allows a large write a longer time.
        await JsonBuffer.SendAsync(http.Response.Body, body, http.RequestAborted);
    }

    // HEAD has the headers of GET; its body is dropped here, not by the server.
    private static async Task SendAsync(HttpContext http, JsonBuffer body, CancellationToken cancellation)
    {
        if (HttpMethods.IsHead(http.Request.Method))
        {
            body.Dispose();
            return;
        }

        await body.SendAsync(http.Response.Body, cancellation);
    }

    private static async Task<JsonBuffer> EncodeAsync(ICompressionProvider encoder, JsonBuffer body, CancellationToken cancellation)
    {
        var encoded = new JsonBuffer(body.Memory);
        try
        {
            await using (Stream stream = encoder.CreateStream(new BufferStream(encoded)))
            {
                await body.SendAsync(stream, cancellation);
            }

            return encoded;
        }
        catch
        {
            encoded.Dispose();
            throw;
        }
    }

    /// <summary>The stream that an encoder writes to.</summary>
    private sealed class BufferStream(JsonBuffer buffer) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => buffer.Length;

        public override long Position
        {
            get => buffer.Length;
            set => throw new NotSupportedException();
        }

        public override void Write(byte[] bytes, int offset, int count) => buffer.WriteRaw(bytes.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> bytes) => buffer.WriteRaw(bytes);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken = default)
        {
            buffer.WriteRaw(bytes.Span);
            return ValueTask.CompletedTask;
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] bytes, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
