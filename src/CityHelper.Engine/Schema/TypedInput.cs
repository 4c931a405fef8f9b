using System.Collections.Frozen;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using GraphQL.Types;

namespace CityHelper.Engine.Schema;

/// <summary>Makes typed objects of coerced input objects: leaf values as their scalars parse them, lists, and dictionaries.</summary>
internal sealed class TypedInput
{
    private readonly ConstructorInfo _constructor;
    private readonly (string? Field, object? Otherwise, Func<object?, object?> Convert)[] _parameters;
    private readonly (string Field, PropertyInfo Property, Func<object?, object?> Convert)[] _properties;

    /// <param name="type">The class.</param>
    /// <param name="input">The input type, which must not contain itself.</param>
    /// <exception cref="InvalidOperationException">A field has no member that takes its values.</exception>
    public TypedInput(Type type, IInputObjectGraphType input)
    {
        _constructor = type.GetConstructors().MaxBy(c => c.GetParameters().Length)
            ?? throw new InvalidOperationException($"{type.Name} has no public constructor, so no {input.Name} can be made.");
        Dictionary<string, FieldType> fields = input.Fields.ToDictionary(field => field.Name, StringComparer.OrdinalIgnoreCase);
        _parameters = [.. _constructor.GetParameters().Select(parameter => fields.Remove(parameter.Name!, out FieldType? field)
            ? ((string?)field.Name, Default(parameter), Member(parameter.ParameterType, field, input))
            : parameter.HasDefaultValue ? (null, Default(parameter), static value => value)
            : throw new InvalidOperationException($"{input.Name} has no field for {type.Name}'s `{parameter.Name}`."))];
        _properties = [.. fields.Values.Select(field =>
        {
            PropertyInfo property = type.GetProperties().Where(p => p.SetMethod is { IsPublic: true })
                .FirstOrDefault(p => string.Equals(p.Name, field.Name, StringComparison.OrdinalIgnoreCase))
                ?? throw new InvalidOperationException(
                    $"{type.Name} has neither a constructor's parameter nor a property with a setter for {input.Name}.{field.Name}.");
            return (field.Name, property, Member(property.PropertyType, field, input));
        })];
    }

    /// <summary>Makes an object. Members that were not given have their defaults.</summary>
    /// <param name="values">The given members.</param>
    public object Read(IReadOnlyDictionary<string, object?> values)
    {
        object?[] arguments = Array.ConvertAll(_parameters, parameter =>
            parameter.Field is not null && values.TryGetValue(parameter.Field, out object? value)
                ? parameter.Convert(value)
                : parameter.Otherwise);
        object made = _constructor.Invoke(BindingFlags.DoNotWrapExceptions, binder: null, arguments, culture: null);
        foreach ((string field, PropertyInfo property, Func<object?, object?> convert) in _properties)
        {
            if (values.TryGetValue(field, out object? value))
            {
                property.SetValue(made, convert(value), BindingFlags.DoNotWrapExceptions, binder: null, index: null, culture: null);
            }
        }

        return made;
    }

    private static object? Default(ParameterInfo parameter) => parameter is { HasDefaultValue: true, DefaultValue: { } value } ? value
        : parameter.ParameterType.IsValueType ? Activator.CreateInstance(parameter.ParameterType)
        : null;

    private static Func<object?, object?> Member(Type type, FieldType field, IInputObjectGraphType input)
    {
        string where = $"{input.Name}.{field.Name}";
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Optional<>))
        {
            Func<object?, object?> inner = Converter(type.GenericTypeArguments[0], field.ResolvedType!, where);
            ConstructorInfo given = type.GetConstructors().Single();
            return value => given.Invoke([inner(value)]);
        }

        return Converter(type, field.ResolvedType!, where);
    }

    private static Func<object?, object?> Converter(Type type, IGraphType graphType, string where)
    {
        Type bare = Nullable.GetUnderlyingType(type) ?? type;
        if (graphType is NonNullGraphType nonNull)
        {
            graphType = nonNull.ResolvedType!;
        }
        else if (bare == type && type.IsValueType)
        {
            throw new InvalidOperationException($"{where} may be null, which {type.Name} cannot hold: make the member nullable.");
        }

        Func<object, object> convert = graphType switch
        {
            ListGraphType list => List(bare, list, where),
            ITypedInputType typed => Object(typed.Typed),
            IInputObjectGraphType nested => Object(new TypedInput(bare, nested)),
            _ => Leaf(bare, where),
        };
        return value => value is null ? null : convert(value);
    }

    private static Func<object, object> Object(TypedInput typed) => value => typed.Read((IReadOnlyDictionary<string, object?>)value);

    private static Func<object, object> List(Type type, ListGraphType list, string where)
    {
        Type item = type.IsArray
            ? type.GetElementType()!
            : type.GetInterfaces().Append(type)
                .FirstOrDefault(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IEnumerable<>))?.GenericTypeArguments[0]
                ?? throw new InvalidOperationException($"{where} is a list, and {type.Name} is none.");
        Type array = item.MakeArrayType();
        if (!type.IsAssignableFrom(array))
        {
            throw new InvalidOperationException($"{where} is a list: make the member an IReadOnlyList, not a {type.Name}.");
        }

        Func<object?, object?> convert = Converter(item, list.ResolvedType!, where);
        return value =>
        {
            var items = (IReadOnlyList<object?>)value;
            var converted = Array.CreateInstance(item, items.Count);
            for (int i = 0; i < items.Count; i++)
            {
                converted.SetValue(convert(items[i]), i);
            }

            return converted;
        };
    }

    private static Func<object, object> Leaf(Type type, string where) => type switch
    {
        { IsEnum: true } => Label(type),

        // A client may send an ID as a number.
        _ when type == typeof(string) => value => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        _ when type == typeof(DateTime) => value => ((DateTimeOffset)value).UtcDateTime,
        _ when type == typeof(double) => value => Convert.ToDouble(value, CultureInfo.InvariantCulture),
        _ => value => type.IsInstanceOfType(value)
            ? value
            : throw new InvalidOperationException($"{where} is a {value.GetType().Name}, which no {type.Name} can be made of."),
    };

    // The engine's values of enums are their labels.
    private static Func<object, object> Label(Type type)
    {
        FrozenDictionary<string, object> values = Enum.GetValues(type).Cast<object>()
            .ToFrozenDictionary(value => JsonNamingPolicy.SnakeCaseUpper.ConvertName(value.ToString()!));
        return label => values[(string)label];
    }
}
