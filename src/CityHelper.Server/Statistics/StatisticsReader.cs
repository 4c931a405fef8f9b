using System.Globalization;
using System.Text.RegularExpressions;
using CityHelper.Engine.Planning;
using Npgsql;

namespace CityHelper.Server.Statistics;

/// <summary>
/// Reads PostgreSQL's catalogs: the leaves of <c>service_request</c>, what ANALYZE sampled of them, and the small tables they point at.
/// </summary>
internal static partial class StatisticsReader
{
    private const string Table = "service_request";

    /// <summary>Columns of few values, by which forms are chosen.</summary>
    private static readonly string[] s_columns = ["status", "category_id", "agency_id", "cell_12", "cell_14", "cell_16"];

    private const string LeavesSql =
        """
        select pg_get_expr(city.relpartbound, city.oid), pg_get_expr(leaf.relpartbound, leaf.oid), greatest(leaf.reltuples, 0)::float8,
               s.attname::text, s.null_frac, s.n_distinct, s.most_common_vals::text::text[], s.most_common_freqs,
               keys.bounds[1], keys.bounds[array_upper(keys.bounds, 1)]
        from pg_partition_tree('public.service_request') t
        join pg_class leaf on leaf.oid = t.relid
        join pg_class city on city.oid = t.parentrelid
        join pg_namespace n on n.oid = leaf.relnamespace
        left join pg_stats s on s.schemaname = n.nspname and s.tablename = leaf.relname and s.attname = any($1)
        left join lateral (select k.histogram_bounds::text::bigint[] as bounds from pg_stats k
                           where k.schemaname = n.nspname and k.tablename = leaf.relname and k.attname = 'id') keys on true
        where t.isleaf and t.level = 2
        """;

    private const string ReferencesSql =
        """
        select 'category', city_id, id, jsonb_build_object('id', id::text, 'code', code, 'name', name, 'agency_id', agency_id::text)::text from category
        union all
        select 'agency', city_id, id, jsonb_build_object('id', id::text, 'code', code, 'name', name)::text from agency
        """;

    public static async Task<IReadOnlyDictionary<(string Table, short Partition), PartitionStatistics>> ReadAsync(
        NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using NpgsqlBatch batch = database.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand(LeavesSql) { Parameters = { new() { Value = s_columns } } });
        batch.BatchCommands.Add(new NpgsqlBatchCommand(ReferencesSql));
        await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellation);
        List<LeafColumn> leaves = await ReadLeavesAsync(reader, cancellation);
        await reader.NextResultAsync(cancellation);
        var references = await ReadReferencesAsync(reader, cancellation);
        return leaves.GroupBy(l => l.Partition).ToDictionary(
            partition => (Table, partition.Key),
            partition => Merge([.. partition], references.GetValueOrDefault(partition.Key) ?? []));
    }

    private static async Task<List<LeafColumn>> ReadLeavesAsync(NpgsqlDataReader reader, CancellationToken cancellation)
    {
        var leaves = new List<LeafColumn>();
        while (await reader.ReadAsync(cancellation))
        {
            long[] range = [.. Number().Matches(reader.GetString(1)).Select(m => long.Parse(m.Value, CultureInfo.InvariantCulture))];
            if (range is not [var from, var to] || !short.TryParse(Number().Match(reader.GetString(0)).Value, CultureInfo.InvariantCulture, out short partition))
            {
                continue;
            }

            var leaf = new LeafStatistics(from, to, reader.GetDouble(2));
            if (!reader.IsDBNull(8))
            {
                leaf = leaf with { FirstKey = reader.GetInt64(8), LastKey = reader.GetInt64(9) };
            }

            leaves.Add(reader.IsDBNull(3)
                ? new LeafColumn(partition, leaf, null, null)
                : new LeafColumn(partition, leaf, reader.GetString(3), Column(reader, leaf.Rows)));
        }

        return leaves;
    }

    // The values that ANALYZE did not list share what the listed ones leave.
    private static ColumnStatistics Column(NpgsqlDataReader reader, double rows)
    {
        string[] values = reader.IsDBNull(6) ? [] : reader.GetFieldValue<string[]>(6);
        float[] frequencies = reader.IsDBNull(7) ? [] : reader.GetFieldValue<float[]>(7);
        float distinct = reader.GetFloat(5);
        double others = Math.Max(1, (distinct < 0 ? -distinct * rows : distinct) - values.Length);
        double left = Math.Max(0, 1 - reader.GetFloat(4) - frequencies.Sum());
        return new ColumnStatistics(
            values.Zip(frequencies).ToDictionary(v => v.First, v => (double)v.Second),
            Math.Max(left / others, 0.5 / Math.Max(1, rows)));
    }

    private static PartitionStatistics Merge(LeafColumn[] leaves, Dictionary<string, Dictionary<long, ReferenceRow>> references)
    {
        LeafStatistics[] all = [.. leaves.Select(l => l.Leaf).Distinct().OrderBy(l => l.KeyFrom)];
        return new PartitionStatistics(
            all,
            leaves.Where(l => l.Column is not null).GroupBy(l => l.Column!).ToDictionary(c => c.Key, c => Merge([.. c])),
            references.ToDictionary(r => r.Key, r => (IReadOnlyDictionary<long, ReferenceRow>)r.Value));
    }

    private static ColumnStatistics Merge(LeafColumn[] leaves)
    {
        double rows = Math.Max(1, leaves.Sum(l => l.Leaf.Rows));
        double Weighted(Func<ColumnStatistics, double> share) => leaves.Sum(l => share(l.Statistics!) * l.Leaf.Rows) / rows;
        return new ColumnStatistics(
            leaves.SelectMany(l => l.Statistics!.Shares.Keys).Distinct().ToDictionary(value => value, value => Weighted(s => s.ShareOf(value))),
            Weighted(s => s.OtherShare));
    }

    private static async Task<Dictionary<short, Dictionary<string, Dictionary<long, ReferenceRow>>>> ReadReferencesAsync(
        NpgsqlDataReader reader, CancellationToken cancellation)
    {
        var references = new Dictionary<short, Dictionary<string, Dictionary<long, ReferenceRow>>>();
        while (await reader.ReadAsync(cancellation))
        {
            short partition = reader.GetInt16(1);
            references.TryAdd(partition, []);
            references[partition].TryAdd(reader.GetString(0), []);
            var values = System.Text.Json.JsonSerializer.Deserialize<Dictionary<string, string?>>(reader.GetString(3))!;
            references[partition][reader.GetString(0)][reader.GetInt32(2)] = new ReferenceRow(values);
        }

        return references;
    }

    [GeneratedRegex(@"-?\d+")]
    private static partial Regex Number();

    private sealed record LeafColumn(short Partition, LeafStatistics Leaf, string? Column, ColumnStatistics? Statistics);
}
