using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Schema.Bindings;
using NpgsqlTypes;

namespace CityHelper.Engine.Planning.Statistics;

/// <summary>
/// Total rows and rows by dimension from packed blocks, added to what <see cref="CountStatement"/> read in the same snapshot. PostgreSQL
/// sends what it would otherwise count row by row, and this process counts it, ten times as fast (docs/decisions/0014).
/// </summary>
/// <param name="question">What is asked.</param>
/// <param name="dimensions">The dimensions to count by.</param>
internal sealed class BlockStatement(AggregateQuestion question, IReadOnlyList<CountDimension> dimensions) : StatementPlan
{
    private readonly CountedRows _counted = question.Counted;
    private readonly RowAccess _access = question.Counted.Rows.Access;
    private readonly BlockTable _blocks = question.Counted.Counters.Blocks;

    public AggregateQuestion Question { get; } = question;

    public IReadOnlyList<CountDimension> Dimensions { get; } = dimensions;

    public override StatementKind Kind => StatementKind.Aggregates;

    public override AccessPath AccessOf(RootValues values) => AccessPath.Only;

    public override bool IsNeeded(RootValues values) => values.Aggregates!.Blocks is not null;

    protected override CompiledStatement Compile(StatementBuilder statement) => Finish(statement, () =>
    {
        string Buckets(string name, Func<BlockReads, short[]> buckets) => statement.Parameter(
            ("blocks", name),
            values => StatementBuilder.Typed(NpgsqlDbType.Array | NpgsqlDbType.Smallint, buckets(values.Aggregates!.Blocks!)));
        string tenant = $"{_access.Entity.TenantColumn} = {statement.Tenant()}";
        string cells = statement.Parameter(("blocks", "cells"), values => StatementBuilder.Bigints(values.Aggregates!.Blocks!.Cells));
        string from = Buckets("from", r => r.From(_blocks));
        string to = Buckets("to", r => r.To(_blocks));
        string around = AggregateSource.IsAround("d.cell", statement);
        string stored = $"from {_blocks.Table} p where p.{tenant} and p.cell = r.cell and p.slice between r.low and r.high";
        const string Waiting =
            "select r.n, r.cell, x.slice from reads r join pending x on x.cell = r.cell and x.slice between r.low and r.high";
        return $"""
            with reads as materialized (
            select * from unnest({cells}, {from}, {to}) with ordinality r(cell, low, high, n)),
            pending as materialized (
            select d.cell, s.slice from (select distinct d.cell, d.day from {_counted.Counters.Deltas} d where d.{tenant} and {around}) d
            cross join lateral {_blocks.Buckets}(d.day) s(slice))
            select r.n, p.content from reads r cross join lateral (
            select string_agg(p.content, ''::bytea) as content {stored}
            and p.content is not null and (p.cell, p.slice) not in (select x.cell, x.slice from pending x)) p
            where p.content is not null
            union all
            select s.n, {RowsOf("s", statement)} from (
            select u.n, u.cell, min(u.slice) as low, max(u.slice) as high from (
            select u.*, u.slice - row_number() over (partition by u.n order by u.slice) as run from (
            select r.n, r.cell, p.slice from reads r cross join lateral (
            select p.slice {stored} and p.content is null offset 0) p
            union {Waiting}) u) u group by u.n, u.cell, u.run) s
            """;
    });

    // Rebuilds stale blocks from the rows. Neighbouring id buckets are read together: for a cell without any blocks, as after an import,
    // this is one range of an index.
    private string RowsOf(string stale, StatementBuilder statement)
    {
        string cell = _access.Grid!.Levels.First(l => l.Zoom == _counted.Counters.FineZoom).Column;
        string rest = ((1L << _blocks.BucketShift) - 1).ToString(System.Globalization.CultureInfo.InvariantCulture);
        string numbers = string.Concat(_counted.Dimensions.Select(d => d.Column == _counted.Done.Status
            ? $" || int4send({_blocks.LabelNumber}(t.{d.Column}))"
            : $" || int4send(coalesce(t.{d.Column}, 0))"));
        string key = _access.Entity.RowColumn;
        string point = _access.Grid!.Point;
        return $"(select string_agg(int8send(t.{key}) || float8send(st_x(t.{point})) || float8send(st_y(t.{point})){numbers}, ''::bytea) "
            + $"from {_access.Entity.Table} t where t.{_access.Entity.TenantColumn} = {statement.Tenant()} and t.{cell} = {stale}.cell "
            + $"and t.{key} >= {stale}.low::bigint << {_blocks.BucketShift} "
            + $"and t.{key} <= {stale}.high::bigint << {_blocks.BucketShift} | {rest})";
    }
}
