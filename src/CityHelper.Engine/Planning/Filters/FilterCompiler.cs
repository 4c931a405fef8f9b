using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using GraphQL.Types;

namespace CityHelper.Engine.Planning.Filters;

/// <summary>Compiles a <c>where</c>, with the operations of HotChocolate's filtering, into SQL conditions that must all hold.</summary>
/// <param name="statement">Collects the parameters.</param>
/// <param name="access">How the filtered rows are reached.</param>
internal sealed class FilterCompiler(StatementBuilder statement, RowAccess access)
{
    private readonly LeafConditions _leaves = new(statement);
    private SpatialConditions? _spatial;

    /// <summary>Compiles the members of a filter input.</summary>
    /// <exception cref="PlanException">The filter is larger than <see cref="Limits.FilterConditionsMax"/>.</exception>
    public List<Condition> Compile(FilterInput input, InputNode? filter) => Condition.SearchingOnce(Compile(input, filter, access));

    // Members in the order of the input type, so that equal filters give equal SQL however a client writes them.
    private List<Condition> Compile(FilterInput input, InputNode? filter, RowAccess? rows)
    {
        _leaves.CountPart();
        return CompileMembers(input, filter, rows);
    }

    private List<Condition> CompileMembers(FilterInput input, InputNode? filter, RowAccess? rows) =>
        InputNode.MembersOf(input, filter)
            .SelectMany(m => m.Field.Name switch
            {
                JoiningFilterInput.And => InputNode.ItemsOf(m.Node).SelectMany(item => Compile(input, item, rows)),
                JoiningFilterInput.Or => Condition.Either([.. InputNode.ItemsOf(m.Node).Select(item => Compile(input, item, rows))]),
                _ => Member(input.Target(m.Field.Name), m.Field.ResolvedType!, m.Node, rows),
            })
            .ToList();

    private IEnumerable<Condition> Member(FieldType target, IGraphType type, InputNode node, RowAccess? rows) =>
        FieldBinding.Of(target) switch
        {
            ColumnBinding { Column: var column } when rows?.External is { } external && external.Property == column.Name =>
                Operations((OperationFilterInput)type, node, (operation, value) => External(external, column, operation, value)),
            ColumnBinding { Column: var column } =>
                Operations((OperationFilterInput)type, node, (operation, value) => _leaves.Of(column, operation, value)),
            GlobalIdBinding { Entity: var entity } =>
                Operations((OperationFilterInput)type, node, (operation, value) => _leaves.OfId(entity, operation, value)),
            ReferenceBinding reference => Reference(reference, (FilterInput)type, node),
            GeometryBinding geometry => Spatial(geometry, (SpatialFilterInput)type, node),
            ChildrenBinding children => List(children, (ListFilterInput)type, node),
            _ => throw new InvalidOperationException($"{target.Name} cannot be filtered."),
        };

    private List<Condition> Spatial(GeometryBinding geometry, SpatialFilterInput input, InputNode? node)
    {
        _leaves.CountPart();
        _spatial ??= new SpatialConditions(statement, _leaves, access.StoredAreas);
        return [.. InputNode.MembersOf(input, node).SelectMany(m => m.Field.Name switch
        {
            JoiningFilterInput.And => InputNode.ItemsOf(m.Node).SelectMany(item => Spatial(geometry, input, item)),
            JoiningFilterInput.Or => Condition.Either([.. InputNode.ItemsOf(m.Node).Select(item => Spatial(geometry, input, item))]),
            _ => _spatial.Of(geometry, m.Field, m.Node),
        })];
    }

    private List<Condition> Operations(OperationFilterInput input, InputNode? node, Func<string, InputNode, Condition?> operation)
    {
        _leaves.CountPart();
        return OperationsOf(input, node, operation);
    }

    private List<Condition> OperationsOf(OperationFilterInput input, InputNode? node, Func<string, InputNode, Condition?> operation) =>
        InputNode.MembersOf(input, node)
            .SelectMany(m => m.Field.Name switch
            {
                JoiningFilterInput.And => InputNode.ItemsOf(m.Node).SelectMany(item => Operations(input, item, operation)),
                JoiningFilterInput.Or =>
                    Condition.Either([.. InputNode.ItemsOf(m.Node).Select(item => Operations(input, item, operation))]),
                _ => operation(m.Field.Name, m.Node) is { } condition ? [condition] : [],
            })
            .ToList();

    // Other systems' keys have their own table, which maps them to ours.
    private Condition? External(ExternalKey external, ColumnMap column, string operation, InputNode value)
    {
        if (operation is not ("eq" or "in") || value.IsNull)
        {
            return _leaves.Of(column, operation, value);
        }

        _leaves.Count();
        string tenant = $"x.{access.Entity.TenantColumn} = {statement.Tenant()}";
        string rows = $"select x.{external.RowColumn} from {external.Table} x where {tenant} and x.{external.KeyColumn}";
        string key = $"{Condition.Row}.{access.Entity.RowColumn}";
        if (operation == "eq")
        {
            return new Condition($"{key} = ({rows} = {_leaves.Parameter(column, value, operation)})", [access.Entity.RowColumn])
            {
                NamesRows = true,
            };
        }

        // Rows without such a key are many, and no index finds them.
        statement.Check(variables => ((List<object?>)value.Evaluate(variables)!).Contains(null)
            ? new FilterNotIndexedError([$"{external.Argument}: {{in: [null]}}"], access.Entity.Name)
            : null);
        string array = _leaves.List(column, value);
        return new Condition($"{key} = any(array({rows} = any({array})))", [access.Entity.RowColumn])
        {
            NamesRows = true,
            ListColumn = access.Entity.RowColumn,
        };
    }

    // Integer keys rather than a join: an index or an included column then filters the tenant's rows, and the small table is read once,
    // before the first row (an InitPlan).
    private IEnumerable<Condition> Reference(ReferenceBinding reference, FilterInput input, InputNode node)
    {
        List<Condition> inner = Condition.SearchingOnce(Compile(input, node, rows: null));
        if (inner.Count == 0)
        {
            return [];
        }

        (string here, string there) = reference.Keys.Single();
        EntityMap target = reference.Target;
        string tenant = target.TenantColumn is { } column ? $"f.{column} = {statement.Tenant()} and " : "";
        string rows = $"select f.{there} from {target.Table} f where {tenant}{Condition.All(inner, "f")}";
        bool isOne = IsOneRow(target, input, node);
        string sql = isOne
            ? $"{Condition.Row}.{here} = ({rows})"
            : $"{Condition.Row}.{here} = any(array({rows}))";
        return
        [
            new Condition(sql, [here])
            {
                ListColumn = isOne ? null : here,
                Holds = inner.All(c => c.Holds is not null)
                    ? (estimation, row) => estimation.Referenced(target.Table, row[here]) is { } referenced
                        && inner.All(c => c.Holds!(estimation, referenced))
                    : null,
            },
        ];
    }

    // At most one row: a scalar keeps the order of an index (tenant, key, id), an array does not.
    private static bool IsOneRow(EntityMap target, FilterInput input, InputNode node) =>
        InputNode.MembersOf(input, node).ToArray() is [var (field, operations)]
        && field.Name is not (JoiningFilterInput.And or JoiningFilterInput.Or)
        && IsKey(target, FieldBinding.Of(input.Target(field.Name)))
        && InputNode.MembersOf((IInputObjectGraphType)field.ResolvedType!, operations).ToArray() is [var (operation, value)]
        && operation.Name == "eq"
        && !value.IsNull;

    internal static bool IsKey(EntityMap entity, FieldBinding? binding) =>
        binding is GlobalIdBinding || (binding is ColumnBinding { Column: var column } && entity.IsUnique(column));

    private IEnumerable<Condition> List(ChildrenBinding children, ListFilterInput input, InputNode node)
    {
        foreach ((FieldType field, InputNode member) in InputNode.MembersOf(input, node).Where(m => !m.Node.IsNull))
        {
            if (field.Name == ListFilterInput.Any)
            {
                string wanted = _leaves.Flag(member);
                yield return Exists($"{Rows(children, [], "")} = {wanted}", children);
                continue;
            }

            List<Condition> inner = Condition.SearchingOnce(Compile(input.Rows, member, rows: null));
            if (field.Name == ListFilterInput.All)
            {
                if (inner.Count > 0)
                {
                    // Unknown, from a comparison with a row's null, does not count as true.
                    yield return Exists($"not {Rows(children, inner, " is not true")}", children);
                }
            }
            else
            {
                yield return Exists((field.Name == ListFilterInput.None ? "not " : "") + Rows(children, inner, ""), children);
            }
        }
    }

    private static Condition Exists(string sql, ChildrenBinding children) => new(sql, [children.ParentColumn]);

    private string Rows(ChildrenBinding children, List<Condition> inner, string suffix)
    {
        string condition = inner.Count == 0 ? "" : $" and ({Condition.All(inner, "u")}){suffix}";
        return $"exists (select from {children.Target.Table} u where u.{children.Target.TenantColumn} = {statement.Tenant()} "
            + $"and u.{children.ChildColumn} = {Condition.Row}.{children.ParentColumn}{condition})";
    }
}
