using CityHelper.Server.Configuration;

namespace CityHelper.Server.Redis;

/// <summary>The Redis that the servers of a site share.</summary>
public sealed class RedisSettings : ISettings
{
    /// <summary>
    /// The connection string of Redis, in StackExchange.Redis's format: <c>127.0.0.1:6379,password=…</c>. Without it a server has only the
    /// operations of its files, no copy of the change log, and no inboxes.
    /// </summary>
    [ConfigurationKeyName(RedisConnection.ConnectionStringKey)]
    [Setting(IsSecret = true, Default = "none: there is no Redis")]
    public string? ConnectionString { get; set; }

    void ISettings.Read(SettingsReader reader) => reader.Read(this, "");

    IEnumerable<string> ISettings.Problems(IHostEnvironment environment) =>
        ConnectionString is not null && RedisConnection.Problem(ConnectionString) is { } problem ? [problem] : [];
}
