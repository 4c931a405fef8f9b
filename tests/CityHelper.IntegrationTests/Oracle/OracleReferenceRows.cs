using CityHelper.Data.Cities;
using CityHelper.Data.Model;
using NetTopologySuite.Geometries;

namespace CityHelper.IntegrationTests.Oracle;

/// <summary>
/// Cities, agencies and categories. Codes and names sort differently from ids and from each other, some need four bytes of UTF-8 (where the
/// order of code points is not that of UTF-16), some names are equal, some rows have no request.
/// </summary>
internal static class OracleReferenceRows
{
    private static readonly GeometryFactory s_shapes = new(new PrecisionModel(), 4326);

    /// <summary>The categories of New York with their shares of the requests, in thousandths; the rest goes to the first.</summary>
    public static IReadOnlyList<(int Id, int Share)> NycShares { get; } =
        [(7, 400), (2, 180), (11, 120), (4, 90), (9, 70), (1, 50), (12, 35), (5, 25), (3, 15), (8, 10), (10, 3), (6, 2)];

    public static IReadOnlyList<(int Id, int Share)> SpringfieldShares { get; } = [(2, 500), (7, 300), (1, 150), (14, 50)];

    public static IReadOnlyList<City> Cities { get; } =
    [
        new()
        {
            Id = OracleRows.NycId,
            Slug = OracleRows.Nyc,
            Name = "New York City",
            TimeZone = "America/New_York",
            Bounds = Rectangle(-74.27, 40.48, -73.69, 40.93),
            Centre = s_shapes.CreatePoint(new Coordinate(-73.98, 40.75)),
        },
        new()
        {
            Id = OracleRows.SpringfieldId,
            Slug = OracleRows.Springfield,
            Name = "Springfield (Illinois) – \"Land of Lincoln\"",
            TimeZone = "America/Chicago",
            Bounds = Rectangle(-89.77, 39.67, -89.55, 39.88),
            Centre = s_shapes.CreatePoint(new Coordinate(-89.65, 39.78)),
        },
    ];

    // Agency 3 of either city has no requests.
    public static IReadOnlyList<Agency> Agencies { get; } =
    [
        Agency(1, 1, "NYPD", "New York City Police Department"),
        Agency(1, 2, "HPD", "Housing Preservation and Development"),
        Agency(1, 3, "dot", "Department of Transportation"),
        Agency(1, 4, "Ämt", "Ämt für \"Öffentliches\" 100%"),
        Agency(2, 1, "dot", "Department of Public Works"),
        Agency(2, 2, "NYPD", "Not the one you think"),
        Agency(2, 3, "a_b", "Department of Public Works"),
    ];

    // Categories 13 and 14 of New York have no request.
    public static IReadOnlyList<Category> Categories { get; } =
    [
        Category(1, 1, "zoo", "Animal in a Zoo", 4),
        Category(1, 2, "heat-hot-water", "HEAT/HOT WATER", 2),
        Category(1, 3, "Heat", "heat/hot water", 2),
        Category(1, 4, "a_b", "100% \"quoted\" 'name'", null),
        Category(1, 5, "ab", "back\\slash and under_score", null),
        Category(1, 6, "ünder", "Ärger mit Müll", 4),
        Category(1, 7, "noise-residential", "Noise - Residential", 1),
        Category(1, 8, "\U0001D538stral", "Noise - Residential", 1),
        Category(1, 9, "\uFF21wide", "投诉 🚮", 3),
        Category(1, 10, "rodent", "", 2),
        Category(1, 11, "a%b", "zebra crossing", 1),
        Category(1, 12, "Z", "Rodent", null),
        Category(1, 13, "empty", "Nobody asks for this", 3),
        Category(1, 14, "empty-too", "\U0001F600", null),
        Category(2, 1, "rodent", "Rodent", 1),
        Category(2, 2, "noise-residential", "Noise", 2),
        Category(2, 7, "heat-hot-water", "Animal in a Zoo", null),
        Category(2, 14, "ünder", "Ärger", 1),
        Category(2, 15, "empty", "Nobody asks for this", null),
    ];

    public static CityFacts FactsOf(City city)
    {
        Envelope box = city.Bounds.EnvelopeInternal;
        return new CityFacts(city.Slug, city.Name, city.TimeZone, box.MinX, box.MinY, box.MaxX, box.MaxY, city.Centre.X, city.Centre.Y);
    }

    private static Polygon Rectangle(double west, double south, double east, double north) =>
        (Polygon)s_shapes.ToGeometry(new Envelope(west, east, south, north));

    private static Agency Agency(short city, int id, string code, string name) =>
        new()
        {
            CityId = city,
            Id = id,
            Code = code,
            Name = name,
        };

    private static Category Category(short city, int id, string code, string name, int? agency) =>
        new() { CityId = city, Id = id, Code = code, Name = name, AgencyId = agency };
}
