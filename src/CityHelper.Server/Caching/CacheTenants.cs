using System.Collections.Concurrent;
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
    private readonly List<IDisposable> _watching = [];
    private readonly ConcurrentDictionary<IConfigurationProvider, bool> _broken = new();
    private string[] _off;

    /// <param name="log">How old what is known of a city's changes is.</param>
    /// <param name="cities">The slugs of cities.</param>
    /// <param name="configuration">Has the cities whose answers are not cached. It is read again when it changes.</param>
    /// <param name="logger">Told of a change that cannot be read.</param>
    public CacheTenants(ILogAge log, CitySlugs cities, IConfiguration configuration, ILogger<CacheTenants> logger)
    {
        (_log, _cities) = (log, cities);
        _off = SettingsReader.Read<CacheSettings>(configuration).Off ?? [];
        _watching.Add(ChangeToken.OnChange(configuration.GetReloadToken, () => Reload(configuration, logger)));
        IEnumerable<IConfigurationProvider> providers = (configuration as IConfigurationRoot)?.Providers ?? [];
        foreach (FileConfigurationProvider file in providers.OfType<FileConfigurationProvider>())
        {
            // A file that cannot be parsed has no values any more, and raises no change: nothing is read until it can be parsed again.
            file.Source.OnLoadException = failed =>
            {
                _broken[failed.Provider] = true;
                CacheSettingsNotRead(logger, $"{failed.Exception.Message} {failed.Exception.GetBaseException().Message}");
            };
            _watching.Add(ChangeToken.OnChange(file.GetReloadToken, () =>
            {
                _broken.TryRemove(file, out _);
                Reload(configuration, logger);
            }));
        }
    }

    public void Dispose() => _watching.ForEach(watching => watching.Dispose());

    public ValueTask<string?> NameAsync(short tenant, CancellationToken cancellation) =>
        tenant == 0 ? ValueTask.FromResult<string?>(TagNames.NoTenant) : _cities.NameAsync(tenant, cancellation);

    public bool IsOff(string tenant) => Volatile.Read(ref _off) is { Length: > 0 } off && off.Contains(tenant, StringComparer.Ordinal);

    public TimeSpan? AgeOf(short tenant) => _log.Of(tenant);

    // A mistake in the file of a running server changes nothing: the cities that were off stay off, and the others are cached.
    private void Reload(IConfiguration configuration, ILogger logger)
    {
        if (!_broken.IsEmpty)
        {
            return;
        }

        var settings = new CacheSettings();
        var reader = new SettingsReader(configuration);
        ((ISettings)settings).Read(reader);
        if (reader.Problems.Count > 0)
        {
            CacheSettingsNotRead(logger, string.Join(' ', reader.Problems));
            return;
        }

        string[] before = Interlocked.Exchange(ref _off, settings.Off ?? []);
        if (settings.Off is { } off && !off.Order().SequenceEqual(before.Order()))
        {
            CacheSwitchedOff(logger, string.Join(", ", off));
        }
        else if (settings.Off is null && before.Length > 0)
        {
            CacheSwitchedOn(logger);
        }
    }

    [LoggerMessage(EventIds.CacheSettingsNotRead, LogLevel.Error,
        "The settings of the response cache have changed and cannot be read; those before stay. {Problems}")]
    private static partial void CacheSettingsNotRead(ILogger logger, LogText problems);

    [LoggerMessage(EventIds.CacheSwitchedOff, LogLevel.Warning, "Answers about these cities alone are not cached from now on: {Cities}")]
    private static partial void CacheSwitchedOff(ILogger logger, LogText cities);

    [LoggerMessage(EventIds.CacheSwitchedOn, LogLevel.Warning, "Answers about all cities are cached again")]
    private static partial void CacheSwitchedOn(ILogger logger);
}
