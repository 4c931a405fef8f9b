using System.ComponentModel.DataAnnotations;
using CityHelper.Engine.Caching;
using CityHelper.Server.Configuration;

namespace CityHelper.Server.Caching;

/// <summary>The response cache. docs/caching.md says what it promises.</summary>
public sealed class CacheSettings : ISettings
{
    public const string Section = "Cache";

    // Builds are deterministic: equal code has equal ids, on every server.
    private static readonly string s_build = string.Join(
        '.', typeof(CacheSettings).Module.ModuleVersionId, typeof(ResponseCacheOptions).Module.ModuleVersionId);

    /// <summary>Memory for stored answers. Raise it when <c>cityhelper.cache.size</c> stays at it and misses are many.</summary>
    [Setting(Unit = "megabytes")]
    [Range(1, Limits.CacheMegabytesMax)]
    public int Megabytes { get; set; } = (int)(Engine.Limits.StoreBytes >> 20);

    /// <summary>
    /// Slugs of cities whose answers are not cached, here and downstream (<c>no-store</c>). Read again while the server runs, when it
    /// stands in <c>appsettings.json</c>.
    /// </summary>
    [Setting(Default = "none")]
    public string[]? Off { get; set; }

    /// <summary>The options of the engine.</summary>
    public ResponseCacheOptions ToOptions() => new() { StoreBytes = (long)Megabytes << 20, Build = s_build };

    void ISettings.Read(SettingsReader reader) => reader.Read(this, Section);

    IEnumerable<string> ISettings.Problems(IHostEnvironment environment) => [];
}
