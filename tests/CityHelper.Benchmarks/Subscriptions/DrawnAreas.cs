namespace CityHelper.Benchmarks.Subscriptions;

/// <summary>A request and where it is.</summary>
internal readonly record struct PlacedRequest(long Id, double Longitude, double Latitude);

/// <summary>A viewport; its edge belongs to it.</summary>
internal readonly record struct DrawnArea(double West, double South, double East, double North)
{
    public bool Contains(PlacedRequest request) =>
        request.Longitude >= West && request.Longitude <= East && request.Latitude >= South && request.Latitude <= North;
}

/// <summary>
/// Viewports around drawn requests, where people live as in the city. All have one size, which is such that a change of a request matches
/// a given number of them in the mean.
/// </summary>
internal static class DrawnAreas
{
    /// <summary>Changed requests by which a size is judged.</summary>
    private const int Sample = 4_000;

    /// <summary>Halvings of the interval of sizes: the last is some 5 m.</summary>
    private const int Halvings = 16;

    private const double SideMax = 0.3;

    /// <summary>About 10 cm: requests send coordinates of so many digits.</summary>
    private const int Digits = 6;

    /// <summary>Draws viewports.</summary>
    /// <param name="requests">The requests of the city, in any order.</param>
    /// <param name="count">How many.</param>
    /// <param name="matches">How many of them a change is to match in the mean.</param>
    /// <param name="seed">Of what is drawn.</param>
    public static IReadOnlyList<DrawnArea> Draw(IReadOnlyList<PlacedRequest> requests, int count, double matches, int seed)
    {
        var dice = new Random(seed);
        (PlacedRequest At, double Right, double Up)[] places =
            [.. Enumerable.Range(0, count).Select(_ => (requests[dice.Next(requests.Count)], dice.NextDouble(), dice.NextDouble()))];
        PlacedRequest[] changed = [.. Enumerable.Range(0, Sample).Select(_ => requests[dice.Next(requests.Count)])];
        (double small, double large) = (0, SideMax);
        for (int i = 0; i < Halvings; i++)
        {
            double side = (small + large) / 2;
            (small, large) = MeanMatches(Sized(side), changed) < matches ? (side, large) : (small, side);
        }

        return Sized(large);

        DrawnArea[] Sized(double side) => [.. places.Select(place =>
        {
            (double west, double south) = (place.At.Longitude - side * place.Right, place.At.Latitude - side * place.Up);
            return new DrawnArea(
                Math.Round(west, Digits), Math.Round(south, Digits), Math.Round(west + side, Digits), Math.Round(south + side, Digits));
        })];
    }

    /// <summary>How many areas hold a request.</summary>
    public static int Matches(IReadOnlyList<DrawnArea> areas, PlacedRequest request) => areas.Count(area => area.Contains(request));

    private static double MeanMatches(DrawnArea[] areas, PlacedRequest[] requests)
    {
        long matches = 0;
        foreach (PlacedRequest request in requests)
        {
            foreach (DrawnArea area in areas)
            {
                matches += area.Contains(request) ? 1 : 0;
            }
        }

        return (double)matches / requests.Length;
    }
}
