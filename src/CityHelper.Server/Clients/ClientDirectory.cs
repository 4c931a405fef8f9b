using System.Security.Cryptography;
using System.Text;
using CityHelper.Engine.Admission;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Pricing;
using CityHelper.Engine.Transport.Http;

namespace CityHelper.Server.Clients;

/// <summary>
/// Whose request it is: by its API key, else by the host it calls, else by the name that it gives itself (docs/decisions/0011). A client that has a key is known by
/// it alone; its hosts say who it is only where caches may answer, since no key is read there. A host is no secret, and a name is what anybody says of himself: outside
/// Development who is known by it sends no text and costs no more than <c>default</c>.
/// </summary>
public sealed class ClientDirectory : IClientDirectory
{
    /// <summary>Carries an API key.</summary>
    public const string KeyHeader = "X-API-Key";

    /// <summary>Carries the name that a client gives itself (as Nitro's clients send it).</summary>
    public const string NameHeader = "GraphQL-Client-Id";

    private readonly Dictionary<string, ClientProfile> _byKey = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ClientProfile> _byHost = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, ClientProfile> _byName = new(StringComparer.Ordinal);
    private readonly HashSet<string> _hostsOfKeys = new(StringComparer.OrdinalIgnoreCase);
    private readonly ClientProfile _default;

    /// <param name="clients">The clients by their names.</param>
    /// <param name="isDevelopment">Whether anybody may send any text: who is not identified, unless <c>default</c> says otherwise, and who is known by a name alone.</param>
    /// <exception cref="ConfigurationException">A client's settings make no sense; the message says which.</exception>
    public ClientDirectory(IReadOnlyDictionary<string, ClientSettings> clients, bool isDevelopment)
    {
        ClientShare everybody = clients.GetValueOrDefault(ClientSettings.DefaultName) is { } own ? ShareOf(ClientSettings.DefaultName, own, ClientShare.Everybody) : ClientShare.Everybody;
        _default = clients.TryGetValue(ClientSettings.DefaultName, out ClientSettings? anybody)
            ? Profile(ClientSettings.DefaultName, anybody, everybody)
            : new ClientProfile(ClientSettings.DefaultName, isDevelopment ? ClientMode.FreeText : ClientMode.PersistedOnly);
        foreach ((string name, ClientSettings settings) in clients.Where(client => client.Key != ClientSettings.DefaultName))
        {
            ClientProfile profile = Profile(name, settings, everybody);
            foreach (string key in settings.ApiKeySha256)
            {
                Add(_byKey, IsHash(key) ? key : throw Wrong(name, "ApiKeySha256 takes SHA-256 hashes of keys: 64 characters of lower-case hex"), profile);
            }

            foreach (string host in settings.Hosts)
            {
                Add(_byHost, IsHost(host) ? host : throw Wrong(name, $"`{host}` is no host's name: leave scheme, port and a dot at its end out"), profile);
                if (settings.ApiKeySha256.Length > 0)
                {
                    _hostsOfKeys.Add(host);
                }
            }

            if (settings.ApiKeySha256.Length + settings.Hosts.Length == 0)
            {
                Add(_byName, name, isDevelopment || IsNoMoreThan(_default, profile)
                    ? profile
                    : throw Wrong(name, "it may send texts, or cost more than `default`, and is known by its name alone, which anybody can send: give it ApiKeySha256 or Hosts"));
            }
        }

        Shares = [.. _byKey.Values.Concat(_byHost.Values).Concat(_byName.Values).Append(_default).Select(profile => profile.Share).Distinct()];
    }

    /// <summary>The shares of all clients.</summary>
    public IReadOnlyCollection<ClientShare> Shares { get; }

    /// <summary>The clients of a configuration.</summary>
    /// <exception cref="ConfigurationException">A client's settings make no sense.</exception>
    public static ClientDirectory Of(IConfiguration configuration, IHostEnvironment environment)
    {
        try
        {
            return new ClientDirectory(
                configuration.GetSection(ClientSettings.Section).Get<Dictionary<string, ClientSettings>>() ?? [], environment.IsDevelopment());
        }
        catch (InvalidOperationException cause)
        {
            throw new ConfigurationException($"The section {ClientSettings.Section} cannot be read: {cause.Message}");
        }
    }

    public ClientProfile Identify(HttpRequest request)
    {
        string host = request.Host.Host.TrimEnd('.');
        if (CacheableAddress.Includes(request))
        {
            return _byHost.GetValueOrDefault(host, _default);
        }

        // A key that nobody has is as good as none, and so are two of them.
        if (request.Headers[KeyHeader] is [{ Length: > 0 } key] && _byKey.TryGetValue(HashOf(key), out ClientProfile? byKey))
        {
            return byKey;
        }

        return (_hostsOfKeys.Contains(host) ? null : _byHost.GetValueOrDefault(host))
            ?? (request.Headers[NameHeader] is [{ Length: > 0 } name] ? _byName.GetValueOrDefault(name) : null)
            ?? _default;
    }

    // As the header spells it: an address of version 6 in brackets.
    private static bool IsHost(string host) => Uri.CheckHostName(host) switch
    {
        UriHostNameType.Dns => host.All(char.IsAscii) && !host.EndsWith('.'),
        UriHostNameType.IPv6 => host.StartsWith('['),
        UriHostNameType.IPv4 => true,
        _ => false,
    };

    // Anybody can send a name, so a client that is known by it alone may do nothing that those without one may not. It may send no texts even where anybody may:
    // a name would then have a quota of registrations of its own (decision 11).
    private static bool IsNoMoreThan(ClientProfile anybody, ClientProfile named) =>
        named is { Mode: ClientMode.PersistedOnly, LogOnly: false }
        && named.PriceLimit.FieldCostMax <= anybody.PriceLimit.FieldCostMax
        && named.PriceLimit.TypeCostMax <= anybody.PriceLimit.TypeCostMax;

    private static string HashOf(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    private static bool IsHash(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigitLower);

    private static void Add(Dictionary<string, ClientProfile> clients, string by, ClientProfile profile)
    {
        if (!clients.TryAdd(by, profile))
        {
            throw Wrong(profile.Name, $"`{by}` is that of {clients[by].Name} already");
        }
    }

    private static ClientProfile Profile(string name, ClientSettings settings, ClientShare everybody)
    {
        if (!Enum.TryParse(settings.Mode, ignoreCase: true, out ClientMode mode) || int.TryParse(settings.Mode, out _))
        {
            throw Wrong(name, $"Mode is one of {string.Join(", ", Enum.GetNames<ClientMode>())}");
        }

        if (settings.RegistrationsPerDay < 0 || settings.MaxFieldCost < 0 || settings.MaxTypeCost < 0)
        {
            throw Wrong(name, "no limit may be negative");
        }

        if (settings.RegistrationsPerDay > Engine.Limits.RegistrationsPerDayMax)
        {
            throw Wrong(name, $"RegistrationsPerDay is at most {Engine.Limits.RegistrationsPerDayMax}");
        }

        return new ClientProfile(name, mode)
        {
            LogOnly = settings.LogOnly,
            PriceLimit = new PriceLimit(
                settings.MaxFieldCost ?? PriceLimit.Default.FieldCostMax, settings.MaxTypeCost ?? PriceLimit.Default.TypeCostMax),
            IsKnownBySecret = settings.ApiKeySha256.Length > 0,
            RegistrationsPerDay = settings.RegistrationsPerDay ?? Engine.Limits.RegistrationsPerDay,
            Share = ShareOf(name, settings, everybody),
        };
    }

    // A name alone is anybody's to send, so it brings no share of its own: who sends it runs in the share of default.
    private static ClientShare ShareOf(string name, ClientSettings settings, ClientShare everybody)
    {
        bool isEverybody = name == ClientSettings.DefaultName;
        if (!isEverybody && settings.ApiKeySha256.Length + settings.Hosts.Length == 0)
        {
            return settings.CheapAtOnce is null && settings.DearAtOnce is null
                ? everybody
                : throw Wrong(name, "it is known by its name alone, which anybody can send, and runs in the share of default: give it ApiKeySha256 or Hosts, or leave CheapAtOnce and DearAtOnce out");
        }

        if (!isEverybody && settings is { CheapAtOnce: 0, DearAtOnce: 0 })
        {
            return everybody;
        }

        int cheap = settings.CheapAtOnce ?? (isEverybody ? everybody.CheapAtOnce : Engine.Limits.CheapAtOnceOfClient);
        int dear = settings.DearAtOnce ?? (isEverybody ? everybody.DearAtOnce : Engine.Limits.DearAtOnceOfClient);
        return cheap is >= 1 and <= Engine.Limits.AtOnceMax && dear is >= 1 and <= Engine.Limits.AtOnceMax
            ? new ClientShare(name, cheap, dear)
            : throw Wrong(name, $"CheapAtOnce and DearAtOnce are 1 to {Engine.Limits.AtOnceMax}" + (isEverybody ? "" : ", or both 0 to run in the share of default"));
    }

    private static ConfigurationException Wrong(string client, string what) => new($"The client {client} of the section {ClientSettings.Section}: {what}.");
}
