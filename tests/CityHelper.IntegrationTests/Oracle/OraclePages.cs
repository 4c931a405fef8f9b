using System.Text.Json.Nodes;

namespace CityHelper.IntegrationTests.Oracle;

/// <summary>
/// One page of a connection. Its name is that of the connection without the suffix, such as <c>ServiceRequests</c>; its number identifies
/// it within one answer; its total is that of the list without cursors.
/// </summary>
internal sealed record OraclePage(string Name, int Number, IReadOnlyList<object> Rows, int TotalCount, bool HasNext, bool HasPrevious)
{
    /// <summary>For near requests: the distance of each row.</summary>
    public IReadOnlyDictionary<Data.Model.ServiceRequest, double>? Distances { get; init; }
}

/// <summary>A row of a page with its cursor.</summary>
internal sealed record OracleEdge(OraclePage Page, object Row);

/// <summary>The position of a page in its list.</summary>
internal sealed record OraclePageInfo(OraclePage Page);

/// <summary>
/// The cursor of a row. Cursors are opaque, so an expected answer names the row, and <see cref="OracleComparison"/> checks that each cursor
/// text belongs to one row.
/// </summary>
internal sealed record OracleCursor(OraclePage Page, object Row);

/// <summary>The meaning of a page's arguments.</summary>
internal static class OraclePages
{
    private const int RowsDefault = 10;

    /// <summary>Slices a sorted list; <paramref name="cursors"/> are those received before, with the keys of their rows.</summary>
    public static OraclePage Cut(
        string name,
        int number,
        IReadOnlyList<object> sorted,
        IReadOnlyDictionary<string, JsonNode?> arguments,
        IReadOnlyDictionary<string, string> cursors)
    {
        int? after = Position(sorted, arguments.GetValueOrDefault("after"), cursors);
        int? before = Position(sorted, arguments.GetValueOrDefault("before"), cursors);
        int from = after + 1 ?? 0;
        int to = Math.Max(from, before ?? sorted.Count);
        List<object> remaining = [.. sorted.Take(to).Skip(from)];

        int? last = (int?)arguments.GetValueOrDefault("last");
        int size = last ?? (int?)arguments.GetValueOrDefault("first") ?? RowsDefault;
        bool backward = last is not null;
        List<object> rows = [.. backward ? remaining.TakeLast(size) : remaining.Take(size)];
        bool more = remaining.Count > rows.Count;

        // The cursor's own row is at its position.
        bool hasNext = (!backward && more) || before is not null;
        bool hasPrevious = (backward && more) || after is not null;
        return new OraclePage(name, number, rows, sorted.Count, hasNext, hasPrevious);
    }

    private static int? Position(IReadOnlyList<object> sorted, JsonNode? cursor, IReadOnlyDictionary<string, string> cursors)
    {
        if (cursor is null)
        {
            return null;
        }

        string key = cursors[cursor.GetValue<string>()];
        for (int i = 0; i < sorted.Count; i++)
        {
            if (OracleRows.KeyOf(sorted[i]) == key)
            {
                return i;
            }
        }

        throw new InvalidOperationException($"The cursor of {key} was taken from another question.");
    }
}
