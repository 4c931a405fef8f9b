using CityHelper.Engine.Schema.Bindings;
using GraphQL.Types;

namespace CityHelper.Engine.Schema;

/// <summary>Declares fields of <c>Query</c>; a feature calls it once at start.</summary>
public sealed class QueryFields(IObjectGraphType query, DatabaseModel database, IServiceProvider services)
{
    /// <summary>Declares rows of connections, and connections nested in rows.</summary>
    public ConnectionFields Connections { get; } = new(database, services);

    /// <summary>The <c>Query</c> type, for fields that are declared elsewhere.</summary>
    public IObjectGraphType Query => query;

    /// <summary>A type of the schema, for a field that another feature adds to it.</summary>
    public IObjectGraphType TypeOf<T>()
        where T : IObjectGraphType => (IObjectGraphType)services.GetService(typeof(T))!;

    /// <summary>The access to the rows of a class; the caller adds the indexes.</summary>
    public RowAccess Access<T>() => new(database.Entity(typeof(T)));

    /// <summary>The creation time that a class's row key encodes.</summary>
    public CreationTime Created<T>(string property, Func<long, long> keyOfMs) =>
        new(
            database.Entity(typeof(T)).Column(property),
            keyOfMs,
            key => $"public.id_time({key})",
            key => $"(({key} >> 22) + 1577836800000)");

    /// <summary><c>node(id)</c> and <c>nodes(ids)</c>, before all other fields as in HotChocolate.</summary>
    /// <param name="maxAgeSeconds">How long a response may be cached: the shortest time of all node types.</param>
    /// <param name="staleWhileRevalidateSeconds">How long it may be served stale after that.</param>
    public void Nodes(int maxAgeSeconds, int staleWhileRevalidateSeconds)
    {
        Add("node", typeof(NodeInterface), "Fetches an object given its ID.", new NodeBinding(IsList: false),
            Argument<NonNullGraphType<IdGraphType>>(NodeBinding.IdArgument, "ID of the object."))
            .CacheFor(maxAgeSeconds, staleWhileRevalidateSeconds);
        Add("nodes", typeof(NonNullGraphType<ListGraphType<NodeInterface>>), "Lookup nodes by a list of IDs.",
            new NodeBinding(IsList: true),
            Argument<NonNullGraphType<ListGraphType<NonNullGraphType<IdGraphType>>>>(
                NodeBinding.IdsArgument, $"The list of node IDs, at most {Limits.NodeIdsMax}."))
            .CacheFor(maxAgeSeconds, staleWhileRevalidateSeconds);
    }

    /// <summary>One row by a unique column: <c>city(slug: String!): City</c>. Null when there is none.</summary>
    /// <param name="name">The field's name.</param>
    /// <param name="graphType">The row's type.</param>
    /// <param name="property">The property of the unique column, whose camel-cased name is the argument's.</param>
    /// <param name="argumentDescription">The argument's description in the schema.</param>
    /// <param name="description">The field's description in the schema.</param>
    /// <param name="tenants">The rows are tenants: the directory that finds their keys by the same argument.</param>
    public FieldType RowByUnique<T>(
        string name, Type graphType, string property, string argumentDescription, string description, ITenantDirectory tenants)
    {
        EntityMap entity = database.Entity(typeof(T));
        ColumnMap column = entity.Column(property);
        string argument = char.ToLowerInvariant(property[0]) + property[1..];
        return Add(name, graphType, description, new UniqueRowBinding(entity, argument, column, tenants),
            Argument<NonNullGraphType<StringGraphType>>(argument, argumentDescription));
    }

    /// <summary>All rows of a small table: <c>cities: [City!]!</c>.</summary>
    public FieldType AllRows<T>(string name, Type graphType, string orderBy, string description)
    {
        EntityMap entity = database.Entity(typeof(T));
        Type list = typeof(NonNullGraphType<>).MakeGenericType(
            typeof(ListGraphType<>).MakeGenericType(typeof(NonNullGraphType<>).MakeGenericType(graphType)));
        return Add(name, list, description, new AllRowsBinding(entity, entity.Column(orderBy)));
    }

    /// <summary>One row of a tenant by global id or external key. Null when there is none.</summary>
    public FieldType RowOfTenant<T>(
        string name, Type graphType, TenantArgument tenant, string tenantDescription, ExternalKey external, string description) =>
        Add(name, graphType, description, new RowOfTenantBinding(database.Entity(typeof(T)), tenant, external),
            Argument<NonNullGraphType<StringGraphType>>(tenant.Name, tenantDescription),
            Argument<IdGraphType>(
                RowOfTenantBinding.IdArgument, $"The `id` that the server gave. Exactly one of `id` and `{external.Argument}` is given."),
            Argument<StringGraphType>(external.Argument, "The key that the source system gave."));

    /// <summary>One row of a tenant by global id alone. Null when there is none.</summary>
    public FieldType RowById<T>(string name, Type graphType, string description) =>
        Add(name, graphType, description, new RowByIdBinding(database.Entity(typeof(T))),
            Argument<NonNullGraphType<IdGraphType>>(RowByIdBinding.IdArgument, "The `id` that the server gave."));

    /// <summary>A connection over the rows of the tenant that an argument names.</summary>
    public FieldType Connection(string name, ConnectionRows rows, TenantArgument tenant, string tenantDescription, string description) =>
        Connections.OfQuery(query, name, rows, tenant, tenantDescription, description);

    /// <summary>The rows around a position, nearest first; needs the index that <see cref="NearbyBinding"/> describes.</summary>
    public FieldType Nearby(string name, ConnectionRows rows, TenantArgument tenant, string tenantDescription, string description)
    {
        var binding = new NearbyBinding(rows, tenant);
        return binding.AttachTo(query.AddField(new FieldType
        {
            Name = name,
            ResolvedType = new NearbyConnectionType(name, rows.Row),
            Description = description,
            Arguments = NearbyConnectionType.Arguments(binding, tenantDescription),
        }));
    }

    /// <summary>
    /// Declares the rows that are similar to a row, as a field of the row, and those similar to a draft, as a field of <c>Query</c>.
    /// </summary>
    /// <param name="type">The type of a similar row, with its distance and score.</param>
    /// <param name="by">How similar rows are found.</param>
    /// <param name="nested">Name and description of the field of a row.</param>
    /// <param name="draft">Name and description of the field of <c>Query</c>.</param>
    /// <param name="binding">The directory of tenants, and the error for an unknown group.</param>
    /// <param name="descriptions">The descriptions of the arguments that name tenant and group.</param>
    public void Similar(
        SimilarRowType type,
        Similarity by,
        (string Name, string Description) nested,
        (string Name, string Description) draft,
        SimilarToDraftBinding binding,
        (string Tenant, string Group) descriptions)
    {
        type.Nested(by.Row, nested.Name, nested.Description, by);
        type.OfDraft(query, draft.Name, draft.Description, binding, descriptions.Tenant, descriptions.Group);
    }

    /// <summary>The table of a class.</summary>
    public EntityMap Entity<T>() => database.Entity(typeof(T));

    private static QueryArgument Argument<T>(string name, string description)
        where T : IGraphType => new QueryArgument<T> { Name = name, Description = description };

    private FieldType Add(string name, Type type, string description, FieldBinding binding, params QueryArgument[] arguments) =>
        binding.AttachTo(query.AddField(new FieldType
        {
            Name = name,
            Type = type,
            Description = description,
            Arguments = new QueryArguments(arguments),
        }));
}
