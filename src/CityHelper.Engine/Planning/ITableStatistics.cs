namespace CityHelper.Engine.Planning;

/// <summary>
/// What is known of the rows without reading them. It guides the choice of an access path and is never part of a response, so it may be
/// old. Where it is missing, the engine falls back to access paths that are bounded whatever the data.
/// </summary>
public interface ITableStatistics
{
    /// <summary>The statistics of a tenant's rows in a table; null when there are none.</summary>
    TenantStatistics? Of(string table, short tenant);
}
