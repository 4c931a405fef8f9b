using GraphQL.Types;

namespace CityHelper.Engine.Schema;

/// <summary>
/// HotChocolate's conditions on a geometry, except those that are meaningless for the geometries stored here. Lengths and distances are in
/// degrees, as in HotChocolate; <c>within: { circle }</c> takes metres.
/// </summary>
public sealed class SpatialFilterInput : JoiningFilterInput
{
    /// <summary>The distance to a geometry, compared with numbers.</summary>
    public const string Distance = "distance";

    /// <summary>A point's longitude.</summary>
    public const string X = "x";

    /// <summary>A point's latitude.</summary>
    public const string Y = "y";

    /// <summary>Whether the column holds points; areas otherwise.</summary>
    internal bool IsPoint { get; }

    internal SpatialFilterInput(string kind, OperationFilterInput? numbers, FilterInputs inputs)
        : base($"{kind}FilterInput", $"Conditions on a {kind}; those of one object must all hold.", joins: true)
    {
        IsPoint = numbers is not null;
        if (numbers is not null)
        {
            AddField(new FieldType { Name = X, ResolvedType = numbers, Description = "The longitude." });
            AddField(new FieldType { Name = Y, ResolvedType = numbers, Description = "The latitude." });
        }

        Offer(inputs, "contains", "Contains the geometry.");
        Offer(inputs, "ncontains", "Does not contain the geometry.");
        Offer(inputs, Distance, "Lies at a distance from the geometry, in degrees.");
        Offer(inputs, "intersects", "Has a point in common with the geometry.");
        Offer(inputs, "nintersects", "Has no point in common with the geometry.");
        Offer(
            inputs,
            "overlaps",
            "Overlaps the geometry: both have points that the other has not, and points in common of the same dimension.");
        Offer(inputs, "noverlaps", "Does not overlap the geometry.");
        Offer(inputs, "touches", "Touches the geometry: edges have points in common, insides have not.");
        Offer(inputs, "ntouches", "Does not touch the geometry.");
        Offer(inputs, "within", "Lies within the geometry; what lies on its edge alone does not.");
        Offer(inputs, "nwithin", "Does not lie within the geometry.");
    }

    private void Offer(FilterInputs inputs, string operation, string description) =>
        AddField(new FieldType { Name = operation, ResolvedType = inputs.Spatial(operation), Description = description });
}

/// <summary>The operand of a condition on a geometry: another geometry, with an optional buffer.</summary>
public sealed class SpatialOperationFilterInput : InputObjectGraphType
{
    /// <summary>The other geometry.</summary>
    public const string Geometry = "geometry";

    /// <summary>Degrees by which the other geometry is grown, or shrunk when negative.</summary>
    public const string Buffer = "buffer";

    /// <summary>Whether the operation compares a distance; otherwise it tests a relation.</summary>
    internal bool IsDistance { get; }

    internal SpatialOperationFilterInput(string operation, OperationFilterInput? comparisons)
    {
        IsDistance = comparisons is not null;
        Name = $"Geometry{char.ToUpperInvariant(operation[0])}{operation[1..]}OperationFilterInput";
        Description = "A geometry to compare with.";
        Field<NonNullGraphType<GeometryType>>(Geometry).Description($"The geometry, of at most {Limits.GeometryVerticesMax} positions.");
        Field<FloatGraphType>(Buffer)
            .Description(
                "Degrees: positive for all within that distance of the geometry; "
                    + "negative for what is left of an area that far from its edge.");
        foreach (FieldType comparison in comparisons?.Fields.ToArray() ?? [])
        {
            AddField(new FieldType { Name = comparison.Name, Type = comparison.Type, Description = comparison.Description });
        }
    }
}
