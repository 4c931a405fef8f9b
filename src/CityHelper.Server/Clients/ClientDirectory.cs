using System.Security.Cryptography;
using System.Text;
using CityHelper.Engine;
using CityHelper.Engine.Admission;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Cost;
using CityHelper.Engine.Transport.Http;

namespace CityHelper.Server.Clients;

/// <summary>
/// Identifies the client of a request: by its API key, else by the host that it calls, else by the name that it sends
/// (docs/decisions/0011). A client with a key is identified by the key alone; its hosts count only where caches may answer, since no key is
/// read there. A host is no secret, and anybody can send a name: outside Development, a client that is known by its name alone sends no
/// text, costs no more than <c>default</c>, and writes nothing that <c>default</c> may not.
/// </summary>
public sealed class ClientDirectory : IClientDirectory
{
    /// <summary>Carries an API key.</summary>
    public const string KeyHeader = "X-API-Key";

    /// <summary>Carries the client's name, as Nitro's clients send it.</summary>
    public const string NameHeader = "GraphQL-Client-Id";

    private readonly Dictionary<string, ClientProfile> _byKey = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ClientProfile> _byHost = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, ClientProfile> _byName = new(StringComparer.Ordinal);
    private readonly HashSet<string> _hostsOfKeys = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _origins = new(StringComparer.OrdinalIgnoreCase);
    private readonly ClientProfile _default;

    private readonly List<string> _problems = [];

    /// <param name="clients">The clients by their names.</param>
    /// <param name="isDevelopment">Whether unidentified clients may send any text, unless <c>default</c> says otherwise, and clients known
    /// by their name alone may be allowed to.</param>
    /// <exception cref="ConfigurationException">Client settings are wrong; the message says which.</exception>
    public ClientDirectory(IReadOnlyDictionary<string, ClientSettings> clients, bool isDevelopment)
    {
        ClientSettings? anybody = clients.GetValueOrDefault(ClientSettings.DefaultName);
        ClientShare everybody = anybody is null
            ? ClientShare.Everybody
            : ShareOf(ClientSettings.DefaultName, anybody, ClientShare.Everybody);
        _default = anybody is null
            ? new ClientProfile(ClientSettings.DefaultName, isDevelopment ? ClientMode.FreeText : ClientMode.PersistedOnly)
            {
                Writes = isDevelopment ? WriteAccess.All : WriteAccess.None,
            }
            : Profile(ClientSettings.DefaultName, anybody, everybody, isDevelopment);
        foreach ((string name, ClientSettings settings) in clients.Where(client => client.Key != ClientSettings.DefaultName))
        {
            Add(name, settings, Profile(name, settings, ShareOf(name, settings, everybody), isDevelopment), isDevelopment);
        }

        foreach ((string name, ClientSettings settings) in clients)
        {
            AddOrigins(name, settings);
        }

        Shares =
            [.. _byKey.Values.Concat(_byHost.Values).Concat(_byName.Values).Append(_default).Select(profile => profile.Share).Distinct()];
        if (_problems.Count > 0)
        {
            throw new ConfigurationException(_problems);
        }
    }

    /// <summary>The problems of the client settings, one sentence each.</summary>
    internal static IReadOnlyCollection<string> Problems(IReadOnlyDictionary<string, ClientSettings> clients, bool isDevelopment)
    {
        try
        {
            _ = new ClientDirectory(clients, isDevelopment);
            return [];
        }
        catch (ConfigurationException cause)
        {
            return cause.Problems;
        }
    }

    /// <summary>The shares of all clients.</summary>
    public IReadOnlyCollection<ClientShare> Shares { get; }

    public ClientProfile Identify(HttpRequest request)
    {
        string host = request.Host.Host.TrimEnd('.');
        if (CacheableAddress.Includes(request))
        {
            return _byHost.GetValueOrDefault(host, _default);
        }

        // An unknown key counts as no key, and so do two keys.
        return (Sent(request, KeyHeader) is { } key ? _byKey.GetValueOrDefault(HashOf(key)) : null)
            ?? WithoutKey(host, Sent(request, NameHeader));
    }

    public ClientProfile? Identify(HttpRequest request, string? key, string? name) =>
        (key ?? Sent(request, KeyHeader)) is { } sent
            ? _byKey.GetValueOrDefault(HashOf(sent))
            : WithoutKey(request.Host.Host.TrimEnd('.'), name ?? Sent(request, NameHeader));

    public bool AllowsOrigin(string origin) => _origins.Contains(origin);

    private ClientProfile WithoutKey(string host, string? name) =>
        (_hostsOfKeys.Contains(host) ? null : _byHost.GetValueOrDefault(host))
            ?? (name is not null ? _byName.GetValueOrDefault(name) : null)
            ?? _default;

    private static string? Sent(HttpRequest request, string header) => request.Headers[header] is [{ Length: > 0 } sent] ? sent : null;

    // As in the Host header: an IPv6 address is in brackets.
    private static bool IsHost(string host) => Uri.CheckHostName(host) switch
    {
        UriHostNameType.Dns => host.All(char.IsAscii) && !host.EndsWith('.'),
        UriHostNameType.IPv6 => host.StartsWith('['),
        UriHostNameType.IPv4 => true,
        _ => false,
    };

    // Anybody can send a name, so a client that is known by its name alone may do no more than an unidentified one. It may send no texts
    // even where unidentified clients may: each name would then have its own quota of registrations (decision 11).
    private static bool IsNoMoreThan(ClientProfile anybody, ClientProfile named) =>
        named is { Mode: ClientMode.PersistedOnly, LogOnly: false }
        && named.Writes <= anybody.Writes
        && named.CostLimit.FieldCostMax <= anybody.CostLimit.FieldCostMax
        && named.CostLimit.TypeCostMax <= anybody.CostLimit.TypeCostMax;

    private static string HashOf(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    private static bool IsHash(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigitLower);

    private void Add(string name, ClientSettings settings, ClientProfile profile, bool isDevelopment)
    {
        foreach (string key in settings.ApiKeySha256)
        {
            if (!IsHash(key))
            {
                Wrong(name, "ApiKeySha256 takes SHA-256 hashes of keys: 64 characters of lower-case hex");
            }
            else if (!_byKey.TryAdd(key, profile))
            {
                Wrong(name, $"one of its keys is that of {_byKey[key].Name} already");
            }
        }

        foreach (string host in settings.Hosts)
        {
            if (!IsHost(host))
            {
                Wrong(name, $"`{host}` is no host's name: leave scheme, port and a dot at its end out");
            }
            else if (!_byHost.TryAdd(host, profile))
            {
                Wrong(name, $"`{host}` is that of {_byHost[host].Name} already");
            }

            if (settings.ApiKeySha256.Length > 0)
            {
                _hostsOfKeys.Add(host);
            }
        }

        if (IsKnownByNameAlone(settings))
        {
            _byName.Add(name, profile);
            if (!isDevelopment && !IsNoMoreThan(_default, profile))
            {
                Wrong(name, "it may send texts, or cost or write more than `default`, and is known by its name alone, which anybody can "
                    + "send: give it ApiKeySha256 or Hosts");
            }
        }
    }

    private void AddOrigins(string name, ClientSettings settings)
    {
        foreach (string origin in settings.Origins)
        {
            // As browsers send it, or it would never match.
            bool isOne = Uri.TryCreate(origin, UriKind.Absolute, out Uri? page)
                && (page.Scheme == Uri.UriSchemeHttps || page.Scheme == Uri.UriSchemeHttp)
                && page.UserInfo.Length == 0
                && page.GetLeftPart(UriPartial.Authority).Equals(origin, StringComparison.OrdinalIgnoreCase)
                && origin.All(char.IsAscii);
            if (isOne)
            {
                _origins.Add(origin);
            }
            else
            {
                Wrong(name, $"`{origin}` is no origin: write scheme, host and no usual port, such as https://civic.example, without a "
                    + "slash at its end");
            }
        }
    }

    /// <summary>Whether nothing but its name, which anybody can send, identifies the client.</summary>
    internal static bool IsKnownByNameAlone(ClientSettings settings) => settings.ApiKeySha256.Length + settings.Hosts.Length == 0;

    private ClientProfile Profile(string name, ClientSettings settings, ClientShare share, bool isDevelopment)
    {
        if (!Enum.TryParse(settings.Mode, ignoreCase: true, out ClientMode mode) || int.TryParse(settings.Mode, out _))
        {
            Wrong(name, $"Mode is one of {string.Join(", ", Enum.GetNames<ClientMode>())}");
            mode = ClientMode.PersistedOnly;
        }

        if (settings.RegistrationsPerDay < 0 || settings.ReportsPerMinute < 0 || settings.MaxFieldCost < 0 || settings.MaxTypeCost < 0)
        {
            Wrong(name, "no limit may be negative");
        }

        if (settings.RegistrationsPerDay > Engine.Limits.RegistrationsPerDayMax)
        {
            Wrong(name, $"RegistrationsPerDay is at most {Engine.Limits.RegistrationsPerDayMax}");
        }

        return new ClientProfile(name, mode)
        {
            LogOnly = settings.LogOnly,
            Writes = WritesOf(name, settings, isDevelopment),
            CostLimit = new CostLimit(
                settings.MaxFieldCost ?? CostLimit.Default.FieldCostMax, settings.MaxTypeCost ?? CostLimit.Default.TypeCostMax),
            IsKnownBySecret = settings.ApiKeySha256.Length > 0,
            RegistrationsPerDay = settings.RegistrationsPerDay ?? Engine.Limits.RegistrationsPerDay,
            Share = share,
        };
    }

    // A host is no secret, and anybody can send a name: only a key shows that a client may change what others wrote.
    private WriteAccess WritesOf(string name, ClientSettings settings, bool isDevelopment)
    {
        bool isEverybody = name == ClientSettings.DefaultName;
        if (settings.Writes.Length == 0)
        {
            return isEverybody && isDevelopment ? WriteAccess.All : WriteAccess.None;
        }

        if (!Enum.TryParse(settings.Writes, ignoreCase: true, out WriteAccess writes) || int.TryParse(settings.Writes, out _))
        {
            Wrong(name, $"Writes is one of {string.Join(", ", Enum.GetNames<WriteAccess>())}");
            return WriteAccess.None;
        }

        if (writes == WriteAccess.All && !isDevelopment && (isEverybody || settings.ApiKeySha256.Length == 0))
        {
            Wrong(name, isEverybody
                ? "it stands for clients without a key, which may not send all mutations: set Writes to None or Report"
                : "it may send all mutations, and anybody could pass for it without a key: give it ApiKeySha256, or set Writes to None or "
                    + "Report");
            return WriteAccess.None;
        }

        return writes;
    }

    // Anybody can send a name, so a name alone brings no share: its requests run in the share of default.
    private ClientShare ShareOf(string name, ClientSettings settings, ClientShare everybody)
    {
        bool isEverybody = name == ClientSettings.DefaultName;
        if (!isEverybody && IsKnownByNameAlone(settings))
        {
            if (settings.CheapAtOnce is not null || settings.DearAtOnce is not null)
            {
                Wrong(name, "it is known by its name alone, which anybody can send, and runs in the share of default: "
                    + "give it ApiKeySha256 or Hosts, or leave CheapAtOnce and DearAtOnce out");
            }

            return everybody;
        }

        if (!isEverybody && settings is { CheapAtOnce: 0, DearAtOnce: 0 })
        {
            return everybody;
        }

        int cheap = settings.CheapAtOnce ?? (isEverybody ? everybody.CheapAtOnce : Engine.Limits.CheapAtOnceOfClient);
        int dear = settings.DearAtOnce ?? (isEverybody ? everybody.DearAtOnce : Engine.Limits.DearAtOnceOfClient);
        if (cheap is < 1 or > Engine.Limits.AtOnceMax || dear is < 1 or > Engine.Limits.AtOnceMax)
        {
            string orBoth = isEverybody ? "" : ", or both 0 to run in the share of default";
            Wrong(name, $"CheapAtOnce and DearAtOnce are 1 to {Engine.Limits.AtOnceMax}{orBoth}");
            return everybody;
        }

        return new ClientShare(name, cheap, dear);
    }

    private void Wrong(string client, string what) =>
        _problems.Add($"The client {client} of the section {ClientSettings.Section}: {what}.");
}
