using System.Text.RegularExpressions;
using GraphQLParser;
using GraphQLParser.AST;
using GraphQLParser.Visitors;
using Xunit;

namespace CityHelper.Tests.Server;

/// <summary>
/// Filters, sorting, paging and ids have HotChocolate's names, nullability and order, so that clients and code generators made for it work
/// unchanged. docs/decisions/0001 and 0005 list the intended differences.
/// </summary>
public sealed partial class ConventionTests
{
    private static readonly Lazy<GraphQLDocument> s_schema = new(Schema);

    private static readonly Lazy<GraphQLDocument> s_withoutCosts = new(() =>
        Parser.Parse(Cost().Replace(File.ReadAllText(Repository.PathOf("schema", "schema.graphql")), "")));

    [Theory]
    [InlineData(
        "input StringOperationFilterInput { and: [StringOperationFilterInput!] or: [StringOperationFilterInput!] eq: String neq: String "
            + "contains: String ncontains: String in: [String] nin: [String] startsWith: String nstartsWith: String endsWith: String "
            + "nendsWith: String }")]
    [InlineData(
        "input DateTimeOperationFilterInput { eq: DateTime neq: DateTime in: [DateTime] nin: [DateTime] gt: DateTime ngt: DateTime gte: "
            + "DateTime ngte: DateTime lt: DateTime nlt: DateTime lte: DateTime nlte: DateTime }")]
    [InlineData(
        "input ServiceRequestStatusOperationFilterInput { eq: ServiceRequestStatus neq: ServiceRequestStatus in: [ServiceRequestStatus!] "
            + "nin: [ServiceRequestStatus!] }")]
    [InlineData("input IdOperationFilterInput { eq: ID neq: ID in: [ID] nin: [ID] }")]
    [InlineData(
        "input ListFilterInputTypeOfStatusUpdateFilterInput { all: StatusUpdateFilterInput none: StatusUpdateFilterInput some: "
            + "StatusUpdateFilterInput any: Boolean }")]
    [InlineData(
        "input StatusUpdateFilterInput { and: [StatusUpdateFilterInput!] or: [StatusUpdateFilterInput!] status: "
            + "ServiceRequestStatusOperationFilterInput sourceStatus: StringOperationFilterInput note: StringOperationFilterInput "
            + "createdAt: DateTimeOperationFilterInput }")]
    [InlineData(
        "input CategoryFilterInput { and: [CategoryFilterInput!] or: [CategoryFilterInput!] id: IdOperationFilterInput code: "
            + "StringOperationFilterInput name: StringOperationFilterInput agency: AgencyFilterInput }")]
    [InlineData(
        "input ServiceRequestSortInput { status: SortEnumType category: CategorySortInput createdAt: SortEnumType updatedAt: SortEnumType }"
    )]
    [InlineData("enum SortEnumType { ASC DESC }")]
    [InlineData(
        "type ServiceRequestsConnection { pageInfo: PageInfo! edges: [ServiceRequestsEdge!] nodes: [ServiceRequest!] totalCount: Int! }")]
    [InlineData("type ServiceRequestsEdge { cursor: String! node: ServiceRequest! }")]
    [InlineData("type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }")]
    [InlineData("interface Node { id: ID! }")]
    [InlineData("interface GeoJSONInterface { type: GeoJSONGeometryType! bbox: [Float] crs: Int }")]
    [InlineData(
        "type GeoJSONPointType implements GeoJSONInterface { coordinates: Position type: GeoJSONGeometryType! bbox: [Float!]! crs: Int! }")]
    [InlineData(
        "type GeoJSONLineStringType implements GeoJSONInterface { coordinates: [Position] type: GeoJSONGeometryType! bbox: [Float!]! crs: "
            + "Int! }")]
    [InlineData(
        "type GeoJSONMultiPointType implements GeoJSONInterface { coordinates: [Position] type: GeoJSONGeometryType! bbox: [Float!]! crs: "
            + "Int! }")]
    [InlineData(
        "type GeoJSONPolygonType implements GeoJSONInterface { coordinates: [[Position]] type: GeoJSONGeometryType! bbox: [Float!]! crs: "
            + "Int! }")]
    [InlineData(
        "type GeoJSONMultiLineStringType implements GeoJSONInterface { coordinates: [[Position]] type: GeoJSONGeometryType! bbox: "
            + "[Float!]! crs: Int! }")]
    [InlineData(
        "type GeoJSONMultiPolygonType implements GeoJSONInterface { coordinates: Coordinates type: GeoJSONGeometryType! bbox: [Float!]! "
            + "crs: Int! }")]
    [InlineData(
        "input BoundaryFilterInput { and: [BoundaryFilterInput!] or: [BoundaryFilterInput!] id: IdOperationFilterInput kind: "
            + "StringOperationFilterInput code: StringOperationFilterInput name: StringOperationFilterInput geometry: "
            + "MultiPolygonFilterInput }")]
    [InlineData("input BoundarySortInput { kind: SortEnumType code: SortEnumType name: SortEnumType }")]
    [InlineData("input GeometryWithinOperationFilterInput { geometry: Geometry! buffer: Float }")]
    [InlineData(
        "input GeometryDistanceOperationFilterInput { geometry: Geometry! buffer: Float eq: Float neq: Float in: [Float] nin: [Float] gt: "
            + "Float ngt: Float gte: Float ngte: Float lt: Float nlt: Float lte: Float nlte: Float }")]
    [InlineData(
        "input PointFilterInput { and: [PointFilterInput!] or: [PointFilterInput!] x: FloatOperationFilterInput y: "
            + "FloatOperationFilterInput contains: GeometryContainsOperationFilterInput ncontains: GeometryContainsOperationFilterInput "
            + "distance: GeometryDistanceOperationFilterInput intersects: GeometryIntersectsOperationFilterInput nintersects: "
            + "GeometryIntersectsOperationFilterInput overlaps: GeometryOverlapsOperationFilterInput noverlaps: "
            + "GeometryOverlapsOperationFilterInput touches: GeometryTouchesOperationFilterInput ntouches: "
            + "GeometryTouchesOperationFilterInput within: GeometryWithinOperationFilterInput nwithin: GeometryWithinOperationFilterInput }"
    )]
    [InlineData(
        "input MultiPolygonFilterInput { and: [MultiPolygonFilterInput!] or: [MultiPolygonFilterInput!] contains: "
            + "GeometryContainsOperationFilterInput ncontains: GeometryContainsOperationFilterInput distance: "
            + "GeometryDistanceOperationFilterInput intersects: GeometryIntersectsOperationFilterInput nintersects: "
            + "GeometryIntersectsOperationFilterInput overlaps: GeometryOverlapsOperationFilterInput noverlaps: "
            + "GeometryOverlapsOperationFilterInput touches: GeometryTouchesOperationFilterInput ntouches: "
            + "GeometryTouchesOperationFilterInput within: GeometryWithinOperationFilterInput nwithin: GeometryWithinOperationFilterInput }"
    )]
    [InlineData("input AreaInput @oneOf { viewport: ViewportInput polygon: Geometry boundary: ID circle: CircleInput }")]
    public void A_definition_is_as_the_conventions_have_it(string expected)
    {
        ASTNode definition = Parser.Parse(expected).Definitions.Single();
        string name = ((INamedNode)definition).Name.StringValue;
        Assert.Equal(
            Print(definition), Print(s_withoutCosts.Value.Definitions.Single(d => d is INamedNode named && named.Name.Value == name)));
    }

    [Theory]
    [InlineData("Query", "node(id: ID!): Node")]
    [InlineData("Query", "nodes(ids: [ID!]!): [Node]!")]
    [InlineData(
        "Query",
        "serviceRequests(first: Int, after: String, last: Int, before: String, city: String!, within: AreaInput, where: "
            + "ServiceRequestFilterInput, order: [ServiceRequestSortInput!]): ServiceRequestsConnection")]
    [InlineData(
        "City",
        "categories(first: Int, after: String, last: Int, before: String, where: CategoryFilterInput, order: [CategorySortInput!]): "
            + "CategoriesConnection")]
    [InlineData(
        "Query",
        "boundaries(first: Int, after: String, last: Int, before: String, city: String!, kind: String, where: BoundaryFilterInput, order: "
            + "[BoundarySortInput!]): BoundariesConnection")]
    [InlineData("ServiceRequest", "boundaries: [Boundary!]!")]
    [InlineData(
        "Category",
        "serviceRequests(first: Int, after: String, last: Int, before: String, where: ServiceRequestFilterInput, order: "
            + "[ServiceRequestSortInput!]): ServiceRequestsConnection")]
    [InlineData(
        "ServiceRequest",
        "history(first: Int, after: String, last: Int, before: String, where: StatusUpdateFilterInput, order: [StatusUpdateSortInput!]): "
            + "HistoryConnection")]
    public void A_field_is_as_the_conventions_have_it(string type, string expected)
    {
        GraphQLFieldDefinition definition = Fields(Parser.Parse($"type X {{ {expected} }}").Definitions.Single()).Single();
        GraphQLFieldDefinition ours = Fields(
                s_withoutCosts.Value.Definitions.Single(d => d is GraphQLObjectTypeDefinition o && o.Name.Value == type))
            .Single(f => f.Name.Value == definition.Name.Value);
        ours.Directives = null;
        Assert.Equal(Print(definition), Print(ours));
    }

    /// <summary>Weights and list sizes, as the <c>@cost</c> and <c>@listSize</c> directives state them.</summary>
    [Theory]
    [InlineData("Query", "node", "@cost(weight: \"10\")")]
    [InlineData(
        "Query",
        "serviceRequests",
        "@cost(weight: \"10\") @listSize(assumedSize: 100, slicingArguments: [\"first\", \"last\"], slicingArgumentDefaultValue: 10, "
            + "sizedFields: [\"edges\", \"nodes\"], requireOneSlicingArgument: false)")]
    [InlineData(
        "City",
        "categories",
        "@cost(weight: \"10\") @listSize(assumedSize: 100, slicingArguments: [\"first\", \"last\"], slicingArgumentDefaultValue: 10, "
            + "sizedFields: [\"edges\", \"nodes\"], requireOneSlicingArgument: false)")]
    [InlineData(
        "ServiceRequest",
        "updates",
        "@listSize(assumedSize: 5, slicingArguments: [\"last\"], slicingArgumentDefaultValue: 5, requireOneSlicingArgument: false)")]
    [InlineData("ServiceRequest", "category", "")]
    [InlineData("StringOperationFilterInput", "eq", "@cost(weight: \"10\")")]
    [InlineData("StringOperationFilterInput", "contains", "@cost(weight: \"20\")")]
    [InlineData("StringOperationFilterInput", "nendsWith", "@cost(weight: \"20\")")]
    [InlineData("StringOperationFilterInput", "and", "")]
    [InlineData("ServiceRequestSortInput", "createdAt", "@cost(weight: \"10\")")]
    [InlineData("ServiceRequestFilterInput", "status", "")]
    public void A_member_weighs_what_the_conventions_say(string type, string member, string expected)
    {
        ASTNode definition = s_schema.Value.Definitions.Single(d =>
            d is INamedNode named and not GraphQLDirectiveDefinition && named.Name.Value == type);
        GraphQLDirectives? directives = definition is GraphQLInputObjectTypeDefinition input
            ? input.Fields!.Single(f => f.Name.Value == member).Directives
            : Fields(definition).Single(f => f.Name.Value == member).Directives;
        Assert.Equal(expected, string.Join(' ', (directives?.Items ?? []).Where(IsCost).Select(Print)));
    }

    [Fact]
    public void Ids_come_first() =>
        Assert.Equal(
            ["node", "nodes"],
            Fields(s_schema.Value.Definitions.Single(d => d is GraphQLObjectTypeDefinition o && o.Name.Value == "Query"))
                .Take(2)
                .Select(f => f.Name.StringValue));

    [Fact]
    public void Whatever_has_a_global_id_is_a_node()
    {
        // A change names the row that has changed, where one has: its id may be null.
        string[] withId = [.. Objects().Where(o => Fields(o).Any(f => f.Name.Value == "id" && f.Type is GraphQLNonNullType))
            .Select(o => o.Name.StringValue)];
        Assert.Equal(["Agency", "Boundary", "Category", "City", "ServiceRequest"], withId);
        Assert.Equal(withId, Objects().Where(o => o.Interfaces?.Any(i => i.Name.Value == "Node") == true).Select(o => o.Name.StringValue));
    }

    [Fact]
    public void Filter_inputs_begin_with_and_and_or_and_go_on_in_the_order_of_the_type()
    {
        foreach (GraphQLInputObjectTypeDefinition input in s_schema.Value.Definitions.OfType<GraphQLInputObjectTypeDefinition>()
            .Where(i => i.Name.StringValue.EndsWith("FilterInput", StringComparison.Ordinal)
                && Objects().Any(o => o.Name.StringValue + "FilterInput" == i.Name.StringValue)))
        {
            string[] members = [.. input.Fields!.Select(f => f.Name.StringValue)];
            Assert.Equal(["and", "or"], members.Take(2));
            string[] fields =
            [
                .. Fields(Objects().Single(o => o.Name.StringValue + "FilterInput" == input.Name.StringValue))
                    .Select(f => f.Name.StringValue),
            ];
            Assert.Equal(fields.Where(members.Contains), members.Skip(2));
        }
    }

    private static GraphQLDocument Schema() => Parser.Parse(File.ReadAllText(Repository.PathOf("schema", "schema.graphql")));

    private static bool IsCost(GraphQLDirective directive) => directive.Name.Value == "cost" || directive.Name.Value == "listSize";

    private static IEnumerable<GraphQLObjectTypeDefinition> Objects() => s_schema.Value.Definitions.OfType<GraphQLObjectTypeDefinition>();

    private static IEnumerable<GraphQLFieldDefinition> Fields(ASTNode definition) =>
        ((GraphQLObjectTypeDefinition)definition).Fields ?? Enumerable.Empty<GraphQLFieldDefinition>();

    // Descriptions are our own and are left out; the printer keeps existing line breaks, so white space is normalised.
    private static string Print(ASTNode node) =>
        Space()
            .Replace(new SDLPrinter(new SDLPrinterOptions { PrintDescriptions = false }).Print(node), " ")
            .Replace("( ", "(", StringComparison.Ordinal)
            .Trim();

    // Matches where a directive is applied, not where it is defined.
    [GeneratedRegex(@"(?<!directive) @(cost|listSize)\([^)]*\)")]
    private static partial Regex Cost();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
