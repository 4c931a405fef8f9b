using System.Globalization;

namespace CityHelper.Engine.Clients;

/// <summary>The client may send published operations only (HC0067).</summary>
public sealed class OperationNotAllowedError : RequestError
{
    public OperationNotAllowedError()
        : base("Only persisted operations are allowed.", "HC0067") => Status = 400;
}

/// <summary>The client may not send a mutation that the operation has. The message is HotChocolate's.</summary>
public sealed class NotAuthorizedError : RequestError
{
    public NotAuthorizedError()
        : base("The current user is not authorized to access this resource.", "AUTH_NOT_AUTHORIZED") => Status = 400;
}

/// <summary>The client may not introspect the schema (HC0046).</summary>
public sealed class IntrospectionNotAllowedError : RequestError
{
    public IntrospectionNotAllowedError(string field)
        : base("Introspection is not allowed for the current request.", "HC0046")
    {
        Status = 400;
        Extensions = [new("field", field)];
    }
}

/// <summary>Unknown hash: the client resends it with the text, which the server stores (HC0020; automatic persisted operations).</summary>
public sealed class PersistedQueryNotFoundError : RequestError
{
    public PersistedQueryNotFoundError()
        : base("PersistedQueryNotFound", "HC0020") => Status = 400;
}

/// <summary>The client exceeded its daily quota of new texts; texts with a wrong hash count too.</summary>
public sealed class RegistrationQuotaExceededError : RequestError
{
    public RegistrationQuotaExceededError(int perDay)
        : base(
            $"This client may register {perDay.ToString(CultureInfo.InvariantCulture)} operations a day: send values as variables instead "
                + "of writing them into the text.",
            "REGISTRATION_QUOTA_EXCEEDED") => Status = 429;
}
