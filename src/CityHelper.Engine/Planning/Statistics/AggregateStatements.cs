using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Writing;
using NpgsqlTypes;

namespace CityHelper.Engine.Planning.Statistics;

/// <summary>A statement that aggregates rows and counters. Its access path says which parts there are.</summary>
/// <param name="question">What is asked.</param>
internal abstract class AggregateStatementPlan(AggregateQuestion question) : StatementPlan
{
    protected AggregateQuestion Question { get; } = question;

    protected abstract AggregateColumns Columns { get; }

    public override StatementKind Kind => StatementKind.Aggregates;

    public override AccessPath AccessOf(RootValues values) =>
        new(AccessPathKind.OrderedIndexScan, Value: (int)values.Aggregates!.Parts(Columns.Grain));

    protected override CompiledStatement Compile(StatementBuilder statement) =>
        Finish(statement, () => Sql(statement, new AggregateSource(Question, Columns, (AggregateParts)statement.Access.Value, statement)));

    protected abstract string Sql(StatementBuilder statement, AggregateSource source);
}

/// <summary>The total number of rows, and their number by dimensions.</summary>
/// <param name="question">What is asked.</param>
/// <param name="dimensions">The dimensions.</param>
internal sealed class CountStatement(AggregateQuestion question, IReadOnlyList<CountDimension> dimensions)
    : AggregateStatementPlan(question)
{
    public IReadOnlyList<CountDimension> Dimensions { get; } = dimensions;

    protected override AggregateColumns Columns { get; } = new([.. dimensions.Select(d => d.Column)], AggregateGrain.Any);

    // The number of the grouping set: 0 for the total, otherwise that of the one column that was not rolled up.
    protected override string Sql(StatementBuilder statement, AggregateSource source)
    {
        string number = string.Concat(Dimensions.Select((d, i) => $"when grouping(b.{d.Column}) = 0 then {i + 1} "));
        string set = Dimensions.Count == 0 ? "0" : $"case {number}else 0 end";
        string columns = string.Concat(
            Dimensions.Select(d => $", b.{d.Column}{(d.Column == Question.Counted.Done.Status ? "::text" : "")}"));
        string sets = string.Join(", ", Dimensions.Select(d => $"(b.{d.Column})").Prepend("()"));
        return $"""
            select {set}, coalesce(sum(b.n), 0)::bigint{columns} from (
            {source.Sql()}) b
            group by grouping sets ({sets})
            having {set} = 0 or sum(b.n) <> 0
            order by 1, 2 desc{string.Concat(Dimensions.Select((_, i) => $", {i + 3}"))}
            """;
    }
}

/// <summary>Rows by periods of their creation.</summary>
/// <param name="question">What is asked.</param>
/// <param name="units">What <c>date_trunc</c> takes: day, week, month.</param>
internal sealed class PeriodStatement(AggregateQuestion question, IReadOnlyList<string> units) : AggregateStatementPlan(question)
{
    public IReadOnlyList<string> Units { get; } = units;

    protected override AggregateColumns Columns { get; } =
        new([], units.All(u => u == "month") ? AggregateGrain.Month : AggregateGrain.Day);

    protected override string Sql(StatementBuilder statement, AggregateSource source)
    {
        IEnumerable<string> sums = Units.Select((unit, i) =>
            $"select {i}, date_trunc('{unit}', p.period)::date, sum(p.n)::bigint from p group by 2 having sum(p.n) <> 0");
        return $"""
            with p as materialized (select b.period, sum(b.n) as n from (
            {source.Sql()}) b group by b.period)
            {string.Join("\nunion all\n", sums)}
            order by 1, 2
            """;
    }
}

/// <summary>How long rows took until they were done, from the rows themselves.</summary>
internal sealed class ExactDurationStatement(AggregateQuestion question) : AggregateStatementPlan(question)
{
    protected override AggregateColumns Columns { get; } = new([], AggregateGrain.Row) { HasMilliseconds = true };

    public override bool IsNeeded(RootValues values) => !values.Aggregates!.EstimatesDurations;

    protected override string Sql(StatementBuilder statement, AggregateSource source) =>
        $"""
        select count(*), percentile_disc(array[0.5, 0.9]) within group (order by b.milliseconds) from (
        {source.Sql()}) b
        """;
}

/// <summary>
/// How long rows took until they were done, from counters by buckets that grow by a factor. Each quantile is the middle of its bucket, so
/// its relative error is at most <see cref="RelativeError"/> (DDSketch: Masson, Rim, Lee, VLDB 2019).
/// </summary>
internal sealed class EstimatedDurationStatement(AggregateQuestion question) : AggregateStatementPlan(question)
{
    /// <summary>The factor in the SQL function <c>public.closing_bucket</c>.</summary>
    private const double Growth = 1.1;

    /// <summary>(growth - 1) / (growth + 1); times under a second count as about one second.</summary>
    public const double RelativeError = (Growth - 1) / (Growth + 1);

    protected override AggregateColumns Columns { get; } = new([], AggregateGrain.Duration);

    public override bool IsNeeded(RootValues values) => values.Aggregates!.EstimatesDurations;

    protected override string Sql(StatementBuilder statement, AggregateSource source) =>
        $"""
        select max(u.total)::bigint, {Quantile("0.5")}, {Quantile("0.9")} from (
          select g.bucket, sum(g.n) over (order by g.bucket) as upto, sum(g.n) over () as total from (
            select b.bucket, sum(b.n) as n from (
        {source.Sql()}) b group by b.bucket having sum(b.n) <> 0) g) u
        """;

    // The first bucket up to which this share of all rows lies.
    private static string Quantile(string share) => $"min(u.bucket) filter (where u.upto >= ceil({share} * u.total))";

    /// <summary>The middle of a bucket, in seconds.</summary>
    public static double Middle(short bucket) => 2 * Math.Pow(Growth, bucket) / (Growth + 1);
}

/// <summary>Open rows past their due time: few beside all rows, and found by their own index.</summary>
internal sealed class OverdueStatement(AggregateQuestion question) : StatementPlan
{
    public override StatementKind Kind => StatementKind.Aggregates;

    protected override CompiledStatement Compile(StatementBuilder statement) => Finish(statement, () =>
    {
        (CountedRows counted, RowAccess access) = (question.Counted, question.Counted.Rows.Access);
        List<Condition> conditions = new AggregateSource(
            question, new AggregateColumns([], AggregateGrain.Row), AggregateParts.None, statement).Conditions();
        if (question.Area is { } kind)
        {
            conditions.Add(AreaTest.Of(kind, access.Grid!.Point, statement));
        }

        string now = statement.Parameter("now", values => StatementBuilder.Typed(NpgsqlDbType.TimestampTz, values.Aggregates!.Now));
        string low = statement.Parameter("overdueLow", values => StatementBuilder.Bigint(values.Aggregates!.Times.All.Low));
        string high = statement.Parameter("overdueHigh", values => StatementBuilder.Bigint(values.Aggregates!.Times.All.High));
        string labels = string.Join(", ", counted.Done.OpenLabels.Select(label => $"'{label}'"));
        string key = $"s.{access.Entity.RowColumn}";
        return $"select count(*) from {access.Entity.Table} s "
            + $"where s.{access.Entity.TenantColumn} = {statement.Tenant()} and s.{counted.Done.Status} in ({labels}) "
            + $"and s.{counted.Done.DueAt} < {now} and {key} >= {low} and {key} < {high}{Condition.And(conditions, "s")}";
    });
}

/// <summary>The rows of a small table that statistics are shown with.</summary>
/// <param name="number">The number of the field that shows them.</param>
/// <param name="select">All rows of the table.</param>
/// <param name="key">The column of the row's key.</param>
/// <param name="row">Writes a row.</param>
internal sealed class ReferenceStatement(int number, SelectPlan select, int key, ValueWriter row) : StatementPlan
{
    public int Number { get; } = number;

    public int KeyOrdinal { get; } = key;

    public ValueWriter Row { get; } = row;

    public override bool ShowsLog => select.ShowsLog;

    protected override CompiledStatement Compile(StatementBuilder statement) => select.Compile(statement);
}

/// <summary>A tenant's rows of a small table, as many as there may be groups.</summary>
internal sealed class RowsOfTenantSource(EntityMap entity) : RowSource(entity)
{
    public override string Sql(StatementBuilder statement, IReadOnlyCollection<string> columns) =>
        $"select {Columns("s", columns)} from {Entity.Table} s where s.{Entity.TenantColumn} = {statement.Tenant()} "
        + $"limit {Limits.AggregateGroupsMax}";
}

/// <summary>Rows by cells of the map: their number, their centroid, and the most frequent key of a dimension.</summary>
/// <param name="question">What is asked.</param>
/// <param name="dimension">The dimension, the key of a small table.</param>
internal sealed class ClusterStatement(AggregateQuestion question, CountDimension dimension) : AggregateStatementPlan(question)
{
    protected override AggregateColumns Columns { get; } = new([dimension.Column], AggregateGrain.Any) { HasCells = true };

    // The most frequent key, the smaller one of equals: the maximum of count and inverted key in one number. Sums use doubles, because sums
    // of bigint are numeric, which took a third of the time of a map of 20,000 groups. Doubles are exact up to 2^53, five million rows in
    // one cell, and beyond that to 10^-9 degrees.
    protected override string Sql(StatementBuilder statement, AggregateSource source)
    {
        string key = dimension.Column;
        string top = $"2147483647 - (max(g.n << 31 | (2147483647 - g.{key})::bigint) & 2147483647)::integer";
        return $"""
            select g.cell, sum(g.n)::bigint, sum(g.longitude), sum(g.latitude), {top} from (
              select b.cell, b.{key}, sum(b.n) as n, sum(b.longitude::float8) as longitude, sum(b.latitude::float8) as latitude from (
            {source.Sql()}) b group by b.cell, b.{key} having sum(b.n) <> 0) g
            group by g.cell having sum(g.n) > 0 order by 2 desc, 1 limit {Limits.ClustersMax + 1}
            """;
    }
}
