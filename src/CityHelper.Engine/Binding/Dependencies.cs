using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Planning.Nearby;
using CityHelper.Engine.Planning.Similar;
using CityHelper.Engine.Planning.Statistics;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Tags;

namespace CityHelper.Engine.Binding;

/// <summary>
/// What an answer depends on: the changes that end it. Known when the operation is bound and before anything is read, so that what an
/// answer must have seen is known too (docs/caching.md has the table).
/// </summary>
/// <param name="Tenant">The one tenant that it reads; 0 for the list of tenants.</param>
/// <param name="Tags">Its tags, at most <see cref="Limits.TagsMax"/>.</param>
internal sealed record Dependencies(short Tenant, IReadOnlyList<Tag> Tags)
{
    /// <summary>The places of the tags in the tenant's <see cref="TagTable"/>.</summary>
    public ushort[] Slots { get; } = [.. Tags.Select(tag => tag.Slot).Distinct()];

    /// <summary>
    /// The revision of the tenant's stored areas under which areas were looked up; null when none was. Rows that were read under another
    /// revision do not belong to them.
    /// </summary>
    public long? Areas { get; init; }

    /// <summary>When the answer ends by the clock alone; null when it does not.</summary>
    public DateTime? Until { get; init; }

    /// <summary>The dependencies of a bound operation; null when its answer must not be kept.</summary>
    public static Dependencies? Of(BoundOperation bound, TenantLog log)
    {
        OperationPlan plan = bound.Prepared.Plan;
        BoundRoot[] read = [.. bound.Read];
        long[] areas = [.. bound.AreaRevisions];

        // A tenant that is not there yet would be added by a change of another log.
        bool isUnknown = plan.Tables.Any(table => !log.Tags.ContainsKey(table))
            || read.Any(root => root.Plan is SimilarToDraftPlan or MutationPlan || BindsLater(root))
            || bound.Roots.Any(root => root is { IsAbsent: true, Plan: UniqueRowPlan });
        if (bound.Errors.Any() || bound.Tenant is not { } tenant || areas.Length > 1 || isUnknown)
        {
            return null;
        }

        // What belongs to no tenant and is more than the list of tenants is of all of them.
        return tenant == 0 && plan.Tables.Any(table => table != log.Tenants)
            ? null
            : new Dependencies(tenant, Bounded([.. new DependencyTags(plan, log).Of(read)]))
            {
                Areas = areas.Length == 0 ? null : areas[0],
                Until = EndOf(read),
            };
    }

    // What is nested in a row of `node` is bound when the row is read: its areas and its clock are not known before.
    private static bool BindsLater(BoundRoot root) =>
        root.Nodes.Any(node => node.Error is null && node.Key.Plan.NestedRoots.Count > 0);

    private static DateTime? EndOf(BoundRoot[] read) => read
        .Where(root => root.Plan is AggregatePlan { DependsOnTime: true })
        .Select(root => (DateTime?)root.Values.Aggregates!.Now.AddMinutes(1)).Min();

    // Coarsened, never cut: an answer without one of its tags would stay valid for ever.
    private static Tag[] Bounded(HashSet<Tag> tags) => tags.Count <= Limits.TagsMax
        ? [.. tags]
        : [.. tags.Where(tag => tag.Kind < TagKind.Row).Append(new Tag(TagKind.Rows)).Distinct()];
}

/// <summary>The tags of bound roots.</summary>
/// <param name="plan">The plan of the operation.</param>
/// <param name="log">What the log tells of each table.</param>
internal sealed class DependencyTags(OperationPlan plan, TenantLog log)
{
    private static readonly Tag s_rows = new(TagKind.Rows);

    /// <summary>All tags of an answer.</summary>
    /// <param name="read">The roots that are read, nested ones too.</param>
    public IEnumerable<Tag> Of(BoundRoot[] read) =>
    [
        Tag.All,
        .. plan.Tables.Select(table => log.Tags[table]).Where(kind => kind != TagKind.Row).Select(kind => new Tag(kind)),
        .. plan.Further.Any(IsUnknown) ? [s_rows] : (IEnumerable<Tag>)[],
        .. read.SelectMany(OfRoot),
    ];

    // A request's history is told with the request. What another row shows is not: nobody knows it before the row is read.
    private bool IsUnknown(FurtherRows further) => IsRow(further.Table) && (further.Parent is null || !IsRow(further.Parent));

    private IEnumerable<Tag> OfRoot(BoundRoot root) => root.Plan switch
    {
        ConnectionPlan connection => IsRow(connection.Question.Rows.Access.Entity.Table) ? OfCells(root) : [],
        NearbyPlan or AggregatePlan => OfCells(root),
        RowOfTenantPlan { Id: null } => [s_rows],
        RowOfTenantPlan row => OfKeys(row.Binding.Entity, root.Values.RowKeys),
        RowByIdPlan row => OfKeys(row.Binding.Entity, root.Values.RowKeys),
        NodePlan => root.Nodes.Where(node => node.Error is null)
            .SelectMany(node => OfKeys(node.Key.Plan.Entity, [node.Key.Row])),
        UniqueRowPlan => [],
        { Statements.Count: 0 } => [],
        _ => plan.Tables.Any(IsRow) ? [s_rows] : [],
    };

    private static IEnumerable<Tag> OfCells(BoundRoot root) =>
        root.Cells is { } cells ? cells.Select(cell => new Tag(TagKind.Cell, cell)) : [s_rows];

    private IEnumerable<Tag> OfKeys(EntityMap entity, long[] keys) => IsRow(entity.Table)
        ? keys.Select(key => new Tag(TagKind.Row, key)).Append(new Tag(TagKind.Bulk))
        : [];

    private bool IsRow(string table) => log.Tags[table] == TagKind.Row;
}
