using CityHelper.Engine.Bindings;
using CityHelper.Engine.Types;
using GraphQL;
using GraphQL.Types;
using GraphQL.Utilities;

namespace CityHelper.Engine.Pricing;

/// <summary>
/// Writes the conventions' weights into a schema when it is initialized (§11): a field that reads the database 10, an object 1, a leaf 0; pages, filters and orders
/// 10, what looks into texts and negations of it 20. What is declared below a row is read with it by one statement, and so weighs as an object.
/// </summary>
public sealed class PriceVisitor : BaseSchemaNodeVisitor
{
    private const double ReadWeight = 10;
    private const double ConditionWeight = 10;
    private const double TextWeight = 20;

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

    public override void VisitObjectFieldDefinition(FieldType field, IObjectGraphType type, ISchema schema)
    {
        if (type.Name.StartsWith("__", StringComparison.Ordinal) || field.ResolvedType!.GetNamedType() is not (IComplexGraphType or UnionGraphType))
        {
            return;
        }

        bool isConnection = field.ResolvedType!.GetNamedType() is ConnectionType or NearbyConnectionType;
        if (isConnection || type == schema.Query || FieldBinding.Of(field) is RootBinding)
        {
            Weight.Attach(field, ReadWeight);
        }

        if (SizeOf(field, isConnection) is { } size)
        {
            size.AttachTo(field);
        }
    }

    public override void VisitObjectFieldArgumentDefinition(QueryArgument argument, FieldType field, IObjectGraphType type, ISchema schema)
    {
        if (argument.Name is ConnectionBinding.FilterArgument or ConnectionBinding.OrderArgument)
        {
            Weight.Attach(argument, ConditionWeight);
        }
    }

    public override void VisitInputObjectFieldDefinition(FieldType field, IInputObjectGraphType type, ISchema schema)
    {
        bool isOperation = type is OperationFilterInput && field.Name is not (JoiningFilterInput.And or JoiningFilterInput.Or);
        if (isOperation || field.ResolvedType!.GetNamedType() is SortEnumType)
        {
            Weight.Attach(field, isOperation && s_textOperations.Contains(field.Name) ? TextWeight : ConditionWeight);
        }
    }

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
