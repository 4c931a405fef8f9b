using System.Globalization;
using System.Text.Json.Nodes;
using CityHelper.Data.Model;
using GraphQLParser;
using GraphQLParser.AST;
using NetTopologySuite.Geometries;

namespace CityHelper.IntegrationTests.Oracle;

/// <summary>
/// Computes the correct answer of an operation: executes its document slowly over lists of rows, exactly by the GraphQL specification (6.3)
/// and the schema's descriptions. It has no plans and no batches, and shares no code with the engine.
/// </summary>
internal sealed class OracleInterpreter
{
    private static readonly Dictionary<string, string[]> s_possibleTypes = new()
    {
        ["Node"] = ["City", "Category", "Agency", "ServiceRequest", "Boundary"],
        ["GeoJSONInterface"] = ["GeoJSONPointType", "GeoJSONMultiPolygonType"],
    };

    private static readonly object s_query = new();

    private readonly OracleRows _rows;
    private readonly OracleFilters _filters;
    private readonly OracleOrders _orders;
    private readonly OracleInputs _inputs;
    private readonly GraphQLOperationDefinition _operation;
    private readonly Dictionary<string, GraphQLFragmentDefinition> _fragments;
    private readonly IReadOnlyDictionary<string, string> _cursors;
    private readonly List<OracleConnection> _connections = [];
    private int _depth;

    /// <summary>Reads a document; <paramref name="cursors"/> are those received before, with the keys of their rows.</summary>
    public OracleInterpreter(OracleRows rows, string document, JsonObject variables, IReadOnlyDictionary<string, string> cursors)
    {
        GraphQLDocument parsed = Parser.Parse(document);
        _rows = rows;
        _filters = new OracleFilters(rows);
        _orders = new OracleOrders(rows);
        _cursors = cursors;
        _operation = parsed.Definitions.OfType<GraphQLOperationDefinition>().Single();
        _fragments = parsed.Definitions.OfType<GraphQLFragmentDefinition>().ToDictionary(f => f.FragmentName.Name.StringValue);
        _inputs = new OracleInputs(_operation, variables);
    }

    /// <summary>The connections visited, to see whether an operation asked for anything.</summary>
    public IReadOnlyList<OracleConnection> Connections => _connections;

    /// <summary>The <c>data</c> of the answer.</summary>
    public JsonNode Run() => Select(s_query, [_operation.SelectionSet]);

    // ExecuteSelectionSet: fields of one response name are one field with all their selections.
    private JsonObject Select(object value, IEnumerable<GraphQLSelectionSet> selectionSets)
    {
        string type = TypeOf(value);
        OrderedDictionary<string, List<GraphQLField>> grouped = [];
        HashSet<string> visited = [];
        foreach (GraphQLSelectionSet selectionSet in selectionSets)
        {
            Collect(type, selectionSet, grouped, visited);
        }

        var answer = new JsonObject();
        foreach ((string responseName, List<GraphQLField> fields) in grouped)
        {
            List<GraphQLSelectionSet> below = [.. fields.Select(f => f.SelectionSet).OfType<GraphQLSelectionSet>()];
            answer.Add(responseName, Complete(Resolve(type, value, fields[0]), below));
        }

        return answer;
    }

    private void Collect(
        string type, GraphQLSelectionSet selectionSet, OrderedDictionary<string, List<GraphQLField>> grouped, HashSet<string> visited)
    {
        foreach (ASTNode selection in selectionSet.Selections)
        {
            if (!_inputs.Includes((IHasDirectivesNode)selection))
            {
                continue;
            }

            switch (selection)
            {
                case GraphQLField field:
                    string responseName = (field.Alias?.Name ?? field.Name).StringValue;
                    if (!grouped.TryGetValue(responseName, out List<GraphQLField>? fields))
                    {
                        grouped.Add(responseName, fields = []);
                    }

                    fields.Add(field);
                    break;
                case GraphQLInlineFragment inline when Applies(type, inline.TypeCondition?.Type.Name.StringValue):
                    Collect(type, inline.SelectionSet, grouped, visited);
                    break;
                case GraphQLFragmentSpread spread when visited.Add(spread.FragmentName.Name.StringValue):
                    GraphQLFragmentDefinition fragment = _fragments[spread.FragmentName.Name.StringValue];
                    if (Applies(type, fragment.TypeCondition.Type.Name.StringValue))
                    {
                        Collect(type, fragment.SelectionSet, grouped, visited);
                    }

                    break;
            }
        }
    }

    private static bool Applies(string type, string? condition) =>
        condition is null
        || condition == type
        || (s_possibleTypes.TryGetValue(condition, out string[]? possible) && possible.Contains(type));

    private JsonNode? Complete(object? value, IReadOnlyList<GraphQLSelectionSet> selectionSets) => value switch
    {
        null => null,
        JsonNode json => json,

        // To NetTopologySuite it is a list of polygons.
        MultiPolygon shape => Select(shape, selectionSets),
        string text => JsonValue.Create(text),
        int number => JsonValue.Create(number),
        double number => JsonValue.Create(number),
        bool flag => JsonValue.Create(flag),
        DateTime moment => JsonValue.Create(OracleColumns.TextOf(moment)),
        ServiceRequestStatus status => JsonValue.Create(OracleColumns.NameOf(status)),
        OracleCursor cursor => OracleComparison.Cursor(cursor),
        IEnumerable<object?> list => new JsonArray([.. list.Select(item => Complete(item, selectionSets))]),
        IEnumerable<double> numbers => new JsonArray([.. numbers.Select(n => JsonValue.Create(n))]),
        OraclePage page => SelectBelow(page, selectionSets),
        _ => Select(value, selectionSets),
    };

    private JsonObject SelectBelow(OraclePage page, IReadOnlyList<GraphQLSelectionSet> selectionSets)
    {
        _depth++;
        JsonObject answer = Select(page, selectionSets);
        _depth--;
        return answer;
    }

    private static string TypeOf(object value) => value switch
    {
        _ when value == s_query => "Query",
        Point => "GeoJSONPointType",
        MultiPolygon => "GeoJSONMultiPolygonType",
        Envelope => "Bounds",
        OraclePage page => page.Name + "Connection",
        OracleEdge edge => edge.Page.Name + "Edge",
        OraclePageInfo => "PageInfo",
        OracleDuplicate => "PossibleDuplicate",
        _ => value.GetType().Name,
    };

    private object? Resolve(string type, object value, GraphQLField field)
    {
        string name = field.Name.StringValue;
        IReadOnlyDictionary<string, JsonNode?> arguments = _inputs.Arguments(field);
        return name == "__typename" ? type : value switch
        {
            _ when value == s_query => Root(name, arguments),
            City city => OfCity(city, name, arguments),
            Category category => OfCategory(category, name, arguments),
            Agency agency => OfAgency(agency, name, arguments),
            ServiceRequest request => OfRequest(request, name, arguments),
            StatusUpdate update => OracleColumns.Value(update, name),
            Boundary boundary => OfBoundary(boundary, name, arguments),
            Point point => OfPoint(point, name),
            MultiPolygon shape => OracleBoundaries.OfShape(shape, name),
            Envelope bounds => OfBounds(bounds, name),
            OraclePage page => OfPage(page, name),
            OracleEdge edge => name switch
            {
                "cursor" => new OracleCursor(edge.Page, edge.Row),
                "distanceMetres" => edge.Page.Distances![(ServiceRequest)edge.Row],
                _ => edge.Row,
            },
            OracleDuplicate duplicate => name switch
            {
                "distanceMetres" => duplicate.Metres,
                "score" => duplicate.Score,
                _ => duplicate.Request,
            },
            OraclePageInfo info => OfPageInfo(info.Page, name),
            _ => throw new ArgumentException($"The oracle knows no type {type}."),
        };
    }

    private object? Root(string name, IReadOnlyDictionary<string, JsonNode?> arguments)
    {
        switch (name)
        {
            case "cities":
                return _rows.Cities.OrderBy(c => c.Name, Comparer<string>.Create(OracleRows.CompareTexts)).ThenBy(c => c.Id).ToList();
            case "city":
                return _rows.CityOf(Text(arguments, "slug")!);
            case "node":
                return _rows.Find(Text(arguments, "id")!);
            case "nodes":
                return OracleFilters.Items(arguments["ids"]).Select(id => _rows.Find(id!.GetValue<string>())).ToList();
            case "serviceRequest":
                short ofCity = _rows.CityOf(Text(arguments, "city")!)!.Id;
                return Text(arguments, "id") is { } id
                    ? _rows.Requests.SingleOrDefault(r => r.CityId == ofCity && OracleRows.KeyOf(r) == id)
                    : _rows.Requests.SingleOrDefault(r => r.CityId == ofCity && r.ExternalId == Text(arguments, "externalId"));
            case "serviceRequests":
                short inCity = _rows.CityOf(Text(arguments, "city")!)!.Id;
                return Connection("ServiceRequests", "ServiceRequest", _rows.Of("ServiceRequest", inCity), arguments);
            case "boundary":
                return _rows.Find(Text(arguments, "id")!) as Boundary;
            case "boundaries":
                return Connection("Boundaries", "Boundary", _rows.Of("Boundary", _rows.CityOf(Text(arguments, "city")!)!.Id), arguments);
            case "nearbyServiceRequests":
                return Nearby(_rows.CityOf(Text(arguments, "city")!)!.Id, arguments);
            case "duplicateCandidates":
                return _rows.Near.CandidatesOf(_rows.CityOf(Text(arguments, "city")!)!.Id, Position(arguments["location"]!), arguments);
            default:
                throw new ArgumentException($"The oracle knows no root {name}.");
        }
    }

    private object? OfCity(City city, string name, IReadOnlyDictionary<string, JsonNode?> arguments) => name switch
    {
        "bounds" => city.Bounds.EnvelopeInternal,
        "centre" => city.Centre,
        "categories" => Connection("Categories", "Category", _rows.Of("Category", city.Id), arguments),
        "agencies" => Connection("Agencies", "Agency", _rows.Of("Agency", city.Id), arguments),
        "serviceRequests" => Connection("ServiceRequests", "ServiceRequest", _rows.Of("ServiceRequest", city.Id), arguments),
        "boundaries" => Connection("Boundaries", "Boundary", _rows.Of("Boundary", city.Id), arguments),
        _ => OracleColumns.Value(city, name),
    };

    private object? OfCategory(Category category, string name, IReadOnlyDictionary<string, JsonNode?> arguments) => name switch
    {
        "agency" => _rows.AgencyOf(category),
        "serviceRequests" => Connection("ServiceRequests", "ServiceRequest", _rows.RequestsOf(category), arguments),
        _ => OracleColumns.Value(category, name),
    };

    private object? OfAgency(Agency agency, string name, IReadOnlyDictionary<string, JsonNode?> arguments) => name switch
    {
        "serviceRequests" => Connection("ServiceRequests", "ServiceRequest", _rows.RequestsOf(agency), arguments),
        _ => OracleColumns.Value(agency, name),
    };

    private object? OfRequest(ServiceRequest request, string name, IReadOnlyDictionary<string, JsonNode?> arguments) => name switch
    {
        "category" => _rows.CategoryOf(request),
        "agency" => _rows.AgencyOf(request),
        "location" => request.Location,
        "duplicateOf" => _rows.DuplicatedBy(request),
        "updates" => _orders.Sort("StatusUpdate", request.Updates, null).TakeLast((int?)arguments.GetValueOrDefault("last") ?? 10).ToList(),
        "possibleDuplicates" => _rows.Near.DuplicatesOf(request, arguments),
        "history" => Connection("History", "StatusUpdate", request.Updates, arguments),
        "boundaries" => _orders.Sort("Boundary", _rows.BoundariesOf(request), null),
        _ => OracleColumns.Value(request, name),
    };

    private static object? OfBoundary(Boundary boundary, string name, IReadOnlyDictionary<string, JsonNode?> arguments) => name switch
    {
        "geometry" => OracleBoundaries.Shown(boundary, (int?)arguments.GetValueOrDefault("zoom")),
        "bounds" => boundary.Geometry.EnvelopeInternal,
        _ => OracleColumns.Value(boundary, name),
    };

    private static object OfPoint(Point point, string name) => name switch
    {
        "type" => "Point",
        "coordinates" => new[] { point.X, point.Y },
        "bbox" => new[] { point.X, point.Y, point.X, point.Y },
        "crs" => 4326,
        _ => throw new ArgumentException($"The oracle knows no {name} of a point."),
    };

    private static object OfBounds(Envelope bounds, string name) => name switch
    {
        "west" => bounds.MinX,
        "south" => bounds.MinY,
        "east" => bounds.MaxX,
        "north" => bounds.MaxY,
        _ => throw new ArgumentException($"The oracle knows no {name} of bounds."),
    };

    private OraclePage Connection(string name, string type, IEnumerable<object> all, IReadOnlyDictionary<string, JsonNode?> arguments)
    {
        List<object> candidates = [.. all];
        Predicate<object> holds = _filters.Compile(arguments.GetValueOrDefault("where"));
        Predicate<object> lies = Within(arguments.GetValueOrDefault("within"));
        string? kind = Text(arguments, "kind");
        IReadOnlyList<object> sorted = _orders.Sort(
            type,
            candidates.Where(row => holds(row) && lies(row) && (kind is null || ((Boundary)row).Kind == kind)),
            arguments.GetValueOrDefault("order"));
        OraclePage page = OraclePages.Cut(name, _connections.Count, sorted, arguments, _cursors);
        _connections.Add(new OracleConnection(page, candidates.Count, arguments, _depth));
        return page;
    }

    private OraclePage Nearby(short city, IReadOnlyDictionary<string, JsonNode?> arguments)
    {
        List<object> candidates = [.. _rows.Of("ServiceRequest", city)];
        Predicate<object> holds = _filters.Compile(arguments.GetValueOrDefault("where"));
        Point to = Position(arguments["to"]!);
        double radius = Number(arguments["withinMetres"]);
        IReadOnlyDictionary<ServiceRequest, double> distances = _rows.Near.DistancesTo(city, to.X, to.Y);
        List<object> sorted =
        [
            .. candidates
                .Cast<ServiceRequest>()
                .Where(row => holds(row) && distances.TryGetValue(row, out double metres) && metres <= radius)
                .OrderBy(row => distances[row])
                .ThenByDescending(row => row.Id),
        ];
        OraclePage page = OraclePages.Cut("NearbyServiceRequests", _connections.Count, sorted, arguments, _cursors) with
        {
            Distances = distances,
        };
        _connections.Add(new OracleConnection(page, candidates.Count, arguments, _depth));
        return page;
    }

    private static Point Position(JsonNode position) => new(Number(position["longitude"]), Number(position["latitude"]));

    private static Predicate<object> Within(JsonNode? area)
    {
        if (area is null)
        {
            return _ => true;
        }

        if (area["polygon"] is { } polygon)
        {
            NetTopologySuite.Geometries.Geometry surface = OracleSpace.Geometry(polygon);
            return row => ((ServiceRequest)row).Location is { } point && surface.Intersects(point);
        }

        JsonNode viewport = area["viewport"]!;
        (double west, double south) = (Number(viewport["west"]), Number(viewport["south"]));
        (double east, double north) = (Number(viewport["east"]), Number(viewport["north"]));
        return row => ((ServiceRequest)row).Location is { } at && west <= at.X && at.X <= east && south <= at.Y && at.Y <= north;
    }

    private static object OfPage(OraclePage page, string name) => name switch
    {
        "nodes" => page.Rows,
        "edges" => page.Rows.Select(row => new OracleEdge(page, row)).ToList(),
        "pageInfo" => new OraclePageInfo(page),
        "totalCount" => page.TotalCount,
        _ => throw new ArgumentException($"The oracle knows no {name} of a connection."),
    };

    private static object? OfPageInfo(OraclePage page, string name) => name switch
    {
        "hasNextPage" => page.HasNext,
        "hasPreviousPage" => page.HasPrevious,
        "startCursor" => page.Rows.Count == 0 ? null : new OracleCursor(page, page.Rows[0]),
        "endCursor" => page.Rows.Count == 0 ? null : new OracleCursor(page, page.Rows[^1]),
        _ => throw new ArgumentException($"The oracle knows no {name} of a page."),
    };

    private static string? Text(IReadOnlyDictionary<string, JsonNode?> arguments, string name) =>
        arguments.GetValueOrDefault(name)?.GetValue<string>();

    // A whole number in JSON or in a literal is a Float too.
    private static double Number(JsonNode? value) => double.Parse(value!.ToJsonString(), CultureInfo.InvariantCulture);
}
