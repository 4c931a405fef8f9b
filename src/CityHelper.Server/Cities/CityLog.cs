using System.Globalization;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Tags;

namespace CityHelper.Server.Cities;

/// <summary>The change log of cities, for the engine.</summary>
internal static class CityLog
{
    private const string PositionsSql = "select city_id, epoch, n, boundary_revision from log_positions($1)";

    /// <summary>The log, how its positions are read, and what it tells of each table.</summary>
    public static TenantLog Log { get; } = new(PositionsSql, ["boundary_revision", "change", "change_epoch", "city"])
    {
        SqlOfOne = OfOne,
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

    // The newest row of a city is never deleted, and a new epoch begins with a row in every city's log: it has the epoch. A city that was
    // added since has no row before its first event.
    private static string OfOne(short city, bool withAreas)
    {
        string id = city.ToString(CultureInfo.InvariantCulture);
        string revision = withAreas ? $"coalesce((select revision from boundary_revision where city_id = {id}), 0)" : "null::bigint";
        return $"(select {id}::smallint, epoch, n, {revision} from change where city_id = {id} order by n desc limit 1) union all "
            + $"(select {id}::smallint, epoch, 0, {revision} from change_epoch order by epoch desc limit 1) limit 1";
    }
}
