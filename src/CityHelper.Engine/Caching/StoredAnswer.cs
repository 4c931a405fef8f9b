using System.Buffers.Text;
using System.Security.Cryptography;
using CityHelper.Engine.Binding;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Tags;

namespace CityHelper.Engine.Caching;

/// <summary>An answer that caches may keep, with its headers. A hit reads nothing else: it neither coerces nor binds.</summary>
internal sealed class StoredAnswer
{
    private readonly byte[]?[] _encoded = new byte[]?[2];

    /// <param name="body">The response's JSON.</param>
    /// <param name="operation">Its operation, for logs and metrics.</param>
    /// <param name="policy">How long others may keep it.</param>
    /// <param name="dependencies">What it depends on.</param>
    /// <param name="position">Where it was read.</param>
    public StoredAnswer(byte[] body, Operation operation, CachePolicy policy, Dependencies dependencies, LogPosition position)
    {
        IsKept = body.Length <= Limits.StoredBodyBytesMax;
        (Body, Operation, Policy, Position) = (IsKept ? body : [], operation, policy, position);
        (Tenant, Tags, Slots, Until) = (dependencies.Tenant, dependencies.Tags, dependencies.Slots, dependencies.Until);
        DependsOnRows = dependencies.Tags.Any(tag => tag.Kind == TagKind.Rows);
        ETag = ETagOf(body);
    }

    /// <summary>The response's JSON; empty if it is not kept, so that nobody holds it who only reads the headers.</summary>
    public byte[] Body { get; }

    public Operation Operation { get; }

    public CachePolicy Policy { get; }

    public short Tenant { get; }

    /// <summary>The tenant's name in tags and metrics.</summary>
    public required string TenantName
    {
        get;
        init
        {
            field = value;
            CacheTag = string.Join(',', Tags.Select(tag => TagNames.Of(value, tag)));
        }
    }

    public LogPosition Position { get; }

    /// <summary>The header <c>CityHelper-Position</c>.</summary>
    public required string Cursor { get; init; }

    /// <summary>What it depends on.</summary>
    public IReadOnlyList<Tag> Tags { get; }

    /// <summary>The places of its tags.</summary>
    public ushort[] Slots { get; }

    public bool DependsOnRows { get; }

    /// <summary>Whether it is kept: a larger one is sent with the same headers, and read again next time.</summary>
    public bool IsKept { get; }

    /// <summary>When it ends by the clock; null when it does not.</summary>
    public DateTime? Until { get; }

    /// <summary>When this server stored it, as a timestamp.</summary>
    public long StoredAt { get; init; }

    /// <summary>
    /// The moment, as a timestamp, up to which it has every change, as its execution knew; null of an answer that another server has read.
    /// </summary>
    public long? HasAllUpTo { get; init; }

    /// <summary>The header <c>Cache-Tag</c>.</summary>
    public string CacheTag { get; private init; } = "";

    /// <summary>The header <c>ETag</c>: weak, of the bytes alone.</summary>
    public string ETag { get; }

    /// <summary>The bytes that it takes in memory, about.</summary>
    public int Bytes => Body.Length + (_encoded[0]?.Length ?? 0) + (_encoded[1]?.Length ?? 0)
        + 2 * (CacheTag.Length + Cursor.Length + ETag.Length + Slots.Length) + Limits.StoredAnswerBytes;

    /// <summary>The body in an encoding; null when nobody has asked for it yet.</summary>
    public byte[]? In(StoredEncoding encoding) => Volatile.Read(ref _encoded[(int)encoding]);

    /// <summary>Keeps the body in an encoding.</summary>
    public void Keep(StoredEncoding encoding, byte[] body) => Volatile.Write(ref _encoded[(int)encoding], body);

    /// <summary>The weak entity tag of a body: 128 bits of its SHA-256, neither position nor build, so that a 304 outlives both.</summary>
    public static string ETagOf(ReadOnlySpan<byte> body)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(body, hash);
        return $"W/\"{Base64Url.EncodeToString(hash[..16])}\"";
    }
}

/// <summary>The encodings that a stored answer is kept in.</summary>
internal enum StoredEncoding
{
    Brotli,
    Gzip,
}
