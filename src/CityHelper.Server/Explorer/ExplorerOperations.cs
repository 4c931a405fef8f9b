using System.Text.Json;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Transport.Http;

namespace CityHelper.Server.Explorer;

/// <summary>
/// The published operations that the explorer offers to start from, as JSON: <c>[{"name", "client", "description", "body"}, …]</c>. They
/// come from the server's files only: listing those published later would scan all keys of Redis.
/// </summary>
internal sealed class ExplorerOperations(IReadOnlyList<ManifestOperation> operations, ResponseSender sender)
{
    private readonly byte[] _json = JsonSerializer.SerializeToUtf8Bytes(
        operations.Select(o => new ExplorerOperation(o.Name, o.Client, DescriptionOf(o.Body), o.Body)), JsonSerializerOptions.Web);

    /// <summary>Sends the list. The middleware before it checks who may read it.</summary>
    public Task SendAsync(HttpContext http)
    {
        http.Response.ContentType = "application/json; charset=utf-8";
        http.Response.Headers.CacheControl = "no-cache";
        return sender.SendAsync(http, _json);
    }

    // The comment at the start of a file; null without one.
    private static string? DescriptionOf(string body)
    {
        string description = string.Join(
            ' ', body.Split('\n').TakeWhile(line => line.StartsWith('#')).Select(line => line.TrimStart('#').Trim()));
        return description.Length > 0 ? description : null;
    }

    private sealed record ExplorerOperation(string Name, string Client, string? Description, string Body);
}
