using System.Text.Json;

namespace CityHelper.Checks.PlanAudits;

/// <summary>A node of an executed plan, from <c>EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)</c>.</summary>
/// <param name="Type">The node type, such as <c>Index Only Scan</c>.</param>
/// <param name="Relation">The table or partition that it scans; null for other nodes.</param>
/// <param name="Index">The index that it uses, or null.</param>
/// <param name="Loops">How often it ran; 0 when never.</param>
/// <param name="Rows">Rows that it returned, in all loops. PostgreSQL reports the average per loop, so half a row per loop may be
/// missing.</param>
/// <param name="HeapFetches">For an index-only scan: rows that it still had to visit in the table.</param>
/// <param name="RowsRemoved">Rows that it read and dropped, in all loops: by its filter, or by an index recheck.</param>
/// <param name="Buffers">Pages of 8 kB that it and its descendants touched, cached or not.</param>
/// <param name="TempBlocks">Pages of 8 kB of temporary files that it and its descendants wrote and read, because memory did not
/// suffice.</param>
/// <param name="Spill">What it wrote to disk itself, as part of a sentence; null when nothing.</param>
/// <param name="Children">Its child nodes.</param>
public sealed record PlanNode(
    string Type,
    string? Relation,
    string? Index,
    long Loops,
    double Rows,
    double HeapFetches,
    double RowsRemoved,
    long Buffers,
    long TempBlocks,
    string? Spill,
    IReadOnlyList<PlanNode> Children)
{
    /// <summary>The node and all its descendants, from the top.</summary>
    public IEnumerable<PlanNode> All => Children.SelectMany(child => child.All).Prepend(this);

    /// <summary>Rows or index entries that it read itself: those of a scan; 0 for other nodes.</summary>
    public double RowsSeen => Relation is null ? 0 : Rows + RowsRemoved;

    /// <summary>Rows that it fetched from the table: all that it read, except the entries of an index-only scan.</summary>
    public double RowsRead => Type == "Index Only Scan" ? HeapFetches : RowsSeen;

    /// <summary>Parses EXPLAIN's JSON.</summary>
    public static PlanNode Read(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return Read(document.RootElement[0].GetProperty("Plan"));
    }

    // A bitmap index scan returns no rows itself: the bitmap heap scan above it has the relation.
    private static PlanNode Read(JsonElement node)
    {
        double loops = Number(node, "Actual Loops");
        return new PlanNode(
            Text(node, "Node Type")!,
            Text(node, "Relation Name"),
            Text(node, "Index Name"),
            (long)loops,
            Number(node, "Actual Rows") * loops,
            Number(node, "Heap Fetches"),
            (Number(node, "Rows Removed by Filter") + Number(node, "Rows Removed by Index Recheck")) * loops,
            (long)(Number(node, "Shared Hit Blocks") + Number(node, "Shared Read Blocks")),
            (long)(Number(node, "Temp Read Blocks") + Number(node, "Temp Written Blocks")),
            SpillOf(node),
            node.TryGetProperty("Plans", out JsonElement children) ? [.. children.EnumerateArray().Select(Read)] : []);
    }

    private static string? SpillOf(JsonElement node)
    {
        if (Text(node, "Sort Space Type") == "Disk")
        {
            return $"sorts {Number(node, "Sort Space Used"):N0} kB";
        }

        if (node.TryGetProperty("Full-sort Groups", out JsonElement groups) && groups.TryGetProperty("Sort Space", out JsonElement space)
            && space.TryGetProperty("Disk", out JsonElement disk))
        {
            return $"sorts {Number(disk, "Peak Sort Space Used"):N0} kB";
        }

        return Number(node, "Hash Batches") > 1 ? $"keeps a table of {Number(node, "Hash Batches"):N0} parts"
            : Number(node, "Disk Usage") > 0 ? $"groups {Number(node, "Disk Usage"):N0} kB"
            : null;
    }

    private static string? Text(JsonElement node, string property) =>
        node.TryGetProperty(property, out JsonElement value) ? value.GetString() : null;

    private static double Number(JsonElement node, string property) =>
        node.TryGetProperty(property, out JsonElement value) ? value.GetDouble() : 0;
}
