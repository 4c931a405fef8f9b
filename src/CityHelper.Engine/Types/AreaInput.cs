using GraphQL.Types;

namespace CityHelper.Engine.Types;

/// <summary>Where rows are looked for: exactly one of its members.</summary>
public sealed class AreaInput : InputObjectGraphType
{
    /// <summary>The member that holds a rectangle.</summary>
    public const string Viewport = "viewport";

    public AreaInput()
    {
        Name = "AreaInput";
        Description = "An area, given in exactly one way.";
        IsOneOf = true;
        Field<ViewportInput>(Viewport).Description("A rectangle of longitudes and latitudes, such as the part of a map that is shown.");
    }
}

/// <summary>A rectangle in degrees.</summary>
public sealed class ViewportInput : InputObjectGraphType
{
    public ViewportInput()
    {
        Name = "ViewportInput";
        Description = "A rectangle in degrees of WGS 84. Points on its edges are inside.";
        Field<NonNullGraphType<FloatGraphType>>("west").Description("The smallest longitude, -180 to 180.");
        Field<NonNullGraphType<FloatGraphType>>("south").Description("The smallest latitude, -90 to 90.");
        Field<NonNullGraphType<FloatGraphType>>("east").Description("The largest longitude, not below `west`.");
        Field<NonNullGraphType<FloatGraphType>>("north").Description("The largest latitude, not below `south`.");
    }
}
