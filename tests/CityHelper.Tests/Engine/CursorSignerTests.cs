using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using CityHelper.Engine.Cursors;
using FsCheck.Xunit;
using Xunit;

namespace CityHelper.Tests.Engine;

public sealed class CursorSignerTests
{
    private static readonly CursorKey s_key = new(SHA256.HashData("one"u8));
    private static readonly CursorKey s_otherKey = new(SHA256.HashData("two"u8));

    private readonly CursorSigner _signer = new(new CursorKeys(s_key, null), "Query.serviceRequests|1|desc||");

    [Property]
    public bool A_cursor_opens_to_its_own_place(long rowKey, long value) =>
        _signer.Open(Sign(_signer, rowKey, value)) == new KeysetPosition(rowKey, value);

    [Fact]
    public void A_cursor_with_any_one_character_changed_does_not_open()
    {
        string cursor = Sign(_signer, 123_456_789);
        for (int i = 0; i < cursor.Length; i++)
        {
            foreach (char other in "A9_z".Where(c => c != cursor[i]))
            {
                string forged = cursor[..i] + other + cursor[(i + 1)..];
                Assert.True(_signer.Open(forged) is null, $"position {i} changed to {other} was accepted");
            }
        }
    }

    /// <summary>Even in the unsigned byte that names the key, only one spelling is valid.</summary>
    [Fact]
    public void A_cursor_of_the_previous_key_has_one_spelling()
    {
        byte[] old = Base64Url.DecodeFromChars(Sign(_signer, 7));
        CursorSigner changed = new CursorSigner(new CursorKeys(s_otherKey, s_key), "Query.serviceRequests|1|desc||");
        Assert.Equal(1, Enumerable.Range(0, 256).Count(id => changed.Open(Base64Url.EncodeToString([(byte)id, .. old[1..]])) is not null));
        Assert.Null(changed.Open(Sign(_signer, 7) + "="));
        Assert.Null(changed.Open(" " + Sign(_signer, 7)));
        Assert.Null(changed.Open(Sign(_signer, 7)[..43] + " "));
        Assert.Null(changed.Open(Sign(_signer, -1).Replace('_', '/').Replace('-', '+')));
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("not a cursor at all, but of the length it needs")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData(
        "\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4"
            + "\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4"
            + "\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4")]
    public void Text_that_is_no_cursor_does_not_open(string text) => Assert.Null(_signer.Open(text));

    [Fact]
    public void A_cursor_of_another_question_or_key_does_not_open()
    {
        CursorSigner otherCity = new CursorSigner(new CursorKeys(s_key, null), "Query.serviceRequests|2|desc||");
        CursorSigner otherServer = new CursorSigner(new CursorKeys(s_otherKey, null), "Query.serviceRequests|1|desc||");
        string cursor = Sign(_signer, 7);
        Assert.Null(otherCity.Open(cursor));
        Assert.Null(otherServer.Open(cursor));
    }

    [Fact]
    public void After_a_change_of_keys_the_previous_ones_cursors_still_open()
    {
        string old = Sign(_signer, 7);
        CursorSigner changed = new CursorSigner(new CursorKeys(s_otherKey, s_key), "Query.serviceRequests|1|desc||");
        Assert.Equal(new KeysetPosition(7, 0), changed.Open(old));
        Assert.NotEqual(old, Sign(changed, 7));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(16)]
    [InlineData(33)]
    public void A_key_of_another_length_is_no_key(int bytes) => Assert.Throws<ArgumentException>(() => new CursorKey(new byte[bytes]));

    private static string Sign(CursorSigner signer, long rowKey, long value = 0)
    {
        byte[] ascii = new byte[CursorSigner.CursorChars];
        signer.Sign(new KeysetPosition(rowKey, value), ascii);
        return Encoding.ASCII.GetString(ascii);
    }
}
