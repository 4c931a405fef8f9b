using CityHelper.Engine.Bindings;
using GraphQL.Types;

namespace CityHelper.Engine.Types;

/// <summary>The two directions of a sort (conventions §3).</summary>
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

/// <summary>The sort input of a type, generated from the fields that are marked sortable.</summary>
public sealed class SortInput : InputObjectGraphType
{
    public SortInput(IObjectGraphType row)
    {
        Name = row.Name + "SortInput";
        Description = $"How a list of {row.Name} is sorted. Only what an index orders is offered.";
        foreach (FieldType field in row.Fields.Where(f => f.Allows(FieldUses.Sort)))
        {
            AddField(new FieldType { Name = field.Name, Type = typeof(SortEnumType), Description = field.Description });
        }
    }
}
