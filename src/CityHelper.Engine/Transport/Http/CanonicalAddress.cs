using System.Text.Json;
using CityHelper.Engine.Documents;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace CityHelper.Engine.Transport.Http;

/// <summary>
/// The canonical spelling of a cacheable address: <c>/graphql/persisted/{id}/{name}</c>, with <c>?variables=</c> if there are any.
/// Responses to other spellings are sent and not cached: each would be another copy in every cache, and a cache may treat two addresses as
/// equal that another server does not (attack 13).
/// </summary>
/// <remarks>
/// The variables are canonical JSON (RFC 8785) of those that the operation declares, percent-encoded in upper case but for the unreserved
/// bytes of RFC 3986. In JavaScript: sort the members, <c>JSON.stringify</c>, <c>encodeURIComponent</c>, and encode <c>!'()*</c> too.
/// </remarks>
internal static class CanonicalAddress
{
    /// <summary>Whether a request was sent to the canonical address of its operation and variables.</summary>
    public static bool IsOf(HttpRequest http, Operation operation, JsonElement variables)
    {
        if (!SafeMethods.Includes(http.Method)
            || http.HttpContext.GetEndpoint() is not RouteEndpoint { RoutePattern.RawText: { } route }
            || !http.RouteValues.ContainsKey(RequestReader.NameRouteValue))
        {
            return false;
        }

        string path = route
            .Replace($"{{{RequestReader.IdRouteValue}}}", operation.Id, StringComparison.Ordinal)
            .Replace($"{{{RequestReader.NameRouteValue}}}", operation.Name, StringComparison.Ordinal);

        // As in the request line: parsed path and query are decoded, and no longer differ by spelling.
        ReadOnlySpan<char> target = http.HttpContext.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (!target.StartsWith(path, StringComparison.Ordinal))
        {
            return false;
        }

        ReadOnlySpan<char> query = target[path.Length..];
        return HasMembers(variables)
            ? UndeclaredIn(operation, variables) is null
                && CanonicalJson.TryWrite(variables, out string? json)
                && query.StartsWith("?variables=", StringComparison.Ordinal)
                && query["?variables=".Length..].SequenceEqual(Uri.EscapeDataString(json))
            : query.IsEmpty;
    }

    /// <summary>The canonical address: path and query; null for variables that canonical JSON cannot have.</summary>
    /// <param name="path">The path, with id and name.</param>
    /// <param name="variables">The variables.</param>
    public static string? Of(string path, JsonElement variables) =>
        !HasMembers(variables) ? path
        : CanonicalJson.TryWrite(variables, out string? json) ? $"{path}?variables={Uri.EscapeDataString(json)}"
        : null;

    /// <summary>The first variable that an operation does not declare; null for none. With one, no address is canonical.</summary>
    public static string? UndeclaredIn(Operation operation, JsonElement variables) =>
        variables.EnumerateObject()
            .Where(member => !operation.Variables.Any(variable => member.NameEquals(variable.Name)))
            .Select(member => member.Name)
            .FirstOrDefault();

    private static bool HasMembers(JsonElement variables) =>
        variables.ValueKind == JsonValueKind.Object && variables.EnumerateObject().Any();
}
