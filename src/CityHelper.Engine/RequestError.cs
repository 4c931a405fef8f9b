namespace CityHelper.Engine;

/// <summary>
/// One error of a GraphQL answer. Expected outcomes are values of this kind; exceptions are for broken promises.
/// </summary>
/// <param name="message">What the client reads: what to do.</param>
/// <param name="code">Machine-readable, stable: HotChocolate's number where it has one, else the class's name in UPPER_SNAKE.</param>
public class RequestError(string message, string code)
{
    /// <summary>What the client reads, cut at <see cref="Limits.ErrorMessageCharsMax"/>: many messages repeat what was sent.</summary>
    public string Message { get; } = message.Length <= Limits.ErrorMessageCharsMax ? message : Shortened(message);

    /// <summary>The <c>extensions.code</c> of the answer.</summary>
    public string Code { get; } = code;

    /// <summary>
    /// Further members of <c>extensions</c>, in order; values are strings, numbers or booleans. Strings are cut as the message is: they
    /// repeat what was sent, and a refusal is sent to any number of slow readers.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, object>> Extensions
    {
        get;
        init => field = value.Any(e => e.Value is string { Length: > Limits.ErrorMessageCharsMax })
            ? [.. value.Select(e => e.Value is string { Length: > Limits.ErrorMessageCharsMax } text ? new(e.Key, Shortened(text)) : e)]
            : value;
    } = [];

    /// <summary>Line and column in the operation's text, one-based.</summary>
    public IReadOnlyList<(int Line, int Column)> Locations { get; init; } = [];

    /// <summary>
    /// The HTTP status of a request that cannot even be understood. Null for all others: 400, or 200 for clients that accept only
    /// <c>application/json</c> (GraphQL over HTTP).
    /// </summary>
    public int? Status { get; init; }

    /// <summary>Seconds after which it is worth trying again, sent as <c>Retry-After</c>; null when it never is.</summary>
    public int? RetryAfterSeconds { get; init; }

    // Half of a surrogate pair would be no text any more.
    private static string Shortened(string message)
    {
        int length = Limits.ErrorMessageCharsMax - 1;
        return message[..(char.IsHighSurrogate(message[length - 1]) ? length - 1 : length)] + "…";
    }
}

/// <summary>An error at a place of the answer.</summary>
/// <param name="Error">What went wrong.</param>
/// <param name="Path">Response names and list indices, innermost first while it travels up, outermost first when written.</param>
public sealed record FieldError(RequestError Error, List<object> Path);
