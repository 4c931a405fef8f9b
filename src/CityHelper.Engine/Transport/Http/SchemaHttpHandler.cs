using System.Security.Cryptography;
using System.Text;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Schema;
using GraphQL.Types;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Headers;
using Microsoft.Net.Http.Headers;

namespace CityHelper.Engine.Transport.Http;

/// <summary>The schema as SDL, for tools: <c>GET /graphql?sdl</c>, as in HotChocolate.</summary>
public sealed class SchemaHttpHandler(ISchema schema, IClientDirectory clients, ResponseSender sender)
{
    internal const string MediaType = "application/graphql";

    internal static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head];

    private readonly Lazy<SchemaFile> _file = new(() => SchemaFile.Of(schema));

    internal static bool IsAskedBy(HttpRequest request) => SafeMethods.Includes(request.Method) && request.Query.ContainsKey("sdl");

    /// <summary>Sends the schema; 304 if the client has it, 404 if it may not read it.</summary>
    public Task HandleAsync(HttpContext http)
    {
        HttpResponse response = http.Response;
        ClientProfile client = clients.Identify(http.Request);
        if (!client.MayReadSchema)
        {
            response.StatusCode = StatusCodes.Status404NotFound;
            response.Headers.CacheControl = "no-store";
            return Task.CompletedTask;
        }

        SchemaFile file = _file.Value;
        ResponseHeaders headers = response.GetTypedHeaders();
        headers.ETag = file.Tag;
        headers.LastModified = file.Modified;
        response.Headers.CacheControl = $"{(client.IsKnownBySecret ? "private" : "public")}, must-revalidate, max-age=3600";
        response.Headers.Vary = HeaderNames.AcceptEncoding;
        if (IsKnown(http.Request.GetTypedHeaders(), file))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        response.ContentType = MediaType + "; charset=utf-8";
        response.Headers.ContentDisposition = "attachment; filename=\"schema.graphql\"";
        return sender.SendAsync(http, file.Utf8);
    }

    // The tag is more precise: where it is sent, the time does not count (RFC 9110, 13.1.3).
    private static bool IsKnown(RequestHeaders request, SchemaFile file) => request.IfNoneMatch.Count > 0
        ? request.IfNoneMatch.Any(tag => tag.Equals(EntityTagHeaderValue.Any) || tag.Compare(file.Tag, useStrongComparison: false))
        : request.IfModifiedSince >= file.Modified;

    /// <param name="Utf8">The text.</param>
    /// <param name="Tag">Weak, because compressed answers share it.</param>
    /// <param name="Modified">Build time of the schema's assembly, in whole seconds as in HTTP.</param>
    private sealed record SchemaFile(byte[] Utf8, EntityTagHeaderValue Tag, DateTimeOffset Modified)
    {
        public static SchemaFile Of(ISchema schema)
        {
            byte[] utf8 = Encoding.UTF8.GetBytes(SchemaText.Of(schema));
            DateTime built = File.GetLastWriteTimeUtc(schema.GetType().Assembly.Location);
            return new SchemaFile(
                utf8,
                new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(utf8))}\"", isWeak: true),
                new DateTimeOffset(built.Ticks - built.Ticks % TimeSpan.TicksPerSecond, TimeSpan.Zero));
        }
    }
}
