namespace CityHelper.Engine;

/// <summary>The text is no GraphQL document (HC0011).</summary>
public sealed class SyntaxError(string message) : RequestError(message, "HC0011");

/// <summary>The body is no JSON (HC0012).</summary>
public sealed class InvalidJsonError() : RequestError("Invalid JSON document.", "HC0012");

/// <summary>Neither a text nor an id was sent (HC0013).</summary>
public sealed class OperationMissingError()
    : RequestError("Send an operation: `query` with a GraphQL text, or `id` with the id of a persisted operation.", "HC0013");

/// <summary>No persisted operation has the id (HC0020).</summary>
public sealed class OperationUnknownError : RequestError
{
    public OperationUnknownError(string id)
        : base("The specified persisted operation key is invalid.", "HC0020")
    {
        Extensions = [new("requestedKey", id)];
    }
}

/// <summary>The id holds characters that no id has. HotChocolate sends no code here; ours is the class's name.</summary>
public sealed class OperationIdInvalidError() : RequestError("The operation ID has an invalid format.", "OPERATION_ID_INVALID");

/// <summary>The operation name of the URL or the request is not in the document.</summary>
public sealed class OperationNameUnknownError(string name)
    : RequestError($"The document has no operation named `{name}`.", "OPERATION_NAME_UNKNOWN");

/// <summary>A document with several operations was sent without a name.</summary>
public sealed class OperationNameMissingError()
    : RequestError("The document has several operations: send `operationName` with the name of one.", "OPERATION_NAME_MISSING");

/// <summary>The kind of operation is not allowed over this HTTP method.</summary>
public sealed class OperationKindNotAllowedError()
    : RequestError("The specified operation kind is not allowed.", "OPERATION_KIND_NOT_ALLOWED");

/// <summary>The schema has no operations of the kind.</summary>
public sealed class OperationKindUnknownError(string kind)
    : RequestError($"The schema has no {kind}: send a query.", "OPERATION_KIND_UNKNOWN");

/// <summary>A member of the request has the wrong JSON type.</summary>
public sealed class RequestInvalidError(string message) : RequestError(message, "HC0009");

/// <summary>The request is larger than the server reads (HC0010).</summary>
public sealed class RequestTooLargeError()
    : RequestError($"The request is larger than {Limits.RequestBytesMax} bytes. Send less, or use a persisted operation.", "HC0010");

/// <summary>A variable's value does not fit its type (HC0016).</summary>
public sealed class VariableInvalidError(string message) : RequestError(message, "HC0016");

/// <summary>A null where the schema allows none (HC0018).</summary>
public sealed class NonNullError() : RequestError("Cannot return null for non-nullable field.", "HC0018");

/// <summary>The accept header cannot be parsed (HC0064).</summary>
public sealed class AcceptHeaderInvalidError : RequestError
{
    public AcceptHeaderInvalidError(string header)
        : base($"Unable to parse the accept header value `{header}`.", "HC0064")
    {
        Extensions = [new("headerValue", header)];
    }
}

/// <summary>The page is larger than allowed (HC0051).</summary>
public sealed class PageTooLargeError : RequestError
{
    public PageTooLargeError(string coordinate, int requested)
        : base("The maximum allowed items per page were exceeded.", "HC0051")
    {
        Extensions = [new("coordinate", coordinate), new("requestedItems", requested), new("maxAllowedItems", Limits.PageRowsMax)];
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

/// <summary>The cursor was not made by this server for this question (HC0078).</summary>
public sealed class CursorInvalidError : RequestError
{
    public CursorInvalidError(string coordinate)
        : base(
            "The cursor is not valid here: use `after` only with a cursor of the same field with the same arguments, as it was received.",
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

/// <summary>The operation is larger than the server plans.</summary>
public sealed class OperationTooLargeError(string message) : RequestError(message, "OPERATION_TOO_LARGE");

/// <summary>A count took longer than allowed (HC0045).</summary>
public sealed class CountTimeoutError()
    : RequestError("Counting took too long: narrow `within` or `where`, or leave `totalCount` out.", "HC0045");

/// <summary>The request took longer than allowed (HC0045).</summary>
public sealed class RequestTimeoutError()
    : RequestError("The request exceeded the configured timeout: narrow it, or try again.", "HC0045");

/// <summary>The database cannot be reached or refuses.</summary>
public sealed class DatabaseUnavailableError()
    : RequestError("The data cannot be read at the moment: try again in a few seconds.", "DATABASE_UNAVAILABLE");

/// <summary>A fault of ours; the details are in the log.</summary>
public sealed class UnexpectedError() : RequestError("Unexpected Execution Error", "UNEXPECTED");
