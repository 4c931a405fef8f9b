using System.Security.Cryptography;
using CityHelper.Engine.Cursors;

namespace CityHelper.Server.Security;

/// <summary>Where the cursors' keys come from: the configuration, else a file in the home that only its owner reads.</summary>
public static class CursorKeyStore
{
    /// <summary>32 bytes in Base64. The same on every server of a site, or their cursors do not fit each other.</summary>
    public const string CurrentKey = "CITYHELPER_CURSOR_KEY";

    /// <summary>The key before, accepted until the last page of its time was turned.</summary>
    public const string PreviousKey = "CITYHELPER_CURSOR_KEY_PREVIOUS";

    private const string FileName = "cursor.key";

    /// <summary>Reads the keys.</summary>
    /// <exception cref="ConfigurationException">A key is no 32 bytes of Base64, or there is none in production.</exception>
    public static CursorKeys Load(IConfiguration configuration, IHostEnvironment environment, string home)
    {
        byte[]? current = Parse(configuration, CurrentKey);
        if (current is null && environment.IsProduction())
        {
            throw new ConfigurationException(
                $"Set {CurrentKey} to {CursorKeys.KeyBytes} random bytes in Base64, the same on every server: `openssl rand -base64 {CursorKeys.KeyBytes}` makes some.");
        }

        return new CursorKeys(current ?? FromHome(home), Parse(configuration, PreviousKey));
    }

    private static byte[]? Parse(IConfiguration configuration, string key)
    {
        if (configuration[key] is not { Length: > 0 } text)
        {
            return null;
        }

        byte[] bytes = new byte[CursorKeys.KeyBytes];
        return Convert.TryFromBase64String(text, bytes, out int count) && count == bytes.Length
            ? bytes
            : throw new ConfigurationException($"{key} must be {CursorKeys.KeyBytes} bytes in Base64.");
    }

    private static byte[] FromHome(string home)
    {
        Directory.CreateDirectory(home);
        string path = Path.Combine(home, FileName);
        try
        {
            using var created = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
            byte[] key = RandomNumberGenerator.GetBytes(CursorKeys.KeyBytes);
            created.Write(key);
            return key;
        }
        catch (IOException) when (File.Exists(path))
        {
            return File.ReadAllBytes(path);
        }
    }
}
