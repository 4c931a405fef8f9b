using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Schema.Bindings;
using NpgsqlTypes;

namespace CityHelper.Engine.Planning.Figures;

/// <summary>
/// Rows in all and by dimensions from packs, added to what <see cref="CountStatement"/> has read in the same snapshot: PostgreSQL sends
/// what would be counted row by row, and it is counted here, ten times as fast (docs/decisions/0014).
/// </summary>
/// <param name="question">What is asked.</param>
/// <param name="dimensions">What is counted by.</param>
internal sealed class PackStatement(FigureQuestion question, IReadOnlyList<CountDimension> dimensions) : StatementPlan
{
    private readonly CountedRows _counted = question.Counted;
    private readonly RowAccess _access = question.Counted.Rows.Access;
    private readonly PackTable _packs = question.Counted.Counters.Packs;

    public FigureQuestion Question { get; } = question;

    public IReadOnlyList<CountDimension> Dimensions { get; } = dimensions;

    public override StatementKind Kind => StatementKind.Figures;

    public override Access AccessOf(RootValues values) => Access.Only;

    public override bool IsNeeded(RootValues values) => values.Figures!.Packs is not null;

    protected override CompiledStatement Compile(StatementBuilder statement) => Finish(statement, () =>
    {
        string Slices(string name, Func<PackReads, short[]> slices) => statement.Parameter(
            ("packs", name), values => StatementBuilder.Typed(NpgsqlDbType.Array | NpgsqlDbType.Smallint, slices(values.Figures!.Packs!)));
        string partition = $"{_access.Entity.PartitionColumn} = {statement.Partition()}";
        string cells = statement.Parameter(("packs", "cells"), values => StatementBuilder.Bigints(values.Figures!.Packs!.Cells));
        return $"""
            with reads as materialized (
            select * from unnest({cells}, {Slices("from", r => r.From(_packs))}, {Slices("to", r => r.To(_packs))}) with ordinality r(cell, low, high, n)),
            pending as materialized (
            select d.cell, s.slice from (select distinct d.cell, d.day from {_counted.Counters.Deltas} d where d.{partition} and {FigureSource.IsAround("d.cell", statement)}) d
            cross join lateral {_packs.Slices}(d.day) s(slice))
            select r.n, p.content from reads r cross join lateral (
            select string_agg(p.content, ''::bytea) as content from {_packs.Table} p where p.{partition} and p.cell = r.cell and p.slice between r.low and r.high
            and p.content is not null and (p.cell, p.slice) not in (select x.cell, x.slice from pending x)) p
            where p.content is not null
            union all
            select s.n, {RowsOf("s", statement)} from (
            select u.n, u.cell, min(u.slice) as low, max(u.slice) as high from (
            select u.*, u.slice - row_number() over (partition by u.n order by u.slice) as run from (
            select r.n, r.cell, p.slice from reads r cross join lateral (
            select p.slice from {_packs.Table} p where p.{partition} and p.cell = r.cell and p.slice between r.low and r.high and p.content is null offset 0) p
            union select r.n, r.cell, x.slice from reads r join pending x on x.cell = r.cell and x.slice between r.low and r.high) u) u group by u.n, u.cell, u.run) s
            """;
    });

    // What packs that cannot be taken would hold. Neighbours are read at once: of a cell of which nothing is packed, as after an import, it
    // is one range of an index.
    private string RowsOf(string stale, StatementBuilder statement)
    {
        string cell = _access.Grid!.Levels.First(l => l.Zoom == _counted.Counters.FineZoom).Column;
        string rest = ((1L << _packs.SliceShift) - 1).ToString(System.Globalization.CultureInfo.InvariantCulture);
        string numbers = string.Concat(_counted.Dimensions.Select(d => d.Column == _counted.Done.Status
            ? $" || int4send({_packs.LabelNumber}(t.{d.Column}))"
            : $" || int4send(coalesce(t.{d.Column}, 0))"));
        return $"(select string_agg(int8send(t.{_access.Entity.RowColumn}) || float8send(st_x(t.{_access.Grid!.Point})) || float8send(st_y(t.{_access.Grid!.Point})){numbers}, ''::bytea) "
            + $"from {_access.Entity.Table} t where t.{_access.Entity.PartitionColumn} = {statement.Partition()} and t.{cell} = {stale}.cell "
            + $"and t.{_access.Entity.RowColumn} >= {stale}.low::bigint << {_packs.SliceShift} and t.{_access.Entity.RowColumn} <= {stale}.high::bigint << {_packs.SliceShift} | {rest})";
    }
}
