using CityHelper.Engine.Bindings;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Types;

namespace CityHelper.Engine.Planning;

/// <summary>A page of the rows of a partition, in one of three forms (docs/decisions/0003; measured in docs/performance.md).</summary>
/// <remarks>
/// <para><b>Walk</b>: no area, or one too large for cells. An index gives the rows in their order; the first page of them is taken.</para>
/// <para><b>Merge</b>: an area and no filter. One ordered walk per cell, merged; the exact test above a fence.</para>
/// <para><b>Late</b>: an area and a filter on columns that the cells' indexes include. The same merge over keys alone, which reads
/// no row; rows are fetched for the keys that pass.</para>
/// </remarks>
internal sealed class ConnectionSource(
    ConnectionBinding binding, FilterInput filterType, InputNode? filter, bool hasArea, bool ascending, bool hasCursor)
    : RowSource(binding.Entity)
{
    private string Key => Entity.RowColumn;

    private string Direction => ascending ? "asc" : "desc";

    public override string OrderBy(string alias) => $"{alias}.{Key} {Direction}";

    public override string Sql(StatementBuilder statement, IReadOnlyCollection<string> columns)
    {
        List<Condition> conditions = Conditions(statement);

        // One more than the page, which tells whether there is a next one; nested lists need the page's rows only.
        int probe = statement.ParentsOnly ? 0 : 1;
        string limit = statement.Parameter(nameof(RootRun.First), run => StatementBuilder.Integer(run.First + probe));
        string[] all = [.. columns.Union([Key])];
        if (hasCursor)
        {
            string after = statement.Parameter(nameof(RootRun.After), static run => StatementBuilder.Bigint(run.After!.Value));
            conditions.Add(new Condition($"{Condition.Row}.{Key} {(ascending ? ">" : "<")} {after}", [Key]));
        }

        if (!hasArea || statement.Cover.Level < 0)
        {
            return $"select {Columns("s", all)} from {Table(statement)} and {Join(All(statement, conditions), "s")} order by {OrderBy("s")} limit {limit}";
        }

        Condition[] inIndex = [.. conditions.Where(InCellIndex)];
        bool late = inIndex.Any(c => c.Columns.Any(column => column != Key));
        return late
            ? Late(statement, all, conditions, inIndex, limit)
            : Merge(statement, all, conditions, inIndex, limit);
    }

    /// <summary>The exact number of rows, without page and cursor.</summary>
    public string CountSql(StatementBuilder statement)
    {
        List<Condition> conditions = Conditions(statement);
        string cells = "";
        if (hasArea && statement.Cover.Level >= 0)
        {
            string array = string.Join(", ", Enumerable.Range(0, statement.Cover.Cells.Count).Select(i => Cell(statement, i)));
            cells = $" and s.{CellColumn(statement)} in ({array})";
        }

        return $"select count(*) from {Table(statement)}{cells} and {Join(All(statement, conditions), "s")}";
    }

    private string Merge(
        StatementBuilder statement, string[] columns, List<Condition> conditions, Condition[] inIndex, string limit)
    {
        List<Condition> above = [.. conditions.Except(inIndex), InArea(statement)];
        string[] needed = [.. columns.Union(above.SelectMany(c => c.Columns))];
        return $"""
            select {Columns("m", columns)} from (
            {Leaves(statement, needed, inIndex)}
              order by {Key} {Direction} offset 0) m
            where {Join(above, "m")} order by {OrderBy("m")} limit {limit}
            """;
    }

    private string Late(
        StatementBuilder statement, string[] columns, List<Condition> conditions, Condition[] inIndex, string limit)
    {
        List<Condition> above = [.. conditions.Except(inIndex), InArea(statement)];
        string[] needed = [.. columns.Union(above.SelectMany(c => c.Columns))];
        return $"""
            select {Columns("m", columns)} from (
            {Leaves(statement, [Key], inIndex)}
              order by {Key} {Direction} offset 0) k
            cross join lateral (
              select {Columns("s", needed)} from {Table(statement)} and s.{Key} = k.{Key} offset 0) m
            where {Join(above, "m")} order by k.{Key} {Direction} limit {limit}
            """;
    }

    // ORDER BY in each leaf is what makes PostgreSQL merge the leaves instead of sorting them. A single leaf is ordered by what follows it.
    private string Leaves(StatementBuilder statement, string[] columns, Condition[] inIndex)
    {
        string[] leaves = [.. Enumerable.Range(0, statement.Cover.Cells.Count).Select(i =>
            $"select {Columns("s", columns)} from {Table(statement)} and s.{CellColumn(statement)} = {Cell(statement, i)}"
            + string.Concat(inIndex.Select(c => " and " + c.For("s"))))];
        return leaves.Length == 1
            ? "  " + leaves[0]
            : string.Join("\n  union all\n", leaves.Select(leaf => $"  ({leaf} order by s.{Key} {Direction})"));
    }

    private string Table(StatementBuilder statement) => $"{Entity.Table} s where s.{Entity.PartitionColumn} = {statement.Partition()}";

    private string CellColumn(StatementBuilder statement) => binding.Grid.Levels[statement.Cover.Level].Column;

    private static string Cell(StatementBuilder statement, int index) =>
        statement.Parameter(("cell", index), run => StatementBuilder.Bigint(run.Cover.Cells[index]));

    private static string Join(IReadOnlyCollection<Condition> conditions, string alias) =>
        conditions.Count == 0 ? "true" : string.Join(" and ", conditions.Select(c => c.For(alias)));

    private List<Condition> All(StatementBuilder statement, List<Condition> conditions) =>
        hasArea ? [.. conditions, InArea(statement)] : conditions;

    private bool InCellIndex(Condition condition) =>
        condition.Columns.All(c => c == Key || binding.Grid.Included.Contains(c));

    private List<Condition> Conditions(StatementBuilder statement)
    {
        List<Condition> conditions = new FilterCompiler(statement).Compile(filterType, filter);
        conditions.AddRange(KeyBounds(statement));
        return conditions;
    }

    // The exact rule: edges included, on the coordinates themselves; && would compare rounded boxes.
    // CASE, because PostgreSQL takes it for one row in two. Four comparisons of unknown selectivity would be one row in ten
    // thousand, and the planner would then read and sort whole cells instead of stopping at the first page (6,900 buffers instead of 110).
    private Condition InArea(StatementBuilder statement)
    {
        string Edge(string name, Func<Space.Viewport, double> edge) =>
            statement.Parameter(("edge", name), run => StatementBuilder.Double(edge(run.Area)));
        string point = $"{Condition.Row}.{binding.Grid.Point}";
        return new Condition(
            $"case when st_x({point}) between {Edge("west", a => a.West)} and {Edge("east", a => a.East)} "
            + $"and st_y({point}) between {Edge("south", a => a.South)} and {Edge("north", a => a.North)} then true else false end",
            [binding.Grid.Point]);
    }

    // Bounds on the creation time are bounds on the key, which prunes partitions. Rounded outward to the key's millisecond; the exact
    // test on the time stays.
    private IEnumerable<Condition> KeyBounds(StatementBuilder statement)
    {
        foreach ((string operation, InputNode moment) in CreatedComparisons(filter))
        {
            if (operation is "gt" or "gte" or "eq" or "nlt" or "nlte")
            {
                string low = statement.Parameter(("low", moment), run => StatementBuilder.Bigint(binding.KeyOfMs(Ms(moment, run))));
                yield return new Condition($"{Condition.Row}.{Key} >= {low}", [Key]);
            }

            if (operation is "lt" or "lte" or "eq" or "ngt" or "ngte")
            {
                string high = statement.Parameter(
                    ("high", moment), run => StatementBuilder.Bigint(binding.KeyOfMs(Ms(moment, run) + 1)));
                yield return new Condition($"{Condition.Row}.{Key} < {high}", [Key]);
            }
        }
    }

    private static long Ms(InputNode node, RootRun run) => ((DateTimeOffset)node.Evaluate(run.Variables)!).ToUnixTimeMilliseconds();

    private IEnumerable<(string Operation, InputNode Moment)> CreatedComparisons(InputNode? node)
    {
        if (node is not ObjectNode { Members: { } members })
        {
            yield break;
        }

        foreach ((string name, InputNode member) in members)
        {
            if (name == FilterInput.And && member is ListNode all)
            {
                foreach (var nested in all.Items.SelectMany(CreatedComparisons))
                {
                    yield return nested;
                }
            }
            else if (name != FilterInput.And
                && FieldBinding.Of(filterType.Target(name)) is ColumnBinding column
                && column.Column == binding.CreatedColumn
                && member is ObjectNode operations)
            {
                foreach ((string operation, InputNode value) in operations.Members.Where(m => !m.Value.IsNull))
                {
                    yield return (operation, value);
                }
            }
        }
    }
}
