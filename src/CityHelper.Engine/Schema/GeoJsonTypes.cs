using GraphQL;
using GraphQL.Types;
using GraphQLParser.AST;

namespace CityHelper.Engine.Schema;

/// <summary>The kinds of GeoJSON geometry (RFC 7946), in PascalCase as in HotChocolate.</summary>
public sealed class GeoJsonGeometryType : EnumerationGraphType
{
    public GeoJsonGeometryType()
    {
        Name = "GeoJSONGeometryType";
        Description = "The kinds of GeoJSON geometry (RFC 7946).";
        string[] kinds = ["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection"];
        foreach (string kind in kinds)
        {
            Add(new EnumValueDefinition(kind, kind) { Description = $"A GeoJSON {kind}." });
        }
    }
}

/// <summary>Numbers in nested arrays, for output only; the plan writes them.</summary>
public abstract class CoordinateScalar : ScalarGraphType
{
    private protected CoordinateScalar(string name, string description)
    {
        Name = name;
        Description = description;
    }

    // No input of this schema has this type, but GraphQL.NET requires both methods.
    public override object? ParseLiteral(GraphQLValue value) => ThrowLiteralConversionError(value);

    public override object? ParseValue(object? value) => ThrowValueConversionError(value);
}

/// <summary>A position: longitude, latitude.</summary>
public sealed class PositionType() : CoordinateScalar(
    "Position",
    "A position is an array of numbers. There MUST be two or more elements. The first two elements are longitude and "
    + "latitude, or easting and northing, precisely in that order and using decimal numbers. Altitude or elevation MAY be "
    + "included as an optional third element.");

/// <summary>Nested arrays of positions: polygons, their rings, the positions of the rings.</summary>
public sealed class CoordinatesType() : CoordinateScalar("Coordinates", "A coordinate is an array of positions.");

/// <summary>The fields of every GeoJSON type, as in HotChocolate.</summary>
public sealed class GeoJsonInterface : InterfaceGraphType
{
    public GeoJsonInterface()
    {
        Name = "GeoJSONInterface";
        Description = "What every GeoJSON geometry has.";
        Field<NonNullGraphType<GeoJsonGeometryType>>("type").Description(GeoJsonType.TypeDescription);
        Field<ListGraphType<FloatGraphType>>("bbox").Description(GeoJsonType.BoxDescription);
        Field<IntGraphType>("crs").Description(GeoJsonType.CrsDescription);
    }
}

/// <summary>A GeoJSON geometry of one kind. The plan writes its fields itself.</summary>
public abstract class GeoJsonType : ObjectGraphType
{
    internal const string TypeDescription = "The geometry type of the GeoJson object";
    internal const string BoxDescription = "The minimum bounding box around the geometry object";
    internal const string CrsDescription = "The coordinate reference system integer identifier";

    private protected GeoJsonType(string kind, string description, Type coordinates, string coordinatesDescription)
    {
        Name = $"GeoJSON{kind}Type";
        Description = description;
        this.WithMetadata(EngineTypes.WrittenByEngine, true);
        Interface<GeoJsonInterface>();
        IsTypeOf = _ => true;
        AddField(new FieldType { Name = "coordinates", Type = coordinates, Description = coordinatesDescription });
        Field<NonNullGraphType<GeoJsonGeometryType>>("type").Description(TypeDescription);
        Field<NonNullGraphType<ListGraphType<NonNullGraphType<FloatGraphType>>>>("bbox").Description(BoxDescription);
        Field<NonNullGraphType<IntGraphType>>("crs").Description(CrsDescription);
    }
}

/// <summary>A GeoJSON point.</summary>
public sealed class GeoJsonPointType() : GeoJsonType(
    "Point", "A GeoJSON point.", typeof(PositionType), "The \"coordinates\" field is a single position.");

/// <summary>Several points.</summary>
public sealed class GeoJsonMultiPointType() : GeoJsonType(
    "MultiPoint", "Several GeoJSON points.", typeof(ListGraphType<PositionType>), "The \"coordinates\" field is an array of positions.");

/// <summary>A line.</summary>
public sealed class GeoJsonLineStringType() : GeoJsonType(
    "LineString",
    "A GeoJSON line.",
    typeof(ListGraphType<PositionType>),
    "The \"coordinates\" field is an array of two or more positions.");

/// <summary>Several lines.</summary>
public sealed class GeoJsonMultiLineStringType() : GeoJsonType(
    "MultiLineString",
    "Several GeoJSON lines.",
    typeof(ListGraphType<ListGraphType<PositionType>>),
    "The \"coordinates\" field is an array of LineString coordinate arrays.");

/// <summary>An area.</summary>
public sealed class GeoJsonPolygonType() : GeoJsonType(
    "Polygon",
    "A GeoJSON polygon.",
    typeof(ListGraphType<ListGraphType<PositionType>>),
    "The \"coordinates\" field is an array of linear rings: the first bounds the surface, the others are holes in it.");

/// <summary>Several areas.</summary>
public sealed class GeoJsonMultiPolygonType() : GeoJsonType(
    "MultiPolygon",
    "Several GeoJSON polygons.",
    typeof(CoordinatesType),
    "The \"coordinates\" field is an array of Polygon coordinate arrays.");

/// <summary>Maps classes of geometries to GeoJSON types.</summary>
internal static class GeoJsonTypes
{
    // By name: NetTopologySuite's classes have the names of GeoJSON's kinds.
    private static readonly Dictionary<string, Type> s_types = new()
    {
        ["Point"] = typeof(GeoJsonPointType),
        ["MultiPoint"] = typeof(GeoJsonMultiPointType),
        ["LineString"] = typeof(GeoJsonLineStringType),
        ["MultiLineString"] = typeof(GeoJsonMultiLineStringType),
        ["Polygon"] = typeof(GeoJsonPolygonType),
        ["MultiPolygon"] = typeof(GeoJsonMultiPolygonType),
    };

    /// <summary>All types: the interface includes those that no field uses.</summary>
    public static IEnumerable<Type> All => s_types.Values;

    /// <exception cref="NotSupportedException">The class has no GeoJSON type.</exception>
    public static (string Kind, Type GraphType) Of(Type geometry) => s_types.TryGetValue(geometry.Name, out Type? type)
        ? (geometry.Name, type)
        : throw new NotSupportedException($"{geometry.Name} has no GeoJSON type.");
}
