using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using CityHelper.Engine.Binding;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Tags;

namespace CityHelper.Engine.Caching;

/// <summary>The bytes of a stored answer where servers share them, signed for its key.</summary>
/// <remarks>
/// Version (1 byte) | first 16 bytes of HMAC-SHA-256(key, name | rest) | tenant (2) | epoch (4) | number (8) | end by the clock, ticks or 0
/// (8) | max-age, stale-while-revalidate, stale-if-error (4 each) | lengths of the tenant's name and of the cursor, tags (2 each) | name
/// | cursor | each tag's kind (1) and value (8) | body. Big endian. The signature is of the key's name too, so an entry under another name
/// is as good as none.
/// </remarks>
internal sealed class SharedFormat
{
    private const byte Version = 1;
    private const int SignatureBytes = 16;
    private const int HeadBytes = 1 + SignatureBytes;
    private const int FixedBytes = 2 + 4 + 8 + 8 + 3 * 4 + 3 * 2;
    private const int TagBytes = 1 + 8;

    private readonly byte[] _key;
    private readonly string _space;

    /// <param name="keys">The cursor keys, from which the signing key is derived.</param>
    /// <param name="options">The build: answers of another are another's.</param>
    public SharedFormat(CursorKeys keys, ResponseCacheOptions options)
    {
        _key = HMACSHA256.HashData(keys.Current.Secret, "answers that servers share"u8);
        _space = $"{options.Build}\n{keys.Current.Id}";
    }

    /// <summary>The name of a question's answer, which depends on the build and the cursor key too.</summary>
    public string NameOf(Question question) => Base64Url.EncodeToString(
        SHA256.HashData(Encoding.UTF8.GetBytes($"{_space}\n{question.Client}\n{question.Target}")));

    /// <summary>The bytes of an answer.</summary>
    public byte[] Write(string name, StoredAnswer answer)
    {
        byte[] texts = Encoding.ASCII.GetBytes(answer.TenantName + answer.Cursor);
        byte[] bytes = new byte[HeadBytes + FixedBytes + texts.Length + answer.Tags.Count * TagBytes + answer.Body.Length];
        bytes[0] = Version;
        Span<byte> rest = bytes.AsSpan(HeadBytes);
        BinaryPrimitives.WriteInt16BigEndian(rest, answer.Tenant);
        BinaryPrimitives.WriteInt32BigEndian(rest[2..], answer.Position.Epoch);
        BinaryPrimitives.WriteInt64BigEndian(rest[6..], answer.Position.Number);
        BinaryPrimitives.WriteInt64BigEndian(rest[14..], answer.Until?.Ticks ?? 0);
        BinaryPrimitives.WriteInt32BigEndian(rest[22..], answer.Policy.MaxAgeSeconds);
        BinaryPrimitives.WriteInt32BigEndian(rest[26..], answer.Policy.StaleWhileRevalidateSeconds);
        BinaryPrimitives.WriteInt32BigEndian(rest[30..], answer.Policy.StaleIfErrorSeconds);
        BinaryPrimitives.WriteInt16BigEndian(rest[34..], (short)answer.TenantName.Length);
        BinaryPrimitives.WriteInt16BigEndian(rest[36..], (short)answer.Cursor.Length);
        BinaryPrimitives.WriteInt16BigEndian(rest[38..], (short)answer.Tags.Count);
        texts.CopyTo(rest[FixedBytes..]);
        rest = rest[(FixedBytes + texts.Length)..];
        foreach (Tag tag in answer.Tags)
        {
            rest[0] = (byte)tag.Kind;
            BinaryPrimitives.WriteInt64BigEndian(rest[1..], tag.Value);
            rest = rest[TagBytes..];
        }

        answer.Body.CopyTo(rest);
        Sign(name, bytes.AsSpan(HeadBytes), bytes.AsSpan(1, SignatureBytes));
        return bytes;
    }

    /// <summary>The answer in bytes; null when they are not what <see cref="Write"/> made for this name.</summary>
    /// <param name="name">The name that they were found under.</param>
    /// <param name="bytes">The bytes.</param>
    /// <param name="operation">The operation of the question.</param>
    /// <param name="now">A timestamp of the clock.</param>
    public StoredAnswer? Read(string name, ReadOnlySpan<byte> bytes, Operation operation, long now)
    {
        Span<byte> signature = stackalloc byte[SignatureBytes];
        if (bytes.Length < HeadBytes + FixedBytes || bytes[0] != Version)
        {
            return null;
        }

        ReadOnlySpan<byte> rest = bytes[HeadBytes..];
        Sign(name, rest, signature);
        if (!CryptographicOperations.FixedTimeEquals(signature, bytes[1..HeadBytes]))
        {
            return null;
        }

        short tenant = BinaryPrimitives.ReadInt16BigEndian(rest);
        var position = new LogPosition(BinaryPrimitives.ReadInt32BigEndian(rest[2..]), BinaryPrimitives.ReadInt64BigEndian(rest[6..]));
        long until = BinaryPrimitives.ReadInt64BigEndian(rest[14..]);
        var policy = new CachePolicy(
            BinaryPrimitives.ReadInt32BigEndian(rest[22..]),
            BinaryPrimitives.ReadInt32BigEndian(rest[26..]),
            BinaryPrimitives.ReadInt32BigEndian(rest[30..]));
        int nameLength = BinaryPrimitives.ReadInt16BigEndian(rest[34..]);
        int cursorLength = BinaryPrimitives.ReadInt16BigEndian(rest[36..]);
        var tags = new Tag[BinaryPrimitives.ReadInt16BigEndian(rest[38..])];
        string tenantName = Encoding.ASCII.GetString(rest.Slice(FixedBytes, nameLength));
        string cursor = Encoding.ASCII.GetString(rest.Slice(FixedBytes + nameLength, cursorLength));
        rest = rest[(FixedBytes + nameLength + cursorLength)..];
        for (int i = 0; i < tags.Length; i++)
        {
            tags[i] = new Tag((TagKind)rest[0], BinaryPrimitives.ReadInt64BigEndian(rest[1..]));
            rest = rest[TagBytes..];
        }

        var dependencies = new Dependencies(tenant, tags) { Until = until == 0 ? null : new DateTime(until, DateTimeKind.Utc) };
        return new StoredAnswer(rest.ToArray(), operation, policy, dependencies, position)
        {
            Cursor = cursor,
            TenantName = tenantName,
            StoredAt = now,
        };
    }

    private void Sign(string name, ReadOnlySpan<byte> rest, Span<byte> signature)
    {
        using IncrementalHash hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key);
        hash.AppendData(Encoding.UTF8.GetBytes(name));
        hash.AppendData(rest);
        Span<byte> whole = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(whole);
        whole[..SignatureBytes].CopyTo(signature);
    }
}
