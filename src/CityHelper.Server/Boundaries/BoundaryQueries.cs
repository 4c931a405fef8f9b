using CityHelper.Data.Model;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Server.Cities;

namespace CityHelper.Server.Boundaries;

/// <summary><c>Query.boundary</c>, <c>Query.boundaries</c> and <c>City.boundaries</c>; the request's type declares its own.</summary>
internal static class BoundaryQueries
{
    public static void AddTo(QueryFields query, ITenantDirectory cities, IAreaDirectory shapes)
    {
        RowAccess access = query.Access<Boundary>() with { IsSmall = true, StoredAreas = shapes };
        ConnectionRows boundaries = query.Connections.Rows(access, typeof(BoundaryType)) with
        {
            DefaultOrder = ["kind", "name"],
            Selectors = ["kind"],
        };
        query.RowById<Boundary>("boundary", typeof(BoundaryType), "One boundary, null when there is none of that id.")
            .CacheFor(CityQueries.MaxAgeSeconds, CityQueries.StaleWhileRevalidateSeconds);
        query.Connection(
            "boundaries",
            boundaries,
            new TenantArgument("city", cities),
            CityQueries.CityDescription,
            "The districts, neighbourhoods and other areas of a city.")
            .CacheFor(CityQueries.MaxAgeSeconds, CityQueries.StaleWhileRevalidateSeconds);
        query.Connections.OfTenant(typeof(CityType), "boundaries", boundaries, "The city's districts, neighbourhoods and other areas.");
    }
}
