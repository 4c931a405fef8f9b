using CityHelper.Engine.Schema.Bindings;

namespace CityHelper.Engine.Planning;

/// <summary>The select list and joins of one statement, collected while its selection is planned.</summary>
internal sealed class SelectPlan(RowSource source)
{
    /// <summary>The alias of the source's rows.</summary>
    public const string Row = "r";

    private readonly List<(object Key, Func<StatementBuilder, string> Sql)> _expressions = [];
    private readonly SortedSet<string> _columns = new(StringComparer.Ordinal);
    private readonly List<(string Alias, ReferenceBinding Reference, string From, bool IsByKey)> _joins = [];

    public RowSource Source { get; } = source;

    /// <summary>Whether the rows show log positions.</summary>
    public bool ShowsLog { get; private set; }

    /// <summary>The ordinal of a column of an alias; each column is selected once.</summary>
    public int Column(string alias, string column) => Expression(alias, $"{alias}.{column}", [column]);

    /// <summary>The ordinal of an expression over columns of an alias.</summary>
    public int Expression(string alias, string sql, IEnumerable<string> columns) => Expression(alias, sql, _ => sql, columns);

    /// <summary>The ordinal of an expression that has parameters. Equal keys share one expression.</summary>
    public int Expression(string alias, object key, Func<StatementBuilder, string> sql, IEnumerable<string> columns)
    {
        Need(alias, columns);
        int known = _expressions.FindIndex(e => e.Key.Equals(key));
        if (known >= 0)
        {
            return known;
        }

        _expressions.Add((key, sql));
        return _expressions.Count - 1;
    }

    /// <summary>The ordinal of a tenant's key, a bigint, whose position in the log the row shows.</summary>
    public int LogPosition(string alias, EntityMap tenants)
    {
        ShowsLog = true;
        return Expression(alias, tenants.RowKey(alias), [tenants.RowColumn]);
    }

    /// <summary>The alias of a joined row. A reference is joined once, however often it is selected.</summary>
    public string Join(string from, ReferenceBinding reference) => Join(from, reference, isByKey: false);

    /// <summary>The alias of a row of a large table, which is looked up by its key for each row.</summary>
    /// <exception cref="PlanException">There are more of them than allowed.</exception>
    public string JoinByKey(string from, ReferenceBinding reference)
    {
        string alias = Join(from, reference, isByKey: true);
        return _joins.Count(j => j.IsByKey) <= Limits.KeyedRowsMax
            ? alias
            : throw new PlanException(new OperationTooLargeError(
                $"The operation follows more than {Limits.KeyedRowsMax} references from row to row: select fewer."));
    }

    private string Join(string from, ReferenceBinding reference, bool isByKey)
    {
        Need(from, reference.Keys.Select(k => k.Here));
        int known = _joins.FindIndex(j => j.From == from && j.Reference == reference);
        if (known >= 0)
        {
            return _joins[known].Alias;
        }

        string alias = $"t{_joins.Count + 1}";
        _joins.Add((alias, reference, from, isByKey));
        return alias;
    }

    /// <summary>The statement for one access path of its source.</summary>
    public CompiledStatement Compile(StatementBuilder statement)
    {
        statement.Reads = Source;
        if (Source.Entity.TenantColumn is not null)
        {
            // First, so that the tenant is $1 in every statement that a person reads.
            statement.Tenant();
        }

        string order = Source.OrderBy(Row) is { } orderBy ? $"\norder by {orderBy}" : "";
        string list = _expressions.Count == 0 ? "1" : string.Join(", ", _expressions.Select(e => e.Sql(statement)));
        return new CompiledStatement($"select {list}\n{From(statement, _columns)}{order}", statement.Sources);
    }

    /// <summary>The select of a column of an alias under another name, each value once: the parents of a nested list.</summary>
    /// <param name="statement">Collects the parameters.</param>
    /// <param name="alias">The alias.</param>
    /// <param name="column">The column of the parents' keys.</param>
    /// <param name="name">Its name in the select.</param>
    /// <param name="others">Columns that the key determines, under their own names.</param>
    public string KeysSql(StatementBuilder statement, string alias, string column, string name, params string[] others)
    {
        string list = $"{alias}.{column} as {name}{string.Concat(others.Select(other => $", {alias}.{other}"))}";
        if (alias == Row)
        {
            string distinct = Source.HasDistinctRows ? "" : "distinct ";
            return $"select {distinct}{list} from ({Source.Sql(statement, [column, .. others])}) {Row}";
        }

        string[] needed = [.. _joins.Where(j => j.From == Row).SelectMany(j => j.Reference.Keys.Select(k => k.Here)).Distinct()];
        return $"select distinct {list} {From(statement, needed)} where {alias}.{column} is not null";
    }

    private string From(StatementBuilder statement, IReadOnlyCollection<string> columns) =>
        $"from ({Source.Sql(statement, columns)}) {Row}"
        + string.Concat(_joins.Select(j => "\n" + (j.IsByKey
            ? LookupSql(statement, j.Alias, j.Reference, j.From)
            : JoinSql(statement, j.Alias, j.Reference, j.From))));

    // Always a left join: it does not change which rows there are, so the source alone decides the page.
    private static string JoinSql(StatementBuilder statement, string alias, ReferenceBinding reference, string from)
    {
        IEnumerable<string> keys = reference.Keys.Select(k => $"{alias}.{k.There} = {from}.{k.Here}");
        string tenant = reference.Target.TenantColumn is { } column ? $"{alias}.{column} = {statement.Tenant()} and " : "";
        return $"left join {reference.Target.Table} {alias} on {tenant}{string.Join(" and ", keys)}";
    }

    // The limit, which a key does not need, keeps the look-up what it is: the planner does not know how many rows a page has, and would
    // otherwise hash the whole of a large table for them.
    private static string LookupSql(StatementBuilder statement, string alias, ReferenceBinding reference, string from)
    {
        string keys = string.Join(" and ", reference.Keys.Select(k => $"k.{k.There} = {from}.{k.Here}"));
        string tenant = reference.Target.TenantColumn is { } column ? $"k.{column} = {statement.Tenant()} and " : "";
        return $"left join lateral (select k.* from {reference.Target.Table} k where {tenant}{keys} limit 1) {alias} on true";
    }

    private void Need(string alias, IEnumerable<string> columns)
    {
        if (alias == Row)
        {
            _columns.UnionWith(columns);
        }
    }
}
