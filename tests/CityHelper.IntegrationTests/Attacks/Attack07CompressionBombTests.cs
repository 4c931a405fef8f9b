using System.Text;
using CityHelper.Engine;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using Xunit;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Attack 7: a small body that decompresses to a large one (CVE-2024-28101 of Apollo's router). The bound counts what comes out.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack07CompressionBombTests(ReadingHouse house) : IClassFixture<ReadingHouse>, IDisposable
{
    private const int MemberBytes = 8 * 1024 * 1024;

    /// <summary>Bytes that the whole process may allocate meanwhile, other tests' too; eight bombs hold a gigabyte at least.</summary>
    private const long AllocatedBytesMax = 64L * 1024 * 1024;

    public void Dispose() => Assert.Empty(house.Server.Errors);

    /// <summary>Of gzip a megabyte that would be a gigabyte; Brotli needs a hundred bytes for 128 MB.</summary>
    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public async Task A_bomb_is_refused_without_the_memory_that_it_would_fill(string encoding)
    {
        byte[] bomb = Bomb(encoding);
        await using RawConnection connection = await RawConnection.OpenAsync(house.Server);
        byte[] request = RawConnection.Post(bomb, $"Content-Encoding: {encoding}");
        Assert.InRange(bomb.Length, 1, Limits.RefusedBytesMax);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        for (int i = 0; i < 8; i++)
        {
            await connection.SendAsync(request);
            RawAnswer refused = await connection.ReadAsync();
            Assert.Equal(413, refused.Status);
            Assert.Contains("HC0010", refused.Body, StringComparison.Ordinal);
        }

        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, AllocatedBytesMax);
        await house.Server.DataAsync("{ cities { slug } }");
    }

    /// <summary>The bound is that of a body that was never compressed, to the byte.</summary>
    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public async Task What_comes_out_may_be_as_large_as_any_body_and_no_larger(string encoding)
    {
        const string Query = """{"query":"{ cities { slug } }"}""";
        await using RawConnection connection = await RawConnection.OpenAsync(house.Server);
        foreach ((int bytes, int status) in new[] { (Limits.RequestBytesMax, 200), (Limits.RequestBytesMax + 1, 413) })
        {
            await connection.SendAsync(RawConnection.Post(Encoded.With(encoding, Query.PadRight(bytes)), $"Content-Encoding: {encoding}"));
            Assert.Equal(status, (await connection.ReadAsync()).Status);
        }
    }

    /// <summary>The refusal comes while most of the body is still unsent, so nothing behind the limit was decompressed.</summary>
    [Fact]
    public async Task A_bomb_is_read_no_further_than_the_limit()
    {
        byte[] request = RawConnection.Post(Bomb("gzip"), "Content-Encoding: gzip");
        await using RawConnection connection = await RawConnection.OpenAsync(house.Server);
        int first = request.Length / 20;
        await connection.SendAsync(request.AsMemory(..first));
        Assert.Equal(413, (await connection.ReadAsync()).Status);

        await connection.SendAsync(request.AsMemory(first..));
        await connection.SendAsync(RawConnection.Post("""{"query":"{ cities { slug } }"}"""));
        Assert.Equal(200, (await connection.ReadAsync()).Status);
    }

    /// <summary>Only one encoding is undone: a bomb within a bomb is a body of another kind.</summary>
    [Theory]
    [InlineData("gzip, gzip")]
    [InlineData("br, gzip")]
    public async Task A_bomb_within_a_bomb_is_not_opened(string encodings)
    {
        await using RawConnection connection = await RawConnection.OpenAsync(house.Server);
        await connection.SendAsync(RawConnection.Post(Encoded.With("gzip", Bomb("gzip")), $"Content-Encoding: {encodings}"));
        Assert.Equal(415, (await connection.ReadAsync()).Status);
    }

    // A JSON text that never ends: gzip knows members, so it is cheap to make.
    private static byte[] Bomb(string encoding)
    {
        byte[] start = Encoding.ASCII.GetBytes("{\"query\":\"");
        if (encoding != "gzip")
        {
            byte[] text = new byte[16 * MemberBytes];
            text.AsSpan().Fill((byte)' ');
            start.CopyTo(text, 0);
            return Encoded.With(encoding, text);
        }

        byte[] member = Encoded.With(encoding, new string(' ', MemberBytes));
        return [.. Encoded.With(encoding, start), .. Enumerable.Repeat(member, 1_000_000 / member.Length).SelectMany(m => m)];
    }
}
