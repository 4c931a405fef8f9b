using System.Collections.Concurrent;

namespace CityHelper.Engine.Tags;

/// <summary>The tag tables of all tenants; tenant 0 is what belongs to none, such as the list of tenants.</summary>
/// <param name="time">The clock.</param>
public sealed class TagTables(TimeProvider time)
{
    private readonly ConcurrentDictionary<short, TagTable> _tenants = new();

    /// <summary>The table of a tenant; null when nothing was ever known of it.</summary>
    public TagTable? Of(short tenant) => _tenants.GetValueOrDefault(tenant);

    /// <summary>The table of a tenant, for the one who writes it.</summary>
    public TagTable Open(short tenant) => _tenants.GetOrAdd(tenant, static (_, clock) => new TagTable(clock), time);
}
