namespace CityHelper.Engine;

/// <summary>A value that does not fit its type.</summary>
internal sealed class InputException : Exception
{
    public InputException(string message)
        : base(message)
    {
    }

    public InputException(string message, Exception cause)
        : base(message, cause)
    {
    }

    public InputException(RequestError error)
        : base(error.Message) => Error = error;

    /// <summary>The error, when it has its own code.</summary>
    public RequestError? Error { get; }
}
