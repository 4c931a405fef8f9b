using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace CityHelper.Engine.Cursors;

/// <summary>A key that cursors are signed with, and the byte that names it in a cursor.</summary>
public sealed class CursorKey
{
    /// <summary>Bytes of a key: the block that SHA-256 gives.</summary>
    public const int KeyBytes = 32;

    /// <exception cref="ArgumentException">The key has another length: a short one can be guessed.</exception>
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

/// <summary>The keys that cursors are signed with.</summary>
/// <param name="Current">Signs new cursors.</param>
/// <param name="Previous">Still accepted after a change of keys, or null.</param>
public sealed record CursorKeys(CursorKey Current, CursorKey? Previous);

/// <summary>
/// Signs the cursors of one question: a field with its arguments in one partition. A cursor is the row's place and a proof that this
/// server gave it for this question, so a forged one, or one of another filter, order or partition, is refused.
/// </summary>
/// <remarks>
/// Layout, Base64url without padding: key id (1 byte) | row key (8 bytes, big endian) | value (8 bytes, big endian) | first 16 bytes of
/// HMAC-SHA-256(key, SHA-256(question) | row key | value). 128 bits of proof are enough for what is a place, not a right.
/// </remarks>
public sealed class CursorSeal
{
    private const int PlaceBytes = 2 * sizeof(long);
    private const int ProofBytes = 16;
    private const int CursorBytes = 1 + PlaceBytes + ProofBytes;

    private readonly CursorKeys _keys;
    private readonly byte[] _question;

    /// <param name="keys">The server's keys.</param>
    /// <param name="question">Everything that a cursor is bound to, in one canonical text.</param>
    public CursorSeal(CursorKeys keys, string question)
    {
        _keys = keys;
        _question = SHA256.HashData(Encoding.UTF8.GetBytes(question));
    }

    /// <summary>Characters of every cursor: 33 bytes in Base64url.</summary>
    public const int CursorChars = 44;

    /// <summary>Writes the cursor of a row as ASCII.</summary>
    /// <param name="position">The row's place.</param>
    /// <param name="ascii">Room for <see cref="CursorChars"/> bytes.</param>
    public void Seal(CursorPosition position, Span<byte> ascii)
    {
        Span<byte> cursor = stackalloc byte[CursorBytes];
        cursor[0] = _keys.Current.Id;
        BinaryPrimitives.WriteInt64BigEndian(cursor[1..], position.Key);
        BinaryPrimitives.WriteInt64BigEndian(cursor[(1 + sizeof(long))..], position.Value);
        Prove(_keys.Current, cursor[1..(1 + PlaceBytes)], cursor[(1 + PlaceBytes)..]);
        Base64Url.EncodeToUtf8(cursor, ascii);
    }

    /// <summary>The place in a cursor of this question, or null for any other text.</summary>
    public CursorPosition? Open(string text)
    {
        Span<byte> cursor = stackalloc byte[CursorBytes];
        if (text.Length != CursorChars
            || Base64Url.DecodeFromChars(text, cursor, out _, out int bytes) != OperationStatus.Done
            || bytes != CursorBytes)
        {
            return null;
        }

        ReadOnlySpan<byte> place = cursor[1..(1 + PlaceBytes)];
        Span<byte> proof = stackalloc byte[ProofBytes];
        foreach (CursorKey? key in (ReadOnlySpan<CursorKey?>)[_keys.Current, _keys.Previous])
        {
            // The byte that names the key is not signed: any other would be a second spelling of the same cursor.
            if (key is null || key.Id != cursor[0])
            {
                continue;
            }

            Prove(key, place, proof);
            if (CryptographicOperations.FixedTimeEquals(proof, cursor[(1 + PlaceBytes)..]))
            {
                return new CursorPosition(BinaryPrimitives.ReadInt64BigEndian(place), BinaryPrimitives.ReadInt64BigEndian(place[sizeof(long)..]));
            }
        }

        return null;
    }

    private void Prove(CursorKey key, ReadOnlySpan<byte> place, Span<byte> proof)
    {
        Span<byte> message = stackalloc byte[SHA256.HashSizeInBytes + PlaceBytes];
        _question.CopyTo(message);
        place.CopyTo(message[SHA256.HashSizeInBytes..]);
        Span<byte> mac = stackalloc byte[SHA256.HashSizeInBytes];
        HMACSHA256.HashData(key.Secret, message, mac);
        mac[..ProofBytes].CopyTo(proof);
    }
}
