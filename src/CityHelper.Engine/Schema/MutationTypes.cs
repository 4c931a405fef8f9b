using System.ComponentModel;
using System.Reflection;
using CityHelper.Engine.Schema.Bindings;
using GraphQL.Types;

namespace CityHelper.Engine.Schema;

/// <summary>What every error of a mutation has.</summary>
public sealed class ErrorInterface : InterfaceGraphType
{
    internal const string MessageDescription = "What went wrong, and what to do.";
    internal const string CodeDescription = "Machine-readable and stable: the type's name in UPPER_SNAKE, without `Error`.";

    public ErrorInterface()
    {
        Name = "Error";
        Description = "Why a mutation was refused.";
        Field<NonNullGraphType<StringGraphType>>("message").Description(MessageDescription);
        Field<NonNullGraphType<StringGraphType>>("code").Description(CodeDescription);
    }
}

/// <summary>An error of mutations, from its class.</summary>
internal sealed class MutationErrorType : ObjectGraphType
{
    /// <param name="error">A class of <see cref="MutationError"/>.</param>
    /// <exception cref="ArgumentException">It is no such class, or has no description.</exception>
    /// <exception cref="NotSupportedException">A property has no GraphQL type.</exception>
    public MutationErrorType(Type error)
    {
        if (!error.IsSubclassOf(typeof(MutationError)) || error.IsAbstract)
        {
            throw new ArgumentException($"{error.Name} is no class of errors: derive it from {nameof(MutationError)}.", nameof(error));
        }

        _ = MutationError.CodeOf(error);
        Error = error;
        Name = error.Name;
        Description = EnumDescriptions.OfType(error)
            ?? throw new ArgumentException($"{error.Name} has no description: give it a [Description].", nameof(error));
        Interface<ErrorInterface>();

        // GraphQL.NET demands it of an interface's types. The engine knows the type by the class.
        IsTypeOf = _ => true;
        Add(nameof(MutationError.Message), ErrorInterface.MessageDescription);
        Add(nameof(MutationError.Code), ErrorInterface.CodeDescription);
        foreach (PropertyInfo property in error.GetProperties().OrderBy(property => property.MetadataToken))
        {
            if (property.GetCustomAttribute<DescriptionAttribute>() is { } described)
            {
                Add(property.Name, described.Description);
            }
        }
    }

    /// <summary>The class.</summary>
    public Type Error { get; }

    private void Add(string name, string description)
    {
        PropertyInfo property = Error.GetProperty(name)!;
        new ErrorFieldBinding(property).AttachTo(AddField(new FieldType
        {
            Name = char.ToLowerInvariant(name[0]) + name[1..],
            Type = GraphTypeOf(property),
            Description = description,
        }));
    }

    private static Type GraphTypeOf(PropertyInfo property)
    {
        bool isNullable = new NullabilityInfoContext().Create(property).ReadState == NullabilityState.Nullable;
        Type type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        if (type == typeof(string) || !type.IsAssignableTo(typeof(System.Collections.IEnumerable)))
        {
            return EngineTypes.Leaf(type, isNullable);
        }

        Type item = type.GetInterfaces().Append(type)
            .First(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IEnumerable<>)).GenericTypeArguments[0];
        Type list = typeof(ListGraphType<>).MakeGenericType(EngineTypes.Leaf(item, nullable: false));
        return isNullable ? list : typeof(NonNullGraphType<>).MakeGenericType(list);
    }
}

/// <summary>The errors that a mutation declares.</summary>
internal sealed class MutationErrorUnion : UnionGraphType
{
    public MutationErrorUnion(string mutation, IEnumerable<MutationErrorType> errors)
    {
        Name = $"{mutation}Error";
        Description = $"Why `{mutation}` was refused.";
        foreach (MutationErrorType error in errors)
        {
            AddPossibleType(error);
        }
    }
}

/// <summary>What a mutation returns: the row, a cursor, and the declared errors.</summary>
internal sealed class MutationPayloadType : ObjectGraphType
{
    public const string Cursor = "cursor";
    public const string Errors = "errors";

    /// <param name="mutation">The mutation's name with a capital letter.</param>
    /// <param name="row">The table of the row.</param>
    /// <param name="rowType">The row's GraphQL type.</param>
    /// <param name="errors">The errors; null where none are declared.</param>
    public MutationPayloadType(string mutation, EntityMap row, Type rowType, MutationErrorUnion? errors)
    {
        Name = $"{mutation}Payload";
        Description = "What became of the mutation.";
        new PayloadRowBinding(row).AttachTo(AddField(new FieldType
        {
            Name = char.ToLowerInvariant(row.Name[0]) + row.Name[1..],
            Type = rowType,
            Description = "The row as it is after the mutation; null when it was refused, or is gone since.",
        }));
        new PayloadCursorBinding().AttachTo(AddField(new FieldType
        {
            Name = Cursor,
            Type = typeof(StringGraphType),
            Description = "The place of the change in the log of changes; null when it was refused, when nothing changed, "
                + "and when its place was not known in time.",
        }));
        if (errors is not null)
        {
            new PayloadErrorsBinding().AttachTo(AddField(new FieldType
            {
                Name = Errors,
                ResolvedType = new ListGraphType(new NonNullGraphType(errors)),
                Description = "Why it was refused; null when it was done.",
            }));
        }
    }
}
