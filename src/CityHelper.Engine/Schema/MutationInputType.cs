using GraphQL.Types;

namespace CityHelper.Engine.Schema;

/// <summary>
/// The input of a mutation, whose fields become the members of a typed object. A field sets the constructor's parameter, or else the
/// property, of its name, whatever the case.
/// </summary>
/// <typeparam name="TInput">
/// A class or record. A member of type <see cref="Optional{T}"/> tells "left out" from null; any other member has its default then. Enums
/// are those of <see cref="UpperSnakeEnumType{TEnum}"/>, ids are strings as the client sent them, times are <see cref="DateTime"/> in UTC
/// or <see cref="DateTimeOffset"/>. An input object within it is an object whose class is mapped in the same way.
/// </typeparam>
/// <example><code>
/// public sealed record CloseInput(string Id, CloseReason Reason) { public Optional&lt;string?&gt; Note { get; init; } }
///
/// Field&lt;NonNullGraphType&lt;IdGraphType>>("id").Description("…");
/// Field&lt;NonNullGraphType&lt;UpperSnakeEnumType&lt;CloseReason>>>("reason").Description("…");
/// Field&lt;StringGraphType>("note").Description("…");
/// </code></example>
public abstract class MutationInputType<TInput> : InputObjectGraphType<TInput>, ITypedInputType
    where TInput : class
{
    private TypedInput? _typed;

    TypedInput ITypedInputType.Typed => _typed ??= new TypedInput(typeof(TInput), this);

    /// <summary>
    /// Leaves the members as they are. GraphQL.NET calls this while it validates a literal, whose variables are not known yet; and its
    /// own mapping knows neither <see cref="Optional{T}"/> nor labels of enums. The engine maps when it binds.
    /// </summary>
    public sealed override object ParseDictionary(IDictionary<string, object?> value) => value;
}

/// <summary>A mutation's input type, of any class.</summary>
internal interface ITypedInputType : IInputObjectGraphType
{
    /// <summary>Makes the typed object; the type's schema has been initialised.</summary>
    TypedInput Typed { get; }
}
