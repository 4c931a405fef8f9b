using System.Text.Json.Nodes;

namespace CityHelper.IntegrationTests.Oracle;

/// <summary>
/// One page of a connection. Its name is that of the connection without the suffix, such as <c>ServiceRequests</c>; its number tells the
/// pages of one answer apart; its total is that of the list which no cursor cuts.
/// </summary>
internal sealed record OraclePage(string Name, int Number, IReadOnlyList<object> Rows, int TotalCount, bool HasNext, bool HasPrevious)
{
    /// <summary>For what is near: how far each row is away.</summary>
    public IReadOnlyDictionary<Data.Model.ServiceRequest, double>? Distances { get; init; }
}

/// <summary>A row of a page with the cursor that stands for it.</summary>
internal sealed record OracleEdge(OraclePage Page, object Row);

/// <summary>What says where a page lies.</summary>
internal sealed record OraclePageInfo(OraclePage Page);

/// <summary>
/// The cursor of a row. Cursors are opaque, so that an expected answer says which row a cursor must stand for, and
/// <see cref="OracleComparison"/> sees to it that one text stands for one row.
/// </summary>
internal sealed record OracleCursor(OraclePage Page, object Row);

/// <summary>What the arguments of a page mean.</summary>
internal static class OraclePages
{
    private const int RowsDefault = 10;

    /// <summary>Cuts a sorted list; <paramref name="cursors"/> are those received before, with the keys of their rows.</summary>
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

        // The cursor's own row stands at its position.
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
