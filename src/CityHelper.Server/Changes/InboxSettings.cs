using System.Text.RegularExpressions;
using CityHelper.Server.Configuration;

namespace CityHelper.Server.Changes;

/// <summary>
/// One service that announces changes through Redis, without the database, in the section <c>Inbox</c>: <c>Inbox__parks__Key</c>. Without
/// any, no inbox is read. docs/events.md tells what such a service sends.
/// </summary>
public sealed class InboxSourceSettings
{
    /// <summary>The section of all of them.</summary>
    public const string Section = "Inbox";

    /// <summary>
    /// The key with which it signs its entries: 32 random bytes in Base64, as <c>openssl rand -base64 32</c> prints them.
    /// </summary>
    [Setting(IsSecret = true, Default = "none: it must be set")]
    public string Key { get; set; } = "";

    /// <summary>Slugs of the cities about which it may announce changes. Without any: all cities.</summary>
    public string[] Cities { get; set; } = [];
}

/// <summary>All services that write to inboxes, by name: the section <c>Inbox</c>.</summary>
public sealed partial class InboxSettings : ISettings
{
    private const int KeyBytes = 32;

    private readonly Dictionary<string, InboxSourceSettings> _byName = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, InboxSourceSettings> ByName => _byName;

    /// <summary>The bytes of a key.</summary>
    /// <returns>Null when the text is no key.</returns>
    public static byte[]? KeyOf(string base64)
    {
        byte[] bytes = new byte[KeyBytes + 1];
        return Convert.TryFromBase64String(base64, bytes, out int count) && count == KeyBytes ? bytes[..KeyBytes] : null;
    }

    void ISettings.Read(SettingsReader reader)
    {
        foreach (string name in reader.NamesIn(InboxSourceSettings.Section))
        {
            var source = new InboxSourceSettings();
            reader.Read(source, $"{InboxSourceSettings.Section}:{name}");
            _byName[name] = source;
        }
    }

    IEnumerable<string> ISettings.Problems(IHostEnvironment environment)
    {
        foreach ((string name, InboxSourceSettings source) in _byName)
        {
            // The name is part of what is signed and of the cause of events.
            if (name.Length > Limits.InboxNameCharsMax || !Name().IsMatch(name))
            {
                yield return $"The section {InboxSourceSettings.Section} has a name that is none: use at most "
                    + $"{Limits.InboxNameCharsMax} of a-z, 0-9 and -, with a letter first.";
            }
            else if (KeyOf(source.Key) is null)
            {
                yield return $"{InboxSourceSettings.Section}__{name}__Key is no key: it is {KeyBytes} bytes in Base64, as "
                    + $"`openssl rand -base64 {KeyBytes}` prints them.";
            }
        }
    }

    [GeneratedRegex("^[a-z][a-z0-9-]*$")]
    private static partial Regex Name();
}
