using CityHelper.Data.Model;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;

namespace CityHelper.Server.Cities;

/// <summary><c>Query.city</c> and <c>Query.cities</c>.</summary>
internal static class CityQueries
{
    /// <summary>A city's own fields change with a release or never.</summary>
    public const int MaxAgeSeconds = 300;

    public const int StaleWhileRevalidateSeconds = 600;

    /// <summary>The description of the argument <c>city</c>.</summary>
    public const string CityDescription = "The city's slug, such as `nyc`.";

    public static void AddTo(QueryFields query, ITenantDirectory cities)
    {
        query.RowByUnique<City>(
            "city",
            typeof(CityType),
            nameof(City.Slug),
            "The city's slug, such as `nyc`.",
            "One city, null when there is none of that slug.",
            cities)
            .CacheFor(MaxAgeSeconds, StaleWhileRevalidateSeconds);
        query.AllRows<City>("cities", typeof(CityType), nameof(City.Name), "All cities, by name.")
            .CacheFor(MaxAgeSeconds, StaleWhileRevalidateSeconds);
    }
}
