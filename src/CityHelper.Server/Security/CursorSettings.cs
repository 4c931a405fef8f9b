using CityHelper.Engine.Cursors;
using CityHelper.Server.Configuration;

namespace CityHelper.Server.Security;

/// <summary>The keys that cursors are signed with.</summary>
public sealed class CursorSettings : ISettings
{
    /// <summary>
    /// The key, 32 bytes in Base64. The same on every server of a site, or their cursors do not fit each other. Outside Production one is
    /// made in the home where it is left out.
    /// </summary>
    [ConfigurationKeyName(CursorKeyStore.CurrentKey)]
    [Setting(IsSecret = true, Default = "none: Production does not start without one")]
    public string? Key { get; set; }

    /// <summary>The key before, accepted until the last page of its time was turned.</summary>
    [ConfigurationKeyName(CursorKeyStore.PreviousKey)]
    [Setting(IsSecret = true)]
    public string? PreviousKey { get; set; }

    private static string Making => $"`openssl rand -base64 {CursorKey.KeyBytes}` makes some.";

    /// <summary>The bytes of a key.</summary>
    /// <returns>Null when it is no 32 bytes of Base64.</returns>
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
