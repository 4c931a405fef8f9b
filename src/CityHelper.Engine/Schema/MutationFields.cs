using CityHelper.Engine.Schema.Bindings;
using GraphQL.Types;

namespace CityHelper.Engine.Schema;

/// <summary>
/// Declares fields of <c>Mutation</c>, with the conventions of HotChocolate: <c>close(input: CloseInput!): ClosePayload!</c>, and the
/// errors that are expected in the payload. A feature calls it once at start.
/// </summary>
/// <param name="mutation">The <c>Mutation</c> type.</param>
/// <param name="database">The tables.</param>
public sealed class MutationFields(IObjectGraphType mutation, DatabaseModel database)
{
    private readonly Dictionary<Type, MutationErrorType> _errors = [];

    /// <summary>Declares a mutation.</summary>
    /// <param name="name">The field's name; <c>{Name}Input</c>, <c>{Name}Payload</c> and <c>{Name}Error</c> follow from it.</param>
    /// <param name="inputType">A <see cref="MutationInputType{TInput}"/> named <c>{Name}Input</c>.</param>
    /// <param name="rowType">The <see cref="EntityType{T}"/> of the row that it writes, whose name is that of the payload's field.</param>
    /// <param name="access">The access that a client needs.</param>
    /// <param name="description">The field's description in the schema.</param>
    /// <param name="errors">The classes of the errors that its handler may refuse with (<see cref="MutationError"/>).</param>
    /// <param name="handler">Does the work; shared by all requests.</param>
    /// <exception cref="ArgumentException">A type does not fit; the message says which.</exception>
    public FieldType Add<TInput>(
        string name,
        Type inputType,
        Type rowType,
        WriteAccess access,
        string description,
        IReadOnlyList<Type> errors,
        IMutationHandler<TInput> handler)
        where TInput : class
    {
        if (!inputType.IsAssignableTo(typeof(MutationInputType<TInput>)))
        {
            throw new ArgumentException(
                $"{inputType.Name} is no input of {name}: derive it from MutationInputType<{typeof(TInput).Name}>.", nameof(inputType));
        }

        if (access == WriteAccess.None)
        {
            throw new ArgumentException($"{name} writes, so it needs an access.", nameof(access));
        }

        EntityMap row = database.Entity(RowOf(rowType));
        string capital = char.ToUpperInvariant(name[0]) + name[1..];
        MutationErrorUnion? union = errors.Count == 0 ? null : new MutationErrorUnion(capital, errors.Select(ErrorType));
        return new MutationBinding<TInput>(row, access, errors, handler).AttachTo(mutation.AddField(new FieldType
        {
            Name = name,
            ResolvedType = new NonNullGraphType(new MutationPayloadType(capital, row, rowType, union)),
            Description = description,
            Arguments = new QueryArguments(new QueryArgument(typeof(NonNullGraphType<>).MakeGenericType(inputType))
            {
                Name = MutationBinding.InputArgument,
                Description = $"The input of `{name}`.",
            }),
        }));
    }

    // Mutations share the errors that they have in common.
    private MutationErrorType ErrorType(Type error)
    {
        if (!_errors.TryGetValue(error, out MutationErrorType? type))
        {
            _errors.Add(error, type = new MutationErrorType(error));
        }

        return type;
    }

    private static Type RowOf(Type rowType)
    {
        for (Type? type = rowType; type is not null; type = type.BaseType)
        {
            if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(EntityType<>))
            {
                return type.GenericTypeArguments[0];
            }
        }

        throw new ArgumentException($"{rowType.Name} has no table: give an EntityType.", nameof(rowType));
    }
}
