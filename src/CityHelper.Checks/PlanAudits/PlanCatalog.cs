using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;

namespace CityHelper.Checks.PlanAudits;

/// <summary>What the names in a plan belong to: leaves to tables and partitions, their indexes to the table's.</summary>
/// <param name="Tables">By the name of a table or leaf.</param>
/// <param name="Indexes">By the name of an index of a table or leaf: the definition of the table's, without its name.</param>
/// <param name="ServerVersion">PostgreSQL's major version: others plan otherwise.</param>
public sealed partial record PlanCatalog(
    IReadOnlyDictionary<string, PlanTable> Tables, IReadOnlyDictionary<string, string> Indexes, int ServerVersion)
{
    // Tables are partitioned by a list of one key each, then by ranges (docs/decisions/0002); the partition is the ancestor just below the
    // table. Partitions may lie in another schema than their table.
    private const string TablesSql =
        """
        select c.relname, root.relname, pg_get_expr(part.relpartbound, part.oid), c.reltuples
        from pg_class c
        join pg_class root on root.oid = coalesce(pg_partition_root(c.oid), c.oid)
        left join lateral (
            select a.relid from pg_partition_ancestors(c.oid) with ordinality a(relid, depth)
            order by a.depth desc offset 1 limit 1) below on true
        left join pg_class part on part.oid = below.relid
        where c.relkind in ('r', 'p') and root.relnamespace = 'public'::regnamespace
        """;

    private const string IndexesSql =
        """
        select c.relname, pg_get_indexdef(root.oid)
        from pg_class c
        join pg_class root on root.oid = coalesce(pg_partition_root(c.oid), c.oid)
        where c.relkind in ('i', 'I') and root.relnamespace = 'public'::regnamespace
        """;

    /// <summary>Reads PostgreSQL's catalogs.</summary>
    /// <exception cref="NpgsqlException">The database does not answer.</exception>
    public static async Task<PlanCatalog> ReadAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { new(TablesSql), new(IndexesSql) } };
        await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellation);
        var tables = new Dictionary<string, PlanTable>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellation))
        {
            string? bound = reader.IsDBNull(2) ? null : Key().Match(reader.GetString(2)).Value;
            short? partition = bound is null ? null : short.Parse(bound, CultureInfo.InvariantCulture);
            tables[reader.GetString(0)] = new PlanTable(reader.GetString(1), partition, reader.GetFloat(3));
        }

        await reader.NextResultAsync(cancellation);
        var indexes = new Dictionary<string, string>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellation))
        {
            indexes[reader.GetString(0)] = Name().Replace(reader.GetString(1), "");
        }

        return new PlanCatalog(tables, indexes, connection.PostgreSqlVersion.Major);
    }

    /// <summary>The table of a relation; itself when the catalogs do not have it, such as one of a session.</summary>
    public PlanTable TableOf(string relation) => Tables.GetValueOrDefault(relation) ?? new PlanTable(relation, null, Rows: 0);

    [GeneratedRegex(@"-?\d+")]
    private static partial Regex Key();

    [GeneratedRegex(@"^CREATE (UNIQUE )?INDEX .* ON (ONLY )?public\.")]
    private static partial Regex Name();
}

/// <summary>What a relation belongs to.</summary>
/// <param name="Name">The table.</param>
/// <param name="Partition">The partition whose leaf the relation is; null for a table without partitions.</param>
/// <param name="Rows">Rows of the relation when it was last analyzed.</param>
public sealed record PlanTable(string Name, short? Partition, double Rows)
{
    /// <summary>Whether it is a table, such as that of categories, that may be read as PostgreSQL likes.</summary>
    public bool IsSmall => Partition is null && Rows <= Limits.ScannedRowsMax;
}
