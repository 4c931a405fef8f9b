using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Writing;

namespace CityHelper.Engine.Planning;

/// <summary>One statement of a plan. Its SQL is generated once per access path. Its properties say what becomes of its rows.</summary>
internal abstract class StatementPlan
{
    /// <summary>Decides what the statement may read.</summary>
    public virtual StatementKind Kind => StatementKind.Page;

    /// <summary>Whether it aggregates rows whose number no page bounds.</summary>
    public virtual bool IsAggregate => false;

    /// <summary>Whether its rows show log positions.</summary>
    public virtual bool ShowsLog => false;

    /// <summary>The access path that a request needs.</summary>
    public virtual AccessPath AccessOf(RootValues values) => values.Access;

    /// <summary>Whether a request needs it.</summary>
    public virtual bool IsNeeded(RootValues values) => true;

    /// <summary>Generates the SQL for an access path.</summary>
    public CompiledStatement Compile(AccessPath access) => Compile(new StatementBuilder(access));

    protected abstract CompiledStatement Compile(StatementBuilder statement);

    /// <summary>The tenant is the first parameter on partitioned tables, so that a reader of the SQL finds it as <c>$1</c>.</summary>
    protected static CompiledStatement Finish(StatementBuilder statement, Func<string> sql)
    {
        statement.Tenant();
        return new CompiledStatement(sql(), statement.Sources);
    }
}

/// <summary>The rows of a root field.</summary>
/// <param name="select">Source, columns and joins.</param>
/// <param name="keyset">The columns of a row's keyset position; null when the rows form no page.</param>
/// <param name="outputs">One writer for each location where the rows are selected.</param>
internal sealed class RootStatement(SelectPlan select, KeysetColumns? keyset, IReadOnlyList<ValueWriter> outputs) : StatementPlan
{
    public KeysetColumns? Keyset { get; } = keyset;

    public IReadOnlyList<ValueWriter> Outputs { get; } = outputs;

    public override StatementKind Kind => select.Source.Kind;

    public override bool ShowsLog => select.ShowsLog;

    protected override CompiledStatement Compile(StatementBuilder statement) => select.Compile(statement);
}

/// <summary>The rows of <c>node</c> and <c>nodes</c>. Each row is written alone.</summary>
/// <param name="select">Source, columns and joins.</param>
/// <param name="key">The column of the row's key.</param>
/// <param name="row">Writes a row.</param>
internal sealed class NodeStatement(SelectPlan select, int key, ValueWriter row) : StatementPlan
{
    public int KeyOrdinal { get; } = key;

    public ValueWriter Row { get; } = row;

    public override bool ShowsLog => select.ShowsLog;

    protected override CompiledStatement Compile(StatementBuilder statement) => select.Compile(statement);
}

/// <summary>The rows of a nested list, for all parents at once.</summary>
/// <param name="number">The list's number in the root's plan.</param>
/// <param name="select">Source, columns and joins.</param>
/// <param name="parent">The column of the parent's key.</param>
/// <param name="keyset">The columns of a row's keyset position; null when the rows form no page.</param>
/// <param name="outputs">One writer for each location where the rows are selected.</param>
internal sealed class NestedStatement(int number, SelectPlan select, int parent, KeysetColumns? keyset, IReadOnlyList<ValueWriter> outputs)
    : StatementPlan
{
    public int Number { get; } = number;

    public int ParentOrdinal { get; } = parent;

    public KeysetColumns? Keyset { get; } = keyset;

    public IReadOnlyList<ValueWriter> Outputs { get; } = outputs;

    public override StatementKind Kind => select.Source.Kind;

    public override bool IsNeeded(RootValues values) => values.Nested[Number] is not null;

    public override bool ShowsLog => select.ShowsLog;

    protected override CompiledStatement Compile(StatementBuilder statement) => select.Compile(statement);
}

/// <summary>What a value says about a list.</summary>
internal enum ListFact
{
    /// <summary>How many rows it has.</summary>
    TotalCount,

    /// <summary>Whether rows precede the page.</summary>
    HasRowsBefore,

    /// <summary>Whether rows follow the page.</summary>
    HasRowsBehind,
}

/// <summary>One value for each parent of a nested connection: its total count, or whether rows precede or follow the page.</summary>
/// <param name="number">The connection's number in the root's plan.</param>
/// <param name="fact">What the value says.</param>
/// <param name="sql">The statement, which returns the parent's key and the value.</param>
/// <param name="isAggregate">Whether it counts rows of which a parent may have any number.</param>
internal sealed class NestedFactStatement(int number, ListFact fact, Func<StatementBuilder, string> sql, bool isAggregate) : StatementPlan
{
    public int Number { get; } = number;

    public ListFact Fact { get; } = fact;

    public override StatementKind Kind => StatementKind.Aggregates;

    public override bool IsAggregate => isAggregate;

    public override bool IsNeeded(RootValues values) => values.Nested[Number] is not null;

    protected override CompiledStatement Compile(StatementBuilder statement) => Finish(statement, () => sql(statement));
}

/// <summary>One value of a root connection: its exact count, or whether rows precede or follow the page.</summary>
/// <param name="fact">What the value says. A count covers the whole list by the area's cells, whatever the page's access path.</param>
/// <param name="sql">The statement.</param>
internal sealed class FactStatement(ListFact fact, Func<StatementBuilder, string> sql) : StatementPlan
{
    public ListFact Fact { get; } = fact;

    public override StatementKind Kind => Fact == ListFact.TotalCount ? StatementKind.Aggregates : StatementKind.Page;

    public override AccessPath AccessOf(RootValues values) => Fact == ListFact.TotalCount
        ? new AccessPath(AccessPathKind.OrderedIndexScan, values.Covering.Level, values.Covering.Cells.Count)
        : values.Access;

    protected override CompiledStatement Compile(StatementBuilder statement) => Finish(statement, () => sql(statement));
}
