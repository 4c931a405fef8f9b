using CityHelper.Server.Configuration;

namespace CityHelper.Server.Clients;

/// <summary>All clients by name: the section <c>Clients</c>.</summary>
public sealed class ClientsSettings : ISettings
{
    private readonly Dictionary<string, ClientSettings> _byName = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, ClientSettings> ByName => _byName;

    void ISettings.Read(SettingsReader reader)
    {
        foreach (string name in reader.NamesIn(ClientSettings.Section))
        {
            var client = new ClientSettings();
            reader.Read(client, $"{ClientSettings.Section}:{name}");
            _byName[name] = client;
        }
    }

    IEnumerable<string> ISettings.Problems(IHostEnvironment environment) => ClientDirectory.Problems(_byName, environment.IsDevelopment());
}
