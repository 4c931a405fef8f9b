using System.Linq.Expressions;
using CityHelper.Engine.Bindings;
using GraphQL.Types;

namespace CityHelper.Engine.Types;

/// <summary>Declares fields of <c>Query</c>; a feature calls it once at start.</summary>
public sealed class QueryFields(IObjectGraphType query, DatabaseModel database, FilterInputs filters, IServiceProvider services)
{
    /// <summary>The model that properties are looked up in.</summary>
    public DatabaseModel Database => database;

    /// <summary>One row by a unique column: <c>city(slug: String!): City</c>. Null when there is none.</summary>
    public FieldType RowByUnique<T>(string name, Type graphType, string property, string argumentDescription, string description)
    {
        EntityMap entity = database.Entity(typeof(T));
        ColumnMap column = entity.Column(property);
        string argument = char.ToLowerInvariant(property[0]) + property[1..];
        return Add(name, graphType, description, new UniqueRowBinding(entity, argument, column),
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

    /// <summary>A connection in HotChocolate's shape over the rows of one partition.</summary>
    public FieldType Connection<T>(
        string name,
        Type graphType,
        PartitionArgument partition,
        string partitionDescription,
        GridColumns grid,
        Expression<Func<T, DateTime>> created,
        Func<DateTimeOffset, long> keyOfTime,
        string description)
    {
        EntityMap entity = database.Entity(typeof(T));
        var row = (IObjectGraphType)services.GetService(graphType)!;
        ColumnMap createdColumn = entity.Column(((MemberExpression)created.Body).Member.Name);
        var binding = new ConnectionBinding(entity, partition, row, grid, createdColumn, keyOfTime);
        var field = new FieldType
        {
            Name = name,
            ResolvedType = new ConnectionType(name, row),
            Description = description,
            Arguments = new QueryArguments(
                Argument<IntGraphType>(
                    ConnectionBinding.FirstArgument,
                    $"Returns the first _n_ elements from the list, {Limits.PageRowsDefault} when left out, at most {Limits.PageRowsMax}."),
                Argument<StringGraphType>(
                    ConnectionBinding.AfterArgument, "Returns the elements in the list that come after the specified cursor."),
                Argument<NonNullGraphType<StringGraphType>>(partition.Name, partitionDescription),
                Argument<AreaInput>(ConnectionBinding.AreaArgument, "Only rows whose location lies in the area; rows without a location never do."),
                new QueryArgument(filters.For(row)) { Name = ConnectionBinding.FilterArgument, Description = "Only rows for which this holds." },
                new QueryArgument(new ListGraphType(new NonNullGraphType(new SortInput(row))))
                {
                    Name = ConnectionBinding.OrderArgument,
                    Description = "The order; newest first when left out.",
                }),
        };
        return binding.AttachTo(query.AddField(field));
    }

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
