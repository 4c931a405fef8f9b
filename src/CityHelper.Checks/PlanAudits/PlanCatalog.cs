using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;

namespace CityHelper.Checks.PlanAudits;

/// <summary>Resolves the names in a plan: partitions to tables and tenants, their indexes to those of the table.</summary>
/// <param name="Tables">Tables by the name of a table or partition.</param>
/// <param name="Indexes">By the name of an index of a table or partition: the definition of the table's index, without its name.</param>
/// <param name="ServerVersion">PostgreSQL's major version; others plan differently.</param>
public sealed partial record PlanCatalog(
    IReadOnlyDictionary<string, PlanTable> Tables, IReadOnlyDictionary<string, string> Indexes, int ServerVersion)
{
    // Tables are partitioned by a list of one tenant each, then by ranges (docs/decisions/0002). The tenant's key is in the bound of the
    // ancestor just below the table. Partitions may be in another schema than their table.
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

    /// <summary>Reads PostgreSQL's system catalogs.</summary>
    /// <exception cref="NpgsqlException">The database is unavailable.</exception>
    public static async Task<PlanCatalog> ReadAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { new(TablesSql), new(IndexesSql) } };
        await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellation);
        var tables = new Dictionary<string, PlanTable>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellation))
        {
            string? bound = reader.IsDBNull(2) ? null : Key().Match(reader.GetString(2)).Value;
            short? tenant = bound is null ? null : short.Parse(bound, CultureInfo.InvariantCulture);
            tables[reader.GetString(0)] = new PlanTable(reader.GetString(1), tenant, reader.GetFloat(3));
        }

        await reader.NextResultAsync(cancellation);
        var indexes = new Dictionary<string, string>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellation))
        {
            indexes[reader.GetString(0)] = Name().Replace(reader.GetString(1), "");
        }

        return new PlanCatalog(tables, indexes, connection.PostgreSqlVersion.Major);
    }

    /// <summary>The table of a relation; the relation itself when the catalogs do not have it, such as a temporary table.</summary>
    public PlanTable TableOf(string relation) => Tables.GetValueOrDefault(relation) ?? new PlanTable(relation, null, Rows: 0);

    [GeneratedRegex(@"-?\d+")]
    private static partial Regex Key();

    [GeneratedRegex(@"^CREATE (UNIQUE )?INDEX .* ON (ONLY )?public\.")]
    private static partial Regex Name();
}

/// <summary>The table and tenant of a relation.</summary>
/// <param name="Name">The table.</param>
/// <param name="Tenant">The tenant whose partition the relation is; null for a table without tenants.</param>
/// <param name="Rows">Rows of the relation at the last ANALYZE.</param>
public sealed record PlanTable(string Name, short? Tenant, double Rows)
{
    /// <summary>Whether it is a small table, such as that of categories, for which any plan is allowed.</summary>
    public bool IsSmall => Tenant is null && Rows <= Limits.ScannedRowsMax;
}
