using CityHelper.Data.Import;
using CityHelper.Data.Import.NewYork;

namespace CityHelper.Data.Cities;

/// <summary>The cities and sources this program brings along; another city's are its own folder beside New York's.</summary>
public static class KnownCities
{
    public static IReadOnlyList<CityFacts> Facts { get; } = [NewYork.Facts];

    public static IReadOnlyList<IImportSource> Sources { get; } = [new NewYorkSource()];

    /// <returns>Null when the program does not know a city of this slug.</returns>
    public static CityFacts? Find(string slug) => Facts.FirstOrDefault(facts => facts.Slug == slug);

    /// <returns>Null when there is no source of this name.</returns>
    public static IImportSource? FindSource(string name) => Sources.FirstOrDefault(source => source.Name == name);
}
