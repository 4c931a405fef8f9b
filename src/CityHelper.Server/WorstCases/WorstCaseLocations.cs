using System.Text.Json.Nodes;
using CityHelper.Checks.TestCases;
using CityHelper.Data.WorstCases;
using CityHelper.Engine.Schema;

namespace CityHelper.Server.WorstCases;

/// <summary>Worst-case locations of a city, as clients send them.</summary>
internal sealed class WorstCaseLocations(CityWorstCases city)
{
    private const double EastEnd = 180;
    private const double NorthEnd = 90;

    /// <summary>A map of a country is about this many cities wide; its cells are still listed one by one.</summary>
    private const double CitiesAcross = 10;

    /// <summary>Rectangles: the densest parts, an empty one, the whole city, as much beside it, all around it, the world.</summary>
    public IReadOnlyList<WorstCaseValue> Viewports() => [.. Boxes().Select(box => new WorstCaseValue(box.Label, new JsonObject
    {
        ["west"] = box.Box.West, ["south"] = box.Box.South, ["east"] = box.Box.East, ["north"] = box.Box.North,
    }))];

    /// <summary>The same rectangles as polygons.</summary>
    public IReadOnlyList<WorstCaseValue> Polygons() => [.. Boxes().Select(box => new WorstCaseValue(box.Label, new JsonObject
    {
        ["type"] = "Polygon",
        ["coordinates"] = new JsonArray(new JsonArray(
            Corner(box.Box.West, box.Box.South),
            Corner(box.Box.East, box.Box.South),
            Corner(box.Box.East, box.Box.North),
            Corner(box.Box.West, box.Box.North),
            Corner(box.Box.West, box.Box.South))),
    }))];

    /// <summary>Points: the location of most requests, the location of the oldest, and one without requests.</summary>
    public IReadOnlyList<WorstCaseValue> Positions() => [.. Points().Select(point => new WorstCaseValue(point.Label, new JsonObject
    {
        ["longitude"] = point.Longitude, ["latitude"] = point.Latitude,
    }))];

    /// <summary>Circles around those points: a small one and the largest.</summary>
    public IReadOnlyList<WorstCaseValue> Circles() =>
    [
        .. from metres in new[] { 1_000, Engine.Limits.CircleMetresMax }
           from point in Points()
           select new WorstCaseValue(FormattableString.Invariant($"{metres:0} m around {point.Label}"), new JsonObject
           {
               ["longitude"] = point.Longitude, ["latitude"] = point.Latitude, ["metres"] = metres,
           }),
    ];

    /// <summary>Areas of each kind except boundaries.</summary>
    public IReadOnlyList<WorstCaseValue> Areas() =>
    [
        .. Viewports().Select(v => v with { Value = new JsonObject { [AreaInput.Viewport] = v.Value } }),
        .. Polygons().Select(p => new WorstCaseValue($"{p.Label}, as a polygon", new JsonObject { [AreaInput.Polygon] = p.Value })),
        .. Circles().Select(c => c with { Value = new JsonObject { [AreaInput.Circle] = c.Value } }),
    ];

    // The hardest ones first.
    private IEnumerable<(string Label, NamedBox Box)> Boxes()
    {
        NamedBox whole = city.Boxes.Single(box => box.Kind == BoxKind.Whole);
        double width = whole.East - whole.West;
        double shift = whole.East + width <= EastEnd ? width : -width;
        return
        [
            .. city.Boxes.OrderBy(box => box.Kind).Select(box => (Label(box.Kind), box)),
            ("as much beside the city", whole with { West = whole.West + shift, East = whole.East + shift }),
            ("the city with all around it", Around(whole)),
            ("the whole world", whole with { West = -EastEnd, South = -NorthEnd, East = EastEnd, North = NorthEnd }),
        ];
    }

    private static NamedBox Around(NamedBox whole)
    {
        double wider = (CitiesAcross - 1) / 2;
        (double width, double height) = (whole.East - whole.West, whole.North - whole.South);
        return whole with
        {
            West = Math.Max(-EastEnd, whole.West - wider * width),
            South = Math.Max(-NorthEnd, whole.South - wider * height),
            East = Math.Min(EastEnd, whole.East + wider * width),
            North = Math.Min(NorthEnd, whole.North + wider * height),
        };
    }

    private static string Label(BoxKind kind) => kind switch
    {
        BoxKind.Densest => "the densest part",
        BoxKind.DensestCorner => "the densest corner",
        BoxKind.Empty => "an empty part",
        _ => "the whole city",
    };

    private IEnumerable<(string Label, double Longitude, double Latitude)> Points()
    {
        foreach (NamedRequest request in city.Named.OrderBy(r => r.Kind))
        {
            if (request is { Kind: RequestKind.MostRepeated or RequestKind.Oldest, Location: var (longitude, latitude) })
            {
                yield return ($"the place of the {WorstCaseNames.Of(request.Kind)} request", longitude, latitude);
            }
        }

        if (city.Boxes.FirstOrDefault(box => box.Kind == BoxKind.Empty) is { } empty)
        {
            yield return ("an empty place", (empty.West + empty.East) / 2, (empty.South + empty.North) / 2);
        }
    }

    private static JsonArray Corner(double longitude, double latitude) => new(longitude, latitude);
}
