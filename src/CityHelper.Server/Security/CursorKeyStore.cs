using System.Security.Cryptography;
using CityHelper.Engine.Cursors;

namespace CityHelper.Server.Security;

/// <summary>Loads the keys that sign cursors: from the configuration, else from a file in the home that only its owner reads.</summary>
public static class CursorKeyStore
{
    /// <summary>32 bytes in Base64, the same on every server of a site: otherwise servers reject each other's cursors.</summary>
    public const string CurrentKey = "CITYHELPER_CURSOR_KEY";

    /// <summary>The previous key: cursors that it signed stay valid. Remove it once their last page was turned.</summary>
    public const string PreviousKey = "CITYHELPER_CURSOR_KEY_PREVIOUS";

    private const string FileName = "cursor.key";

    /// <summary>The keys of validated settings.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="home">The directory of the key file, for when no key is configured.</param>
    /// <exception cref="ConfigurationException">The key file holds no key.</exception>
    public static CursorKeys Load(CursorSettings settings, string home)
    {
        byte[] current = settings.Key is { } key ? CursorSettings.BytesOf(key)! : FromHome(home);
        CursorKey? before = settings.PreviousKey is { } previous ? new CursorKey(CursorSettings.BytesOf(previous)!) : null;
        return new CursorKeys(new CursorKey(current), before);
    }

    // Under a lock, because a move without overwriting checks first and then moves: two servers that start at once could end with different
    // keys. The key is written to a draft and then moved, so a crash in between leaves no partial key.
    private static byte[] FromHome(string home)
    {
        Directory.CreateDirectory(home);
        string path = Path.Combine(home, FileName);
        if (!File.Exists(path))
        {
            using FileStream alone = Lock(path);
            if (!File.Exists(path))
            {
                string draft = path + ".draft";
                using (var created = new FileStream(draft, new FileStreamOptions
                {
                    Mode = FileMode.Create,
                    Access = FileAccess.Write,
                    UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                }))
                {
                    created.Write(RandomNumberGenerator.GetBytes(CursorKey.KeyBytes));
                }

                File.Move(draft, path);
            }
        }

        byte[] key = File.ReadAllBytes(path);
        return key.Length == CursorKey.KeyBytes
            ? key
            : throw new ConfigurationException(
                $"{path} holds {key.Length} bytes instead of {CursorKey.KeyBytes}: delete it, and a new key is made.");
    }

    // The lock ends with the process that holds it, and then its file is deleted: a later process finds the key.
    private static FileStream Lock(string path)
    {
        string file = path + ".lock";
        for (var pause = default(SpinWait); ; pause.SpinOnce())
        {
            try
            {
                return new FileStream(
                    file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
            }
            catch (IOException) when (File.Exists(file) || File.Exists(path))
            {
                // Held: tries again, in the end once a millisecond.
            }
        }
    }
}
