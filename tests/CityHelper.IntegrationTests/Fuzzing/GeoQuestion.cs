using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace CityHelper.IntegrationTests.Fuzzing;

/// <summary>Conditions on a geometry column.</summary>
internal abstract record GeoCondition
{
    public abstract IEnumerable<GeoCondition> Leaves { get; }

    public abstract void WriteMember(StringBuilder json);
}

/// <summary>A condition with a geometry.</summary>
internal abstract record GeoLeaf(GeoShape Shape, double? Buffer) : GeoCondition
{
    /// <summary>Degrees by which the geometry grows or shrinks; 0 without a buffer or with a buffer of 0.</summary>
    public double Degrees => GeoShape.Taken(Buffer ?? 0);

    public override IEnumerable<GeoCondition> Leaves => [this];

    protected void WriteOperand(StringBuilder json)
    {
        json.Append("{\"geometry\":");
        Shape.WriteJson(json);
        if (Buffer is { } buffer)
        {
            json.Append(CultureInfo.InvariantCulture, $",\"buffer\":{buffer:R}");
        }
    }
}

/// <summary>A relation: <c>intersects</c>, <c>nwithin</c>, ….</summary>
internal sealed record GeoRelation(string Operation, GeoShape Shape, double? Buffer) : GeoLeaf(Shape, Buffer)
{
    public bool IsNegated => Operation[0] == 'n';

    public string Positive => IsNegated ? Operation[1..] : Operation;

    public override void WriteMember(StringBuilder json)
    {
        json.Append(CultureInfo.InvariantCulture, $"\"{Operation}\":");
        WriteOperand(json);
        json.Append('}');
    }
}

/// <summary>A distance with a comparison.</summary>
internal sealed record GeoDistance(GeoShape Shape, double? Buffer, string Comparison, double Number) : GeoLeaf(Shape, Buffer)
{
    public override void WriteMember(StringBuilder json)
    {
        json.Append("\"distance\":");
        WriteOperand(json);
        json.Append(
            CultureInfo.InvariantCulture,
            $",\"{Comparison}\":{(Comparison is "in" or "nin" ? $"[{Number:R},0]" : Number.ToString("R", CultureInfo.InvariantCulture))}}}"
        );
    }
}

/// <summary>Conditions joined by <c>and</c> or <c>or</c>.</summary>
internal sealed record GeoJoin(string Name, IReadOnlyList<GeoCondition> Parts) : GeoCondition
{
    public override IEnumerable<GeoCondition> Leaves => Parts.SelectMany(p => p.Leaves);

    public override void WriteMember(StringBuilder json)
    {
        json.Append(CultureInfo.InvariantCulture, $"\"{Name}\":[");
        for (int i = 0; i < Parts.Count; i++)
        {
            json.Append(i > 0 ? ",{" : "{");
            Parts[i].WriteMember(json);
            json.Append('}');
        }

        json.Append(']');
    }
}

/// <summary>The argument <c>within</c>: one of its members.</summary>
/// <param name="Shape">A polygon; null for others.</param>
/// <param name="Numbers">Of a viewport west, south, east, north; of a circle longitude, latitude, metres; of a boundary its key.</param>
internal sealed record GeoArea(GeoShape? Shape, IReadOnlyList<double> Numbers)
{
    public void WriteJson(StringBuilder json)
    {
        string N(int i) => Numbers[i].ToString("R", CultureInfo.InvariantCulture);
        if (Shape is not null)
        {
            json.Append("{\"polygon\":");
            Shape.WriteJson(json);
            json.Append('}');
            return;
        }

        json.Append(Numbers.Count switch
        {
            4 => $$"""{"viewport":{"west":{{N(0)}},"south":{{N(1)}},"east":{{N(2)}},"north":{{N(3)}} } }""",
            3 => $$"""{"circle":{"longitude":{{N(0)}},"latitude":{{N(1)}},"metres":{{N(2)}} } }""",
            _ => $$"""{"boundary":"{{GeometryFixture.BoundaryId((int)Numbers[0])}}"}""",
        });
    }
}

/// <summary>The operation of a question.</summary>
internal enum GeoTarget
{
    /// <summary>Requests by free text, with variables.</summary>
    Requests,

    /// <summary>Requests by free text, with literals.</summary>
    RequestsLiteral,

    /// <summary>Boundaries by free text.</summary>
    Boundaries,

    /// <summary>The published operation of this name; so are the rest.</summary>
    ServiceRequestList,
    ServiceRequestStats,
    ServiceRequestMap,
    ServiceRequestClusters,
    NearbyServiceRequests,
    CategoryOverview,
    BoundaryDetail,
}

/// <summary>A question with geometries.</summary>
/// <param name="Family">The kind of its first geometry, for counting.</param>
/// <param name="Target">The operation.</param>
/// <param name="Condition">The filter's condition on the geometry column; null for none.</param>
/// <param name="Area">The area; null for none.</param>
/// <param name="IsServed">Whether a condition on the creation month gives the filter an index; else the geometry's rectangle must.</param>
internal sealed partial record GeoQuestion(string Family, GeoTarget Target, GeoCondition? Condition, GeoArea? Area, bool IsServed)
{
    /// <summary>Requests in a first page.</summary>
    public const int Page = 100;

    private const int ClusterZoom = 12;

    private const string RequestsText =
        "query($within: AreaInput, $where: ServiceRequestFilterInput) { serviceRequests(first: 100, city: \"nyc\", within: $within, "
            + "where: $where) { nodes { id } totalCount } }";

    private const string BoundariesText =
        "query($where: BoundaryFilterInput) { boundaries(first: 100, city: \"nyc\", where: $where) { nodes { id } totalCount } }";

    /// <summary>The positions of its conditions and its area together.</summary>
    public int Positions => Leaves.Sum(l => l.Shape.Positions) + (Area?.Shape?.Positions ?? 0);

    /// <summary>Whether the operation itself requires the area.</summary>
    public bool NeedsArea =>
        Target
            is GeoTarget.ServiceRequestMap
                or GeoTarget.ServiceRequestClusters
                or GeoTarget.NearbyServiceRequests
                or GeoTarget.BoundaryDetail;

    public IEnumerable<GeoLeaf> Leaves => Condition?.Leaves.Cast<GeoLeaf>() ?? [];

    /// <summary>The body of the request.</summary>
    /// <param name="published">The ids of published operations by name.</param>
    public string Body(IReadOnlyDictionary<string, string> published)
    {
        string where = Where();
        string area = AreaJson();
        return Target switch
        {
            GeoTarget.Requests =>
                $$"""{"query":{{JsonSerializer.Serialize(RequestsText)}},"variables":{"within":{{area}},"where":{{where}} } }""",
            GeoTarget.RequestsLiteral =>
                $$"""{"query":{{JsonSerializer.Serialize(
                    $"{{ serviceRequests(first: 100, city: \"nyc\", within: {Literal(area)}, where: {Literal(where)}) "
                        + "{ nodes { id } totalCount } }")}}}""",
            GeoTarget.Boundaries => $$"""{"query":{{JsonSerializer.Serialize(BoundariesText)}},"variables":{"where":{{where}} } }""",
            _ => $$"""{"id":"{{published[Target.ToString()]}}","variables":{ {{Place(area)}},"where":{{where}} } }""",
        };
    }

    // The other arguments of the published operation, beside its filter.
    private string Place(string area) => Target switch
    {
        GeoTarget.ServiceRequestStats => $"\"city\":\"nyc\",\"within\":{area}",
        GeoTarget.ServiceRequestMap => $"\"city\":\"nyc\",\"first\":{Page},\"viewport\":{area["{\"viewport\":".Length..^1]}",
        GeoTarget.ServiceRequestClusters => $"\"city\":\"nyc\",\"zoom\":{ClusterZoom},\"viewport\":{area["{\"viewport\":".Length..^1]}",
        GeoTarget.NearbyServiceRequests => FormattableString.Invariant(
            $"\"city\":\"nyc\",\"first\":{Page},\"to\":{{\"longitude\":{Area!.Numbers[0]:R},\"latitude\":{
                Area.Numbers[1]:R}}},\"withinMetres\":{Area.Numbers[2]:R}"),
        GeoTarget.BoundaryDetail => $"\"first\":{Page},\"id\":\"{GeometryFixture.BoundaryId((int)Area!.Numbers[0])}\"",
        GeoTarget.ServiceRequestList => $"\"city\":\"nyc\",\"first\":{Page}",
        _ => "\"city\":\"nyc\"",
    };

    private string Where()
    {
        bool isBoundaries = Target == GeoTarget.Boundaries;
        string time = IsServed && !isBoundaries ? "\"createdAt\":{\"gte\":\"2025-03-01T00:00:00Z\",\"lt\":\"2025-03-31T00:00:00Z\"}" : "";
        if (Condition is null)
        {
            return time.Length > 0 ? $"{{{time}}}" : "null";
        }

        var json = new StringBuilder(isBoundaries ? "{\"geometry\":{" : "{\"location\":{");
        Condition.WriteMember(json);
        return json.Append(time.Length > 0 ? $"}},{time}}}" : "}}").ToString();
    }

    private string AreaJson()
    {
        if (Area is null)
        {
            return "null";
        }

        var json = new StringBuilder();
        Area.WriteJson(json);
        return json.ToString();
    }

    private static string Literal(string json) => Name().Replace(json, "$1:");

    [GeneratedRegex("\"(\\w+)\":")]
    private static partial Regex Name();
}
