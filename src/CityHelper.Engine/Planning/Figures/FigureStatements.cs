using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Writing;
using NpgsqlTypes;

namespace CityHelper.Engine.Planning.Figures;

/// <summary>A statement over what figures are added up from. Its form is which parts there are.</summary>
/// <param name="question">What is asked.</param>
internal abstract class FigureStatementPlan(FigureQuestion question) : StatementPlan
{
    protected FigureQuestion Question { get; } = question;

    protected abstract FigureColumns Columns { get; }

    public override StatementKind Kind => StatementKind.Figures;

    public override Access AccessOf(RootValues values) => new(AccessForm.Walk, Value: (int)values.Figures!.Parts(Columns.Grain));

    protected override CompiledStatement Compile(StatementBuilder statement) =>
        Finish(statement, () => Sql(statement, new FigureSource(Question, Columns, (FigureParts)statement.Access.Value, statement)));

    protected abstract string Sql(StatementBuilder statement, FigureSource source);
}

/// <summary>Rows in all and by dimensions.</summary>
/// <param name="question">What is asked.</param>
/// <param name="dimensions">The dimensions.</param>
internal sealed class CountStatement(FigureQuestion question, IReadOnlyList<CountDimension> dimensions) : FigureStatementPlan(question)
{
    public IReadOnlyList<CountDimension> Dimensions { get; } = dimensions;

    protected override FigureColumns Columns { get; } = new([.. dimensions.Select(d => d.Column)], FigureGrain.Any);

    // The set's number: 0 for all, else that of the one column that was not rolled up.
    protected override string Sql(StatementBuilder statement, FigureSource source)
    {
        string number = string.Concat(Dimensions.Select((d, i) => $"when grouping(b.{d.Column}) = 0 then {i + 1} "));
        string set = Dimensions.Count == 0 ? "0" : $"case {number}else 0 end";
        string columns = string.Concat(Dimensions.Select(d => $", b.{d.Column}{(d.Column == Question.Counted.Done.Status ? "::text" : "")}"));
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
internal sealed class PeriodStatement(FigureQuestion question, IReadOnlyList<string> units) : FigureStatementPlan(question)
{
    public IReadOnlyList<string> Units { get; } = units;

    protected override FigureColumns Columns { get; } = new([], units.All(u => u == "month") ? FigureGrain.Month : FigureGrain.Day);

    protected override string Sql(StatementBuilder statement, FigureSource source) =>
        $"""
        with p as materialized (select b.period, sum(b.n) as n from (
        {source.Sql()}) b group by b.period)
        {string.Join("\nunion all\n", Units.Select((unit, i) => $"select {i}, date_trunc('{unit}', p.period)::date, sum(p.n)::bigint from p group by 2 having sum(p.n) <> 0"))}
        order by 1, 2
        """;
}

/// <summary>How long the done ones took, from the rows themselves.</summary>
internal sealed class ExactDurationStatement(FigureQuestion question) : FigureStatementPlan(question)
{
    protected override FigureColumns Columns { get; } = new([], FigureGrain.Row) { HasMilliseconds = true };

    public override bool IsNeeded(RootValues values) => !values.Figures!.EstimatesDurations;

    protected override string Sql(StatementBuilder statement, FigureSource source) =>
        $"""
        select count(*), percentile_disc(array[0.5, 0.9]) within group (order by b.milliseconds) from (
        {source.Sql()}) b
        """;
}

/// <summary>
/// How long the done ones took, from counters by buckets that grow by a factor: each quantile is the middle of the bucket that holds it, so
/// its relative error is at most <see cref="RelativeError"/> (DDSketch: Masson, Rim, Lee, VLDB 2019).
/// </summary>
internal sealed class EstimatedDurationStatement(FigureQuestion question) : FigureStatementPlan(question)
{
    /// <summary>The factor that SQL <c>public.closing_bucket</c> has.</summary>
    private const double Growth = 1.1;

    /// <summary>(growth - 1) / (growth + 1); times under a second count as about one.</summary>
    public const double RelativeError = (Growth - 1) / (Growth + 1);

    protected override FigureColumns Columns { get; } = new([], FigureGrain.Duration);

    public override bool IsNeeded(RootValues values) => values.Figures!.EstimatesDurations;

    protected override string Sql(StatementBuilder statement, FigureSource source) =>
        $"""
        select max(u.total)::bigint, min(u.bucket) filter (where u.upto >= ceil(0.5 * u.total)), min(u.bucket) filter (where u.upto >= ceil(0.9 * u.total)) from (
          select g.bucket, sum(g.n) over (order by g.bucket) as upto, sum(g.n) over () as total from (
            select b.bucket, sum(b.n) as n from (
        {source.Sql()}) b group by b.bucket having sum(b.n) <> 0) g) u
        """;

    /// <summary>The middle of a bucket, in seconds.</summary>
    public static double Middle(short bucket) => 2 * Math.Pow(Growth, bucket) / (Growth + 1);
}

/// <summary>Open rows whose time is over: few beside all rows, and found by an index of their own.</summary>
internal sealed class OverdueStatement(FigureQuestion question) : StatementPlan
{
    public override StatementKind Kind => StatementKind.Figures;

    protected override CompiledStatement Compile(StatementBuilder statement) => Finish(statement, () =>
    {
        (CountedRows counted, RowAccess access) = (question.Counted, question.Counted.Rows.Access);
        List<Condition> conditions = new FigureSource(question, new FigureColumns([], FigureGrain.Row), FigureParts.None, statement).Conditions();
        if (question.Area is { } kind)
        {
            conditions.Add(AreaTest.Of(kind, access.Grid!.Point, statement));
        }

        string now = statement.Parameter("now", values => StatementBuilder.Typed(NpgsqlDbType.TimestampTz, values.Figures!.Now));
        string low = statement.Parameter("overdueLow", values => StatementBuilder.Bigint(values.Figures!.Times.All.Low));
        string high = statement.Parameter("overdueHigh", values => StatementBuilder.Bigint(values.Figures!.Times.All.High));
        string labels = string.Join(", ", counted.Done.OpenLabels.Select(label => $"'{label}'"));
        string key = $"s.{access.Entity.RowColumn}";
        return $"select count(*) from {access.Entity.Table} s where s.{access.Entity.PartitionColumn} = {statement.Partition()} and s.{counted.Done.Status} in ({labels}) "
            + $"and s.{counted.Done.DueAt} < {now} and {key} >= {low} and {key} < {high}{Condition.And(conditions, "s")}";
    });
}

/// <summary>The rows of a small table that figures are shown with.</summary>
/// <param name="number">The number of the place that shows them.</param>
/// <param name="select">All rows of the table.</param>
/// <param name="key">The row's key.</param>
/// <param name="row">Writes a row.</param>
internal sealed class ReferenceStatement(int number, SelectPlan select, int key, ValueWriter row) : StatementPlan
{
    public int Number { get; } = number;

    public int KeyOrdinal { get; } = key;

    public ValueWriter Row { get; } = row;

    protected override CompiledStatement Compile(StatementBuilder statement) => select.Compile(statement);
}

/// <summary>The rows that one partition has of a small table, as many as there may be groups.</summary>
internal sealed class RowsOfPartitionSource(EntityMap entity) : RowSource(entity)
{
    public override string Sql(StatementBuilder statement, IReadOnlyCollection<string> columns) =>
        $"select {Columns("s", columns)} from {Entity.Table} s where s.{Entity.PartitionColumn} = {statement.Partition()} limit {Limits.FigureGroupsMax}";
}

/// <summary>Rows by cells of the map: how many, their centre of mass, and the most frequent key of a dimension.</summary>
/// <param name="question">What is asked.</param>
/// <param name="dimension">The dimension, the key of a small table.</param>
internal sealed class ClusterStatement(FigureQuestion question, CountDimension dimension) : FigureStatementPlan(question)
{
    protected override FigureColumns Columns { get; } = new([dimension.Column], FigureGrain.Any) { HasCells = true };

    // The most frequent key, the smaller one of equals: the largest number of count and key turned round. Sums as doubles, since sums of
    // bigint are numeric, which took a third of a map of 20,000 groups: whole numbers are exact up to 2^53, in one cell five million rows,
    // and beyond to 10^-9 degrees.
    protected override string Sql(StatementBuilder statement, FigureSource source) =>
        $"""
        select g.cell, sum(g.n)::bigint, sum(g.longitude), sum(g.latitude), 2147483647 - (max(g.n << 31 | (2147483647 - g.{dimension.Column})::bigint) & 2147483647)::integer from (
          select b.cell, b.{dimension.Column}, sum(b.n) as n, sum(b.longitude::float8) as longitude, sum(b.latitude::float8) as latitude from (
        {source.Sql()}) b group by b.cell, b.{dimension.Column} having sum(b.n) <> 0) g
        group by g.cell having sum(g.n) > 0 order by 2 desc, 1 limit {Limits.ClustersMax + 1}
        """;
}
