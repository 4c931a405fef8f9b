using CityHelper.Data.Changes;
using CityHelper.Engine.Space;
using CityHelper.Engine.Tags;
using static CityHelper.Server.ServiceRequests.ServiceRequestQueries;

namespace CityHelper.Server.Caching;

/// <summary>
/// The tags of an event: which answers a change of the log ends. The other half, which answers have them, is
/// <c>Engine/Binding/Dependencies</c>. Both follow the table in docs/caching.md.
/// </summary>
internal static class ChangedTags
{
    /// <summary>The tags of an event.</summary>
    public static IReadOnlyCollection<Tag> Of(ChangeEvent change) => change switch
    {
        { IsAll: true } => [Tag.All],
        { Cells.Count: > 0 } when CountOf(change.Cells) > Limits.ChangedTagsMax => [Tag.All],
        { Kind: ChangeKind.Request or ChangeKind.Redaction, ServiceRequestId: { } id } => OfRequest(change, id),
        { Kind: ChangeKind.Bulk } => [new(TagKind.Bulk), new(TagKind.Rows), .. Cells(change.Cells)],
        { Kind: ChangeKind.Reference or ChangeKind.City } => [new(TagKind.Reference)],
        { Kind: ChangeKind.Boundary } => [new(TagKind.Boundary)],
        { Kind: ChangeKind.Purge, ServiceRequestId: { } id } => [new(TagKind.Row, id)],
        { Kind: ChangeKind.Purge, Cells.Count: > 0 } => [.. Cells(change.Cells)],
        _ => [Tag.All],
    };

    /// <summary>The event of an operator that has a tag.</summary>
    /// <returns>Null for a cell that no answer depends on.</returns>
    public static ChangePurge? PurgeOf(Tag tag) => tag.Kind switch
    {
        TagKind.All => ChangePurge.All,
        TagKind.Row => new(ChangeKind.Purge) { ServiceRequestId = tag.Value },
        TagKind.Cell => Zooms.Contains(GridCells.ZoomOf(tag.Value)) ? new(ChangeKind.Purge) { Cells = [tag.Value] } : null,
        TagKind.Reference => new(ChangeKind.Reference),
        TagKind.Boundary => new(ChangeKind.Boundary),

        // Rows that nobody names: it has both tags.
        _ => new(ChangeKind.Bulk),
    };

    /// <summary>Whether the event must not wait for <see cref="Engine.Limits.RowsLag"/>.</summary>
    public static bool IsAtOnce(ChangeEvent change) => change.IsUrgent || change.Kind is ChangeKind.Redaction or ChangeKind.Purge;

    // A redaction empties the earlier events of its request, so nobody knows any more which cells those touched.
    private static IReadOnlyCollection<Tag> OfRequest(ChangeEvent change, long id) =>
        change is { Kind: ChangeKind.Request, Before: null, After: null }
            ? [Tag.All]
            : [new(TagKind.Row, id), new(TagKind.Rows), .. Cells(change.Cells), .. Cells(change.Before), .. Cells(change.After)];

    private static IEnumerable<Tag> Cells(ChangedRequest? request) => request?.Location is { IsEmpty: false } point
        ? Zooms.Select(zoom => new Tag(TagKind.Cell, GridCells.Of(point.X, point.Y, zoom)))
        : [];

    // A cell has four in it for each zoom that is finer. Other services may name any.
    private static double CountOf(IReadOnlyList<long> cells) =>
        cells.Sum(cell => Zooms.Sum(zoom => Math.Pow(4, Math.Max(0, zoom - GridCells.ZoomOf(cell)))));

    private static IEnumerable<Tag> Cells(IReadOnlyList<long> cells) =>
        cells.SelectMany(cell => Zooms.SelectMany(zoom => GridCells.At(cell, zoom))).Select(cell => new Tag(TagKind.Cell, cell));
}
