using GraphQL.Types;

namespace CityHelper.Engine.Schema;

/// <summary>The area in which rows are searched: exactly one member is given.</summary>
public sealed class AreaInput : InputObjectGraphType
{
    /// <summary>The member that holds a rectangle.</summary>
    public const string Viewport = "viewport";

    /// <summary>The member that holds a polygon.</summary>
    public const string Polygon = "polygon";

    /// <summary>The member that holds the id of a stored area.</summary>
    public const string Boundary = "boundary";

    /// <summary>The member that holds a circle.</summary>
    public const string Circle = "circle";

    public AreaInput()
    {
        Name = "AreaInput";
        Description = "An area, given in exactly one way. What lies on its edge lies in it.";
        IsOneOf = true;
        Field<ViewportInput>(Viewport).Description("A rectangle of longitudes and latitudes, such as the part of a map that is shown.");
        Field<GeometryType>(Polygon).Description(
            $"A GeoJSON Polygon or MultiPolygon of at most {Limits.GeometryVerticesMax} positions and {Limits.AreaDegreesMax} degrees.");
        Field<IdGraphType>(Boundary).Description("The `id` of a boundary, such as that of a district.");
        Field<CircleInput>(Circle).Description("All within a distance of a place.");
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

/// <summary>A circle on the ground.</summary>
public sealed class CircleInput : InputObjectGraphType
{
    public CircleInput()
    {
        Name = "CircleInput";
        Description = "A circle on the ground.";
        Field<NonNullGraphType<FloatGraphType>>("longitude").Description("The centre's longitude, -180 to 180.");
        Field<NonNullGraphType<FloatGraphType>>("latitude").Description("The centre's latitude, -90 to 90.");
        Field<NonNullGraphType<FloatGraphType>>("metres").Description(
            $"The radius in metres on the spheroid of WGS 84, more than 0, at most {Limits.CircleMetresMax}.");
    }
}
