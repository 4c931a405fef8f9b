using GraphQL;
using GraphQL.Types;
using GraphQLParser.AST;

namespace CityHelper.Engine.Types;

/// <summary>The kinds of GeoJSON (RFC 7946). PascalCase, as HotChocolate has them.</summary>
public sealed class GeoJsonGeometryType : EnumerationGraphType
{
    public GeoJsonGeometryType()
    {
        Name = "GeoJSONGeometryType";
        Description = "The kinds of GeoJSON geometry (RFC 7946).";
        foreach (string kind in new[] { "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection" })
        {
            Add(new EnumValueDefinition(kind, kind) { Description = $"A GeoJSON {kind}." });
        }
    }
}

/// <summary>A position: longitude, latitude.</summary>
public sealed class PositionType : ScalarGraphType
{
    public PositionType()
    {
        Name = "Position";
        Description = "A position is an array of numbers. There MUST be two or more elements. The first two elements are longitude and "
            + "latitude, or easting and northing, precisely in that order and using decimal numbers. Altitude or elevation MAY be "
            + "included as an optional third element.";
    }

    // Only written in this schema, by the plan; GraphQL.NET asks for both nevertheless.
    public override object? ParseLiteral(GraphQLValue value) => ThrowLiteralConversionError(value);

    public override object? ParseValue(object? value) => ThrowValueConversionError(value);
}

/// <summary>What every GeoJSON type has (conventions §7).</summary>
public sealed class GeoJsonInterface : InterfaceGraphType
{
    public GeoJsonInterface()
    {
        Name = "GeoJSONInterface";
        Description = "What every GeoJSON geometry has.";
        Field<NonNullGraphType<GeoJsonGeometryType>>("type").Description(GeoJsonPointType.TypeDescription);
        Field<ListGraphType<FloatGraphType>>("bbox").Description(GeoJsonPointType.BoxDescription);
        Field<IntGraphType>("crs").Description(GeoJsonPointType.CrsDescription);
    }
}

/// <summary>A GeoJSON point (conventions §7). The plan writes its fields itself.</summary>
public sealed class GeoJsonPointType : ObjectGraphType
{
    internal const string TypeDescription = "The geometry type of the GeoJson object";
    internal const string BoxDescription = "The minimum bounding box around the geometry object";
    internal const string CrsDescription = "The coordinate reference system integer identifier";

    public GeoJsonPointType()
    {
        Name = "GeoJSONPointType";
        Description = "A GeoJSON point.";
        this.WithMetadata(EngineTypes.WrittenByEngine, true);
        Interface<GeoJsonInterface>();
        IsTypeOf = _ => true;
        Field<PositionType>("coordinates").Description("The \"coordinates\" field is a single position.");
        Field<NonNullGraphType<GeoJsonGeometryType>>("type").Description(TypeDescription);
        Field<NonNullGraphType<ListGraphType<NonNullGraphType<FloatGraphType>>>>("bbox").Description(BoxDescription);
        Field<NonNullGraphType<IntGraphType>>("crs").Description(CrsDescription);
    }
}
