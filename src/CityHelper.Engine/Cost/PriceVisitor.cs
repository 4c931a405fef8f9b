using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using GraphQL;
using GraphQL.Types;
using GraphQL.Utilities;

namespace CityHelper.Engine.Cost;

/// <summary>
/// Writes the conventions' weights into a schema when it is initialized (§11): a field that reads the database 10, an object 1, a leaf 0;
/// pages, filters and orders 10, what looks into texts and negations of it 20. What is declared below a row is read with it by one
/// statement, and so weighs as an object. What takes the database longer than its place in the conventions says has a weight of its own,
/// measured by <c>eng/bench cost</c>.
/// </summary>
public sealed class PriceVisitor : BaseSchemaNodeVisitor
{
    private const double ReadWeight = 10;
    private const double ConditionWeight = 10;
    private const double TextWeight = 20;

    /// <summary>A field that no index serves: the rows that the rest of the filter leaves are read from their table for it.</summary>
    private const double RowByRowWeight = 40;

    /// <summary>A condition on a list below each row: one more statement for each of them.</summary>
    private const double ListConditionWeight = 300;

    /// <summary>An operation on a geometry: computed for each row.</summary>
    private const double SpatialWeight = 30;

    /// <summary>All rows that pass are counted, however short the page is.</summary>
    private const double CountWeight = 80;

    /// <summary>Figures of a city are sums of thousands of counters.</summary>
    private const double FiguresWeight = 40;

    /// <summary>A figure by month, which counters have.</summary>
    private const double MonthsWeight = 40;

    /// <summary>A figure by day or week: of an area, each of its rows is counted.</summary>
    private const double DaysWeight = 400;

    /// <summary>How long it took: up to <see cref="Limits.ExactDurationRowsMax"/> rows are sorted.</summary>
    private const double DurationsWeight = 150;

    /// <summary>What is open and late.</summary>
    private const double OverdueWeight = 10;

    /// <summary>All cells of a map.</summary>
    private const double ClustersWeight = 200;

    /// <summary>The nearest: circles are read until they hold enough.</summary>
    private const double NearbyWeight = 15;

    /// <summary>Rows of a dense place and of months are compared by their texts.</summary>
    private const double SimilarWeight = 40;

    /// <summary>Partitions in all: fifty are planned.</summary>
    private const int PartitionsUsual = 50;

    /// <summary>Rows of another table below one: the changes of a request's status.</summary>
    private const int ChildrenUsual = 5;

    /// <summary>Areas around a point, of as many kinds.</summary>
    private const int AreasUsual = 5;

    /// <summary>Cells of a map that hold something.</summary>
    private const int ClustersUsual = 100;

    /// <summary>Weeks of a year; days are 365, and each is two numbers.</summary>
    private const int PeriodsUsual = 52;

    /// <summary>Values of a dimension, such as categories.</summary>
    private const int GroupsUsual = 50;

    private static readonly string[] s_slicing = [ConnectionBinding.FirstArgument, ConnectionBinding.LastArgument];
    private static readonly string[] s_sized = ["edges", "nodes"];
    private static readonly string[] s_textOperations = ["contains", "ncontains", "startsWith", "nstartsWith", "endsWith", "nendsWith"];

    private readonly Dictionary<IGraphType, RowAccess> _accesses = [];

    /// <summary>Which indexes serve a filter hangs on the rows that it filters.</summary>
    public override void VisitSchema(ISchema schema)
    {
        foreach (FieldType field in schema.AllTypes.OfType<IObjectGraphType>().SelectMany(type => type.Fields))
        {
            ConnectionRows? rows = FieldBinding.Of(field) switch
            {
                ConnectionBinding connection => connection.Rows,
                NestedConnectionBinding connection => connection.Rows,
                PartitionConnectionBinding connection => connection.Rows,
                _ => null,
            };
            if (rows is not null)
            {
                _accesses[rows.Filter] = rows.Access;
                _accesses[rows.Row] = rows.Access;
            }
        }
    }

    public override void VisitObjectFieldDefinition(FieldType field, IObjectGraphType type, ISchema schema)
    {
        if (type.Name.StartsWith("__", StringComparison.Ordinal))
        {
            return;
        }

        bool isConnection = field.ResolvedType!.GetNamedType() is ConnectionType or NearbyConnectionType;
        bool isRead = isConnection || schema.IsRoot(type) || FieldBinding.Of(field) is RootBinding;
        if (OfStatement(field, type) is { } once)
        {
            Weight.AttachToStatement(field, once);
        }
        else if ((Measured(field) ?? (isRead ? ReadWeight : null)) is { } weight)
        {
            Weight.Attach(field, weight);
        }

        if (field.ResolvedType!.GetNamedType() is IComplexGraphType or UnionGraphType && SizeOf(field, isConnection) is { } size)
        {
            size.AttachTo(field);
        }
    }

    private double? OfStatement(FieldType field, IObjectGraphType type) => (type, field.Name) switch
    {
        (ConnectionType connection, ConnectionType.TotalCount) => _accesses.TryGetValue(connection.Row, out RowAccess? access) && access.MayBeMany ? CountWeight : (double?)null,
        (StatsType, StatsType.Duration) => DurationsWeight,
        (StatsType, StatsType.Overdue) => OverdueWeight,
        (StatsType, _) when StatsType.Periods.FirstOrDefault(period => period.Field == field.Name) is { Unit: { } unit } => unit == "month" ? MonthsWeight : DaysWeight,
        _ => FieldBinding.Of(field) is SimilarRowsBinding ? SimilarWeight : (double?)null,
    };

    private static double? Measured(FieldType field) => FieldBinding.Of(field) switch
    {
        ClusterBinding => ClustersWeight,
        SimilarToDraftBinding => SimilarWeight,
        PartitionConnectionBinding { OfArea: true } => ReadWeight + ValueWeights.StoredArea,
        _ => field.ResolvedType!.GetNamedType() switch
        {
            StatsType => FiguresWeight,
            NearbyConnectionType => NearbyWeight,
            _ => null,
        },
    };

    public override void VisitObjectFieldArgumentDefinition(QueryArgument argument, FieldType field, IObjectGraphType type, ISchema schema)
    {
        if (argument.Name is ConnectionBinding.FilterArgument or ConnectionBinding.OrderArgument)
        {
            Weight.Attach(argument, ConditionWeight);
        }
    }

    public override void VisitInputObjectFieldDefinition(FieldType field, IInputObjectGraphType type, ISchema schema)
    {
        bool joins = field.Name is JoiningFilterInput.And or JoiningFilterInput.Or;
        double? weight = type switch
        {
            _ when joins => null,
            FilterInput filter => OfMember(filter, field),
            ListFilterInput => ListConditionWeight,
            SpatialFilterInput when field.ResolvedType!.GetNamedType() is SpatialOperationFilterInput => SpatialWeight,
            OperationFilterInput => s_textOperations.Contains(field.Name) ? TextWeight : ConditionWeight,
            SpatialOperationFilterInput when field.Name is not (SpatialOperationFilterInput.Geometry or SpatialOperationFilterInput.Buffer) => ConditionWeight,
            _ when field.ResolvedType!.GetNamedType() is SortEnumType => ConditionWeight,
            _ => null,
        };
        if (weight is { } known)
        {
            Weight.Attach(field, known);
        }
    }

    private double? OfMember(FilterInput filter, FieldType field) =>
        _accesses.TryGetValue(filter, out RowAccess? access) && IndexService.IsRowByRow(access, FieldBinding.Of(filter.Target(field.Name))) ? RowByRowWeight : null;

    private static ListSize? SizeOf(FieldType field, bool isConnection)
    {
        string[] slicing = [.. s_slicing.Where(name => field.Arguments?.Find(name) is not null)];
        IGraphType resolved = field.ResolvedType is NonNullGraphType nonNull ? nonNull.ResolvedType! : field.ResolvedType!;
        return isConnection ? new ListSize(Limits.PageRowsMax, slicing, Limits.PageRowsDefault, s_sized)
            : resolved is not ListGraphType || field.Name is "edges" or "nodes" && FieldBinding.Of(field) is null ? null
            : new ListSize(Assumed(field), slicing, slicing.Length > 0 ? Assumed(field) : null, [])
            {
                CountedArgument = FieldBinding.Of(field) is NodeBinding ? NodeBinding.IdsArgument : null,
            };
    }

    // What such a list usually has, not what it may have: an answer is bounded by other limits.
    private static int Assumed(FieldType field) => FieldBinding.Of(field) switch
    {
        NodeBinding => Limits.NodeIdsMax,
        AllRowsBinding => PartitionsUsual,
        SimilarRowsBinding or SimilarToDraftBinding => Limits.SimilarRowsDefault,
        ChildrenBinding => ChildrenUsual,
        AroundBinding => AreasUsual,
        ClusterBinding => ClustersUsual,
        _ => field.ResolvedType!.GetNamedType() is PeriodCountType ? PeriodsUsual : GroupsUsual,
    };
}
