using System.Linq.Expressions;
using System.Reflection;
using CityHelper.Engine.Schema.Bindings;
using GraphQL.Types;

namespace CityHelper.Engine.Schema;

/// <summary>
/// A GraphQL type whose fields are read from a table. Each field is bound to a property; EF Core's model maps it to a column, the planner
/// writes the SQL, and no resolver runs.
/// </summary>
/// <example><code>
/// Column(r => r.Status, "Where the request stands.").Sortable();
/// Reference(r => r.Category, typeof(CategoryType), "What it is about.");
/// Children(r => r.Updates, typeof(StatusUpdateType), "Its changes of status, oldest first.");
/// </code></example>
public abstract class EntityType<T> : ObjectGraphType<T>
    where T : class
{
    private readonly DatabaseModel _database;

    protected EntityType(DatabaseModel database)
    {
        _database = database;
        Map = database.Entity(typeof(T));
        Name = Map.Name;
    }

    /// <summary>The table behind the type.</summary>
    public EntityMap Map { get; }

    /// <summary>A leaf field from a column; its GraphQL type and nullability follow the property and the column.</summary>
    protected FieldType Column<TValue>(Expression<Func<T, TValue>> property, string description)
    {
        PropertyInfo member = Member(property);
        ColumnMap column = Map.Column(member.Name);
        return Bind(member.Name, EngineTypes.Leaf(column.ValueType, column.IsNullable), description, new ColumnBinding(column));
    }

    /// <summary>The <c>id: ID!</c> of Relay's Global Object Identification; <c>node</c> finds the row by it.</summary>
    protected FieldType GlobalId(string description)
    {
        Interface<NodeInterface>();
        return Bind("id", typeof(NonNullGraphType<IdGraphType>), description, new GlobalIdBinding(Map));
    }

    /// <summary>A geometry as GeoJSON (RFC 7946); its type follows the property's class.</summary>
    protected FieldType Geometry<TValue>(Expression<Func<T, TValue>> property, string description) =>
        Geometry(property, description, outlines: null);

    /// <summary>A geometry as GeoJSON with the argument <c>zoom</c>, which selects an outline: the geometry with fewer vertices.</summary>
    /// <param name="property">The full geometry.</param>
    /// <param name="outlines">The rows of the outlines.</param>
    /// <param name="zoom">The property of an outline's zoom.</param>
    /// <param name="outline">The property of an outline's geometry.</param>
    /// <param name="description">The field's description in the schema.</param>
    protected FieldType Geometry<TValue, TOutline>(
        Expression<Func<T, TValue>> property,
        Expression<Func<T, IEnumerable<TOutline>>> outlines,
        string zoom,
        string outline,
        string description)
        where TOutline : class
    {
        (EntityMap target, var keys, _) = _database.Navigation(Member(outlines));
        FieldType field = Geometry(
            property, description, new OutlineTable(target, keys.Single().There, target.Column(zoom).Name, target.Column(outline).Name));
        field.Arguments = new QueryArguments(new QueryArgument<IntGraphType>
        {
            Name = GeometryBinding.ZoomArgument,
            Description =
                "The Web Mercator zoom that it is shown at: fewer vertices, exact to about half a pixel. The full shape when left out.",
        });
        return field;
    }

    private FieldType Geometry<TValue>(Expression<Func<T, TValue>> property, string description, OutlineTable? outlines)
    {
        PropertyInfo member = Member(property);
        ColumnMap column = Map.Column(member.Name);
        (string kind, Type graphType) = GeoJsonTypes.Of(column.ValueType);
        Type type = column.IsNullable ? graphType : typeof(NonNullGraphType<>).MakeGenericType(graphType);
        return Bind(member.Name, type, description, new GeometryBinding(column, kind, outlines));
    }

    /// <summary>
    /// The rows of another table whose areas contain the row's point, edges included: at most <see cref="Limits.AroundRowsMax"/>.
    /// </summary>
    /// <param name="name">The field's name.</param>
    /// <param name="point">The point; the list is empty without one.</param>
    /// <param name="area">The area of a row of the other table.</param>
    /// <param name="parts">The pieces of that area.</param>
    /// <param name="part">The property of a piece's geometry.</param>
    /// <param name="orderBy">The properties that the list is ordered by.</param>
    /// <param name="graphType">The GraphQL type of the other rows.</param>
    /// <param name="description">The field's description in the schema.</param>
    protected FieldType Around<TPoint, TTarget, TArea, TPart>(
        string name,
        Expression<Func<T, TPoint>> point,
        Expression<Func<TTarget, TArea>> area,
        Expression<Func<TTarget, IEnumerable<TPart>>> parts,
        string part,
        IReadOnlyList<string> orderBy,
        Type graphType,
        string description)
        where TTarget : class
        where TPart : class
    {
        EntityMap target = _database.Entity(typeof(TTarget));
        (EntityMap pieces, var keys, _) = _database.Navigation(Member(parts));
        return Bind(name, ListOf(graphType), description, new AroundBinding(
            target,
            Map.RowColumn,
            Map.Column(Member(point).Name).Name,
            target.Column(Member(area).Name).Name,
            new PartTable(pieces, keys.Single().There, pieces.Column(part).Name),
            [.. orderBy.Select(target.Column)]));
    }

    /// <summary>The row that a foreign key references.</summary>
    protected FieldType Reference<TTarget>(Expression<Func<T, TTarget?>> navigation, Type graphType, string description)
        where TTarget : class
    {
        PropertyInfo member = Member(navigation);
        (EntityMap target, var keys, bool required) = _database.Navigation(member);
        Type type = required ? typeof(NonNullGraphType<>).MakeGenericType(graphType) : graphType;
        return Bind(member.Name, type, description, new ReferenceBinding(target, keys, required));
    }

    /// <summary>The row of a large table whose key a column holds, where no foreign key says so; null where there is none.</summary>
    /// <param name="name">The field's name.</param>
    /// <param name="key">The column with the other row's key, of the same tenant.</param>
    /// <param name="graphType">The GraphQL type of the other row.</param>
    /// <param name="description">The field's description in the schema.</param>
    protected FieldType RowByKey<TTarget>(
        string name, Expression<Func<T, long?>> key, Type graphType, string description)
        where TTarget : class
    {
        EntityMap target = _database.Entity(typeof(TTarget));
        (string, string)[] keys = [(Map.Column(Member(key).Name).Name, target.RowColumn)];
        return Bind(name, graphType, description, new KeyedRowBinding(new ReferenceBinding(target, keys, Required: false)));
    }

    /// <summary>The newest rows that reference this row, as a list with the argument <c>last</c>.</summary>
    protected FieldType Children<TChild>(Expression<Func<T, IEnumerable<TChild>>> navigation, Type graphType, string description)
        where TChild : class
    {
        PropertyInfo member = Member(navigation);
        (EntityMap target, var keys, _) = _database.Navigation(member);
        (string here, string there) = keys.Single();
        FieldType field = Bind(member.Name, ListOf(graphType), description, new ChildrenBinding(target, here, there));
        field.Arguments = new QueryArguments(new QueryArgument<IntGraphType>
        {
            Name = ChildrenBinding.LastArgument,
            Description = $"How many of the newest to return, {Limits.PageRowsDefault} when left out, at most {Limits.PageRowsMax}.",
        });
        return field;
    }

    /// <summary>A leaf field that SQL computes from columns of the row.</summary>
    protected FieldType Computed<TValue>(string name, string description, Func<string, string> sql, params string[] properties)
    {
        bool nullable = properties.Any(p => Map.Column(p).IsNullable);
        return Bind(
            name,
            EngineTypes.Leaf(typeof(TValue), nullable),
            description,
            new ExpressionBinding(sql, [.. properties.Select(p => Map.Column(p).Name)], typeof(TValue)));
    }

    /// <summary>An object whose fields are read from the same row.</summary>
    protected FieldType SameRow(string name, Type graphType, string description) =>
        Bind(name, typeof(NonNullGraphType<>).MakeGenericType(graphType), description, new SameRowBinding());

    /// <summary>
    /// The tenant's position in its change log, for a type whose rows are tenants: a cursor as of the snapshot in which the row was read.
    /// </summary>
    /// <param name="name">The field's name.</param>
    /// <param name="log">The log.</param>
    /// <param name="description">The field's description in the schema.</param>
    /// <exception cref="InvalidOperationException">The rows belong to tenants and are none themselves.</exception>
    protected FieldType LogPosition(string name, TenantLog log, string description) => Map.TenantColumn is null
        ? Bind(name, typeof(NonNullGraphType<StringGraphType>), description, new LogPositionBinding(log))
        : throw new InvalidOperationException($"{Name}.{name}: a row of {Map.Table} is no tenant, so it has no log.");

    private FieldType Bind(string name, Type type, string description, FieldBinding binding) =>
        binding.AttachTo(AddField(new FieldType { Name = CamelCase(name), Type = type, Description = description }));

    private static string CamelCase(string name) => char.ToLowerInvariant(name[0]) + name[1..];

    private static Type ListOf(Type graphType) => typeof(NonNullGraphType<>).MakeGenericType(
        typeof(ListGraphType<>).MakeGenericType(typeof(NonNullGraphType<>).MakeGenericType(graphType)));

    private static PropertyInfo Member<TRow, TValue>(Expression<Func<TRow, TValue>> property) =>
        (property.Body as MemberExpression)?.Member as PropertyInfo
        ?? throw new ArgumentException($"Name a property, such as r => r.Status, not {property}.", nameof(property));
}
