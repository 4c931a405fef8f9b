using System.Text.Json;
using CityHelper.Engine.Documents;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace CityHelper.Engine.Transport.Http;

/// <summary>
/// The one spelling of the address of an answer that caches may keep: <c>/graphql/persisted/{id}/{name}</c>, and <c>?variables=</c> where
/// there are any. All others are answered and kept by nobody: each would be another copy in every cache, and what a cache takes for the
/// same address another server might not (attack 13).
/// </summary>
/// <remarks>
/// The variables are canonical JSON (RFC 8785) of what the operation declares, each byte but the unreserved ones of RFC 3986
/// percent-encoded in upper case. In JavaScript: sort the members, <c>JSON.stringify</c>, <c>encodeURIComponent</c>, and <c>!'()*</c> too.
/// </remarks>
internal static class CanonicalAddress
{
    /// <summary>Whether a request was sent to the canonical address of what it asks.</summary>
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

        // As it stands in the request's first line: path and query were decoded, and spellings made one.
        ReadOnlySpan<char> target = http.HttpContext.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (!target.StartsWith(path, StringComparison.Ordinal))
        {
            return false;
        }

        ReadOnlySpan<char> query = target[path.Length..];
        return HasMembers(variables)
            ? IsDeclared(operation, variables)
                && CanonicalJson.TryWrite(variables, out string? json)
                && query.StartsWith("?variables=", StringComparison.Ordinal)
                && query["?variables=".Length..].SequenceEqual(Uri.EscapeDataString(json))
            : query.IsEmpty;
    }

    private static bool HasMembers(JsonElement variables) => variables.ValueKind == JsonValueKind.Object && variables.EnumerateObject().Any();

    private static bool IsDeclared(Operation operation, JsonElement variables) =>
        variables.EnumerateObject().All(member => operation.Variables.Any(variable => member.NameEquals(variable.Name)));
}
