using CityHelper.Data.Import;
using CityHelper.Data.Import.NewYork;

namespace CityHelper.Data.Cities;

/// <summary>The cities and import sources built into the program. Each city has a folder of its own, beside New York's.</summary>
public static class KnownCities
{
    public static IReadOnlyList<CityFacts> Facts { get; } = [NewYork.Facts];

    public static IReadOnlyList<IImportSource> Sources { get; } = [new NewYorkSource()];

    /// <returns>Null when the program knows no city with this slug.</returns>
    public static CityFacts? Find(string slug) => Facts.FirstOrDefault(facts => facts.Slug == slug);

    /// <returns>Null when no source has this name.</returns>
    public static IImportSource? FindSource(string name) => Sources.FirstOrDefault(source => source.Name == name);
}
