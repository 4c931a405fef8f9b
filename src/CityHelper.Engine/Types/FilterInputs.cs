using CityHelper.Engine.Bindings;
using GraphQL;
using GraphQL.Types;

namespace CityHelper.Engine.Types;

/// <summary>
/// The filter inputs of conventions §2, generated from the fields that are marked filterable: one per entity type, one operation
/// input per leaf type.
/// </summary>
public sealed class FilterInputs(IServiceProvider services)
{
    private readonly Dictionary<string, FilterInput> _entities = [];
    private readonly Dictionary<string, OperationFilterInput> _operations = [];

    /// <summary>The <c>XFilterInput</c> of a type.</summary>
    public FilterInput For(IObjectGraphType type)
    {
        if (_entities.TryGetValue(type.Name, out FilterInput? known))
        {
            return known;
        }

        var input = new FilterInput(type.Name + "FilterInput", $"Conditions on {type.Name}; those of one object must all hold.");
        _entities.Add(type.Name, input);
        input.AddField(new FieldType
        {
            Name = FilterInput.And,
            ResolvedType = new ListGraphType(new NonNullGraphType(input)),
            Description = "Conditions that must all hold.",
        });
        foreach (FieldType field in type.Fields.Where(f => f.Allows(FieldUses.Filter)))
        {
            input.Offer(field, InputOf(field));
        }

        return input;
    }

    private IInputObjectGraphType InputOf(FieldType field)
    {
        Type leaf = field.Type!.GetNamedType();
        return FieldBinding.Of(field) switch
        {
            ColumnBinding column => Operations(leaf, column.Column.ValueType),
            ReferenceBinding => For((IObjectGraphType)services.GetService(leaf)!),
            _ => throw new InvalidOperationException($"{field.Name} cannot be filtered: only columns and references can."),
        };
    }

    private OperationFilterInput Operations(Type leaf, Type valueType)
    {
        string typeName = valueType.IsEnum ? valueType.Name : ((IGraphType)Activator.CreateInstance(leaf)!).Name;
        string name = typeName + "OperationFilterInput";
        if (!_operations.TryGetValue(name, out OperationFilterInput? input))
        {
            _operations.Add(name, input = new OperationFilterInput(name, typeName, leaf, valueType));
        }

        return input;
    }
}

/// <summary>A filter on the fields of a type.</summary>
public sealed class FilterInput : InputObjectGraphType
{
    /// <summary>The member that joins conditions.</summary>
    public const string And = "and";

    private readonly Dictionary<string, FieldType> _targets = [];

    internal FilterInput(string name, string description)
    {
        Name = name;
        Description = description;
    }

    /// <summary>The field of the type that a member of this input filters.</summary>
    public FieldType Target(string member) => _targets[member];

    internal void Offer(FieldType field, IInputObjectGraphType input)
    {
        _targets.Add(field.Name, field);
        AddField(new FieldType { Name = field.Name, ResolvedType = input, Description = field.Description });
    }
}

/// <summary>The operations on one leaf type (conventions §2). Several in one object must all hold.</summary>
public sealed class OperationFilterInput : InputObjectGraphType
{
    internal OperationFilterInput(string name, string typeName, Type leaf, Type valueType)
    {
        Name = name;
        Description = $"Conditions on a value of type {typeName}; those of one object must all hold.";
        foreach ((string operation, bool list) in OperationsOf(valueType))
        {
            // An enum's list elements are non-null, a scalar's are not: so are HotChocolate's.
            Type element = valueType.IsEnum ? typeof(NonNullGraphType<>).MakeGenericType(leaf) : leaf;
            AddField(new FieldType
            {
                Name = operation,
                Type = list ? typeof(ListGraphType<>).MakeGenericType(element) : leaf,
                Description = Describe(operation),
            });
        }
    }

    private static IEnumerable<(string Name, bool List)> OperationsOf(Type valueType)
    {
        if (valueType == typeof(string))
        {
            return [("eq", false), ("neq", false), ("contains", false), ("ncontains", false), ("in", true), ("nin", true),
                ("startsWith", false), ("nstartsWith", false), ("endsWith", false), ("nendsWith", false)];
        }

        (string, bool)[] equality = [("eq", false), ("neq", false), ("in", true), ("nin", true)];
        if (valueType == typeof(bool))
        {
            return equality.Take(2);
        }

        string[] comparisons = ["gt", "ngt", "gte", "ngte", "lt", "nlt", "lte", "nlte"];
        return valueType.IsEnum ? equality : equality.Concat(comparisons.Select(c => (c, false)));
    }

    private static string Describe(string operation) => operation switch
    {
        "eq" => "Equal to; null finds what has no value.",
        "neq" => "Not equal to; null finds what has a value.",
        "in" => "Equal to one of.",
        "nin" => "Equal to none of.",
        "contains" => "Contains the text, letter case counts.",
        "ncontains" => "Does not contain the text.",
        "startsWith" => "Starts with the text.",
        "nstartsWith" => "Does not start with the text.",
        "endsWith" => "Ends with the text.",
        "nendsWith" => "Does not end with the text.",
        "gt" => "Greater than.",
        "ngt" => "Not greater than.",
        "gte" => "Greater than or equal to.",
        "ngte" => "Not greater than or equal to.",
        "lt" => "Less than.",
        "nlt" => "Not less than.",
        "lte" => "Less than or equal to.",
        "nlte" => "Not less than or equal to.",
        _ => throw new ArgumentOutOfRangeException(nameof(operation), operation, "An operation without a description."),
    };
}
