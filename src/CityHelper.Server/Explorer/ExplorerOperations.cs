using System.Text.Json;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Transport.Http;

namespace CityHelper.Server.Explorer;

/// <summary>
/// The published operations that the explorer offers to start from, as JSON: <c>[{"name", "client", "description", "body"}, …]</c>. Those
/// of the server's files: what was published since lies in Redis, where listing means a walk over all keys.
/// </summary>
internal sealed class ExplorerOperations(IReadOnlyList<ManifestOperation> operations, ResponseSender sender)
{
    private readonly byte[] _json = JsonSerializer.SerializeToUtf8Bytes(
        operations.Select(o => new ExplorerOperation(o.Name, o.Client, DescriptionOf(o.Body), o.Body)), JsonSerializerOptions.Web);

    /// <summary>Sends the list. Who may read it was asked before.</summary>
    public Task SendAsync(HttpContext http)
    {
        http.Response.ContentType = "application/json; charset=utf-8";
        http.Response.Headers.CacheControl = "no-cache";
        return sender.SendAsync(http, _json);
    }

    // The comment that a file begins with; null without one.
    private static string? DescriptionOf(string body)
    {
        string description = string.Join(' ', body.Split('\n').TakeWhile(line => line.StartsWith('#')).Select(line => line.TrimStart('#').Trim()));
        return description.Length > 0 ? description : null;
    }

    private sealed record ExplorerOperation(string Name, string Client, string? Description, string Body);
}
