using CityHelper.Engine.Schema.Bindings;
using GraphQL.Types;

namespace CityHelper.Engine.Schema;

/// <summary>Declares fields for statistics of rows and for clusters of rows on a map.</summary>
/// <param name="counted">The rows.</param>
/// <param name="statsName">The name of the type of their statistics.</param>
/// <param name="clusterName">The name of the type of a cluster.</param>
/// <param name="top">The dimension whose most frequent value a cluster shows.</param>
public sealed class AggregateFields(CountedRows counted, string statsName, string clusterName, CountDimension top)
{
    /// <summary>The argument of clusters: the zoom of the map.</summary>
    public const string ZoomArgument = "zoom";

    private readonly StatsType _stats = new(statsName, counted);
    private readonly ClusterType _cluster = new(clusterName, counted.Rows.Row.Fields.Find(top.Field)!);

    /// <summary>Statistics of the tenant that an argument names, or of an area in it, as a field of <c>Query</c>.</summary>
    public FieldType OfQuery(IObjectGraphType query, string name, TenantArgument tenant, string tenantDescription, string description) =>
        Add(
            query,
            name,
            _stats,
            description,
            new AggregateBinding(counted, tenant, OfArea: false),
            Tenant(tenant, tenantDescription),
            Area(),
            Filter());

    /// <summary>Clusters of the tenant that an argument names, as a field of <c>Query</c>.</summary>
    public FieldType ClustersOfQuery(
        IObjectGraphType query, string name, TenantArgument tenant, string tenantDescription, string description) =>
        Add(
            query,
            name,
            new ListGraphType(new NonNullGraphType(_cluster)),
            description,
            new ClusterBinding(counted, tenant, top),
            Tenant(tenant, tenantDescription),
            Area(),
            new QueryArgument<NonNullGraphType<IntGraphType>>
            {
                Name = ZoomArgument,
                Description =
                    $"The zoom of the map, 0 to {Limits.MapZoomMax}: a tile of 256 pixels is divided into eight by eight cells, "
                        + $"as long as those are not smaller than a tile of zoom {counted.Counters.FineZoom}.",
            },
            Filter());

    /// <summary>Statistics of the tenant that the row represents.</summary>
    public FieldType OfTenant(IObjectGraphType parent, string name, string description) =>
        Add(parent, name, _stats, description, new AggregateBinding(counted, null, OfArea: false), Area(), Filter());

    /// <summary>Statistics of the area that the row represents.</summary>
    public FieldType OfArea(IObjectGraphType parent, string name, string description) =>
        Add(parent, name, _stats, description, new AggregateBinding(counted, null, OfArea: true), Filter());

    // Nullable, so that a field that is refused or takes too long does not null the rest of the response.
    private static FieldType Add(
        IObjectGraphType parent,
        string name,
        IGraphType type,
        string description,
        FieldBinding binding,
        params QueryArgument[] arguments) =>
        binding.AttachTo(parent.AddField(
            new FieldType { Name = name, ResolvedType = type, Description = description, Arguments = new QueryArguments(arguments) }));

    private static QueryArgument Tenant(TenantArgument tenant, string description) =>
        new QueryArgument<NonNullGraphType<StringGraphType>> { Name = tenant.Name, Description = description };

    private static QueryArgument Area() => new QueryArgument<AreaInput>
    {
        Name = ConnectionBinding.AreaArgument,
        Description = "Only what lies in the area.",
    };

    private QueryArgument Filter() =>
        new(counted.Rows.Filter) { Name = ConnectionBinding.FilterArgument, Description = "Only those for which this holds." };
}
