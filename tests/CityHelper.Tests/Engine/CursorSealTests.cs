using System.Security.Cryptography;
using System.Text;
using CityHelper.Engine.Cursors;
using FsCheck.Xunit;
using Xunit;

namespace CityHelper.Tests.Engine;

public sealed class CursorSealTests
{
    private static readonly byte[] s_key = SHA256.HashData("one"u8);
    private static readonly byte[] s_otherKey = SHA256.HashData("two"u8);

    private readonly CursorSeal _seal = new(new CursorKeys(s_key, null), "Query.serviceRequests|1|desc||");

    [Property]
    public bool A_cursor_opens_to_its_own_row(long rowKey) => _seal.Open(Seal(_seal, rowKey)) == rowKey;

    [Fact]
    public void A_cursor_with_any_one_character_changed_does_not_open()
    {
        string cursor = Seal(_seal, 123_456_789);
        for (int i = 0; i < cursor.Length; i++)
        {
            foreach (char other in "A9_z".Where(c => c != cursor[i]))
            {
                string forged = cursor[..i] + other + cursor[(i + 1)..];

                // The last character carries four bits beyond the 25 bytes, which Base64 ignores: the bytes are the same then.
                bool sameBytes = i == cursor.Length - 1 && _seal.Open(forged) == 123_456_789;
                Assert.True(sameBytes || _seal.Open(forged) is null, $"position {i} changed to {other} was accepted");
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("not a cursor at all, but thirty-four")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4")]
    public void Text_that_is_no_cursor_does_not_open(string text) => Assert.Null(_seal.Open(text));

    [Fact]
    public void A_cursor_of_another_question_or_key_does_not_open()
    {
        var otherCity = new CursorSeal(new CursorKeys(s_key, null), "Query.serviceRequests|2|desc||");
        var otherServer = new CursorSeal(new CursorKeys(s_otherKey, null), "Query.serviceRequests|1|desc||");
        string cursor = Seal(_seal, 7);
        Assert.Null(otherCity.Open(cursor));
        Assert.Null(otherServer.Open(cursor));
    }

    [Fact]
    public void After_a_change_of_keys_the_previous_ones_cursors_still_open()
    {
        string old = Seal(_seal, 7);
        var changed = new CursorSeal(new CursorKeys(s_otherKey, s_key), "Query.serviceRequests|1|desc||");
        Assert.Equal(7, changed.Open(old));
        Assert.NotEqual(old, Seal(changed, 7));
    }

    private static string Seal(CursorSeal seal, long rowKey)
    {
        byte[] ascii = new byte[CursorSeal.CursorChars];
        seal.Seal(rowKey, ascii);
        return Encoding.ASCII.GetString(ascii);
    }
}
