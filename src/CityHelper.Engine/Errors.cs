using System.Globalization;

namespace CityHelper.Engine;

/// <summary>The text is no GraphQL document (HC0011).</summary>
public sealed class SyntaxError(string message) : RequestError(message, "HC0011");

/// <summary>The body is no JSON (HC0012).</summary>
public sealed class InvalidJsonError : RequestError
{
    public InvalidJsonError()
        : base("Invalid JSON document.", "HC0012") => Status = 400;
}

/// <summary>Neither a text nor an id was sent (HC0013).</summary>
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

/// <summary>The id holds characters that no id has. HotChocolate sends no code here; ours is the class's name.</summary>
public sealed class OperationIdInvalidError : RequestError
{
    public OperationIdInvalidError()
        : base("The operation ID has an invalid format.", "OPERATION_ID_INVALID") => Status = 400;
}

/// <summary>The operation name of the URL or the request is not in the document.</summary>
public sealed class OperationNameUnknownError(string name)
    : RequestError($"The document has no operation named `{name}`.", "OPERATION_NAME_UNKNOWN");

/// <summary>A document with several operations was sent without a name.</summary>
public sealed class OperationNameMissingError()
    : RequestError("The document has several operations: send `operationName` with the name of one.", "OPERATION_NAME_MISSING");

/// <summary>The schema has no operations of the kind.</summary>
public sealed class OperationKindUnknownError(string kind)
    : RequestError($"The schema has no {kind}: send a query.", "OPERATION_KIND_UNKNOWN");

/// <summary>
/// A GET or HEAD asks for something else than a query. HotChocolate's message; the answer's <c>Allow</c> says what to do.
/// </summary>
public sealed class OperationKindNotAllowedError : RequestError
{
    public OperationKindNotAllowedError()
        : base("The specified operation kind is not allowed.", "OPERATION_KIND_NOT_ALLOWED") => Status = 405;
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
        : base($"The request is larger than {Limits.RequestBytesMax} bytes. Send less, or use a persisted operation.", "HC0010") => Status = 413;
}

/// <summary>A variable's value does not fit its type (HC0016).</summary>
public sealed class VariableInvalidError(string message) : RequestError(message, "HC0016");

/// <summary>A value in the text does not fit its type (HC0002).</summary>
public sealed class LiteralInvalidError(string message) : RequestError(message, "HC0002");

/// <summary>The document defines types, which only a server does (spec 5.1.1).</summary>
public sealed class DefinitionNotExecutableError()
    : RequestError("Send operations and fragments only, no type definitions.", "DEFINITION_NOT_EXECUTABLE");

/// <summary>Two fields of one name in the answer would be different fields (spec 5.3.2). GraphQL.NET's code for it.</summary>
public sealed class FieldsConflictError : RequestError
{
    public FieldsConflictError(string responseName, string why)
        : base($"The fields `{responseName}` conflict: {why}. Give one of them an alias.", "OVERLAPPING_FIELDS_CAN_BE_MERGED") =>
        Extensions = [new("specifiedBy", "https://spec.graphql.org/October2021/#sec-Field-Selection-Merging")];
}

/// <summary>Whether fields can be merged takes too long to tell (HC0107).</summary>
public sealed class FieldMergeBudgetError()
    : RequestError("The field merge validation budget was exhausted: spread fewer fragments below interfaces.", "HC0107");

/// <summary>Introspection asks for more than a tool needs (HC0086).</summary>
public sealed class IntrospectionTooLargeError()
    : RequestError("The introspection is nested too deeply: ask for types and their fields once.", "HC0086");

/// <summary>A null where the schema allows none (HC0018).</summary>
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

/// <summary>The page is larger than allowed (HC0051).</summary>
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

/// <summary>A page has two ends (HC0082).</summary>
public sealed class PageBoundariesError : RequestError
{
    public PageBoundariesError(string coordinate)
        : base("Exactly one slicing argument must be defined.", "HC0082")
    {
        Extensions = [new("coordinate", coordinate)];
    }
}

/// <summary>A connection below a list says no page size (HC0052).</summary>
public sealed class PageBoundaryMissingError : RequestError
{
    public PageBoundaryMissingError(string coordinate)
        : base($"You must provide a `first` or `last` value to properly paginate the `{coordinate}`.", "HC0052")
    {
        Extensions = [new("coordinate", coordinate)];
    }
}

/// <summary>No index serves a filter, and nothing beside it leaves few rows.</summary>
public sealed class FilterNotIndexedError : RequestError
{
    internal const string SmallArea = "a `within` of a district or less";

    /// <param name="fields">The fields of the filter.</param>
    /// <param name="coordinate">The field that it filters.</param>
    /// <param name="area">The area that would be small enough.</param>
    public FilterNotIndexedError(IReadOnlyList<string> fields, string coordinate, string area = SmallArea)
        : base(
            $"No index serves {Listed(fields)} alone: add a `category` or `agency` by `code` or `id` with `eq` or `in`, "
            + $"an `id`, a `createdAt` range of at most {Limits.ScanDaysMax} days, or {area}.",
            "FILTER_NOT_INDEXED")
    {
        Extensions = [new("coordinate", coordinate)];
    }

    /// <summary>What stands beside the fields leaves too many rows.</summary>
    internal FilterNotIndexedError(IReadOnlyList<string> fields, TooManyRows tooMany, string coordinate, string area = SmallArea)
        : base(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{Listed(fields)} would be looked for in about {tooMany.Rows:0} rows, {tooMany.RowsMax:0} are allowed: name fewer categories or agencies, "
                + $"or add an `id`, a `createdAt` range of at most {Limits.ScanDaysMax} days, or {area}."),
            "FILTER_NOT_INDEXED")
    {
        Extensions = [new("coordinate", coordinate)];
    }

    private static string Listed(IReadOnlyList<string> fields) => string.Join(", ", fields.Select(f => $"`{f}`"));
}

/// <summary>A filter that is looked at row by row is left with too many rows.</summary>
/// <param name="Rows">An estimate of how many, from the statistics of the partition: not a whole number, and nothing was counted.</param>
/// <param name="RowsMax">How many of them are allowed.</param>
internal readonly record struct TooManyRows(double Rows, double RowsMax);

/// <summary>No index gives the order.</summary>
public sealed class OrderNotIndexedError : RequestError
{
    public OrderNotIndexedError(string order, string remedy, string coordinate)
        : base($"No index gives the order `{order}`: {remedy}.", "ORDER_NOT_INDEXED")
    {
        Extensions = [new("coordinate", coordinate)];
    }
}

/// <summary>The lists of a partition are asked for several partitions at once.</summary>
public sealed class OnePartitionError : RequestError
{
    public OnePartitionError(string coordinate)
        : base($"`{coordinate}` is read for one row at a time: ask for that row alone.", "ONE_PARTITION")
    {
        Extensions = [new("coordinate", coordinate)];
    }
}

/// <summary>Too many ids (HC0076).</summary>
public sealed class TooManyNodesError : RequestError
{
    public TooManyNodesError(int requested)
        : base($"The maximum number of nodes that can be fetched at once is {Limits.NodeIdsMax}: send fewer ids.", "HC0076")
    {
        Extensions = [new("requestedNodes", requested), new("maxAllowedNodes", Limits.NodeIdsMax)];
    }
}

/// <summary>The id names a type that is no node (HC0068).</summary>
public sealed class NotANodeError(string type) : RequestError($"There is no node resolver registered for type `{type}`.", "HC0068");

/// <summary>The text is no id of this server at all.</summary>
public sealed class NodeIdInvalidError() : RequestError("The node ID string has an invalid format: send an `id` as it was received.", "NODE_ID_INVALID");

/// <summary>The cursor was not made by this server for this question (HC0078).</summary>
public sealed class CursorInvalidError : RequestError
{
    public CursorInvalidError(string argument, string coordinate)
        : base(
            $"The cursor is not valid here: use `{argument}` only with a cursor of the same field with the same arguments, as it was received.",
            "HC0078")
    {
        Extensions = [new("coordinate", coordinate)];
    }
}

/// <summary>The id is no global id of the expected type.</summary>
public sealed class IdInvalidError(string expectedType)
    : RequestError($"The id is not an id of a {expectedType}: send an `id` as it was received.", "ID_INVALID");

/// <summary>Exactly one of several arguments must be given.</summary>
public sealed class ExactlyOneArgumentError(string arguments)
    : RequestError($"Give exactly one of the arguments {arguments}.", "EXACTLY_ONE_ARGUMENT");

/// <summary>The area cannot be searched.</summary>
public sealed class AreaInvalidError(string message) : RequestError(message, "AREA_INVALID");

/// <summary>A geometry of a filter that PostGIS cannot compare with.</summary>
public sealed class GeometryInvalidError(string message) : RequestError(message, "GEOMETRY_INVALID");

/// <summary>
/// A geometry whose edges would have to be compared too often, with each other or with those of the areas that it is held against.
/// </summary>
public sealed class GeometryTooComplexError(string what) : RequestError($"The geometry is too complex. {what}: simplify it, or send its parts one by one.", "GEOMETRY_TOO_COMPLEX");

/// <summary>A geometry in coordinates that this server does not know (HC0029).</summary>
public sealed class CoordinateSystemUnknownError(string path)
    : RequestError($"{path} is in an unknown coordinate reference system: send longitudes and latitudes of WGS 84 (`crs` 4326).", "HC0029");

/// <summary>The operation is larger than the server plans.</summary>
public sealed class OperationTooLargeError(string message) : RequestError(message, "OPERATION_TOO_LARGE");

/// <summary>The answer is larger than the server sends. HotChocolate's message; ours says what to do.</summary>
public sealed class ResponseTooLargeError()
    : RequestError($"The maximum allowed response size of {Limits.ResponseBytesMax} bytes was exceeded: ask for smaller pages or fewer fields.", "RESPONSE_TOO_LARGE");

/// <summary>A count took longer than allowed (HC0045).</summary>
public sealed class CountTimeoutError()
    : RequestError("Counting took too long: narrow `within` or `where`, or leave the count out.", "HC0045");

/// <summary>A map has no such zoom.</summary>
public sealed class ZoomInvalidError(int zoom)
    : RequestError($"The zoom {zoom} is none of a map: send 0 to {Limits.MapZoomMax}.", "ZOOM_INVALID");

/// <summary>There would be more clusters than one answer holds.</summary>
public sealed class TooManyClustersError()
    : RequestError($"There are more than {Limits.ClustersMax} clusters: narrow `within`, or send a smaller `zoom`.", "TOO_MANY_CLUSTERS");

/// <summary>The request took longer than allowed (HC0045).</summary>
public sealed class RequestTimeoutError()
    : RequestError("The request exceeded the configured timeout: narrow it, or try again.", "HC0045");

/// <summary>The database cannot be reached or refuses.</summary>
public sealed class DatabaseUnavailableError()
    : RequestError("The data cannot be read at the moment: try again in a few seconds.", "DATABASE_UNAVAILABLE");

/// <summary>A fault of ours; the details are in the log.</summary>
public sealed class UnexpectedError() : RequestError("Unexpected Execution Error", "UNEXPECTED");
