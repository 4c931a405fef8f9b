using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace CityHelper.Engine.Cursors;

/// <summary>A key that signs cursors, and the byte that identifies it in a cursor.</summary>
public sealed class CursorKey
{
    /// <summary>Bytes of a key: the length of a SHA-256 hash.</summary>
    public const int KeyBytes = 32;

    /// <exception cref="ArgumentException">The key has another length; a short key can be guessed.</exception>
    public CursorKey(byte[] secret)
    {
        if (secret.Length != KeyBytes)
        {
            throw new ArgumentException($"A cursor key has {KeyBytes} bytes, not {secret.Length}.", nameof(secret));
        }

        Secret = secret;
        Id = SHA256.HashData(secret)[0];
    }

    internal byte[] Secret { get; }

    internal byte Id { get; }
}

/// <summary>The keys of cursor signatures.</summary>
/// <param name="Current">Signs new cursors.</param>
/// <param name="Previous">Still accepted after a key rotation, or null.</param>
public sealed record CursorKeys(CursorKey Current, CursorKey? Previous);

/// <summary>
/// Signs the cursors of one query: a field with its arguments in one tenant. A cursor holds a row's keyset position and a signature, so the
/// server refuses forged cursors and those of another filter, order or tenant.
/// </summary>
/// <remarks>
/// Layout, Base64url without padding: key id (1 byte) | row key (8 bytes, big endian) | value (8 bytes, big endian) | first 16 bytes of
/// HMAC-SHA-256(key, SHA-256(canonical text) | row key | value). A signature of 128 bits is enough, because a cursor grants no access.
/// </remarks>
public sealed class CursorSigner
{
    private const int PositionBytes = 2 * sizeof(long);
    private const int SignatureBytes = 16;
    private const int CursorBytes = 1 + PositionBytes + SignatureBytes;

    private readonly CursorKeys _keys;
    private readonly byte[] _canonicalHash;

    /// <param name="keys">The server's keys.</param>
    /// <param name="canonicalText">The canonical text of everything that a cursor is bound to.</param>
    public CursorSigner(CursorKeys keys, string canonicalText)
    {
        _keys = keys;
        _canonicalHash = SHA256.HashData(Encoding.UTF8.GetBytes(canonicalText));
    }

    /// <summary>Characters of every cursor: 33 bytes in Base64url.</summary>
    public const int CursorChars = 44;

    /// <summary>Writes the cursor of a row as ASCII.</summary>
    /// <param name="position">The row's keyset position.</param>
    /// <param name="ascii">A buffer of <see cref="CursorChars"/> bytes.</param>
    public void Sign(KeysetPosition position, Span<byte> ascii)
    {
        Span<byte> cursor = stackalloc byte[CursorBytes];
        cursor[0] = _keys.Current.Id;
        BinaryPrimitives.WriteInt64BigEndian(cursor[1..], position.Key);
        BinaryPrimitives.WriteInt64BigEndian(cursor[(1 + sizeof(long))..], position.Value);
        ComputeSignature(_keys.Current, cursor[1..(1 + PositionBytes)], cursor[(1 + PositionBytes)..]);
        Base64Url.EncodeToUtf8(cursor, ascii);
    }

    /// <summary>The keyset position in a cursor of this query, or null for any other text.</summary>
    public KeysetPosition? Open(string text)
    {
        Span<byte> cursor = stackalloc byte[CursorBytes];
        if (text.Length != CursorChars
            || Base64Url.DecodeFromChars(text, cursor, out _, out int bytes) != OperationStatus.Done
            || bytes != CursorBytes)
        {
            return null;
        }

        ReadOnlySpan<byte> position = cursor[1..(1 + PositionBytes)];
        Span<byte> signature = stackalloc byte[SignatureBytes];
        foreach (CursorKey? key in (ReadOnlySpan<CursorKey?>)[_keys.Current, _keys.Previous])
        {
            // The byte that identifies the key is not signed: it must match, or one cursor would have several spellings.
            if (key is null || key.Id != cursor[0])
            {
                continue;
            }

            ComputeSignature(key, position, signature);
            if (CryptographicOperations.FixedTimeEquals(signature, cursor[(1 + PositionBytes)..]))
            {
                return new KeysetPosition(
                    BinaryPrimitives.ReadInt64BigEndian(position), BinaryPrimitives.ReadInt64BigEndian(position[sizeof(long)..]));
            }
        }

        return null;
    }

    private void ComputeSignature(CursorKey key, ReadOnlySpan<byte> position, Span<byte> signature)
    {
        Span<byte> message = stackalloc byte[SHA256.HashSizeInBytes + PositionBytes];
        _canonicalHash.CopyTo(message);
        position.CopyTo(message[SHA256.HashSizeInBytes..]);
        Span<byte> mac = stackalloc byte[SHA256.HashSizeInBytes];
        HMACSHA256.HashData(key.Secret, message, mac);
        mac[..SignatureBytes].CopyTo(signature);
    }
}
