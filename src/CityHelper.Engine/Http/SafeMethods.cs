using CityHelper.Engine.Clients;
using GraphQLParser.AST;
using Microsoft.AspNetCore.Http;

namespace CityHelper.Engine.Http;

/// <summary>
/// GET and HEAD only read: a link, a prefetching browser or a cache sends them without anybody's will (RFC 9110, 9.2.1), and another site
/// may have them sent (CSRF).
/// </summary>
internal static class SafeMethods
{
    public static bool Includes(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method);

    /// <summary>Refuses what is no query; the answer then names the method that is allowed.</summary>
    /// <returns>Null for a query, and for any method that may write.</returns>
    public static RequestError? Check(HttpContext http, Authorisation authorisation)
    {
        bool isQuery = authorisation.Operation is { } operation
            ? operation.Definition.Operation == OperationType.Query
            : !authorisation.Errors.Any(e => e is OperationKindUnknownError);
        if (isQuery || !Includes(http.Request.Method))
        {
            return null;
        }

        http.Response.Headers.Allow = HttpMethods.Post;
        return new OperationKindNotAllowedError();
    }
}
