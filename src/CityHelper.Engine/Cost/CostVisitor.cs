using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using GraphQL;
using GraphQL.Types;
using GraphQL.Utilities;

namespace CityHelper.Engine.Cost;

/// <summary>
/// Writes cost weights into a schema when it is initialised. They are HotChocolate's: a field that reads the database 10, an object 1, a
/// leaf 0; pages, filters and orders 10, text operations and their negations 20. Fields nested in a row are read with it by one statement,
/// and so weigh as objects. Where the database takes longer, the weight is measured by <c>eng/bench cost</c>.
/// </summary>
public sealed class CostVisitor : BaseSchemaNodeVisitor
{
    private const double ReadWeight = 10;
    private const double ConditionWeight = 10;
    private const double TextWeight = 20;

    /// <summary>A condition on a field without an index: the rows that pass the rest of the filter are read from their table.</summary>
    private const double RowByRowWeight = 40;

    /// <summary>A condition on a nested list: one more query for each row.</summary>
    private const double ListConditionWeight = 300;

    /// <summary>An operation on a geometry, computed for each row.</summary>
    private const double SpatialWeight = 30;

    /// <summary><c>totalCount</c>: all rows that pass are counted, however short the page is.</summary>
    private const double CountWeight = 80;

    /// <summary>Statistics of a city: sums of thousands of counters.</summary>
    private const double AggregatesWeight = 40;

    /// <summary>Counts by month, which counters hold.</summary>
    private const double MonthsWeight = 40;

    /// <summary>Counts by day or week: in an area, every row is counted.</summary>
    private const double DaysWeight = 400;

    /// <summary>Durations: up to <see cref="Limits.ExactDurationRowsMax"/> rows are sorted.</summary>
    private const double DurationsWeight = 150;

    /// <summary>The count of open rows that are overdue.</summary>
    private const double OverdueWeight = 10;

    /// <summary>Clusters: all cells of a map.</summary>
    private const double ClustersWeight = 200;

    /// <summary>The nearest rows: the scan reads outwards until it has enough.</summary>
    private const double NearbyWeight = 15;

    /// <summary>Similar rows: the texts of all rows around a dense location are compared, over months.</summary>
    private const double SimilarWeight = 40;

    /// <summary>Tenants: fifty are planned.</summary>
    private const int TenantsUsual = 50;

    /// <summary>Child rows of one row, such as the status changes of a request.</summary>
    private const int ChildrenUsual = 5;

    /// <summary>Areas around a point, each of another kind.</summary>
    private const int AreasUsual = 5;

    /// <summary>Cells of a map that are not empty.</summary>
    private const int ClustersUsual = 100;

    /// <summary>Weeks of a year. Days are 365, but each is only two numbers.</summary>
    private const int PeriodsUsual = 52;

    /// <summary>Values of a dimension, such as categories.</summary>
    private const int GroupsUsual = 50;

    private static readonly string[] s_slicing = [ConnectionBinding.FirstArgument, ConnectionBinding.LastArgument];
    private static readonly string[] s_sized = ["edges", "nodes"];
    private static readonly string[] s_textOperations = ["contains", "ncontains", "startsWith", "nstartsWith", "endsWith", "nendsWith"];

    private readonly Dictionary<IGraphType, RowAccess> _accesses = [];

    /// <summary>Maps filters and row types to the row access whose indexes serve them.</summary>
    public override void VisitSchema(ISchema schema)
    {
        foreach (FieldType field in schema.AllTypes.OfType<IObjectGraphType>().SelectMany(type => type.Fields))
        {
            ConnectionRows? rows = FieldBinding.Of(field) switch
            {
                ConnectionBinding connection => connection.Rows,
                NestedConnectionBinding connection => connection.Rows,
                TenantConnectionBinding connection => connection.Rows,
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
        (ConnectionType connection, ConnectionType.TotalCount) =>
            _accesses.TryGetValue(connection.Row, out RowAccess? access) && access.MayBeMany ? CountWeight : (double?)null,
        (StatsType, StatsType.Duration) => DurationsWeight,
        (StatsType, StatsType.Overdue) => OverdueWeight,
        (StatsType, _) when StatsType.Periods.FirstOrDefault(period => period.Field == field.Name) is { Unit: { } unit } =>
            unit == "month" ? MonthsWeight : DaysWeight,
        _ => FieldBinding.Of(field) switch
        {
            SimilarRowsBinding => SimilarWeight,
            LogPositionBinding => ReadWeight,
            _ => null,
        },
    };

    private static double? Measured(FieldType field) => FieldBinding.Of(field) switch
    {
        ClusterBinding => ClustersWeight,
        SimilarToDraftBinding => SimilarWeight,
        TenantConnectionBinding { OfArea: true } => ReadWeight + ValueWeights.StoredArea,
        _ => field.ResolvedType!.GetNamedType() switch
        {
            StatsType => AggregatesWeight,
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
            SpatialOperationFilterInput
                when field.Name is not (SpatialOperationFilterInput.Geometry or SpatialOperationFilterInput.Buffer) =>
                ConditionWeight,
            _ when field.ResolvedType!.GetNamedType() is SortEnumType => ConditionWeight,
            _ => null,
        };
        if (weight is { } known)
        {
            Weight.Attach(field, known);
        }
    }

    private double? OfMember(FilterInput filter, FieldType field) =>
        _accesses.TryGetValue(filter, out RowAccess? access) && IndexSupport.IsRowByRow(access, FieldBinding.Of(filter.Target(field.Name)))
            ? RowByRowWeight
            : null;

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

    // The usual length of a list, not its maximum: other limits bound the response.
    private static int Assumed(FieldType field) => FieldBinding.Of(field) switch
    {
        NodeBinding => Limits.NodeIdsMax,

        // Only a refused mutation has errors, and hardly more than one.
        PayloadErrorsBinding => 1,
        AllRowsBinding => TenantsUsual,
        SimilarRowsBinding or SimilarToDraftBinding => Limits.SimilarRowsDefault,
        ChildrenBinding => ChildrenUsual,
        AroundBinding => AreasUsual,
        ClusterBinding => ClustersUsual,
        _ => field.ResolvedType!.GetNamedType() is PeriodCountType ? PeriodsUsual : GroupsUsual,
    };
}
