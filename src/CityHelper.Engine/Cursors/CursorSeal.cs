using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace CityHelper.Engine.Cursors;

/// <summary>The keys that cursors are signed with.</summary>
/// <param name="Current">Signs new cursors; 32 bytes.</param>
/// <param name="Previous">Still accepted after a change of keys, or null.</param>
public sealed record CursorKeys(byte[] Current, byte[]? Previous)
{
    /// <summary>Bytes of a key: the block that SHA-256 gives.</summary>
    public const int KeyBytes = 32;
}

/// <summary>
/// Signs the cursors of one question: a field with its arguments in one partition. A cursor is the row's key and a proof that this
/// server gave it for this question, so a forged one, or one of another filter, order or city, is refused.
/// </summary>
/// <remarks>
/// Layout, Base64url without padding: key id (1 byte) | row key (8 bytes, big endian) | first 16 bytes of
/// HMAC-SHA-256(key, SHA-256(question) | row key). 128 bits of proof are enough for what is a place, not a right.
/// </remarks>
public sealed class CursorSeal
{
    private const int RowKeyBytes = 8;
    private const int ProofBytes = 16;
    private const int CursorBytes = 1 + RowKeyBytes + ProofBytes;

    private readonly CursorKeys _keys;
    private readonly byte[] _question;

    /// <param name="keys">The server's keys.</param>
    /// <param name="question">Everything that a cursor is bound to, in one canonical text.</param>
    public CursorSeal(CursorKeys keys, string question)
    {
        _keys = keys;
        _question = SHA256.HashData(Encoding.UTF8.GetBytes(question));
    }

    /// <summary>Characters of every cursor: 25 bytes in Base64url.</summary>
    public const int CursorChars = 34;

    /// <summary>Writes the cursor of a row as ASCII.</summary>
    /// <param name="rowKey">The key of the row.</param>
    /// <param name="ascii">Room for <see cref="CursorChars"/> bytes.</param>
    public void Seal(long rowKey, Span<byte> ascii)
    {
        Span<byte> cursor = stackalloc byte[CursorBytes];
        cursor[0] = KeyId(_keys.Current);
        BinaryPrimitives.WriteInt64BigEndian(cursor[1..], rowKey);
        Prove(_keys.Current, cursor[1..(1 + RowKeyBytes)], cursor[(1 + RowKeyBytes)..]);
        Base64Url.EncodeToUtf8(cursor, ascii);
    }

    /// <summary>The row key of a cursor of this question, or null for any other text.</summary>
    public long? Open(string text)
    {
        Span<byte> cursor = stackalloc byte[CursorBytes];
        if (text.Length != CursorChars
            || Base64Url.DecodeFromChars(text, cursor, out _, out int bytes) != OperationStatus.Done
            || bytes != CursorBytes)
        {
            return null;
        }

        ReadOnlySpan<byte> rowKey = cursor[1..(1 + RowKeyBytes)];
        Span<byte> proof = stackalloc byte[ProofBytes];
        foreach (byte[]? key in new[] { _keys.Current, _keys.Previous })
        {
            if (key is null || KeyId(key) != cursor[0])
            {
                continue;
            }

            Prove(key, rowKey, proof);
            if (CryptographicOperations.FixedTimeEquals(proof, cursor[(1 + RowKeyBytes)..]))
            {
                return BinaryPrimitives.ReadInt64BigEndian(rowKey);
            }
        }

        return null;
    }

    private static byte KeyId(byte[] key) => SHA256.HashData(key)[0];

    private void Prove(byte[] key, ReadOnlySpan<byte> rowKey, Span<byte> proof)
    {
        Span<byte> message = stackalloc byte[SHA256.HashSizeInBytes + RowKeyBytes];
        _question.CopyTo(message);
        rowKey.CopyTo(message[SHA256.HashSizeInBytes..]);
        Span<byte> mac = stackalloc byte[SHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, message, mac);
        mac[..ProofBytes].CopyTo(proof);
    }
}
