using CityHelper.Engine.Cursors;
using CityHelper.Server.Configuration;

namespace CityHelper.Server.Security;

/// <summary>The keys that cursors are signed with.</summary>
public sealed class CursorSettings : ISettings
{
    /// <summary>
    /// The key, 32 bytes in Base64, the same on every server of a site: otherwise servers reject each other's cursors. Outside Production,
    /// a missing key is created in the home.
    /// </summary>
    [ConfigurationKeyName(CursorKeyStore.CurrentKey)]
    [Setting(IsSecret = true, Default = "none: Production does not start without one")]
    public string? Key { get; set; }

    /// <summary>The previous key: cursors that it signed stay valid. Remove it once their last page was turned.</summary>
    [ConfigurationKeyName(CursorKeyStore.PreviousKey)]
    [Setting(IsSecret = true)]
    public string? PreviousKey { get; set; }

    private static string Making => $"`openssl rand -base64 {CursorKey.KeyBytes}` makes some.";

    /// <summary>The bytes of a key.</summary>
    /// <returns>Null when it is not 32 bytes in Base64.</returns>
    internal static byte[]? BytesOf(string text)
    {
        byte[] bytes = new byte[CursorKey.KeyBytes];
        return Convert.TryFromBase64String(text, bytes, out int count) && count == bytes.Length ? bytes : null;
    }

    void ISettings.Read(SettingsReader reader) => reader.Read(this, "");

    IEnumerable<string> ISettings.Problems(IHostEnvironment environment)
    {
        if (Key is null && environment.IsProduction())
        {
            yield return $"Set {CursorKeyStore.CurrentKey} to {CursorKey.KeyBytes} random bytes in Base64, the same on every server: "
                + Making;
        }

        foreach ((string name, string? key) in new[] { (CursorKeyStore.CurrentKey, Key), (CursorKeyStore.PreviousKey, PreviousKey) })
        {
            if (key is not null && BytesOf(key) is null)
            {
                yield return $"{name} must be {CursorKey.KeyBytes} bytes in Base64: {Making}";
            }
        }
    }
}
