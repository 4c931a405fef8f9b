using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using CityHelper.Engine.Planning.Figures;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;
using Npgsql;

namespace CityHelper.Engine.Execution.Figures;

/// <summary>
/// Counts what PostgreSQL sends of packs, and adds it to what the counters said in the same snapshot (docs/decisions/0014).
/// </summary>
internal static class PackReader
{
    /// <summary>Reads the current result set to its end.</summary>
    public static async Task ReadAsync(PackStatement statement, NpgsqlDataReader reader, RootExecution root, CancellationToken cancellation)
    {
        CountedRows counted = statement.Question.Counted;
        PackReads reads = root.Values.Figures!.Packs!;
        int[] offsets = [.. statement.Dimensions.Select(d => PackTable.OffsetOf(counted.Dimensions.Index().First(i => i.Item == d).Index))];
        var counts = new PackCounts(offsets, PackTable.RowBytes(counted.Dimensions.Count));
        byte[] buffer = [];
        int edges = reads.Area.EdgesMax;
        long tests = 0;
        try
        {
            while (await reader.ReadAsync(cancellation))
            {
                if (reader.IsDBNull(1))
                {
                    continue;
                }

                int read = (int)reader.GetInt64(0) - 1;
                int length = (int)reader.GetBytes(1, 0, null, 0, 0);
                if (length > buffer.Length)
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = ArrayPool<byte>.Shared.Rent(length);
                }

                reader.GetBytes(1, 0, buffer, 0, length);
                counts.Add(buffer.AsSpan(0, length), reads.Lows[read], reads.Highs[read], reads.AreRim[read] ? reads.Area : null);
                tests += (long)length / PackTable.RowBytes(counted.Dimensions.Count) * edges;
                if (tests > Limits.PackTestsPerTurn)
                {
                    tests = 0;
                    await Task.Yield();
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        root.Rows.Figures.Total += counts.Total;
        for (int i = 0; i < statement.Dimensions.Count; i++)
        {
            Add(root.Rows.Figures.ByDimension[statement.Dimensions[i].Column], counts.By(i), statement.Dimensions[i].Column == counted.Done.Status ? counted.Counters.Packs.Labels : null);
        }
    }

    // In the order that SQL gives: the most frequent first, then by label or key, those without one last.
    private static void Add(List<(string? Label, long? Key, long Count)> groups, IEnumerable<(int Code, long Count)> counts, IReadOnlyList<string>? labels)
    {
        Dictionary<(string? Label, long? Key), long> sums = groups.ToDictionary(g => (g.Label, g.Key), g => g.Count);
        foreach ((int code, long count) in counts)
        {
            (string?, long?) group = labels is not null ? (labels[code], null) : (null, code == 0 ? null : code);
            CollectionsMarshal.GetValueRefOrAddDefault(sums, group, out _) += count;
        }

        groups.Clear();
        groups.AddRange(sums.Select(s => (s.Key.Label, s.Key.Key, s.Value))
            .OrderByDescending(g => g.Value).ThenBy(g => g.Label, StringComparer.Ordinal).ThenBy(g => g.Key ?? long.MaxValue));
    }
}

/// <summary>Counts the rows of packs.</summary>
/// <param name="offsets">Where in a row the dimensions stand that it is counted by.</param>
/// <param name="rowBytes">Bytes of a row.</param>
internal sealed class PackCounts(int[] offsets, int rowBytes)
{
    // Keys of small tables are small, and an array takes a tenth of the time of a dictionary; what is larger goes into one all the same.
    private const int ArrayMax = 4_096;

    private readonly long[][] _small = [.. offsets.Select(_ => new long[ArrayMax])];
    private readonly Dictionary<int, long>[] _large = [.. offsets.Select(_ => new Dictionary<int, long>())];

    /// <summary>Rows in all.</summary>
    public long Total { get; private set; }

    /// <summary>Rows by the number of a label or by a key of a dimension.</summary>
    public IEnumerable<(int Code, long Count)> By(int dimension) =>
        _small[dimension].Index().Where(c => c.Item > 0).Concat(_large[dimension].Select(c => (c.Key, c.Value)));

    /// <summary>Counts a pack.</summary>
    /// <param name="content">Its rows.</param>
    /// <param name="low">The smallest key that counts.</param>
    /// <param name="high">The key behind the largest.</param>
    /// <param name="area">What the rows must lie in; null for anywhere.</param>
    public void Add(ReadOnlySpan<byte> content, long low, long high, PointTest? area)
    {
        for (; content.Length >= rowBytes; content = content[rowBytes..])
        {
            long key = BinaryPrimitives.ReadInt64BigEndian(content);
            if (key < low || key >= high || (area is not null && !area.Contains(
                BinaryPrimitives.ReadDoubleBigEndian(content[PackTable.LongitudeOffset..]), BinaryPrimitives.ReadDoubleBigEndian(content[PackTable.LatitudeOffset..]))))
            {
                continue;
            }

            Total++;
            for (int i = 0; i < offsets.Length; i++)
            {
                int code = BinaryPrimitives.ReadInt32BigEndian(content[offsets[i]..]);
                long[] small = _small[i];
                if ((uint)code < (uint)small.Length)
                {
                    small[code]++;
                }
                else
                {
                    CollectionsMarshal.GetValueRefOrAddDefault(_large[i], code, out _)++;
                }
            }
        }
    }
}
