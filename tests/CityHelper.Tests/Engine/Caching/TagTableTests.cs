using CityHelper.Engine;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Tags;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace CityHelper.Tests.Engine.Caching;

/// <summary>When tags last changed, as answers are judged by it.</summary>
public sealed class TagTableTests
{
    private static readonly Tag s_rows = new(TagKind.Rows);

    private readonly FakeTimeProvider _time = new();
    private readonly TagTable _table;

    public TagTableTests() => _table = new TagTable(_time);

    [Fact]
    public void Nothing_is_known_before_a_reset()
    {
        Assert.Null(_table.Needed([]));
        Assert.Throws<InvalidOperationException>(() => _table.Apply(1, [Tag.All], atOnce: true));
        Reset(3);
        Assert.Equal(new LogPosition(2, 3), _table.Needed([]));
    }

    [Fact]
    public void A_change_moves_its_tags_and_no_others()
    {
        Reset(3);
        _table.Apply(4, [new Tag(TagKind.Row, 10), new Tag(TagKind.Cell, 20)], atOnce: false);
        _table.Apply(5, [new Tag(TagKind.Cell, 21)], atOnce: false);
        Assert.Equal(4, Needed(new Tag(TagKind.Row, 10)));
        Assert.Equal(4, Needed(new Tag(TagKind.Cell, 20)));
        Assert.Equal(3, Needed(new Tag(TagKind.Cell, 10)));
        Assert.Equal(5, Needed(new Tag(TagKind.Cell, 20), new Tag(TagKind.Cell, 21)));
        Assert.Equal(3, Needed(Tag.All, s_rows, new Tag(TagKind.Bulk), new Tag(TagKind.Reference), new Tag(TagKind.Boundary)));
    }

    /// <summary>What was filled from the recent events counts, at once, and the floor hides what may be missing before it.</summary>
    [Fact]
    public void A_reset_knows_the_recent_changes()
    {
        _table.Reset(new LogPosition(2, 7), [(7, [Tag.All]), (8, [s_rows]), (9, [new Tag(TagKind.Row, 1)])]);
        Assert.Equal((7, 8, 9), (Needed(Tag.All), Needed(s_rows), Needed(new Tag(TagKind.Row, 1))));
        Assert.Equal(7, Needed(new Tag(TagKind.Row, 2)));
    }

    [Fact]
    public void Rows_take_a_change_five_seconds_after_its_receipt()
    {
        Reset(3);
        _table.Apply(4, [s_rows], atOnce: false);
        _time.Advance(Limits.RowsLag - TimeSpan.FromMilliseconds(1));
        Assert.Equal(3, Needed(s_rows));
        Assert.Equal(Limits.RowsLag - TimeSpan.FromMilliseconds(1), _table.Behind(new LogPosition(2, 3)));
        Assert.Equal(TimeSpan.Zero, _table.Behind(new LogPosition(2, 4)));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(4, Needed(s_rows));
    }

    [Fact]
    public void A_redaction_does_not_wait()
    {
        Reset(3);
        _table.Apply(4, [s_rows], atOnce: false);
        _table.Apply(5, [s_rows], atOnce: true);
        Assert.Equal(5, Needed(s_rows));
    }

    /// <summary>A change each tenth of a second: rows have all changes that are five seconds old, and none younger than 4.75.</summary>
    [Fact]
    public void Many_changes_wait_in_few_groups_and_none_waits_longer()
    {
        Reset(0);
        for (int n = 1; n <= 1_000; n++)
        {
            _table.Apply(n, [s_rows], atOnce: false);
            long known = Needed(s_rows);
            Assert.InRange(known, n - 50, Math.Max(0, n - 47));
            _time.Advance(TimeSpan.FromMilliseconds(100));
        }
    }

    [Fact]
    public void Another_epoch_is_another_table()
    {
        Reset(3);
        _table.Apply(9, [Tag.All], atOnce: true);
        _table.Reset(new LogPosition(3, 1), []);
        Assert.Equal(new LogPosition(3, 1), _table.Needed([Tag.All.Slot]));
    }

    /// <summary>Tags without a value never share a slot with others, or every busy city would read everything again and again.</summary>
    [Fact]
    public void Slots_are_spread_evenly()
    {
        int[] used = new int[TagTable.Slots];
        for (long i = 0; i < 4 * TagTable.Slots; i++)
        {
            used[new Tag(TagKind.Row, i << 22).Slot]++;
        }

        Assert.All(used.Take((int)TagKind.Row), count => Assert.Equal(0, count));
        Assert.InRange(used.Max(), 4, 25);
        Assert.InRange(used.Count(count => count == 0), 0.015 * TagTable.Slots, 0.022 * TagTable.Slots);
        Assert.Equal([0, 1, 2, 3, 4], Enum.GetValues<TagKind>().Where(kind => kind < TagKind.Row).Select(kind => (int)new Tag(kind).Slot));
    }

    private void Reset(long number) => _table.Reset(new LogPosition(2, number), []);

    private long Needed(params Tag[] tags) => _table.Needed([.. tags.Select(tag => tag.Slot)])!.Value.Number;
}
