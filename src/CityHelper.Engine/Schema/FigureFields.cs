using CityHelper.Engine.Schema.Bindings;
using GraphQL.Types;

namespace CityHelper.Engine.Schema;

/// <summary>Declares statistics of rows and clusters of them on a map.</summary>
/// <param name="counted">The rows.</param>
/// <param name="statsName">The name of the type of their figures.</param>
/// <param name="clusterName">The name of the type of a cluster.</param>
/// <param name="top">The dimension whose most frequent value a cluster shows.</param>
public sealed class FigureFields(CountedRows counted, string statsName, string clusterName, CountDimension top)
{
    /// <summary>The argument of clusters.</summary>
    public const string ZoomArgument = "zoom";

    private readonly StatsType _stats = new(statsName, counted);
    private readonly ClusterType _cluster = new(clusterName, counted.Rows.Row.Fields.Find(top.Field)!);

    /// <summary>Figures of a partition that an argument names, or of an area in it, as a field of <c>Query</c>.</summary>
    public FieldType OfQuery(IObjectGraphType query, string name, PartitionArgument partition, string partitionDescription, string description) =>
        Add(query, name, _stats, description, new FigureBinding(counted, partition, OfArea: false), Partition(partition, partitionDescription), Area(), Filter());

    /// <summary>Clusters of a partition that an argument names, as a field of <c>Query</c>.</summary>
    public FieldType ClustersOfQuery(IObjectGraphType query, string name, PartitionArgument partition, string partitionDescription, string description) =>
        Add(query, name, new ListGraphType(new NonNullGraphType(_cluster)), description, new ClusterBinding(counted, partition, top),
            Partition(partition, partitionDescription),
            Area(),
            new QueryArgument<NonNullGraphType<IntGraphType>>
            {
                Name = ZoomArgument,
                Description = $"The zoom of the map, 0 to {Limits.MapZoomMax}: a tile of 256 pixels is divided into eight by eight cells, as long as those are not smaller "
                    + $"than a tile of zoom {counted.Counters.FineZoom}.",
            },
            Filter());

    /// <summary>Figures of the partition that the row stands for.</summary>
    public FieldType OfPartition(IObjectGraphType parent, string name, string description) =>
        Add(parent, name, _stats, description, new FigureBinding(counted, null, OfArea: false), Area(), Filter());

    /// <summary>Figures of the area that the row stands for.</summary>
    public FieldType OfArea(IObjectGraphType parent, string name, string description) =>
        Add(parent, name, _stats, description, new FigureBinding(counted, null, OfArea: true), Filter());

    // Nullable in the schema: what is refused, or takes too long, must not take the rest of the answer along.
    private static FieldType Add(IObjectGraphType parent, string name, IGraphType type, string description, FieldBinding binding, params QueryArgument[] arguments) =>
        binding.AttachTo(parent.AddField(new FieldType
        {
            Name = name,
            ResolvedType = type,
            Description = description,
            Arguments = new QueryArguments(arguments),
        }));

    private static QueryArgument Partition(PartitionArgument partition, string description) =>
        new QueryArgument<NonNullGraphType<StringGraphType>> { Name = partition.Name, Description = description };

    private static QueryArgument Area() => new QueryArgument<AreaInput>
    {
        Name = ConnectionBinding.AreaArgument,
        Description = "Only what lies in the area.",
    };

    private QueryArgument Filter() => new(counted.Rows.Filter) { Name = ConnectionBinding.FilterArgument, Description = "Only those for which this holds." };
}
