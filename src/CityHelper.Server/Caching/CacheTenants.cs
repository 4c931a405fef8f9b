using CityHelper.Engine.Caching;
using CityHelper.Engine.Tags;
using CityHelper.Engine.Telemetry;
using CityHelper.Server.Changes;
using CityHelper.Server.Cities;
using CityHelper.Server.Configuration;
using CityHelper.Server.Telemetry;
using Microsoft.Extensions.Primitives;

namespace CityHelper.Server.Caching;

/// <summary>What the response cache must know of cities.</summary>
internal sealed partial class CacheTenants : ICacheTenants, IDisposable
{
    private readonly ILogAge _log;
    private readonly CitySlugs _cities;
    private readonly IDisposable _changes;
    private string[] _off;

    /// <param name="log">How old what is known of a city's changes is.</param>
    /// <param name="cities">The slugs of cities.</param>
    /// <param name="configuration">Has the cities whose answers are not cached. It is read again when it changes.</param>
    /// <param name="logger">Told of a change that cannot be read.</param>
    public CacheTenants(ILogAge log, CitySlugs cities, IConfiguration configuration, ILogger<CacheTenants> logger)
    {
        (_log, _cities) = (log, cities);
        _off = SettingsReader.Read<CacheSettings>(configuration).Off ?? [];
        _changes = ChangeToken.OnChange(configuration.GetReloadToken, () => Reload(configuration, logger));

        // A file that is no JSON any more raises no change.
        IEnumerable<IConfigurationProvider> providers = (configuration as IConfigurationRoot)?.Providers ?? [];
        foreach (FileConfigurationProvider file in providers.OfType<FileConfigurationProvider>())
        {
            file.Source.OnLoadException = failed => CacheSettingsNotRead(logger, failed.Exception.Message);
        }
    }

    public void Dispose() => _changes.Dispose();

    public ValueTask<string?> NameAsync(short tenant, CancellationToken cancellation) =>
        tenant == 0 ? ValueTask.FromResult<string?>(TagNames.NoTenant) : _cities.NameAsync(tenant, cancellation);

    public bool IsOff(string tenant) => Volatile.Read(ref _off) is { Length: > 0 } off && off.Contains(tenant, StringComparer.Ordinal);

    public TimeSpan? AgeOf(short tenant) => _log.Of(tenant);

    // A mistake in the file of a running server changes nothing: the cities that were off stay off, and the others are cached.
    private void Reload(IConfiguration configuration, ILogger logger)
    {
        var settings = new CacheSettings();
        var reader = new SettingsReader(configuration);
        ((ISettings)settings).Read(reader);
        if (reader.Problems.Count > 0)
        {
            CacheSettingsNotRead(logger, string.Join(' ', reader.Problems));
            return;
        }

        string[] off = settings.Off ?? [];
        if (!off.SequenceEqual(_off))
        {
            CacheSwitched(logger, off.Length > 0 ? string.Join(", ", off) : "none");
        }

        Volatile.Write(ref _off, off);
    }

    [LoggerMessage(EventIds.CacheSwitched, LogLevel.Warning, "Answers of these cities are not cached from now on: {Cities}")]
    private static partial void CacheSwitched(ILogger logger, LogText cities);

    [LoggerMessage(EventIds.CacheSettingsNotRead, LogLevel.Error,
        "The settings of the response cache have changed and cannot be read; those before stay. {Problems}")]
    private static partial void CacheSettingsNotRead(ILogger logger, LogText problems);
}
