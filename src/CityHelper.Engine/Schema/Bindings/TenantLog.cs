using CityHelper.Engine.Tags;

namespace CityHelper.Engine.Schema.Bindings;

/// <summary>The change log of tenants. A schema has one.</summary>
/// <param name="Sql">
/// SQL of one statement that returns the position of each tenant, at most one row for each: tenant (smallint), epoch (integer), number of
/// its last change (bigint, 0 before the first), revision of its stored areas (bigint, 0 before the first). <c>$1</c> is the array of the
/// tenants' keys (<c>smallint[]</c>), null for all tenants; 0 stands for what belongs to no tenant.
/// </param>
/// <param name="Tables">The tables that the statement reads.</param>
public sealed record TenantLog(string Sql, IReadOnlyList<string> Tables)
{
    /// <summary>
    /// SQL of the same for one tenant, which stands in the text: it has no parameter. The revision is null unless it is asked for.
    /// </summary>
    public required Func<short, bool, string> SqlOfOne { get; init; }

    /// <summary>
    /// The table of the tenants themselves. Its rows are of many tenants, so what reads it without naming one depends on the log of
    /// tenant 0, which tells of every tenant.
    /// </summary>
    public required string Tenants { get; init; }

    /// <summary>
    /// What the log tells of each table: <see cref="TagKind.Row"/> for rows whose changes are told by row and by cell, and for what is
    /// computed from them; <see cref="TagKind.Reference"/> and <see cref="TagKind.Boundary"/> for tables whose changes are told as one. An
    /// answer that reads another table is not kept.
    /// </summary>
    public required IReadOnlyDictionary<string, TagKind> Tags { get; init; }
}

/// <summary>
/// The position of the tenant that the row is, as a signed cursor. One statement reads it for all rows of a batch, before any of the rows.
/// </summary>
/// <param name="Log">The log.</param>
public sealed record LogPositionBinding(TenantLog Log) : FieldBinding
{
    internal override IReadOnlyList<TableRead> Tables => [.. Log.Tables.Select(table => new TableRead(table))];
}
