using System.Globalization;
using System.Text.RegularExpressions;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Schema.Bindings;
using Npgsql;

namespace CityHelper.Server.Statistics;

/// <summary>
/// Reads PostgreSQL's catalogues: the partitions of <c>service_request</c>, their samples by ANALYZE, and the tables they reference.
/// </summary>
internal static partial class StatisticsReader
{
    /// <summary>The table with partitions, whose columns are read.</summary>
    public const string Table = "service_request";

    private const string PartitionsSql =
        """
        select pg_get_expr(city.relpartbound, city.oid), pg_get_expr(part.relpartbound, part.oid), greatest(part.reltuples, 0)::float8,
               s.attname::text, s.null_frac, s.n_distinct, s.most_common_vals::text::text[], s.most_common_freqs,
               keys.bounds[1], keys.bounds[array_upper(keys.bounds, 1)]
        from pg_partition_tree('public.service_request') t
        join pg_class part on part.oid = t.relid
        join pg_class city on city.oid = t.parentrelid
        join pg_namespace n on n.oid = part.relnamespace
        left join pg_stats s on s.schemaname = n.nspname and s.tablename = part.relname and s.attname = any($1)
        left join lateral (select k.histogram_bounds::text::bigint[] as bounds from pg_stats k
                           where k.schemaname = n.nspname and k.tablename = part.relname and k.attname = 'id') keys on true
        where t.isleaf and t.level = 2
        """;

    private const string ReferencesSql =
        """
        select 'category', city_id, id,
               jsonb_build_object('id', id::text, 'code', code, 'name', name, 'agency_id', agency_id::text)::text
        from category
        union all
        select 'agency', city_id, id, jsonb_build_object('id', id::text, 'code', code, 'name', name)::text from agency
        """;

    /// <param name="database">The database.</param>
    /// <param name="columns">The columns to read, see <see cref="StatisticsColumns"/>.</param>
    /// <param name="cancellation">Cancels the reading.</param>
    public static async Task<IReadOnlyDictionary<(string Table, short Tenant), TenantStatistics>> ReadAsync(
        NpgsqlDataSource database, IReadOnlyList<string> columns, CancellationToken cancellation)
    {
        await using NpgsqlBatch batch = database.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand(PartitionsSql) { Parameters = { new() { Value = columns.ToArray() } } });
        batch.BatchCommands.Add(new NpgsqlBatchCommand(ReferencesSql));
        await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellation);
        List<PartitionColumn> partitions = await ReadPartitionsAsync(reader, cancellation);
        await reader.NextResultAsync(cancellation);
        var references = await ReadReferencesAsync(reader, cancellation);
        return partitions.GroupBy(l => l.Tenant).ToDictionary(
            tenant => (Table, tenant.Key),
            tenant => Merge([.. tenant], references.GetValueOrDefault(tenant.Key) ?? []));
    }

    private static async Task<List<PartitionColumn>> ReadPartitionsAsync(NpgsqlDataReader reader, CancellationToken cancellation)
    {
        var partitions = new List<PartitionColumn>();
        while (await reader.ReadAsync(cancellation))
        {
            long[] range = [.. Number().Matches(reader.GetString(1)).Select(m => long.Parse(m.Value, CultureInfo.InvariantCulture))];
            if (range is not [var from, var to]
                || !short.TryParse(Number().Match(reader.GetString(0)).Value, CultureInfo.InvariantCulture, out short tenant))
            {
                continue;
            }

            PartitionStatistics partition = new PartitionStatistics(from, to, reader.GetDouble(2));
            if (!reader.IsDBNull(8))
            {
                partition = partition with { FirstKey = reader.GetInt64(8), LastKey = reader.GetInt64(9) };
            }

            partitions.Add(reader.IsDBNull(3)
                ? new PartitionColumn(tenant, partition, null, null)
                : new PartitionColumn(tenant, partition, reader.GetString(3), Column(reader, partition.Rows)));
        }

        return partitions;
    }

    // Values that ANALYZE did not list share the remaining frequency.
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

    private static TenantStatistics Merge(PartitionColumn[] partitions, Dictionary<string, Dictionary<long, ReferenceRow>> references)
    {
        PartitionStatistics[] all = [.. partitions.Select(l => l.Partition).Distinct().OrderBy(l => l.KeyFrom)];
        return new TenantStatistics(
            all,
            partitions.Where(l => l.Column is not null).GroupBy(l => l.Column!).ToDictionary(c => c.Key, c => Merge([.. c])),
            references.ToDictionary(r => r.Key, r => (IReadOnlyDictionary<long, ReferenceRow>)r.Value));
    }

    private static ColumnStatistics Merge(PartitionColumn[] partitions)
    {
        double rows = Math.Max(1, partitions.Sum(l => l.Partition.Rows));
        double Weighted(Func<ColumnStatistics, double> share) => partitions.Sum(l => share(l.Statistics!) * l.Partition.Rows) / rows;
        return new ColumnStatistics(
            partitions
                .SelectMany(l => l.Statistics!.Shares.Keys)
                .Distinct()
                .ToDictionary(value => value, value => Weighted(s => s.ShareOf(value))),
            Weighted(s => s.OtherShare));
    }

    private static async Task<Dictionary<short, Dictionary<string, Dictionary<long, ReferenceRow>>>> ReadReferencesAsync(
        NpgsqlDataReader reader, CancellationToken cancellation)
    {
        var references = new Dictionary<short, Dictionary<string, Dictionary<long, ReferenceRow>>>();
        while (await reader.ReadAsync(cancellation))
        {
            short tenant = reader.GetInt16(1);
            references.TryAdd(tenant, []);
            references[tenant].TryAdd(reader.GetString(0), []);
            var values = System.Text.Json.JsonSerializer.Deserialize<Dictionary<string, string?>>(reader.GetString(3))!;
            references[tenant][reader.GetString(0)][reader.GetInt32(2)] = new ReferenceRow(values);
        }

        return references;
    }

    [GeneratedRegex(@"-?\d+")]
    private static partial Regex Number();

    private sealed record PartitionColumn(short Tenant, PartitionStatistics Partition, string? Column, ColumnStatistics? Statistics);
}
