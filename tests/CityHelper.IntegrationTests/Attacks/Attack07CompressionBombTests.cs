using System.Text;
using CityHelper.Engine;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using Xunit;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Attack 7: a small body that decompresses to a large one (CVE-2024-28101 of Apollo's router). The limit counts decompressed bytes.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack07CompressionBombTests(ReadingFixture fixture) : IClassFixture<ReadingFixture>, IDisposable
{
    private const int MemberBytes = 8 * 1024 * 1024;

    /// <summary>Bytes that the whole process may allocate meanwhile, other tests included; eight bombs hold a gigabyte at least.</summary>
    private const long AllocatedBytesMax = 64L * 1024 * 1024;

    public void Dispose() => Assert.Empty(fixture.Server.Errors);

    /// <summary>Gzip: a megabyte becomes a gigabyte. Brotli: a hundred bytes become 128 MB.</summary>
    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public async Task A_bomb_is_refused_without_the_memory_that_it_would_fill(string encoding)
    {
        byte[] bomb = Bomb(encoding);
        await using RawConnection connection = await RawConnection.OpenAsync(fixture.Server);
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
        await fixture.Server.DataAsync("{ cities { slug } }");
    }

    /// <summary>The limit is that of an uncompressed body, to the byte.</summary>
    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public async Task What_comes_out_may_be_as_large_as_any_body_and_no_larger(string encoding)
    {
        const string Query = """{"query":"{ cities { slug } }"}""";
        await using RawConnection connection = await RawConnection.OpenAsync(fixture.Server);
        foreach ((int bytes, int status) in new[] { (Limits.RequestBytesMax, 200), (Limits.RequestBytesMax + 1, 413) })
        {
            await connection.SendAsync(RawConnection.Post(Encoded.With(encoding, Query.PadRight(bytes)), $"Content-Encoding: {encoding}"));
            Assert.Equal(status, (await connection.ReadAsync()).Status);
        }
    }

    /// <summary>The refusal comes while most of the body is still unsent, so nothing beyond the limit was decompressed.</summary>
    [Fact]
    public async Task A_bomb_is_read_no_further_than_the_limit()
    {
        byte[] request = RawConnection.Post(Bomb("gzip"), "Content-Encoding: gzip");
        await using RawConnection connection = await RawConnection.OpenAsync(fixture.Server);
        int first = request.Length / 20;
        await connection.SendAsync(request.AsMemory(..first));
        Assert.Equal(413, (await connection.ReadAsync()).Status);

        await connection.SendAsync(request.AsMemory(first..));
        await connection.SendAsync(RawConnection.Post("""{"query":"{ cities { slug } }"}"""));
        Assert.Equal(200, (await connection.ReadAsync()).Status);
    }

    /// <summary>The server undoes one encoding only: a bomb within a bomb has an unsupported encoding.</summary>
    [Theory]
    [InlineData("gzip, gzip")]
    [InlineData("br, gzip")]
    public async Task A_bomb_within_a_bomb_is_not_opened(string encodings)
    {
        await using RawConnection connection = await RawConnection.OpenAsync(fixture.Server);
        await connection.SendAsync(RawConnection.Post(Encoded.With("gzip", Bomb("gzip")), $"Content-Encoding: {encodings}"));
        Assert.Equal(415, (await connection.ReadAsync()).Status);
    }

    // A JSON text that never ends: gzip concatenates members, so it is cheap to make.
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
