using System.Security.Cryptography;
using System.Text;
using CityHelper.Engine.Admission;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Pricing;

namespace CityHelper.Server.Clients;

/// <summary>
/// Whose request it is: by its API key, else by the host it calls, else by the name that it gives itself. A name or a host is no secret, so a client of
/// which something depends has a key.
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
    private readonly ClientProfile _default;

    /// <param name="clients">The clients by their names.</param>
    /// <param name="isDevelopment">Whether anybody may send any text: who is not identified, unless <c>default</c> says otherwise, and who is known by a name alone.</param>
    /// <exception cref="ConfigurationException">A client's settings make no sense; the message says which.</exception>
    public ClientDirectory(IReadOnlyDictionary<string, ClientSettings> clients, bool isDevelopment)
    {
        _default = new ClientProfile(ClientSettings.DefaultName, isDevelopment ? ClientMode.FreeText : ClientMode.PersistedOnly);
        ClientShare everybody = clients.GetValueOrDefault(ClientSettings.DefaultName) is { } own ? ShareOf(ClientSettings.DefaultName, own, ClientShare.Everybody) : ClientShare.Everybody;
        foreach ((string name, ClientSettings settings) in clients)
        {
            ClientProfile profile = Profile(name, settings, everybody);
            if (name == ClientSettings.DefaultName)
            {
                _default = profile;
                continue;
            }

            foreach (string key in settings.ApiKeySha256)
            {
                Add(_byKey, IsHash(key) ? key : throw Wrong(name, "ApiKeySha256 takes SHA-256 hashes of keys: 64 characters of lower-case hex"), profile);
            }

            foreach (string host in settings.Hosts)
            {
                Add(_byHost, host, profile);
            }

            if (settings.ApiKeySha256.Length + settings.Hosts.Length == 0)
            {
                if (profile.MayReadSchema && !isDevelopment)
                {
                    throw Wrong(name, "it may send any text and is known by its name alone, which anybody can send: give it ApiKeySha256 or Hosts, or set default");
                }

                Add(_byName, name, profile);
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
        // A key that nobody has is as good as none.
        if (request.Headers[KeyHeader] is [{ Length: > 0 } key] && _byKey.TryGetValue(HashOf(key), out ClientProfile? byKey))
        {
            return byKey;
        }

        return _byHost.GetValueOrDefault(request.Host.Host)
            ?? (request.Headers[NameHeader] is [{ Length: > 0 } name] ? _byName.GetValueOrDefault(name) : null)
            ?? _default;
    }

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
