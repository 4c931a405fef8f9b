using CityHelper.Engine.Schema.Bindings;
using GraphQL;
using GraphQL.Types;

namespace CityHelper.Engine.Schema;

/// <summary>The two directions of a sort.</summary>
public sealed class SortEnumType : EnumerationGraphType
{
    public const string Ascending = "ASC";
    public const string Descending = "DESC";

    public SortEnumType()
    {
        Name = "SortEnumType";
        Description = "The direction of a sort.";
        Add(new EnumValueDefinition(Ascending, Ascending) { Description = "Smallest or oldest first." });
        Add(new EnumValueDefinition(Descending, Descending) { Description = "Largest or newest first." });
    }
}

/// <summary>HotChocolate's sort inputs, generated from the fields that are marked sortable.</summary>
public sealed class SortInputs(IServiceProvider services)
{
    private readonly Dictionary<string, SortInput> _inputs = [];

    /// <summary>The <c>XSortInput</c> of a type.</summary>
    public SortInput For(IObjectGraphType type)
    {
        if (_inputs.TryGetValue(type.Name, out SortInput? known))
        {
            return known;
        }

        var input = new SortInput(
            type.Name + "SortInput",
            $"How a list of {type.Name} is sorted. Only what an index orders is offered; "
                + "of several members of one object the first counts first.");
        _inputs.Add(type.Name, input);
        foreach (FieldType field in type.Fields.Where(f => f.IsSortable()))
        {
            input.Offer(field, FieldBinding.Of(field) is ReferenceBinding
                ? For((IObjectGraphType)services.GetService(field.Type!.GetNamedType())!)
                : null);
        }

        return input;
    }
}

/// <summary>The sort input of a type.</summary>
public sealed class SortInput : InputObjectGraphType
{
    private readonly Dictionary<string, FieldType> _targets = [];

    internal SortInput(string name, string description)
    {
        Name = name;
        Description = description;
    }

    /// <summary>The field of the type that a member of this input sorts by.</summary>
    public FieldType Target(string member) => _targets[member];

    internal void Offer(FieldType field, SortInput? nested)
    {
        _targets.Add(field.Name, field);
        var member = new FieldType { Name = field.Name, Description = field.Description };
        if (nested is null)
        {
            member.Type = typeof(SortEnumType);
        }
        else
        {
            member.ResolvedType = nested;
        }

        AddField(member);
    }
}
