using System.Text.Json.Nodes;
using CityHelper.Checks.TestCases;
using CityHelper.Data.Extremes;
using CityHelper.Engine.Schema;

namespace CityHelper.Server.WorstCases;

/// <summary>Places of a city that stand out, as clients send them.</summary>
internal sealed class WorstCasePlaces(CityExtremes city)
{
    private const double EastEnd = 180;
    private const double NorthEnd = 90;

    /// <summary>A map that shows a city's country has about so many cities beside each other; its cells are named one by one.</summary>
    private const double CitiesAcross = 10;

    /// <summary>Rectangles: where most is, nothing is, the whole city, as much beside it, all around it, the world.</summary>
    public IReadOnlyList<WorstCaseValue> Viewports() => [.. Boxes().Select(place => new WorstCaseValue(place.Label, new JsonObject
    {
        ["west"] = place.Box.West, ["south"] = place.Box.South, ["east"] = place.Box.East, ["north"] = place.Box.North,
    }))];

    /// <summary>The same rectangles as polygons.</summary>
    public IReadOnlyList<WorstCaseValue> Polygons() => [.. Boxes().Select(place => new WorstCaseValue(place.Label, new JsonObject
    {
        ["type"] = "Polygon",
        ["coordinates"] = new JsonArray(new JsonArray(
            Corner(place.Box.West, place.Box.South),
            Corner(place.Box.East, place.Box.South),
            Corner(place.Box.East, place.Box.North),
            Corner(place.Box.West, place.Box.North),
            Corner(place.Box.West, place.Box.South))),
    }))];

    /// <summary>Points: the one that most requests have, one of few, one without any.</summary>
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

    /// <summary>Areas of each kind but boundaries.</summary>
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
            if (request is { Kind: RequestKind.MostRepeated or RequestKind.Oldest, Place: var (longitude, latitude) })
            {
                yield return ($"the place of the {ExtremeNames.Of(request.Kind)} request", longitude, latitude);
            }
        }

        if (city.Boxes.FirstOrDefault(box => box.Kind == BoxKind.Empty) is { } empty)
        {
            yield return ("an empty place", (empty.West + empty.East) / 2, (empty.South + empty.North) / 2);
        }
    }

    private static JsonArray Corner(double longitude, double latitude) => new(longitude, latitude);
}
