using CityHelper.Engine.Schema.Bindings;
using GraphQL.Types;

namespace CityHelper.Engine.Schema;

/// <summary>
/// Declares connections as HotChocolate does (GraphQL Cursor Connections Specification): their types, and their arguments in order. A
/// feature declares connections between its types after it has created all of them, because types may refer to each other.
/// </summary>
public sealed class ConnectionFields(DatabaseModel database, IServiceProvider services)
{
    private readonly FilterInputs _filters = new(services);
    private readonly SortInputs _sorts = new(services);
    private readonly Dictionary<string, ConnectionType> _types = [];

    /// <summary>Describes the rows of connections.</summary>
    /// <param name="access">The access to the rows.</param>
    /// <param name="graphType">Their type, an <see cref="EntityType{T}"/>.</param>
    /// <param name="oldestFirst">The order when none is given; newest first otherwise.</param>
    public ConnectionRows Rows(RowAccess access, Type graphType, bool oldestFirst = false)
    {
        var row = (IObjectGraphType)services.GetService(graphType)!;
        return new ConnectionRows(access, row, _filters.For(row), _sorts.For(row), oldestFirst);
    }

    /// <summary>A connection over the rows of one tenant, as a field of the type that represents the tenant.</summary>
    public FieldType OfTenant(Type parent, string name, ConnectionRows rows, string description) =>
        Add(Parent(parent), name, rows, description, new TenantConnectionBinding(rows), tenant: null);

    /// <summary>A connection over the rows in one area, as a field of the type that represents the area.</summary>
    public FieldType OfArea(Type parent, string name, ConnectionRows rows, string description) =>
        Add(Parent(parent), name, rows, description, new TenantConnectionBinding(rows, OfArea: true), tenant: null);

    /// <summary>A connection over the rows that reference the row; one statement reads those of all parents of a response.</summary>
    /// <param name="parent">The type that gets the field.</param>
    /// <param name="name">The field's name.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="foreignKey">The property of the rows' class that holds the parent's key.</param>
    /// <param name="description">The field's description in the schema.</param>
    public FieldType Nested<TRow>(Type parent, string name, ConnectionRows rows, string foreignKey, string description)
    {
        IObjectGraphType type = Parent(parent);
        EntityMap rowMap = database.Entity(typeof(TRow));
        var binding = new NestedConnectionBinding(rows, EntityOf(type).RowColumn, rowMap.Column(foreignKey).Name);
        return Add(type, name, rows, description, binding, tenant: null);
    }

    /// <summary>A connection as a field of <c>Query</c>.</summary>
    internal FieldType OfQuery(
        IObjectGraphType query, string name, ConnectionRows rows, TenantArgument tenant, string tenantDescription, string description) =>
        Add(query, name, rows, description, new ConnectionBinding(rows, tenant),
            new QueryArgument<NonNullGraphType<StringGraphType>> { Name = tenant.Name, Description = tenantDescription });

    private IObjectGraphType Parent(Type type) => (IObjectGraphType)services.GetService(type)!;

    private static EntityMap EntityOf(IObjectGraphType type) =>
        type.Fields.Select(FieldBinding.Of).OfType<GlobalIdBinding>().Single().Entity;

    private FieldType Add(
        IObjectGraphType parent, string name, ConnectionRows rows, string description, FieldBinding binding, QueryArgument? tenant)
    {
        string first = binding is NestedConnectionBinding
            ? $"Returns the first _n_ elements from the list, at most {Limits.PageRowsMax}. `first` or `last` must be given."
            : $"Returns the first _n_ elements from the list, {Limits.PageRowsDefault} when left out, at most {Limits.PageRowsMax}.";
        QueryArgument?[] arguments =
        [
            Argument<IntGraphType>(ConnectionBinding.FirstArgument, first),
            Argument<StringGraphType>(
                ConnectionBinding.AfterArgument, "Returns the elements in the list that come after the specified cursor."),
            Argument<IntGraphType>(
                ConnectionBinding.LastArgument, $"Returns the last _n_ elements from the list, at most {Limits.PageRowsMax}."),
            Argument<StringGraphType>(
                ConnectionBinding.BeforeArgument, "Returns the elements in the list that come before the specified cursor."),
            tenant,
            .. rows.Selectors.Select(selector =>
                Argument<StringGraphType>(selector, $"Only rows of this `{selector}`; the same as `where: {{{selector}: {{eq: …}}}}`.")),
            rows.Access.Grid is null || binding is NestedConnectionBinding or TenantConnectionBinding { OfArea: true }
                ? null
                : Argument<AreaInput>(
                    ConnectionBinding.AreaArgument, "Only rows whose location lies in the area; rows without a location never do."),
            new QueryArgument(rows.Filter) { Name = ConnectionBinding.FilterArgument, Description = "Only rows for which this holds." },
            new QueryArgument(new ListGraphType(new NonNullGraphType(rows.Sort)))
            {
                Name = ConnectionBinding.OrderArgument,
                Description =
                    $"The order; {DefaultOrder(rows)} when left out. Rows that are equal in all of it stand in the order of their keys.",
            },
        ];
        return binding.AttachTo(parent.AddField(new FieldType
        {
            Name = name,
            ResolvedType = TypeOf(name, rows.Row),
            Description = description,
            Arguments = new QueryArguments(arguments.OfType<QueryArgument>()),
        }));
    }

    private static string DefaultOrder(ConnectionRows rows) =>
        rows.Access.IsSmall ? $"by {string.Join(" and ", rows.DefaultOrder.Select(name => $"`{name}`"))}"
        : rows.OldestFirst ? "oldest first"
        : "newest first";

    // Fields with the same name and row type share one connection type.
    private ConnectionType TypeOf(string field, IObjectGraphType row)
    {
        if (!_types.TryGetValue(field, out ConnectionType? type))
        {
            _types.Add(field, type = new ConnectionType(field, row));
        }

        return type.Row == row
            ? type
            : throw new InvalidOperationException(
                $"Two connections named {field} have rows of {type.Row.Name} and {row.Name}: rename one.");
    }

    private static QueryArgument Argument<T>(string name, string description)
        where T : IGraphType => new QueryArgument<T> { Name = name, Description = description };
}
