using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Writing;

namespace CityHelper.Engine.Planning;

/// <summary>
/// One statement of a plan. The SQL is made once per form in which the root's rows are reached; what its rows become is told by its
/// properties.
/// </summary>
internal abstract class StatementPlan
{
    /// <summary>What it may read is judged by this.</summary>
    public virtual StatementKind Kind => StatementKind.Page;

    /// <summary>Whether it adds up rows, however many there are: no page bounds that.</summary>
    public virtual bool AddsUp => false;

    /// <summary>The form in which a request needs it.</summary>
    public virtual Access AccessOf(RootValues values) => values.Access;

    /// <summary>Whether a request needs it.</summary>
    public virtual bool IsNeeded(RootValues values) => true;

    /// <summary>Makes the SQL for a form.</summary>
    public CompiledStatement Compile(Access access) => Compile(new StatementBuilder(access));

    protected abstract CompiledStatement Compile(StatementBuilder statement);

    /// <summary>Statements on partitioned tables begin with the partition, so that a person who reads one finds it as <c>$1</c>.</summary>
    protected static CompiledStatement Finish(StatementBuilder statement, Func<string> sql)
    {
        statement.Partition();
        return new CompiledStatement(sql(), statement.Sources);
    }
}

/// <summary>The rows of a root field.</summary>
/// <param name="select">Source, columns and joins.</param>
/// <param name="place">Where a row's place stands; null when no page is made of the rows.</param>
/// <param name="outputs">One writer for each place that the rows are selected in.</param>
internal sealed class RootStatement(SelectPlan select, PlaceColumns? place, IReadOnlyList<ValueWriter> outputs) : StatementPlan
{
    public PlaceColumns? Place { get; } = place;

    public IReadOnlyList<ValueWriter> Outputs { get; } = outputs;

    public override StatementKind Kind => select.Source.Kind;

    protected override CompiledStatement Compile(StatementBuilder statement) => select.Compile(statement);
}

/// <summary>The rows of <c>node</c> and <c>nodes</c>: each stands alone.</summary>
/// <param name="select">Source, columns and joins.</param>
/// <param name="key">The column of the row's key.</param>
/// <param name="row">Writes a row.</param>
internal sealed class NodeStatement(SelectPlan select, int key, ValueWriter row) : StatementPlan
{
    public int KeyOrdinal { get; } = key;

    public ValueWriter Row { get; } = row;

    protected override CompiledStatement Compile(StatementBuilder statement) => select.Compile(statement);
}

/// <summary>The rows of a nested list, for all parents at once.</summary>
/// <param name="number">The list's number in the root's plan.</param>
/// <param name="select">Source, columns and joins.</param>
/// <param name="parent">The column that tells whose child a row is.</param>
/// <param name="place">Where a row's place stands; null when no page is made of the rows.</param>
/// <param name="outputs">One writer for each place that the rows are selected in.</param>
internal sealed class NestedStatement(int number, SelectPlan select, int parent, PlaceColumns? place, IReadOnlyList<ValueWriter> outputs) : StatementPlan
{
    public int Number { get; } = number;

    public int ParentOrdinal { get; } = parent;

    public PlaceColumns? Place { get; } = place;

    public IReadOnlyList<ValueWriter> Outputs { get; } = outputs;

    public override StatementKind Kind => select.Source.Kind;

    public override bool IsNeeded(RootValues values) => values.Nested[Number] is not null;

    protected override CompiledStatement Compile(StatementBuilder statement) => select.Compile(statement);
}

/// <summary>What one value tells of a list.</summary>
internal enum ListFact
{
    /// <summary>How many rows it has.</summary>
    TotalCount,

    /// <summary>Whether rows stand before the page.</summary>
    HasRowsBefore,

    /// <summary>Whether rows stand behind the page.</summary>
    HasRowsBehind,
}

/// <summary>One value for each parent of a nested connection: its total count, or whether there are rows beside the page.</summary>
/// <param name="number">The connection's number in the root's plan.</param>
/// <param name="fact">What the value tells.</param>
/// <param name="sql">The statement, which gives the parent's key and the value.</param>
/// <param name="addsUp">Whether it counts rows of which a parent may have any number.</param>
internal sealed class NestedFactStatement(int number, ListFact fact, Func<StatementBuilder, string> sql, bool addsUp) : StatementPlan
{
    public int Number { get; } = number;

    public ListFact Fact { get; } = fact;

    public override StatementKind Kind => StatementKind.Figures;

    public override bool AddsUp => addsUp;

    public override bool IsNeeded(RootValues values) => values.Nested[Number] is not null;

    protected override CompiledStatement Compile(StatementBuilder statement) => Finish(statement, () => sql(statement));
}

/// <summary>One value of a root connection: its exact count, or whether there are rows beside the page.</summary>
/// <param name="fact">What the value tells. A count is about the whole list, whose area has cells whatever form its page takes.</param>
/// <param name="sql">The statement.</param>
internal sealed class FactStatement(ListFact fact, Func<StatementBuilder, string> sql) : StatementPlan
{
    public ListFact Fact { get; } = fact;

    public override StatementKind Kind => Fact == ListFact.TotalCount ? StatementKind.Figures : StatementKind.Page;

    public override Access AccessOf(RootValues values) => Fact == ListFact.TotalCount
        ? new Access(AccessForm.Walk, values.Cover.Level, values.Cover.Cells.Count)
        : values.Access;

    protected override CompiledStatement Compile(StatementBuilder statement) => Finish(statement, () => sql(statement));
}
