using System.Reflection;

namespace CityHelper.Engine.Schema.Bindings;

/// <summary>A mutation: a typed input, a handler that writes, and a payload with the row that was written.</summary>
/// <param name="Row">The table of the payload's row.</param>
/// <param name="Access">The access that a client needs.</param>
/// <param name="Errors">The classes of the errors that it declares.</param>
public abstract record MutationBinding(EntityMap Row, WriteAccess Access, IReadOnlyList<Type> Errors) : RootBinding
{
    /// <summary>The only argument.</summary>
    public const string InputArgument = "input";

    /// <summary>Calls the handler.</summary>
    /// <param name="input">The typed input.</param>
    /// <param name="caller">Who sent it.</param>
    internal abstract Task<MutationOutcome> HandleAsync(object input, MutationCaller caller);
}

/// <summary>A mutation whose input is of a class.</summary>
/// <param name="Row">The table of the payload's row.</param>
/// <param name="Access">The access that a client needs.</param>
/// <param name="Errors">The classes of the errors that it declares.</param>
/// <param name="Handler">The handler.</param>
internal sealed record MutationBinding<TInput>(
    EntityMap Row, WriteAccess Access, IReadOnlyList<Type> Errors, IMutationHandler<TInput> Handler) : MutationBinding(Row, Access, Errors)
{
    // No token of the request: a write that was sent ends by itself, whoever leaves.
    internal override Task<MutationOutcome> HandleAsync(object input, MutationCaller caller) =>
        Handler.HandleAsync((TInput)input, caller, CancellationToken.None);
}

/// <summary>The row of a mutation's payload. It is read by its key, after the write.</summary>
/// <param name="Entity">The row's table.</param>
public sealed record PayloadRowBinding(EntityMap Entity) : FieldBinding
{
    internal override IReadOnlyList<TableRead> Tables => [new(Entity.Table)];
}

/// <summary>The cursor of a mutation's payload: the place in the tenant's change log from which the write is visible.</summary>
public sealed record PayloadCursorBinding : FieldBinding;

/// <summary>The errors of a mutation's payload.</summary>
public sealed record PayloadErrorsBinding : FieldBinding;

/// <summary>A field of an error, from a property of its class.</summary>
/// <param name="Property">The property.</param>
public sealed record ErrorFieldBinding(PropertyInfo Property) : FieldBinding;
