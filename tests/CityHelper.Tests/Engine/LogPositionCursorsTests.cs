using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using CityHelper.Engine.Cursors;
using FsCheck;
using FsCheck.Xunit;
using Xunit;

namespace CityHelper.Tests.Engine;

/// <summary>Cursors of log positions belong to one tenant, and are no page cursors.</summary>
public sealed class LogPositionCursorsTests
{
    private static readonly CursorKeys s_keys = new(new CursorKey(SHA256.HashData("one"u8)), new CursorKey(SHA256.HashData("two"u8)));

    private readonly LogPositionCursors _cursors = new(s_keys);

    [Property]
    public bool A_cursor_opens_to_its_own_position(short tenant, NonNegativeInt epoch, long number)
    {
        var position = new LogPosition(epoch.Get, number & long.MaxValue);
        return _cursors.Open(tenant, _cursors.Sign(tenant, position)) == position;
    }

    [Property]
    public bool A_cursor_does_not_open_for_another_tenant(short tenant, short other, NonNegativeInt epoch, NonNegativeInt number) =>
        tenant == other || _cursors.Open(other, _cursors.Sign(tenant, new LogPosition(epoch.Get, number.Get))) is null;

    [Property]
    public bool A_cursor_with_any_byte_changed_does_not_open(short tenant, NonNegativeInt epoch, NonNegativeInt number, byte change)
    {
        byte[] cursor = Base64Url.DecodeFromChars(_cursors.Sign(tenant, new LogPosition(epoch.Get, number.Get)));
        return Enumerable.Range(0, cursor.Length).All(i =>
        {
            byte[] forged = [.. cursor];
            forged[i] ^= Math.Max((byte)1, change);
            return _cursors.Open(tenant, Base64Url.EncodeToString(forged)) is null;
        });
    }

    [Property]
    public bool A_cursor_with_any_character_changed_does_not_open(short tenant, NonNegativeInt number, char other)
    {
        string cursor = _cursors.Sign(tenant, new LogPosition(1, number.Get));
        return Enumerable.Range(0, cursor.Length).All(i =>
            cursor[i] == other || _cursors.Open(tenant, cursor[..i] + other + cursor[(i + 1)..]) is null);
    }

    /// <summary>Both have the same length and the same keys, and differ in what is signed with them.</summary>
    [Theory]
    [InlineData("Query.serviceRequests|1|desc||")]
    [InlineData("1")]
    [InlineData("")]
    public void A_page_cursor_is_no_position_and_a_position_no_page_cursor(string question)
    {
        var pages = new CursorSigner(s_keys, question);
        byte[] ascii = new byte[CursorSigner.CursorChars];
        pages.Sign(new KeysetPosition(7, 1), ascii);
        Assert.NotNull(pages.Open(Encoding.ASCII.GetString(ascii)));
        Assert.Null(_cursors.Open(1, Encoding.ASCII.GetString(ascii)));
        Assert.Null(pages.Open(_cursors.Sign(1, new LogPosition(1, 7))));
    }

    [Fact]
    public void After_a_change_of_keys_the_previous_ones_cursors_still_open()
    {
        var position = new LogPosition(3, 40_000_000_000);
        string old = new LogPositionCursors(new CursorKeys(s_keys.Previous!, Previous: null)).Sign(1, position);
        Assert.Equal(position, _cursors.Open(1, old));
        Assert.NotEqual(old, _cursors.Sign(1, position));
    }

    [Fact]
    public void An_epoch_counts_before_a_number()
    {
        Assert.True(new LogPosition(1, 9) < new LogPosition(2, 1));
        Assert.True(new LogPosition(2, 1) < new LogPosition(2, 2));
        Assert.True(new LogPosition(2, 2) <= new LogPosition(2, 2));
    }
}
