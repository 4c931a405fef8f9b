namespace CityHelper.Engine;

/// <summary>One error of a GraphQL response. Expected failures are values of this type; exceptions are for bugs.</summary>
/// <param name="message">The message for the client; it says what to do.</param>
/// <param name="code">Machine-readable and stable: HotChocolate's number where it has one, else the class's name in UPPER_SNAKE.</param>
public class RequestError(string message, string code)
{
    /// <summary>The message for the client, cut at <see cref="Limits.ErrorMessageCharsMax"/>, as many repeat what was sent.</summary>
    public string Message { get; } = Shortened(message);

    /// <summary>The <c>extensions.code</c> of the response.</summary>
    public string Code { get; } = code;

    /// <summary>
    /// Further members of <c>extensions</c>, in order; values are strings, numbers or booleans. Strings are cut like the message: they
    /// repeat what the client sent, and any number of slow readers may hold a refusal.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, object>> Extensions
    {
        get;
        init => field = value.Any(e => e.Value is string { Length: > Limits.ErrorMessageCharsMax })
            ? [.. value.Select(e => e.Value is string text ? new(e.Key, Shortened(text)) : e)]
            : value;
    } = [];

    /// <summary>Line and column in the operation's text, one-based.</summary>
    public IReadOnlyList<(int Line, int Column)> Locations { get; init; } = [];

    /// <summary>
    /// A fixed HTTP status, whatever media type the client accepts. Null for all others: 400, or 200 for clients that accept only
    /// <c>application/json</c> (GraphQL over HTTP).
    /// </summary>
    public int? Status { get; init; }

    /// <summary>Seconds sent as <c>Retry-After</c>; null when retrying does not help.</summary>
    public int? RetryAfterSeconds { get; init; }

    /// <summary>A text for a client, cut at <see cref="Limits.ErrorMessageCharsMax"/>: before a surrogate pair, never within it.</summary>
    internal static string Shortened(string message)
    {
        if (message.Length <= Limits.ErrorMessageCharsMax)
        {
            return message;
        }

        int length = Limits.ErrorMessageCharsMax - 1;
        return message[..(char.IsHighSurrogate(message[length - 1]) ? length - 1 : length)] + "…";
    }
}

/// <summary>An error at a path of the response.</summary>
/// <param name="Error">What went wrong.</param>
/// <param name="Path">Response names and list indices: innermost first while the error propagates, outermost first when written.</param>
public sealed record FieldError(RequestError Error, List<object> Path);
