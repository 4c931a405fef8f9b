using System.Text.Json;

namespace CityHelper.Checks.PlanAudits;

/// <summary>A node of a plan that PostgreSQL has run, as <c>EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)</c> tells it.</summary>
/// <param name="Type">Its kind: <c>Index Only Scan</c>.</param>
/// <param name="Relation">The table that it scans; null for other nodes.</param>
/// <param name="Index">The index that it scans by, or null.</param>
/// <param name="Loops">How often it was run; 0 when never.</param>
/// <param name="Rows">Rows that it gave, in all loops. PostgreSQL tells the average of a loop, so half a row per loop may be
/// missing.</param>
/// <param name="HeapFetches">Of a scan of an index alone: rows that it had to look at in their table all the same.</param>
/// <param name="RowsRemoved">Rows that it looked at and dropped, in all loops: by its filter, or because the index was not sure.</param>
/// <param name="Buffers">Pages of 8 kB that it and the nodes below it asked for, in the cache or not.</param>
/// <param name="TempBlocks">Pages of 8 kB that it and the nodes below it wrote to and read from disk because memory did not
/// suffice.</param>
/// <param name="Spill">What it wrote to disk itself, in words; null when nothing.</param>
/// <param name="Children">The nodes below it.</param>
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
    /// <summary>It and all nodes below it, from the top.</summary>
    public IEnumerable<PlanNode> All => Children.SelectMany(child => child.All).Prepend(this);

    /// <summary>The rows or index entries that it looked at itself: those of a scan, none of other nodes.</summary>
    public double RowsSeen => Relation is null ? 0 : Rows + RowsRemoved;

    /// <summary>
    /// The rows that it fetched from their table: what it looked at, but for the entries of an index that was read alone.
    /// </summary>
    public double RowsRead => Type == "Index Only Scan" ? HeapFetches : RowsSeen;

    /// <summary>Reads EXPLAIN's JSON.</summary>
    public static PlanNode Read(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return Read(document.RootElement[0].GetProperty("Plan"));
    }

    // A bitmap's index scan below a heap scan gives no rows to anybody: the heap scan above it has the relation.
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
