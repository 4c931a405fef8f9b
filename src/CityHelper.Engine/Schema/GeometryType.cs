using System.Text.Json;
using System.Text.Json.Nodes;
using CityHelper.Engine.Documents;
using GraphQL;
using GraphQL.Types;
using GraphQLParser.AST;

namespace CityHelper.Engine.Schema;

/// <summary>
/// The scalar <c>Geometry</c>: any GeoJSON geometry (RFC 7946) as a JSON object. Its value is a NetTopologySuite geometry of SRID 4326.
/// <see cref="InputCoercion"/> creates it, because a scalar of GraphQL.NET cannot report which part of a value is wrong.
/// </summary>
public sealed class GeometryType : ScalarGraphType
{
    public GeometryType()
    {
        Name = "Geometry";
        Description = "A GeoJSON geometry (RFC 7946) in longitudes and latitudes of WGS 84, such as "
            + "`{ type: Polygon, coordinates: [[[-74, 40.7], [-73.9, 40.7], [-73.9, 40.8], [-74, 40.7]]] }`.";
        this.ApplyDirective("specifiedBy", "url", "https://www.rfc-editor.org/rfc/rfc7946");
    }

    public override bool CanParseLiteral(GraphQLValue value) => value is GraphQLObjectValue or GraphQLNullValue;

    public override object? ParseLiteral(GraphQLValue value) => CanParseLiteral(value) ? value : ThrowLiteralConversionError(value);

    public override object? ParseValue(object? value) => value;

    /// <summary>The geometry of a literal.</summary>
    /// <exception cref="InputException">The literal is not a geometry; the message says what to send.</exception>
    internal static NetTopologySuite.Geometries.Geometry FromLiteral(GraphQLValue literal) =>
        Space.GeoJsonReader.Read(JsonSerializer.SerializeToElement(ToJson(literal)), "The geometry");

    // The document's limits on characters and depth bound this recursion.
    private static JsonNode? ToJson(GraphQLValue literal) => literal switch
    {
        GraphQLObjectValue value => new JsonObject((value.Fields ?? [])
            .DistinctBy(f => f.Name.StringValue)
            .Select(f => KeyValuePair.Create(f.Name.StringValue, ToJson(f.Value)))),
        GraphQLListValue list => new JsonArray([.. (list.Values ?? []).Select(ToJson)]),
        GraphQLIntValue number => JsonNode.Parse(number.Value.Span.ToString()),
        GraphQLFloatValue number => JsonNode.Parse(number.Value.Span.ToString()),
        GraphQLStringValue text => text.Value.ToString(),

        // `type: Polygon`, as an enum value in HotChocolate's spelling.
        GraphQLEnumValue name => name.Name.StringValue,
        GraphQLBooleanValue flag => flag.BoolValue,
        GraphQLNullValue => null,
        _ => throw new InputException("The geometry holds a variable: send the whole geometry as one variable."),
    };
}
