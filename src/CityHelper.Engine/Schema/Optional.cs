namespace CityHelper.Engine.Schema;

/// <summary>
/// A member of a mutation's input that may be left out, which differs from null: left out leaves a value as it is, null clears it. The
/// default value is "left out".
/// </summary>
/// <typeparam name="T">The member's type; nullable when null may be sent.</typeparam>
public readonly record struct Optional<T>
{
    private readonly T? _value;

    /// <param name="value">What was sent; perhaps null.</param>
    public Optional(T value) => (_value, IsGiven) = (value, true);

    /// <summary>Whether the client sent the member, perhaps as null.</summary>
    public bool IsGiven { get; }

    /// <summary>What was sent.</summary>
    /// <exception cref="InvalidOperationException">The member was left out.</exception>
    public T Value => IsGiven ? _value! : throw new InvalidOperationException("The member was left out: look at IsGiven first.");

    /// <summary>What was sent, or another value where the member was left out.</summary>
    /// <param name="otherwise">The other value.</param>
    public T Or(T otherwise) => IsGiven ? _value! : otherwise;

    public static implicit operator Optional<T>(T value) => new(value);
}
