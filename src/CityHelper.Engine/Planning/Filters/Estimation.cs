using System.Globalization;
using System.Runtime.CompilerServices;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Planning.Filters;

/// <summary>Estimates how many rows a request's conditions leave, from the statistics of its tenant.</summary>
/// <param name="variables">The request's variables.</param>
/// <param name="tenant">The key of the tenant.</param>
/// <param name="statistics">The statistics of the tenant.</param>
/// <param name="values">The universe of each indexed column: the values that it may have.</param>
internal sealed class Estimation(VariableValues variables, short tenant, TenantStatistics statistics, IReadOnlyList<ValueUniverse> values)
{
    /// <summary>Used where nothing is known: one row in ten passes.</summary>
    private const double UsualShare = 0.1;

    /// <summary>The smallest share; no share is taken as 0, because statistics are a sample.</summary>
    private const double LeastShare = 1e-8;

    private readonly Dictionary<Condition, double> _shares = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<InputNode, object> _sets = new(ReferenceEqualityComparer.Instance);

    /// <summary>
    /// The share of the rows that a condition without statistics leaves. Where rows are tested one by one, the access path is chosen as if
    /// none passed: a scan that stops when its page is full would read a whole city for a text that nobody wrote.
    /// </summary>
    public double UnknownShare { get; init; } = UsualShare;

    public VariableValues Variables { get; } = variables;

    public short Tenant { get; } = tenant;

    /// <summary>The same, with the smallest share for conditions without statistics.</summary>
    public Estimation AtWorst() => new(Variables, Tenant, Statistics, values) { UnknownShare = LeastShare };

    public TenantStatistics Statistics { get; } = statistics;

    /// <summary>The texts of a list value, built once: a condition is evaluated for each value of its column.</summary>
    public HashSet<string?> Texts(InputNode value) =>
        Set(value, given => ((List<object?>)given!).Select(item => (string?)item).ToHashSet());

    /// <summary>The set that a value names, built once.</summary>
    public HashSet<T> Set<T>(InputNode value, Func<object?, HashSet<T>> make)
    {
        if (!_sets.TryGetValue(value, out object? set))
        {
            _sets.Add(value, set = make(value.Evaluate(Variables)));
        }

        return (HashSet<T>)set;
    }

    /// <summary>A row of a small table by its key as text; null for none.</summary>
    public ReferenceRow? Referenced(string table, string? key) =>
        key is not null
        && Statistics.References.TryGetValue(table, out IReadOnlyDictionary<long, ReferenceRow>? rows)
        && rows.TryGetValue(long.Parse(key, CultureInfo.InvariantCulture), out ReferenceRow? row)
            ? row
            : null;

    /// <summary>The share of the rows that pass all conditions, assuming that they are independent.</summary>
    public double ShareOf(IEnumerable<Condition> conditions) =>
        Math.Max(LeastShare, conditions.Aggregate(1.0, (share, c) => share * ShareOf(c)));

    /// <summary>The share of the rows whose cells are in the covering.</summary>
    public double ShareOf(CellCovering covering, string column) =>
        Statistics.Columns.TryGetValue(column, out ColumnStatistics? cells)
            ? Math.Clamp(covering.Cells.Sum(c => cells.ShareOf(c.ToString(CultureInfo.InvariantCulture))), LeastShare, 1)
            : UsualShare;

    /// <summary>The share of the rows in the cells that an area without a covering touches, as far as they are known.</summary>
    public double ShareOf(Area area, string column) =>
        Statistics.Columns.TryGetValue(column, out ColumnStatistics? cells)
            ? Math.Clamp(
                cells.OtherShare
                    + cells.Shares.Sum(s => area.Touches(TileRange.BoxOf(long.Parse(s.Key, CultureInfo.InvariantCulture))) ? s.Value : 0),
                LeastShare,
                1)
            : UsualShare;

    /// <summary>The share of the rows in the boundary cells of an area, as far as they are known.</summary>
    public double ShareOfBoundary(AreaCells area, string coarseColumn, int coarse, int fine) =>
        Statistics.Columns.TryGetValue(coarseColumn, out ColumnStatistics? cells)
            ? Math.Clamp(
                cells.OtherShare
                    + cells.Shares.Sum(s => s.Value * area.BoundaryShareOf(long.Parse(s.Key, CultureInfo.InvariantCulture), coarse, fine)),
                LeastShare,
                1)
            : UsualShare;

    /// <summary>The values of a column that pass conditions on it: how many, and their share of the rows.</summary>
    public (int Count, double Share) Passing(ValueUniverse universe, IReadOnlyCollection<Condition> conditions)
    {
        ReferenceRow[] passing = [.. universe.RowsOf(this).Where(row => conditions.All(c => c.Holds!(this, row)))];
        double share = Statistics.Columns.TryGetValue(universe.Column, out ColumnStatistics? column)
            ? passing.Sum(row => column.ShareOf(row[universe.Column]!))
            : UsualShare;
        return (passing.Length, Math.Clamp(share, LeastShare, 1));
    }

    // Called for every access path that is considered.
    private double ShareOf(Condition condition)
    {
        if (!_shares.TryGetValue(condition, out double share))
        {
            _shares.Add(condition, share = Estimate(condition));
        }

        return share;
    }

    private double Estimate(Condition condition)
    {
        if (condition.Columns is [var column]
            && condition.Holds is not null
            && values.FirstOrDefault(v => v.Column == column) is { } universe)
        {
            return Passing(universe, [condition]).Share;
        }

        return condition switch
        {
            { Sql: "false" } => LeastShare,
            { Alternatives: { } alternatives } => Math.Min(1, alternatives.Sum(a => ShareOf(a))),
            _ => UnknownShare,
        };
    }
}

/// <summary>The values that an indexed column may have: the labels of an enum, or the keys of a small table.</summary>
/// <param name="Column">The column.</param>
/// <param name="Type">Its database type.</param>
/// <param name="Labels">The labels of an enum; empty for a foreign key.</param>
/// <param name="Target">The table that a foreign key references; null for an enum.</param>
internal sealed record ValueUniverse(string Column, string Type, IReadOnlyList<string> Labels, EntityMap? Target)
{
    // Built once per reading of the statistics: otherwise each request that filters by a category would build a hundred rows.
    private readonly ConditionalWeakTable<TenantStatistics, ReferenceRow[]> _rows = [];

    public static ValueUniverse Of(RowAccess access, GraphQL.Types.IObjectGraphType row, string columnName)
    {
        FieldBinding binding = row.Fields.Select(FieldBinding.Of)
            .First(b => b switch
            {
                ColumnBinding { Column: var column } => column.Name == columnName,
                ReferenceBinding reference => reference.Keys.Single().Here == columnName,
                _ => false,
            })!;
        return binding is ColumnBinding { Column: { ValueType.IsEnum: true } label }
            ? new ValueUniverse(
                columnName,
                label.StoreType,
                [.. Enum.GetNames(label.ValueType).Select(System.Text.Json.JsonNamingPolicy.SnakeCaseUpper.ConvertName)],
                null)
            : new ValueUniverse(columnName, "bigint", [], ((ReferenceBinding)binding).Target);
    }

    /// <summary>The select that returns all values of one tenant, under the column's name.</summary>
    /// <param name="statement">Supplies the parameter of the tenant.</param>
    /// <param name="more">Further columns of the small table, as <c>, f.name</c>.</param>
    public string Sql(StatementBuilder statement, string more) => Target is null
        ? $"select unnest(enum_range(null::{Type})) as {Column}"
        : $"select f.{Target.RowColumn} as {Column}{more} from {Target.Table} f where f.{Target.TenantColumn} = {statement.Tenant()}";

    /// <summary>The values as rows of one column, on which conditions on the column are evaluated.</summary>
    public ReferenceRow[] RowsOf(Estimation estimation) => _rows.GetValue(estimation.Statistics, statistics => [.. ValuesOf(statistics)
        .Select(value => new ReferenceRow(new Dictionary<string, string?> { [Column] = value }))]);

    private IEnumerable<string> ValuesOf(TenantStatistics statistics) => Target is null
        ? Labels
        : statistics.References.TryGetValue(Target.Table, out IReadOnlyDictionary<long, ReferenceRow>? rows)
            ? rows.Keys.Select(k => k.ToString(CultureInfo.InvariantCulture))
            : [];
}
