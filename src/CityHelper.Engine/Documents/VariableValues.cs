using System.Text;
using System.Text.Json;
using CityHelper.Engine.Schema;
using GraphQL.Types;

namespace CityHelper.Engine.Documents;

/// <summary>The coerced variables of one request, and their shape.</summary>
/// <remarks>
/// The shape says all that decides a plan: which variables and input members are there, which are null, how long lists of input
/// objects are, the values of Booleans (for <c>@skip</c> and <c>@include</c>) and of sort directions. It says nothing else, so that
/// requests that differ only in values share a plan.
/// </remarks>
public sealed class VariableValues
{
    private readonly Dictionary<string, object?> _values;

    private VariableValues(Dictionary<string, object?> values, string shape)
    {
        _values = values;
        Shape = shape;
    }

    /// <summary>No variables at all.</summary>
    public static VariableValues None { get; } = new([], "");

    internal string Shape { get; }

    /// <summary>The value of a variable: a leaf, a list, a dictionary, null, or <see cref="InputCoercion.Absent"/>.</summary>
    internal object? this[string name] => _values.TryGetValue(name, out object? value) ? value : InputCoercion.Absent;

    /// <summary>Coerces what a request sent.</summary>
    /// <returns>The values, or an error for the first that does not fit.</returns>
    internal static (VariableValues? Values, RequestError? Error) Coerce(IReadOnlyList<VariableDefinition> definitions, JsonElement json)
    {
        if (definitions.Count == 0)
        {
            return (None, null);
        }

        var values = new Dictionary<string, object?>(definitions.Count);
        var shape = new StringBuilder();
        foreach (VariableDefinition definition in definitions)
        {
            object? value;
            try
            {
                value = Coerce(definition, json);
            }
            catch (InputException cause)
            {
                return (null, cause.Error ?? new VariableInvalidError(cause.Message));
            }

            values.Add(definition.Name, value);
            AppendShape(shape, definition.Type, value);
            shape.Append(';');
            if (shape.Length > Limits.ShapeCharsMax)
            {
                return (null, new OperationTooLargeError($"Variable `${definition.Name}` has too many members: send fewer conditions."));
            }
        }

        return (new VariableValues(values, shape.ToString()), null);
    }

    private static object? Coerce(VariableDefinition definition, JsonElement json)
    {
        string path = $"Variable `${definition.Name}`";
        if (json.ValueKind == JsonValueKind.Object && json.TryGetProperty(definition.Name, out JsonElement given))
        {
            return InputCoercion.FromJson(given, definition.Type, path);
        }

        if (definition.Default == InputCoercion.Absent && definition.Type is NonNullGraphType)
        {
            throw new InputException($"{path} is missing: send a {definition.Type}.");
        }

        return definition.Default;
    }

    private static void AppendShape(StringBuilder shape, IGraphType type, object? value)
    {
        if (type is NonNullGraphType nonNull)
        {
            type = nonNull.ResolvedType!;
        }

        switch (value)
        {
            case null:
                shape.Append('0');
                break;
            case not null when value == InputCoercion.Absent:
                shape.Append('-');
                break;
            case bool flag when type is BooleanGraphType:
                shape.Append(flag ? 't' : 'f');
                break;
            case string direction when type is SortEnumType:
                shape.Append(direction);
                break;
            case List<object?> items when IsListOfObjects(type):
                AppendList(shape, ((ListGraphType)type).ResolvedType!, items);
                break;
            case Dictionary<string, object?> members:
                AppendObject(shape, (IInputObjectGraphType)type, members);
                break;
            default:
                shape.Append('v');
                break;
        }
    }

    private static void AppendList(StringBuilder shape, IGraphType itemType, List<object?> items)
    {
        shape.Append('[');
        foreach (object? item in items)
        {
            AppendShape(shape, itemType, item);
            shape.Append(',');
        }

        shape.Append(']');
    }

    // In the order of the type's fields, so that the order of a client's JSON keys does not matter.
    private static void AppendObject(StringBuilder shape, IInputObjectGraphType type, Dictionary<string, object?> members)
    {
        shape.Append('{');
        foreach (FieldType field in type.Fields)
        {
            if (members.TryGetValue(field.Name, out object? member))
            {
                shape.Append(field.Name).Append(':');
                AppendShape(shape, field.ResolvedType!, member);
                shape.Append(',');
            }
        }

        shape.Append('}');
    }

    /// <summary>Lists of leaves are one SQL array whatever their length; lists of objects are conditions or sort keys.</summary>
    internal static bool IsListOfObjects(IGraphType type) => type switch
    {
        NonNullGraphType nonNull => IsListOfObjects(nonNull.ResolvedType!),
        ListGraphType list => Unwrap(list.ResolvedType!) is IInputObjectGraphType,
        _ => false,
    };

    private static IGraphType Unwrap(IGraphType type) => type is NonNullGraphType nonNull ? nonNull.ResolvedType! : type;
}
