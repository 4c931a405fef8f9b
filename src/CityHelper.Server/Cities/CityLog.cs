using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Tags;

namespace CityHelper.Server.Cities;

/// <summary>The change log of cities, for the engine.</summary>
internal static class CityLog
{
    // A city's newest row is never deleted: its number is the city's position, found from the end of the index. All rows have one epoch.
    private const string PositionsSql =
        """
        select c.id, e.epoch, coalesce((select h.n from change h where h.city_id = c.id order by h.n desc limit 1), 0),
               coalesce((select b.revision from boundary_revision b where b.city_id = c.id), 0)
        from unnest(coalesce($1::smallint[], (select array_agg(id) from city))) c (id)
        cross join (select max(epoch) as epoch from change_epoch) e
        """;

    /// <summary>The log, how its positions are read, and what it tells of each table.</summary>
    public static TenantLog Log { get; } = new(PositionsSql, ["boundary_revision", "change", "change_epoch", "city"])
    {
        Tenants = "city",
        Tags = new Dictionary<string, TagKind>
        {
            ["city"] = TagKind.Reference,
            ["category"] = TagKind.Reference,
            ["agency"] = TagKind.Reference,
            ["boundary"] = TagKind.Boundary,
            ["boundary_outline"] = TagKind.Boundary,
            ["boundary_part"] = TagKind.Boundary,
            ["service_request"] = TagKind.Row,
            ["service_request_external_id"] = TagKind.Row,
            ["status_update"] = TagKind.Row,

            // Counters, deltas, boundary months and packs are functions of the requests in one snapshot. Compaction, backfill and packing
            // change no answer and announce nothing.
            ["service_request_boundary_count"] = TagKind.Row,
            ["service_request_boundary_month"] = TagKind.Row,
            ["service_request_closing_count"] = TagKind.Row,
            ["service_request_count"] = TagKind.Row,
            ["service_request_delta"] = TagKind.Row,
            ["service_request_pack"] = TagKind.Row,

            // A cursor says where it was read: an older place is true.
            ["boundary_revision"] = TagKind.All,
            ["change"] = TagKind.All,
            ["change_epoch"] = TagKind.All,
        },
    };
}
