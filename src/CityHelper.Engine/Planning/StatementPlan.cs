using CityHelper.Engine.Cursors;
using CityHelper.Engine.Execution;
using Npgsql;

namespace CityHelper.Engine.Planning;

/// <summary>One statement of a plan and the reader of its rows. The SQL is made once per form in which the root's rows are reached.</summary>
internal abstract class StatementPlan
{
    /// <summary>The form in which a request needs it.</summary>
    public virtual Access AccessOf(RootRun run) => run.Access;

    /// <summary>What it may read is judged by this.</summary>
    public virtual StatementKind Kind => StatementKind.Page;

    /// <summary>Makes the SQL for a form.</summary>
    public CompiledStatement Compile(Access access) => Compile(new StatementBuilder(access));

    /// <summary>Whether it adds up rows, however many there are: no page bounds that.</summary>
    public virtual bool AddsUp => false;

    /// <summary>Whether a request needs it.</summary>
    public virtual bool IsNeeded(RootRun run) => true;

    /// <summary>Reads the current result set to its end.</summary>
    public abstract Task ReadAsync(NpgsqlDataReader reader, RootRun run, CancellationToken cancellation);

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
    public override StatementKind Kind => select.Source.Kind;

    public override async Task ReadAsync(NpgsqlDataReader reader, RootRun run, CancellationToken cancellation)
    {
        // A page that is completed from the rest of its keys comes here twice.
        while (run.Rows.Outputs.Count < outputs.Count)
        {
            run.Rows.Outputs.Add(new RowOutput(new JsonBuffer(run.Memory)));
        }

        var page = new PageReader(reader, run, run.Rows, outputs, place, run.PageRows, run.Cursors);
        while (await reader.ReadAsync(cancellation))
        {
            page.Add();
        }
    }

    protected override CompiledStatement Compile(StatementBuilder statement) => select.Compile(statement);
}

/// <summary>The rows of <c>node</c> and <c>nodes</c>: each stands alone.</summary>
/// <param name="select">Source, columns and joins.</param>
/// <param name="key">The row's key.</param>
/// <param name="row">Writes a row.</param>
internal sealed class NodeStatement(SelectPlan select, int key, ValueWriter row) : StatementPlan
{
    public override async Task ReadAsync(NpgsqlDataReader reader, RootRun run, CancellationToken cancellation)
    {
        while (await reader.ReadAsync(cancellation))
        {
            var output = new RowOutput(new JsonBuffer(run.Memory));
            run.RowsByKey.Add(reader.GetInt64(key), output);
            output.Add(row, new WriteContext(run) { Reader = reader, Json = output.Json, Errors = output.Errors });
        }
    }

    protected override CompiledStatement Compile(StatementBuilder statement) => select.Compile(statement);
}

/// <summary>The rows of a nested list, for all parents at once.</summary>
/// <param name="number">The list's number in the root's plan.</param>
/// <param name="select">Source, columns and joins.</param>
/// <param name="parent">Whose child a row is.</param>
/// <param name="place">Where a row's place stands; null when no page is made of the rows.</param>
/// <param name="outputs">One writer for each place that the rows are selected in.</param>
internal sealed class NestedStatement(int number, SelectPlan select, int parent, PlaceColumns? place, IReadOnlyList<ValueWriter> outputs) : StatementPlan
{
    public override StatementKind Kind => select.Source.Kind;

    public override bool IsNeeded(RootRun run) => run.Nested[number] is { Error: null, IsSkipped: false };

    public override async Task ReadAsync(NpgsqlDataReader reader, RootRun run, CancellationToken cancellation)
    {
        NestedRun nested = run.Nested[number];
        PageReader? page = null;
        while (await reader.ReadAsync(cancellation))
        {
            RowSet rows = nested.Of(reader.GetInt64(parent));
            if (page?.Rows != rows)
            {
                page = new PageReader(reader, run, rows, outputs, place, nested.PageRows, nested.Cursors);
            }

            // A parent that rows of both batches have in common, such as a category, has its list since the first.
            if (rows.Batch == nested.Batch)
            {
                page.Add();
            }
        }
    }

    protected override CompiledStatement Compile(StatementBuilder statement) => select.Compile(statement);
}

/// <summary>One number for each parent of a nested connection: its total count, or whether there are rows beside the page.</summary>
/// <param name="number">The connection's number in the root's plan.</param>
/// <param name="sql">The statement, which gives the parent's key and the number.</param>
/// <param name="set">Takes the number.</param>
/// <param name="addsUp">Whether it counts rows of which a parent may have any number.</param>
internal sealed class NestedNumberStatement(int number, Func<StatementBuilder, string> sql, Action<RowSet, NpgsqlDataReader> set, bool addsUp) : StatementPlan
{
    public override StatementKind Kind => StatementKind.Figures;

    public override bool AddsUp => addsUp;

    public override bool IsNeeded(RootRun run) => run.Nested[number] is { Error: null, IsSkipped: false };

    public override async Task ReadAsync(NpgsqlDataReader reader, RootRun run, CancellationToken cancellation)
    {
        while (await reader.ReadAsync(cancellation))
        {
            set(run.Nested[number].Of(reader.GetInt64(0)), reader);
        }
    }

    protected override CompiledStatement Compile(StatementBuilder statement) => Finish(statement, () => sql(statement));
}

/// <summary>One number of a root connection: its exact count, or whether there are rows beside the page.</summary>
/// <param name="sql">The statement.</param>
/// <param name="set">Takes the number.</param>
/// <param name="ofList">Whether it is about the whole list, whose area has cells whatever form its page takes.</param>
internal sealed class NumberStatement(Func<StatementBuilder, string> sql, Action<RowSet, NpgsqlDataReader> set, bool ofList) : StatementPlan
{
    public override StatementKind Kind => ofList ? StatementKind.Figures : StatementKind.Page;

    public override Access AccessOf(RootRun run) => ofList ? new Access(AccessForm.Walk, run.Cover.Level, run.Cover.Cells.Count) : run.Access;

    public override async Task ReadAsync(NpgsqlDataReader reader, RootRun run, CancellationToken cancellation)
    {
        await reader.ReadAsync(cancellation);
        set(run.Rows, reader);
    }

    protected override CompiledStatement Compile(StatementBuilder statement) => Finish(statement, () => sql(statement));
}

/// <summary>Takes the rows of a page from a reader.</summary>
internal sealed class PageReader
{
    private readonly NpgsqlDataReader _reader;
    private readonly IReadOnlyList<ValueWriter> _outputs;
    private readonly WriteContext[] _contexts;
    private readonly PlaceColumns? _place;
    private readonly int _pageRows;

    public PageReader(
        NpgsqlDataReader reader, RootRun run, RowSet rows, IReadOnlyList<ValueWriter> outputs, PlaceColumns? place, int pageRows, CursorSeal? cursors)
    {
        _reader = reader;
        Rows = rows;
        _outputs = outputs;
        _place = place;
        _pageRows = pageRows;
        _contexts = [.. rows.Outputs.Select(o => new WriteContext(run) { Reader = reader, Json = o.Json, Errors = o.Errors, Page = rows, Cursors = cursors })];
    }

    /// <summary>The page.</summary>
    public RowSet Rows { get; }

    /// <summary>Takes the reader's row.</summary>
    public void Add()
    {
        if (_place is { } place)
        {
            if (Rows.Count == _pageRows)
            {
                // The row that only tells that there are more.
                Rows.HasMore = true;
                return;
            }

            Rows.LastRead = place.Read(_reader);
            Rows.FirstRead = Rows.Count == 0 ? Rows.LastRead : Rows.FirstRead;
        }

        for (int i = 0; i < _outputs.Count; i++)
        {
            Rows.Outputs[i].Add(_outputs[i], _contexts[i]);
        }

        Rows.Count++;
    }
}
