using CityHelper.Data.Changes;
using CityHelper.Data.Model;
using CityHelper.Engine.Space;
using CityHelper.Engine.Tags;
using CityHelper.Server.Caching;
using NetTopologySuite.Geometries;
using Xunit;

namespace CityHelper.Tests.Server.Caching;

/// <summary>The tags of each kind of event, as docs/caching.md lists them.</summary>
public sealed class ChangedTagsTests
{
    private static readonly Point s_old = new(-73.98, 40.75) { SRID = 4326 };
    private static readonly Point s_new = new(-73.90, 40.70) { SRID = 4326 };

    [Fact]
    public void A_changed_request_has_its_id_and_the_cells_of_both_places()
    {
        IEnumerable<Tag> expected = new[] { s_old, s_new }.SelectMany(CellsOf).Append(new(TagKind.Row, 5)).Append(new(TagKind.Rows));
        AssertTags(expected, Event(ChangeKind.Request) with { ServiceRequestId = 5, Before = At(s_old), After = At(s_new) });
        AssertTags(
            [.. CellsOf(s_new), new(TagKind.Row, 5), new(TagKind.Rows)],
            Event(ChangeKind.Request) with { ServiceRequestId = 5, After = At(s_new) });
        AssertTags(
            [new(TagKind.Row, 5), new(TagKind.Rows)], Event(ChangeKind.Request) with { ServiceRequestId = 5, After = At(null) });
    }

    /// <summary>A redaction took what it said, so nobody knows which cells it touched.</summary>
    [Fact]
    public void An_emptied_event_has_all() => AssertTags([Tag.All], Event(ChangeKind.Request) with { ServiceRequestId = 5 });

    [Fact]
    public void A_redaction_has_the_cells_that_it_names_and_does_not_wait()
    {
        long cell = GridCells.Of(s_old.X, s_old.Y, 14);
        ChangeEvent redaction = Event(ChangeKind.Redaction) with { ServiceRequestId = 5, Cells = [cell] };
        Tag[] tags = [.. ChangedTags.Of(redaction)];
        Assert.Equal(1 + 1 + 16, tags.Count(tag => tag.Kind == TagKind.Cell));
        Assert.All(CellsOf(s_old), tag => Assert.Contains(tag, tags));
        Assert.Contains(new Tag(TagKind.Row, 5), tags);
        Assert.Contains(new Tag(TagKind.Rows), tags);
        Assert.True(ChangedTags.IsAtOnce(redaction));
        Assert.False(ChangedTags.IsAtOnce(Event(ChangeKind.Request)));
        Assert.True(ChangedTags.IsAtOnce(Event(ChangeKind.Purge)));
    }

    [Fact]
    public void Other_kinds_have_theirs()
    {
        AssertTags([new(TagKind.Bulk), new(TagKind.Rows)], Event(ChangeKind.Bulk));
        AssertTags([Tag.All], Event(ChangeKind.Bulk) with { IsAll = true });
        AssertTags([new(TagKind.Reference)], Event(ChangeKind.Reference));
        AssertTags([new(TagKind.Reference)], Event(ChangeKind.City));
        AssertTags([new(TagKind.Boundary)], Event(ChangeKind.Boundary));
        AssertTags([Tag.All], Event(ChangeKind.Purge));
        AssertTags([new(TagKind.Row, 5)], Event(ChangeKind.Purge) with { ServiceRequestId = 5 });
    }

    /// <summary>Other services may name any cells; the follower has microseconds.</summary>
    [Fact]
    public void Cells_that_are_too_coarse_or_too_many_are_all()
    {
        AssertTags([Tag.All], Event(ChangeKind.Bulk) with { Cells = [GridCells.Of(0, 0, 3)] });
        long[] many = [.. GridCells.At(GridCells.Of(0.1, 0.1, 10), 14)];
        Assert.Equal(256, many.Length);
        Assert.Equal((256 * 16) + 256 + 16 + 2, ChangedTags.Of(Event(ChangeKind.Bulk) with { Cells = many }).Distinct().Count());
        AssertTags([Tag.All], Event(ChangeKind.Bulk) with { Cells = [.. many, .. GridCells.At(GridCells.Of(9, 9, 10), 14)] });
    }

    private static ChangeEvent Event(ChangeKind kind) => new(1, 2, 1, Guid.NewGuid(), kind);

    private static ChangedRequest At(Point? point) => new(ServiceRequestStatus.Open, 1, null, point);

    private static IEnumerable<Tag> CellsOf(Point point) =>
        new[] { 12, 14, 16 }.Select(zoom => new Tag(TagKind.Cell, GridCells.Of(point.X, point.Y, zoom)));

    private static void AssertTags(IEnumerable<Tag> expected, ChangeEvent change) =>
        Assert.Equal(Text(expected), Text(ChangedTags.Of(change)));

    private static string Text(IEnumerable<Tag> tags) =>
        string.Join(' ', tags.Select(TagNames.Of).Distinct().Order(StringComparer.Ordinal));
}
