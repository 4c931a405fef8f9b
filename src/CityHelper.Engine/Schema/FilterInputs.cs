using CityHelper.Engine.Schema.Bindings;
using GraphQL;
using GraphQL.Types;

namespace CityHelper.Engine.Schema;

/// <summary>
/// HotChocolate's filter inputs, generated from the bindings of a type's fields: one input per entity type, one operation input per leaf
/// type, one list input per row type of nested lists.
/// </summary>
public sealed class FilterInputs(IServiceProvider services)
{
    private readonly Dictionary<string, FilterInput> _entities = [];
    private readonly Dictionary<string, ListFilterInput> _lists = [];
    private readonly Dictionary<string, OperationFilterInput> _operations = [];
    private readonly Dictionary<string, SpatialFilterInput> _geometries = [];
    private readonly Dictionary<string, SpatialOperationFilterInput> _spatial = [];

    /// <summary>The <c>XFilterInput</c> of a type.</summary>
    public FilterInput For(IObjectGraphType type)
    {
        if (_entities.TryGetValue(type.Name, out FilterInput? known))
        {
            return known;
        }

        // Added before its fields are visited, because types may refer to each other.
        var input = new FilterInput(type.Name);
        _entities.Add(type.Name, input);
        foreach (FieldType field in type.Fields)
        {
            if (InputOf(field) is { } member)
            {
                input.Offer(field, member);
            }
        }

        return input;
    }

    private IInputObjectGraphType? InputOf(FieldType field) => FieldBinding.Of(field) switch
    {
        ColumnBinding column => Operations(field.Type!.GetNamedType(), column.Column.ValueType),
        GlobalIdBinding => Operations(typeof(IdGraphType), typeof(long)),
        ReferenceBinding => For(RowOf(field)),
        ChildrenBinding => ListOf(RowOf(field)),
        GeometryBinding geometry => Geometry(geometry.Kind, geometry.IsPoint ? Operations(typeof(FloatGraphType), typeof(double)) : null),

        // Connections have a separate filter argument.
        _ => null,
    };

    /// <summary>The operand of a spatial operation; a negation shares the operand of its positive operation.</summary>
    internal SpatialOperationFilterInput Spatial(string operation)
    {
        string positive = operation.StartsWith('n') ? operation[1..] : operation;
        if (!_spatial.TryGetValue(positive, out SpatialOperationFilterInput? input))
        {
            OperationFilterInput? comparisons =
                positive == SpatialFilterInput.Distance ? Operations(typeof(FloatGraphType), typeof(double)) : null;
            _spatial.Add(positive, input = new SpatialOperationFilterInput(positive, comparisons));
        }

        return input;
    }

    private SpatialFilterInput Geometry(string kind, OperationFilterInput? numbers)
    {
        if (!_geometries.TryGetValue(kind, out SpatialFilterInput? input))
        {
            _geometries.Add(kind, input = new SpatialFilterInput(kind, numbers, this));
        }

        return input;
    }

    private IObjectGraphType RowOf(FieldType field) => (IObjectGraphType)services.GetService(field.Type!.GetNamedType())!;

    private ListFilterInput ListOf(IObjectGraphType row)
    {
        if (!_lists.TryGetValue(row.Name, out ListFilterInput? input))
        {
            _lists.Add(row.Name, input = new ListFilterInput(For(row), row.Name));
        }

        return input;
    }

    private OperationFilterInput Operations(Type leaf, Type valueType)
    {
        string typeName = valueType.IsEnum ? valueType.Name : OperationFilterInput.NameOf(leaf);
        string name = typeName + "OperationFilterInput";
        if (!_operations.TryGetValue(name, out OperationFilterInput? input))
        {
            _operations.Add(name, input = new OperationFilterInput(name, typeName, leaf, valueType));
        }

        return input;
    }
}

/// <summary>A filter input in which conditions can be joined.</summary>
public abstract class JoiningFilterInput : InputObjectGraphType
{
    /// <summary>The member whose conditions must all hold.</summary>
    public const string And = "and";

    /// <summary>The member with conditions of which at least one must hold.</summary>
    public const string Or = "or";

    private protected JoiningFilterInput(string name, string description, bool joins)
    {
        Name = name;
        Description = description;
        if (joins)
        {
            AddJoin(And, "Conditions that must all hold.");
            AddJoin(Or, "Conditions of which one must hold.");
        }
    }

    private void AddJoin(string name, string description) => AddField(new FieldType
    {
        Name = name,
        ResolvedType = new ListGraphType(new NonNullGraphType(this)),
        Description = description,
    });
}

/// <summary>A filter on the fields of a type.</summary>
public sealed class FilterInput : JoiningFilterInput
{
    private readonly Dictionary<string, FieldType> _targets = [];

    internal FilterInput(string rowName)
        : base(rowName + "FilterInput", $"Conditions on {rowName}; those of one object must all hold.", joins: true) => RowName = rowName;

    /// <summary>The name of the type whose fields are filtered.</summary>
    public string RowName { get; }

    /// <summary>The members, each with the field that it filters.</summary>
    public IEnumerable<KeyValuePair<string, FieldType>> Targets => _targets;

    /// <summary>The field of the type that a member of this input filters.</summary>
    public FieldType Target(string member) => _targets[member];

    internal void Offer(FieldType field, IInputObjectGraphType input)
    {
        _targets.Add(field.Name, field);
        AddField(new FieldType { Name = field.Name, ResolvedType = input, Description = field.Description });
    }
}

/// <summary>A filter on the rows of a nested list.</summary>
public sealed class ListFilterInput : InputObjectGraphType
{
    public const string All = "all";
    public const string None = "none";
    public const string Some = "some";
    public const string Any = "any";

    internal ListFilterInput(FilterInput rows, string rowName)
    {
        Name = $"ListFilterInputTypeOf{rows.Name}";
        Description = $"Conditions on a list of {rowName}; those of one object must all hold.";
        Rows = rows;
        AddField(new FieldType
        {
            Name = All,
            ResolvedType = rows,
            Description = "Hold for every row of the list; an empty list has none that fails.",
        });
        AddField(new FieldType { Name = None, ResolvedType = rows, Description = "Hold for no row of the list." });
        AddField(new FieldType { Name = Some, ResolvedType = rows, Description = "Hold for one row of the list at least." });
        AddField(new FieldType { Name = Any, Type = typeof(BooleanGraphType), Description = "Whether the list has rows." });
    }

    /// <summary>The filter of a row of the list.</summary>
    public FilterInput Rows { get; }
}

/// <summary>The operations on one leaf type. Several in one object must all hold.</summary>
public sealed class OperationFilterInput : JoiningFilterInput
{
    internal OperationFilterInput(string name, string typeName, Type leaf, Type valueType)
        : base(name, $"Conditions on a value of type {typeName}; those of one object must all hold.", joins: valueType == typeof(string))
    {
        foreach ((string operation, bool list) in OperationsOf(leaf, valueType))
        {
            // As in HotChocolate, list elements of an enum are non-null and those of a scalar are nullable.
            Type element = valueType.IsEnum ? typeof(NonNullGraphType<>).MakeGenericType(leaf) : leaf;
            AddField(new FieldType
            {
                Name = operation,
                Type = list ? typeof(ListGraphType<>).MakeGenericType(element) : leaf,
                Description = Describe(operation),
            });
        }
    }

    // HotChocolate names the input of ids `Id`, not `ID`.
    internal static string NameOf(Type leaf) =>
        leaf == typeof(IdGraphType) ? "Id" : ((IGraphType)Activator.CreateInstance(leaf)!).Name;

    private static IEnumerable<(string Name, bool List)> OperationsOf(Type leaf, Type valueType)
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
        return valueType.IsEnum || leaf == typeof(IdGraphType) ? equality : equality.Concat(comparisons.Select(c => (c, false)));
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
