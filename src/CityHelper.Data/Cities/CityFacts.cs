namespace CityHelper.Data.Cities;

/// <summary>The facts needed to add a city.</summary>
/// <param name="Slug">Name in URLs: lower-case letters, digits, dashes. It never changes.</param>
/// <param name="Name">Display name: <c>New York City</c>.</param>
/// <param name="TimeZone">IANA name: <c>America/New_York</c>.</param>
/// <param name="West">Bounds in degrees, WGS 84.</param>
/// <param name="South">See <paramref name="West"/>.</param>
/// <param name="East">See <paramref name="West"/>.</param>
/// <param name="North">See <paramref name="West"/>.</param>
/// <param name="CentreLongitude">Where a map opens; inside the bounds.</param>
/// <param name="CentreLatitude">See <paramref name="CentreLongitude"/>.</param>
public sealed record CityFacts(
    string Slug, string Name, string TimeZone,
    double West, double South, double East, double North,
    double CentreLongitude, double CentreLatitude)
{
    /// <summary>What is wrong with the facts, one sentence each; empty when the city can be added.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        if (SlugProblem(Slug) is { } slugProblem)
        {
            problems.Add(slugProblem);
        }

        if (string.IsNullOrWhiteSpace(Name) || Name.Length > Limits.NameCharsMax)
        {
            problems.Add($"The name must have 1 to {Limits.NameCharsMax} characters.");
        }

        if (!TimeZoneInfo.TryFindSystemTimeZoneById(TimeZone, out TimeZoneInfo? zone) || !zone.HasIanaId)
        {
            problems.Add($"`{TimeZone}` is not a time zone this machine knows; use an IANA name such as America/New_York.");
        }

        // Written so that NaN fails too.
        if (!(West >= -180 && West < East && East <= 180 && South >= -90 && South < North && North <= 90))
        {
            problems.Add("The bounds must be west,south,east,north in degrees with west < east and south < north.");
        }
        else if (!(CentreLongitude >= West && CentreLongitude <= East && CentreLatitude >= South && CentreLatitude <= North))
        {
            problems.Add("The centre must be longitude,latitude inside the bounds.");
        }

        return problems;
    }

    private static string? SlugProblem(string slug)
    {
        bool wellFormed = slug.Length is > 0 and <= Limits.SlugCharsMax
            && char.IsAsciiLetterLower(slug[0])
            && slug.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');
        return wellFormed ? null
            : $"The slug must have 1 to {Limits.SlugCharsMax} lower-case letters, digits and dashes, and begin with a letter.";
    }
}
