using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using CityHelper.Engine.Bindings;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Space;
using Npgsql;
using NpgsqlTypes;

namespace CityHelper.Engine.Planning.Figures;

/// <summary>
/// Rows in all and by dimensions from packs, added to what <see cref="CountStatement"/> has read in the same snapshot: PostgreSQL sends what would be counted row by
/// row, and it is counted here, ten times as fast (docs/decisions/0014).
/// </summary>
internal sealed class PackStatement(FigureQuestion question, IReadOnlyList<CountDimension> dimensions) : StatementPlan
{
    private readonly CountedRows _counted = question.Counted;
    private readonly RowAccess _access = question.Counted.Rows.Access;
    private readonly PackTable _packs = question.Counted.Counters.Packs;

    public override StatementKind Kind => StatementKind.Figures;

    public override Access AccessOf(RootRun run) => Access.Only;

    public override bool IsNeeded(RootRun run) => run.Figures!.Packs is not null;

    public override async Task ReadAsync(NpgsqlDataReader reader, RootRun run, CancellationToken cancellation)
    {
        PackReads reads = run.Figures!.Packs!;
        int[] offsets = [.. dimensions.Select(d => PackTable.OffsetOf(_counted.Dimensions.Index().First(i => i.Item == d).Index))];
        var counts = new PackCounts(offsets, PackTable.RowBytes(_counted.Dimensions.Count));
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
                tests += (long)length / PackTable.RowBytes(_counted.Dimensions.Count) * edges;
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

        run.FigureSet.Total += counts.Total;
        for (int i = 0; i < dimensions.Count; i++)
        {
            Add(run.FigureSet.ByDimension[dimensions[i].Column], counts.By(i), isLabel: dimensions[i].Column == _counted.Done.Status);
        }
    }

    protected override CompiledStatement Compile(StatementBuilder statement) => Finish(statement, () =>
    {
        string Slices(string name, Func<PackReads, short[]> slices) => statement.Parameter(
            ("packs", name), run => StatementBuilder.Typed(NpgsqlDbType.Array | NpgsqlDbType.Smallint, slices(run.Figures!.Packs!)));
        string partition = $"{_access.Entity.PartitionColumn} = {statement.Partition()}";
        string cells = statement.Parameter(("packs", "cells"), run => StatementBuilder.Bigints(run.Figures!.Packs!.Cells));
        return $"""
            with reads as materialized (
            select * from unnest({cells}, {Slices("from", r => r.From(_packs))}, {Slices("to", r => r.To(_packs))}) with ordinality r(cell, low, high, n)),
            pending as materialized (
            select d.cell, s.slice from (select distinct d.cell, d.day from {_counted.Counters.Deltas} d where d.{partition} and {FigureSource.IsAround("d.cell", statement)}) d
            cross join lateral {_packs.Slices}(d.day) s(slice))
            select r.n, p.content from reads r cross join lateral (
            select string_agg(p.content, ''::bytea) as content from {_packs.Table} p where p.{partition} and p.cell = r.cell and p.slice between r.low and r.high
            and p.content is not null and (p.cell, p.slice) not in (select x.cell, x.slice from pending x)) p
            where p.content is not null
            union all
            select s.n, {RowsOf("s", statement)} from (
            select u.n, u.cell, min(u.slice) as low, max(u.slice) as high from (
            select u.*, u.slice - row_number() over (partition by u.n order by u.slice) as run from (
            select r.n, r.cell, p.slice from reads r cross join lateral (
            select p.slice from {_packs.Table} p where p.{partition} and p.cell = r.cell and p.slice between r.low and r.high and p.content is null offset 0) p
            union select r.n, r.cell, x.slice from reads r join pending x on x.cell = r.cell and x.slice between r.low and r.high) u) u group by u.n, u.cell, u.run) s
            """;
    });

    // What packs that cannot be taken would hold. Neighbours are read at once: of a cell of which nothing is packed, as after an import, it is one range of an index.
    private string RowsOf(string stale, StatementBuilder statement)
    {
        string cell = _access.Grid!.Levels.First(l => l.Zoom == _counted.Counters.FineZoom).Column;
        string rest = ((1L << _packs.SliceShift) - 1).ToString(System.Globalization.CultureInfo.InvariantCulture);
        string numbers = string.Concat(_counted.Dimensions.Select(d => d.Column == _counted.Done.Status
            ? $" || int4send({_packs.LabelNumber}(t.{d.Column}))"
            : $" || int4send(coalesce(t.{d.Column}, 0))"));
        return $"(select string_agg(int8send(t.{_access.Entity.RowColumn}) || float8send(st_x(t.{_access.Grid!.Point})) || float8send(st_y(t.{_access.Grid!.Point})){numbers}, ''::bytea) "
            + $"from {_access.Entity.Table} t where t.{_access.Entity.PartitionColumn} = {statement.Partition()} and t.{cell} = {stale}.cell "
            + $"and t.{_access.Entity.RowColumn} >= {stale}.low::bigint << {_packs.SliceShift} and t.{_access.Entity.RowColumn} <= {stale}.high::bigint << {_packs.SliceShift} | {rest})";
    }

    // In the order that SQL gives: the most frequent first, then by label or key, those without one last.
    private void Add(List<(string? Label, long? Key, long Count)> groups, IEnumerable<(int Code, long Count)> counts, bool isLabel)
    {
        Dictionary<(string? Label, long? Key), long> sums = groups.ToDictionary(g => (g.Label, g.Key), g => g.Count);
        foreach ((int code, long count) in counts)
        {
            (string?, long?) group = isLabel ? (_packs.Labels[code], null) : (null, code == 0 ? null : code);
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
