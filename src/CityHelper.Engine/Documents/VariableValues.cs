using System.Text;
using System.Text.Json;
using CityHelper.Engine.Schema;
using GraphQL.Types;

namespace CityHelper.Engine.Documents;

/// <summary>The coerced variables of one request, and their signature.</summary>
/// <remarks>
/// The signature holds everything that decides a plan: which variables and input members are present, which are null, how long lists of
/// input objects are, the values of Booleans (for <c>@skip</c> and <c>@include</c>) and of sort directions. It holds nothing else, so that
/// requests that differ only in values share a plan.
/// </remarks>
public sealed class VariableValues
{
    private readonly Dictionary<string, object?> _values;

    private VariableValues(Dictionary<string, object?> values, string signature)
    {
        _values = values;
        Signature = signature;
    }

    /// <summary>No variables at all.</summary>
    public static VariableValues None { get; } = new([], "");

    internal string Signature { get; }

    /// <summary>The value of a variable: a leaf value, a list, a dictionary, null, or <see cref="InputCoercion.Absent"/>.</summary>
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
        var signature = new StringBuilder();
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
            AppendSignature(signature, definition.Type, value);
            signature.Append(';');
            if (signature.Length > Limits.SignatureCharsMax)
            {
                return (null, new OperationTooLargeError($"Variable `${definition.Name}` has too many members: send fewer conditions."));
            }
        }

        return (new VariableValues(values, signature.ToString()), null);
    }

    /// <summary>The same without the values of other variables. The signature stays.</summary>
    internal VariableValues Only(IReadOnlyCollection<string> names) =>
        new(_values.Where(value => names.Contains(value.Key)).ToDictionary(), Signature);

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

    private static void AppendSignature(StringBuilder signature, IGraphType type, object? value)
    {
        if (type is NonNullGraphType nonNull)
        {
            type = nonNull.ResolvedType!;
        }

        switch (value)
        {
            case null:
                signature.Append('0');
                break;
            case not null when value == InputCoercion.Absent:
                signature.Append('-');
                break;
            case bool flag when type is BooleanGraphType:
                signature.Append(flag ? 't' : 'f');
                break;
            case string direction when type is SortEnumType:
                signature.Append(direction);
                break;
            case List<object?> items when IsListOfObjects(type):
                AppendList(signature, ((ListGraphType)type).ResolvedType!, items);
                break;
            case Dictionary<string, object?> members:
                AppendObject(signature, (IInputObjectGraphType)type, members);
                break;
            default:
                signature.Append('v');
                break;
        }
    }

    private static void AppendList(StringBuilder signature, IGraphType itemType, List<object?> items)
    {
        signature.Append('[');
        foreach (object? item in items)
        {
            AppendSignature(signature, itemType, item);
            signature.Append(',');
        }

        signature.Append(']');
    }

    // In the order of the type's fields, so that the order of a client's JSON keys does not matter.
    private static void AppendObject(StringBuilder signature, IInputObjectGraphType type, Dictionary<string, object?> members)
    {
        signature.Append('{');
        foreach (FieldType field in type.Fields)
        {
            if (members.TryGetValue(field.Name, out object? member))
            {
                signature.Append(field.Name).Append(':');
                AppendSignature(signature, field.ResolvedType!, member);
                signature.Append(',');
            }
        }

        signature.Append('}');
    }

    /// <summary>Lists of leaf values are one SQL array of any length; lists of objects are conditions or sort keys.</summary>
    internal static bool IsListOfObjects(IGraphType type) => type switch
    {
        NonNullGraphType nonNull => IsListOfObjects(nonNull.ResolvedType!),
        ListGraphType list => Unwrap(list.ResolvedType!) is IInputObjectGraphType,
        _ => false,
    };

    private static IGraphType Unwrap(IGraphType type) => type is NonNullGraphType nonNull ? nonNull.ResolvedType! : type;
}
