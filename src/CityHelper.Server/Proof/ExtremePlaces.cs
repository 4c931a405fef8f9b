using System.Text.Json.Nodes;
using CityHelper.Data.Extremes;
using CityHelper.Engine.Types;

namespace CityHelper.Server.Proof;

/// <summary>Places of a city that stand out, as clients send them.</summary>
internal sealed class ExtremePlaces(CityExtremes city)
{
    private const double EastEnd = 180;
    private const double NorthEnd = 90;

    /// <summary>A map that shows a city's country has about so many cities beside each other; its cells are named one by one.</summary>
    private const double CitiesAcross = 10;

    /// <summary>Rectangles: where most is, nothing is, the whole city, as much beside it, all around it, the world.</summary>
    public IReadOnlyList<Extreme> Viewports() => [.. Boxes().Select(box => new Extreme(Label(box), new JsonObject
    {
        ["west"] = box.West, ["south"] = box.South, ["east"] = box.East, ["north"] = box.North,
    }))];

    /// <summary>The same rectangles as polygons.</summary>
    public IReadOnlyList<Extreme> Polygons() => [.. Boxes().Select(box => new Extreme(Label(box), new JsonObject
    {
        ["type"] = "Polygon",
        ["coordinates"] = new JsonArray(new JsonArray(
            Corner(box.West, box.South), Corner(box.East, box.South), Corner(box.East, box.North), Corner(box.West, box.North), Corner(box.West, box.South))),
    }))];

    /// <summary>Points: the one that most requests have, one of few, one without any.</summary>
    public IReadOnlyList<Extreme> Positions() => [.. Points().Select(point => new Extreme(point.Label, new JsonObject
    {
        ["longitude"] = point.Longitude, ["latitude"] = point.Latitude,
    }))];

    /// <summary>Circles around those points: a small one and the largest.</summary>
    public IReadOnlyList<Extreme> Circles() => [.. new[] { 1_000, Engine.Limits.CircleMetresMax }.SelectMany(metres => Points().Select(point =>
        new Extreme(FormattableString.Invariant($"{metres:0} m around {point.Label}"), new JsonObject
        {
            ["longitude"] = point.Longitude, ["latitude"] = point.Latitude, ["metres"] = metres,
        })))];

    /// <summary>Areas of each kind but boundaries.</summary>
    public IReadOnlyList<Extreme> Areas() =>
    [
        .. Viewports().Select(v => v with { Value = new JsonObject { [AreaInput.Viewport] = v.Value } }),
        .. Polygons().Select(p => new Extreme($"{p.Label}, as a polygon", new JsonObject { [AreaInput.Polygon] = p.Value })),
        .. Circles().Select(c => c with { Value = new JsonObject { [AreaInput.Circle] = c.Value } }),
    ];

    private IEnumerable<NamedBox> Boxes()
    {
        NamedBox whole = city.Boxes.Single(box => box.Name == "whole");
        double width = whole.East - whole.West;
        double shift = whole.East + width <= EastEnd ? width : -width;
        return
        [
            .. city.Boxes.Where(box => box.Name != "whole").OrderBy(box => box.Name, StringComparer.Ordinal),
            whole,
            whole with { Name = "beside", West = whole.West + shift, East = whole.East + shift },
            Around(whole),
            new NamedBox("world", -EastEnd, -NorthEnd, EastEnd, NorthEnd),
        ];
    }

    private static NamedBox Around(NamedBox whole)
    {
        double wider = (CitiesAcross - 1) / 2;
        (double width, double height) = (whole.East - whole.West, whole.North - whole.South);
        return new NamedBox(
            "around",
            Math.Max(-EastEnd, whole.West - wider * width),
            Math.Max(-NorthEnd, whole.South - wider * height),
            Math.Min(EastEnd, whole.East + wider * width),
            Math.Min(NorthEnd, whole.North + wider * height));
    }

    private static string Label(NamedBox box) => box.Name switch
    {
        "densest" => "the densest part",
        "densest corner" => "the densest corner",
        "empty" => "an empty part",
        "whole" => "the whole city",
        "around" => "the city with all around it",
        "world" => "the whole world",
        _ => "as much beside the city",
    };

    private IEnumerable<(string Label, double Longitude, double Latitude)> Points()
    {
        foreach (NamedRequest request in city.Named.Where(r => r.Place is not null && r.Name is "most repeated" or "oldest").OrderBy(r => r.Name, StringComparer.Ordinal))
        {
            yield return ($"the place of the {request.Name} request", request.Place!.Value.Longitude, request.Place.Value.Latitude);
        }

        if (city.Boxes.FirstOrDefault(box => box.Name == "empty") is { } empty)
        {
            yield return ("an empty place", (empty.West + empty.East) / 2, (empty.South + empty.North) / 2);
        }
    }

    private static JsonArray Corner(double longitude, double latitude) => new(longitude, latitude);
}
