using System.Security.Cryptography;
using System.Text;
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
        foreach ((string name, ClientSettings settings) in clients)
        {
            ClientProfile profile = Profile(name, settings);
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
    }

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

    private static ClientProfile Profile(string name, ClientSettings settings)
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
        };
    }

    private static ConfigurationException Wrong(string client, string what) => new($"The client {client} of the section {ClientSettings.Section}: {what}.");
}
