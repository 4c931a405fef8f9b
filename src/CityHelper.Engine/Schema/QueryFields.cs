using CityHelper.Engine.Schema.Bindings;
using GraphQL.Types;

namespace CityHelper.Engine.Schema;

/// <summary>Declares fields of <c>Query</c>; a feature calls it once at start.</summary>
public sealed class QueryFields(IObjectGraphType query, DatabaseModel database, IServiceProvider services)
{
    /// <summary>The rows of connections, and connections below rows.</summary>
    public ConnectionFields Connections { get; } = new(database, services);

    /// <summary>The type itself, for fields that are declared elsewhere.</summary>
    public IObjectGraphType Query => query;

    /// <summary>A type of the schema, for a field that another feature hangs on it.</summary>
    public IObjectGraphType TypeOf<T>()
        where T : IObjectGraphType => (IObjectGraphType)services.GetService(typeof(T))!;

    /// <summary>How the rows of a class are reached; add what its indexes give.</summary>
    public RowAccess Access<T>() => new(database.Entity(typeof(T)));

    /// <summary>The time that a class's row key carries.</summary>
    public CreationTime Created<T>(string property, Func<long, long> keyOfMs) =>
        new(database.Entity(typeof(T)).Column(property), keyOfMs, key => $"public.id_time({key})", key => $"(({key} >> 22) + 1577836800000)");

    /// <summary><c>node(id)</c> and <c>nodes(ids)</c>: first of all fields, as HotChocolate has them.</summary>
    /// <param name="maxAgeSeconds">How long an answer may be kept: the shortest of all types of nodes.</param>
    /// <param name="staleWhileRevalidateSeconds">And served while stale.</param>
    public void Nodes(int maxAgeSeconds, int staleWhileRevalidateSeconds)
    {
        Add("node", typeof(NodeInterface), "Fetches an object given its ID.", new NodeBinding(IsList: false),
            Argument<NonNullGraphType<IdGraphType>>(NodeBinding.IdArgument, "ID of the object."))
            .CacheFor(maxAgeSeconds, staleWhileRevalidateSeconds);
        Add("nodes", typeof(NonNullGraphType<ListGraphType<NodeInterface>>), "Lookup nodes by a list of IDs.", new NodeBinding(IsList: true),
            Argument<NonNullGraphType<ListGraphType<NonNullGraphType<IdGraphType>>>>(
                NodeBinding.IdsArgument, $"The list of node IDs, at most {Limits.NodeIdsMax}."))
            .CacheFor(maxAgeSeconds, staleWhileRevalidateSeconds);
    }

    /// <summary>One row by a unique column: <c>city(slug: String!): City</c>. Null when there is none.</summary>
    /// <param name="name">The field's name.</param>
    /// <param name="graphType">The row's type.</param>
    /// <param name="property">The property of the unique column, whose camel-cased name is the argument's.</param>
    /// <param name="argumentDescription">For people.</param>
    /// <param name="description">For people, too.</param>
    /// <param name="partition">For rows that are partitions: who knows their keys by the same argument.</param>
    public FieldType RowByUnique<T>(
        string name, Type graphType, string property, string argumentDescription, string description, IPartitionDirectory? partition = null)
    {
        EntityMap entity = database.Entity(typeof(T));
        ColumnMap column = entity.Column(property);
        string argument = char.ToLowerInvariant(property[0]) + property[1..];
        return Add(name, graphType, description, new UniqueRowBinding(entity, argument, column, partition),
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

    /// <summary>One row of a partition by global id or foreign key. Null when there is none.</summary>
    public FieldType RowOfPartition<T>(
        string name, Type graphType, PartitionArgument partition, string partitionDescription, ExternalKey external, string description) =>
        Add(name, graphType, description, new RowOfPartitionBinding(database.Entity(typeof(T)), partition, external),
            Argument<NonNullGraphType<StringGraphType>>(partition.Name, partitionDescription),
            Argument<IdGraphType>(RowOfPartitionBinding.IdArgument, $"The `id` that the server gave. Exactly one of `id` and `{external.Argument}` is given."),
            Argument<StringGraphType>(external.Argument, "The key that the source system gave."));

    /// <summary>One row of a partition by global id alone. Null when there is none.</summary>
    public FieldType RowById<T>(string name, Type graphType, string description) =>
        Add(name, graphType, description, new RowByIdBinding(database.Entity(typeof(T))),
            Argument<NonNullGraphType<IdGraphType>>(RowByIdBinding.IdArgument, "The `id` that the server gave."));

    /// <summary>A connection over the rows of the partition that an argument names.</summary>
    public FieldType Connection(string name, ConnectionRows rows, PartitionArgument partition, string partitionDescription, string description) =>
        Connections.OfQuery(query, name, rows, partition, partitionDescription, description);

    /// <summary>The rows around a position, nearest first; what <see cref="NearbyBinding"/> says of indexes must hold.</summary>
    public FieldType Nearby(string name, ConnectionRows rows, PartitionArgument partition, string partitionDescription, string description)
    {
        var binding = new NearbyBinding(rows, partition);
        return binding.AttachTo(query.AddField(new FieldType
        {
            Name = name,
            ResolvedType = new NearbyConnectionType(name, rows.Row),
            Description = description,
            Arguments = NearbyConnectionType.Arguments(binding, partitionDescription),
        }));
    }

    /// <summary>
    /// The rows that are similar to a row, as a field of their own type, and those that are similar to one about to be made.
    /// </summary>
    /// <param name="type">The type of such a row: what it is, and how alike.</param>
    /// <param name="by">How they are found.</param>
    /// <param name="below">Name and description of the field below a row.</param>
    /// <param name="draft">Name and description of the field of <c>Query</c>.</param>
    /// <param name="binding">Who knows the partitions, and what an unknown group is answered with.</param>
    /// <param name="descriptions">Of the arguments that name partition and group.</param>
    public IEnumerable<FieldType> Similar(
        SimilarRowType type,
        Similarity by,
        (string Name, string Description) below,
        (string Name, string Description) draft,
        SimilarToDraftBinding binding,
        (string Partition, string Group) descriptions) =>
        [
            type.Below(by.Row, below.Name, below.Description, by),
            type.OfDraft(query, draft.Name, draft.Description, binding, descriptions.Partition, descriptions.Group),
        ];

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
