using System.Reflection;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace CityHelper.Engine.Schema.Bindings;

/// <summary>What the planner needs from EF Core's model: the tables of classes and the columns of properties.</summary>
public sealed class DatabaseModel
{
    private readonly IModel _model;
    private readonly Dictionary<Type, EntityMap> _maps;

    /// <param name="model">The finished model of a context.</param>
    /// <param name="tenantColumn">The first key column of every partitioned table; every statement filters by it.</param>
    public DatabaseModel(IModel model, string tenantColumn)
    {
        _model = model;
        _maps = model.GetEntityTypes().ToDictionary(e => e.ClrType, e => new EntityMap(e, tenantColumn));
    }

    /// <exception cref="InvalidOperationException">The class is not in the model.</exception>
    public EntityMap Entity(Type type) => _maps.TryGetValue(type, out EntityMap? map)
        ? map
        : throw new InvalidOperationException($"{type.Name} is not in EF Core's model: add it to the context first.");

    /// <summary>The foreign key of a navigation: pairs of (column here, column there), without the tenant column.</summary>
    internal (EntityMap Target, IReadOnlyList<(string Here, string There)> Keys, bool Required) Navigation(PropertyInfo property)
    {
        IEntityType entity = _model.FindEntityType(property.DeclaringType!)!;
        INavigation navigation = entity.FindNavigation(property.Name)
            ?? throw new InvalidOperationException($"{entity.DisplayName()}.{property.Name} is no navigation in EF Core's model.");
        IForeignKey key = navigation.ForeignKey;
        IEnumerable<(string, string)> pairs = key.Properties.Zip(
            key.PrincipalKey.Properties,
            (dependent, principal) =>
                navigation.IsOnDependent ? (Column(dependent), Column(principal)) : (Column(principal), Column(dependent)));
        EntityMap target = Entity(navigation.TargetEntityType.ClrType);
        return (target, [.. pairs.Where(p => p.Item2 != target.TenantColumn)], key.IsRequired);
    }

    internal static string Column(IReadOnlyProperty property) =>
        property.GetColumnName(StoreObjectIdentifier.Table(((IReadOnlyEntityType)property.DeclaringType).GetTableName()!))!;
}

/// <summary>A class and its table.</summary>
public sealed class EntityMap
{
    private readonly Dictionary<string, ColumnMap> _columns;
    private readonly HashSet<string> _unique;
    private readonly string _rowKeyCast;
    private readonly long _rowKeyMax;

    internal EntityMap(IEntityType entity, string tenantColumn)
    {
        Name = entity.ClrType.Name;
        Table = entity.GetTableName()!;
        _columns = entity.GetProperties().ToDictionary(
            p => p.Name,
            p => new ColumnMap(DatabaseModel.Column(p), p.GetColumnType(), p.ClrType, p.IsNullable));
        string[] key = [.. entity.FindPrimaryKey()!.Properties.Select(DatabaseModel.Column)];
        TenantColumn = key.Contains(tenantColumn) ? tenantColumn : null;
        RowColumn = key[^1];
        string keyType = _columns.Values.Single(c => c.Name == RowColumn).StoreType;
        _rowKeyCast = keyType == "bigint" ? "" : "::bigint";
        _rowKeyMax = keyType switch { "smallint" => short.MaxValue, "integer" => int.MaxValue, _ => long.MaxValue };
        _unique = [.. entity.GetIndexes()
            .Where(i => i.IsUnique)
            .Select(i => i.Properties.Select(DatabaseModel.Column).Where(c => c != TenantColumn).ToArray())
            .Where(columns => columns.Length == 1)
            .Select(columns => columns[0])];
    }

    /// <summary>The name of the class, of the GraphQL type, and of the type in global ids.</summary>
    public string Name { get; }

    public string Table { get; }

    /// <summary>The tenant column, first in the primary key; null for a table that is not partitioned.</summary>
    public string? TenantColumn { get; }

    /// <summary>The column that identifies a row within its tenant: the last of the primary key.</summary>
    public string RowColumn { get; }

    /// <summary>SQL of the row's key as bigint: small tables have smaller keys, and one reader serves all of them.</summary>
    public string RowKey(string alias) => $"{alias}.{RowColumn}{_rowKeyCast}";

    /// <summary>
    /// Whether a number can be the key of a row: it fits the column's type, and only 64-bit keys may be negative (times before their
    /// epoch).
    /// </summary>
    public bool HoldsRowKey(long key) => _rowKeyMax == long.MaxValue || (key >= 0 && key <= _rowKeyMax);

    /// <summary>Parses an id of the table's rows.</summary>
    /// <returns>Null when the text is not a global id, has another type, lacks the tenant that the table needs (or has one it does not), or
    /// has a key that the table's column cannot hold.</returns>
    internal GlobalId? ParseId(string text) =>
        GlobalId.Parse(text) is { } id && id.Type == Name && id.Tenant is null == TenantColumn is null && HoldsRowKey(id.Row) ? id : null;

    /// <exception cref="KeyNotFoundException">The property is not mapped.</exception>
    public ColumnMap Column(string property) => _columns[property];

    /// <exception cref="InvalidOperationException">No property is mapped to the column.</exception>
    internal ColumnMap ColumnNamed(string column) => _columns.Values.Single(c => c.Name == column);

    /// <summary>Whether a value of the column identifies at most one row of a tenant.</summary>
    public bool IsUnique(ColumnMap column) => _unique.Contains(column.Name);
}

/// <summary>A property's column.</summary>
/// <param name="Name">Column name.</param>
/// <param name="StoreType">PostgreSQL type, such as <c>timestamp(3) with time zone</c>.</param>
/// <param name="ClrType">The property's type.</param>
/// <param name="IsNullable">Whether the column takes nulls.</param>
public sealed record ColumnMap(string Name, string StoreType, Type ClrType, bool IsNullable)
{
    /// <summary>The property's type without its nullability.</summary>
    public Type ValueType => Nullable.GetUnderlyingType(ClrType) ?? ClrType;
}
