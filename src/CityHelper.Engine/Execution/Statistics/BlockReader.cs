using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using CityHelper.Engine.Planning.Statistics;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;
using Npgsql;

namespace CityHelper.Engine.Execution.Statistics;

/// <summary>Counts the rows of packed blocks, and adds them to the counters read in the same snapshot (docs/decisions/0014).</summary>
internal static class BlockReader
{
    /// <summary>Reads the current result set to its end.</summary>
    public static async Task ReadAsync(
        BlockStatement statement, NpgsqlDataReader reader, RootExecution root, CancellationToken cancellation)
    {
        CountedRows counted = statement.Question.Counted;
        BlockReads reads = root.Values.Aggregates!.Blocks!;
        int[] offsets =
            [.. statement.Dimensions.Select(d => BlockTable.OffsetOf(counted.Dimensions.Index().First(i => i.Item == d).Index))];
        BlockCounts counts = new BlockCounts(offsets, BlockTable.RowBytes(counted.Dimensions.Count));
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
                counts.Add(buffer.AsSpan(0, length), reads.Lows[read], reads.Highs[read], reads.AreBoundary[read] ? reads.Area : null);
                tests += (long)length / BlockTable.RowBytes(counted.Dimensions.Count) * edges;
                if (tests > Limits.BlockTestsPerTurn)
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

        root.Rows.Aggregates.Total += counts.Total;
        for (int i = 0; i < statement.Dimensions.Count; i++)
        {
            string column = statement.Dimensions[i].Column;
            IReadOnlyList<string>? labels = column == counted.Done.Status ? counted.Counters.Blocks.Labels : null;
            Add(root.Rows.Aggregates.ByDimension[column], counts.By(i), labels);
        }
    }

    // In the order of the SQL: most frequent first, then by label or key, null last.
    private static void Add(
        List<(string? Label, long? Key, long Count)> groups, IEnumerable<(int Code, long Count)> counts, IReadOnlyList<string>? labels)
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

/// <summary>Counts the rows of packed blocks.</summary>
/// <param name="offsets">The offsets, within a row, of the dimensions to count by.</param>
/// <param name="rowBytes">Bytes of a row.</param>
internal sealed class BlockCounts(int[] offsets, int rowBytes)
{
    // Keys of small tables are small, and an array takes a tenth of a dictionary's time. Larger keys go into a dictionary.
    private const int ArrayMax = 4_096;

    private readonly long[][] _small = [.. offsets.Select(_ => new long[ArrayMax])];
    private readonly Dictionary<int, long>[] _large = [.. offsets.Select(_ => new Dictionary<int, long>())];

    /// <summary>The number of rows.</summary>
    public long Total { get; private set; }

    /// <summary>The number of rows by the label number or key of a dimension.</summary>
    public IEnumerable<(int Code, long Count)> By(int dimension) =>
        _small[dimension].Index().Where(c => c.Item > 0).Concat(_large[dimension].Select(c => (c.Key, c.Value)));

    /// <summary>Counts the rows of a block.</summary>
    /// <param name="content">Its rows.</param>
    /// <param name="low">The smallest key that counts.</param>
    /// <param name="high">The first key after the range.</param>
    /// <param name="area">The area that the rows must lie in; null for anywhere.</param>
    public void Add(ReadOnlySpan<byte> content, long low, long high, PointTest? area)
    {
        for (; content.Length >= rowBytes; content = content[rowBytes..])
        {
            long key = BinaryPrimitives.ReadInt64BigEndian(content);
            if (key < low || key >= high || (area is not null && !area.Contains(
                BinaryPrimitives.ReadDoubleBigEndian(content[BlockTable.LongitudeOffset..]),
                BinaryPrimitives.ReadDoubleBigEndian(content[BlockTable.LatitudeOffset..]))))
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
