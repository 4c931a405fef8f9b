using System.Globalization;

namespace CityHelper.Engine;

/// <summary>The text is not a GraphQL document (HC0011).</summary>
public sealed class SyntaxError(string message) : RequestError(message, "HC0011");

/// <summary>The body is not JSON (HC0012).</summary>
public sealed class InvalidJsonError : RequestError
{
    public InvalidJsonError()
        : base("Invalid JSON document.", "HC0012") => Status = 400;
}

/// <summary>The request has neither a text nor an id (HC0013).</summary>
public sealed class OperationMissingError : RequestError
{
    public OperationMissingError()
        : base("Send an operation: `query` with a GraphQL text, or `id` with the id of a persisted operation.", "HC0013") => Status = 400;
}

/// <summary>No persisted operation has the id (HC0020).</summary>
public sealed class OperationUnknownError : RequestError
{
    public OperationUnknownError(string id)
        : base("The specified persisted operation key is invalid.", "HC0020")
    {
        Status = 400;
        Extensions = [new("requestedKey", id)];
    }
}

/// <summary>The id has characters that no id has. HotChocolate sends no code here, so the code is the class's name.</summary>
public sealed class OperationIdInvalidError : RequestError
{
    public OperationIdInvalidError()
        : base("The operation ID has an invalid format.", "OPERATION_ID_INVALID") => Status = 400;
}

/// <summary>The document has no operation of the name in the URL or the request.</summary>
public sealed class OperationNameUnknownError(string name)
    : RequestError($"The document has no operation named `{name}`.", "OPERATION_NAME_UNKNOWN");

/// <summary>The document has several operations, and the request names none.</summary>
public sealed class OperationNameMissingError()
    : RequestError("The document has several operations: send `operationName` with the name of one.", "OPERATION_NAME_MISSING");

/// <summary>The schema has no operations of this kind.</summary>
public sealed class OperationKindUnknownError(string kind)
    : RequestError($"The schema has no {kind}: send a query.", "OPERATION_KIND_UNKNOWN");

/// <summary>
/// A GET or HEAD request sends an operation other than a query. The message is HotChocolate's; the <c>Allow</c> header says what to do.
/// </summary>
public sealed class OperationKindNotAllowedError : RequestError
{
    public OperationKindNotAllowedError()
        : base("The specified operation kind is not allowed.", "OPERATION_KIND_NOT_ALLOWED") => Status = 405;
}

/// <summary>A GET or HEAD request sends variables that tell about a person.</summary>
public sealed class PostRequiredError : RequestError
{
    public PostRequiredError()
        : base(
            "What this operation is told about a person must not stand in an address, which caches and logs keep: send it with POST to "
                + "/graphql.",
            "POST_REQUIRED") => Status = 405;
}

/// <summary>The header <c>CityHelper-At-Least</c> is no cursor of the tenant that the operation reads.</summary>
public sealed class AtLeastInvalidError : RequestError
{
    public AtLeastInvalidError()
        : base(
            "`CityHelper-At-Least` must be a cursor of the change log that the operation reads, exactly as it was received, and the "
                + "operation must read one.",
            "AT_LEAST_INVALID") => Status = 400;
}

/// <summary>The answer does not have the change that the client named, not even on the primary.</summary>
public sealed class PositionNotReachedError : RequestError
{
    public PositionNotReachedError()
        : base(
            "The database does not have the change of `CityHelper-At-Least` (yet): send the request again, or without the header.",
            "POSITION_NOT_REACHED")
    {
        Status = 503;
        RetryAfterSeconds = Limits.PositionRetrySeconds;
    }
}

/// <summary>What is asked for is a subscription, and the client does not accept a stream of events.</summary>
public sealed class StreamRequiredError : RequestError
{
    public StreamRequiredError()
        : base(
            "A subscription is answered as a stream of events: send `Accept: text/event-stream`, or use a WebSocket.",
            "STREAM_REQUIRED") =>
        Status = 406;
}

/// <summary>A subscription asks for what no stream can tell.</summary>
public sealed class SubscriptionInvalidError : RequestError
{
    public SubscriptionInvalidError(string message)
        : base(message, "SUBSCRIPTION_INVALID") => Status = 400;
}

/// <summary>A member of the request has the wrong JSON type.</summary>
public sealed class RequestInvalidError : RequestError
{
    public RequestInvalidError(string message)
        : base(message, "HC0009") => Status = 400;
}

/// <summary>The request is larger than the server reads (HC0010).</summary>
public sealed class RequestTooLargeError : RequestError
{
    public RequestTooLargeError()
        : base($"The request is larger than {Limits.RequestBytesMax} bytes. Send less, or use a persisted operation.", "HC0010") =>
        Status = 413;
}

/// <summary>A variable's value does not fit its type (HC0016).</summary>
public sealed class VariableInvalidError(string message) : RequestError(message, "HC0016");

/// <summary>A literal in the document does not fit its type (HC0002).</summary>
public sealed class LiteralInvalidError(string message) : RequestError(message, "HC0002");

/// <summary>The document defines types, which are not executable (GraphQL specification, 5.1.1).</summary>
public sealed class DefinitionNotExecutableError()
    : RequestError("Send operations and fragments only, no type definitions.", "DEFINITION_NOT_EXECUTABLE");

/// <summary>Two fields of one response name are different fields (GraphQL specification, 5.3.2). The code is GraphQL.NET's.</summary>
public sealed class FieldsConflictError : RequestError
{
    public FieldsConflictError(string responseName, string why)
        : base($"The fields `{responseName}` conflict: {why}. Give one of them an alias.", "OVERLAPPING_FIELDS_CAN_BE_MERGED") =>
        Extensions = [new("specifiedBy", "https://spec.graphql.org/October2021/#sec-Field-Selection-Merging")];
}

/// <summary>Checking whether fields can be merged takes too long (HC0107).</summary>
public sealed class FieldMergeBudgetError()
    : RequestError("The field merge validation budget was exhausted: spread fewer fragments below interfaces.", "HC0107");

/// <summary>The introspection query selects more than a tool needs (HC0086).</summary>
public sealed class IntrospectionTooLargeError()
    : RequestError("The introspection is nested too deeply: ask for types and their fields once.", "HC0086");

/// <summary>A non-null field is null (HC0018).</summary>
public sealed class NonNullError() : RequestError("Cannot return null for non-nullable field.", "HC0018");

/// <summary>The accept header cannot be parsed (HC0064).</summary>
public sealed class AcceptHeaderInvalidError : RequestError
{
    public AcceptHeaderInvalidError(string header)
        : base($"Unable to parse the accept header value `{header}`.", "HC0064")
    {
        Status = 400;
        Extensions = [new("headerValue", header)];
    }
}

/// <summary>The page size is larger than allowed (HC0051).</summary>
public sealed class PageTooLargeError : RequestError
{
    public PageTooLargeError(string coordinate, int requested, int allowed = Limits.PageRowsMax)
        : base("The maximum allowed items per page were exceeded.", "HC0051")
    {
        Extensions = [new("coordinate", coordinate), new("requestedItems", requested), new("maxAllowedItems", allowed)];
    }
}

/// <summary>The page size is negative (HC0079).</summary>
public sealed class PageSizeNegativeError : RequestError
{
    public PageSizeNegativeError(string argument, string coordinate)
        : base($"The argument `{argument}` must be at least 0.", "HC0079")
    {
        Extensions = [new("coordinate", coordinate)];
    }
}

/// <summary>The arguments have both <c>first</c> and <c>last</c> (HC0082).</summary>
public sealed class PageBoundariesError : RequestError
{
    public PageBoundariesError(string coordinate)
        : base("Exactly one slicing argument must be defined.", "HC0082")
    {
        Extensions = [new("coordinate", coordinate)];
    }
}

/// <summary>A connection nested in a list has no page size (HC0052).</summary>
public sealed class PageBoundaryMissingError : RequestError
{
    public PageBoundaryMissingError(string coordinate)
        : base($"You must provide a `first` or `last` value to properly paginate the `{coordinate}`.", "HC0052")
    {
        Extensions = [new("coordinate", coordinate)];
    }
}

/// <summary>No index supports a filter, and no other condition leaves few rows.</summary>
public sealed class FilterNotIndexedError : RequestError
{
    internal const string SmallArea = "a `within` of a district or less";

    /// <param name="fields">The fields of the filter.</param>
    /// <param name="coordinate">The coordinate of the filtered field.</param>
    /// <param name="area">Describes an area that would be small enough.</param>
    public FilterNotIndexedError(IReadOnlyList<string> fields, string coordinate, string area = SmallArea)
        : base(
            $"No index serves {Listed(fields)} alone: add a `category` or `agency` by `code` or `id` with `eq` or `in`, "
            + $"an `id`, a `createdAt` range of at most {Limits.ScanDaysMax} days, or {area}.",
            "FILTER_NOT_INDEXED")
    {
        Extensions = [new("coordinate", coordinate)];
    }

    /// <summary>The other conditions leave too many rows.</summary>
    internal FilterNotIndexedError(IReadOnlyList<string> fields, TooManyRows tooMany, string coordinate, string area = SmallArea)
        : base(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{Listed(fields)} would be looked for in about {tooMany.Rows:0} rows, {tooMany.RowsMax:0} are allowed: name fewer "
                    + $"categories or agencies, or add an `id`, a `createdAt` range of at most {Limits.ScanDaysMax} days, or {area}."),
            "FILTER_NOT_INDEXED")
    {
        Extensions = [new("coordinate", coordinate)];
    }

    private static string Listed(IReadOnlyList<string> fields) => string.Join(", ", fields.Select(f => $"`{f}`"));
}

/// <summary>A filter without an index would have to test too many rows.</summary>
/// <param name="Rows">Estimated rows, from the tenant's statistics: not a whole number, since nothing was counted.</param>
/// <param name="RowsMax">How many rows are allowed.</param>
internal readonly record struct TooManyRows(double Rows, double RowsMax);

/// <summary>No index supports the order.</summary>
public sealed class OrderNotIndexedError : RequestError
{
    public OrderNotIndexedError(string order, string remedy, string coordinate)
        : base($"No index gives the order `{order}`: {remedy}.", "ORDER_NOT_INDEXED")
    {
        Extensions = [new("coordinate", coordinate)];
    }
}

/// <summary>A field that is read for one row at a time is requested for several.</summary>
public sealed class OneTenantError : RequestError
{
    public OneTenantError(string coordinate)
        : base($"`{coordinate}` is read for one row at a time: ask for that row alone.", "ONE_PARTITION")
    {
        Extensions = [new("coordinate", coordinate)];
    }
}

/// <summary>The request has too many ids (HC0076).</summary>
public sealed class TooManyNodesError : RequestError
{
    public TooManyNodesError(int requested)
        : base($"The maximum number of nodes that can be fetched at once is {Limits.NodeIdsMax}: send fewer ids.", "HC0076")
    {
        Extensions = [new("requestedNodes", requested), new("maxAllowedNodes", Limits.NodeIdsMax)];
    }
}

/// <summary>The id names a type that is not a node (HC0068).</summary>
public sealed class NotANodeError(string type) : RequestError($"There is no node resolver registered for type `{type}`.", "HC0068");

/// <summary>The text is not an id of this server.</summary>
public sealed class NodeIdInvalidError()
    : RequestError("The node ID string has an invalid format: send an `id` as it was received.", "NODE_ID_INVALID");

/// <summary>The cursor was not made by this server for this field and these arguments (HC0078).</summary>
public sealed class CursorInvalidError : RequestError
{
    public CursorInvalidError(string argument, string coordinate)
        : base(
            $"The cursor is not valid here: use `{argument}` only with a cursor of the same field with the same arguments, "
                + "as it was received.",
            "HC0078")
    {
        Extensions = [new("coordinate", coordinate)];
    }
}

/// <summary>The id is not a global id of the expected type.</summary>
public sealed class IdInvalidError(string expectedType)
    : RequestError($"The id is not an id of a {expectedType}: send an `id` as it was received.", "ID_INVALID");

/// <summary>Exactly one of several arguments must be given.</summary>
public sealed class ExactlyOneArgumentError(string arguments)
    : RequestError($"Give exactly one of the arguments {arguments}.", "EXACTLY_ONE_ARGUMENT");

/// <summary>The area cannot be searched.</summary>
public sealed class AreaInvalidError(string message) : RequestError(message, "AREA_INVALID");

/// <summary>PostGIS cannot compare the filter's geometry.</summary>
public sealed class GeometryInvalidError(string message) : RequestError(message, "GEOMETRY_INVALID");

/// <summary>The geometry has too many pairs of edges to compare, with each other or with those of the areas it is compared with.</summary>
public sealed class GeometryTooComplexError(string what)
    : RequestError($"The geometry is too complex. {what}: simplify it, or send its parts one by one.", "GEOMETRY_TOO_COMPLEX");

/// <summary>The geometry uses an unknown coordinate reference system (HC0029).</summary>
public sealed class CoordinateSystemUnknownError(string path)
    : RequestError($"{path} is in an unknown coordinate reference system: send longitudes and latitudes of WGS 84 (`crs` 4326).", "HC0029");

/// <summary>The operation is larger than the server plans.</summary>
public sealed class OperationTooLargeError(string message) : RequestError(message, "OPERATION_TOO_LARGE");

/// <summary>The response is larger than the server sends. The first half of the message is HotChocolate's.</summary>
public sealed class ResponseTooLargeError()
    : RequestError(
        $"The maximum allowed response size of {Limits.ResponseBytesMax} bytes was exceeded: ask for smaller pages or fewer fields.",
        "RESPONSE_TOO_LARGE");

/// <summary>The count took longer than allowed (HC0045).</summary>
public sealed class CountTimeoutError()
    : RequestError("Counting took too long: narrow `within` or `where`, or leave the count out.", "HC0045");

/// <summary>The zoom is not one of a map.</summary>
public sealed class ZoomInvalidError(int zoom)
    : RequestError($"The zoom {zoom} is none of a map: send 0 to {Limits.MapZoomMax}.", "ZOOM_INVALID");

/// <summary>The area has more clusters than one response may hold.</summary>
public sealed class TooManyClustersError()
    : RequestError($"There are more than {Limits.ClustersMax} clusters: narrow `within`, or send a smaller `zoom`.", "TOO_MANY_CLUSTERS");

/// <summary>The request took longer than allowed (HC0045).</summary>
public sealed class RequestTimeoutError()
    : RequestError("The request exceeded the configured timeout: narrow it, or try again.", "HC0045");

/// <summary>The database cannot be reached, or refuses the connection.</summary>
public sealed class DatabaseUnavailableError()
    : RequestError("The data cannot be read at the moment: try again in a few seconds.", "DATABASE_UNAVAILABLE");

/// <summary>A mutation failed, and nobody knows whether it was done: the answer of its commit may be what was lost.</summary>
/// <param name="code">The code of the failure.</param>
public sealed class MutationUncertainError(string code) : RequestError(
    "The mutation failed, and it may have been done: send it again with the same `idempotencyKey`, or read the request first.", code);

/// <summary>An error of the server; the details are in the log.</summary>
public sealed class UnexpectedError() : RequestError("Unexpected Execution Error", "UNEXPECTED");
