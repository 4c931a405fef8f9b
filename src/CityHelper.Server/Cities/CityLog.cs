using CityHelper.Engine.Schema.Bindings;

namespace CityHelper.Server.Cities;

/// <summary>The change log of cities, for the engine.</summary>
internal static class CityLog
{
    // A city's newest row is never deleted: its number is the city's position, found from the end of the index. All rows have one epoch.
    private const string PositionsSql =
        """
        select c.id, e.epoch, coalesce((select h.n from change h where h.city_id = c.id order by h.n desc limit 1), 0)
        from city c cross join (select max(epoch) as epoch from change_epoch) e
        where $1::smallint[] is null or c.id = any($1)
        """;

    /// <summary>The log, and how its positions are read.</summary>
    public static TenantLog Log { get; } = new(PositionsSql, ["change", "change_epoch", "city"]);
}
