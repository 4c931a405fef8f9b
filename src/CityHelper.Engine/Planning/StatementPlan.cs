using System.Collections.Concurrent;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Space;
using Npgsql;

namespace CityHelper.Engine.Planning;

/// <summary>One statement of a plan and the reader of its rows. The SQL is made once per form of the area's cover.</summary>
internal abstract class StatementPlan
{
    private readonly ConcurrentDictionary<(int Level, int Cells), CompiledStatement> _forms = new();

    /// <summary>The SQL for a cover: the level's column and one branch per cell.</summary>
    public CompiledStatement For(CellCover cover) =>
        _forms.GetOrAdd((cover.Level, cover.Cells.Count), static (_, s) => s.Self.Compile(new StatementBuilder(s.Cover)), (Self: this, Cover: cover));

    /// <summary>Reads the current result set to its end.</summary>
    public abstract Task ReadAsync(NpgsqlDataReader reader, RootRun run, CancellationToken cancellation);

    protected abstract CompiledStatement Compile(StatementBuilder statement);
}

/// <summary>The rows of a root field.</summary>
/// <param name="select">Source, columns and joins.</param>
/// <param name="keyOrdinal">The row's key, -1 when no cursor and no page is made of it.</param>
/// <param name="outputs">One writer for each place that the rows are selected in.</param>
internal sealed class RootStatement(SelectPlan select, int keyOrdinal, IReadOnlyList<ValueWriter> outputs) : StatementPlan
{
    public override async Task ReadAsync(NpgsqlDataReader reader, RootRun run, CancellationToken cancellation)
    {
        WriteContext[] contexts = [.. outputs.Select(_ =>
        {
            var output = new RowOutput();
            run.Rows.Outputs.Add(output);
            return new WriteContext(run) { Reader = reader, Json = output.Json, Errors = output.Errors };
        })];
        while (await reader.ReadAsync(cancellation))
        {
            if (keyOrdinal >= 0 && !NotePageRow(reader, run))
            {
                continue;
            }

            for (int i = 0; i < contexts.Length; i++)
            {
                WriteRow(contexts[i], outputs[i], run.Rows.Outputs[i], run.Rows.Count);
            }

            run.Rows.Count++;
        }
    }

    protected override CompiledStatement Compile(StatementBuilder statement) => select.Compile(statement);

    // False for the row that only tells that there is a next page.
    private bool NotePageRow(NpgsqlDataReader reader, RootRun run)
    {
        if (run.Rows.Count == run.First)
        {
            run.Rows.HasMore = true;
            return false;
        }

        long key = reader.GetInt64(keyOrdinal);
        run.Rows.LastKey = key;
        if (run.Rows.Count == 0)
        {
            run.Rows.FirstKey = key;
        }

        return true;
    }

    private static void WriteRow(WriteContext context, ValueWriter writer, RowOutput output, int index)
    {
        if (output.Failed)
        {
            return;
        }

        if (index > 0)
        {
            context.Json.WriteByte((byte)',');
        }

        int errorsBefore = context.Errors.Count;
        output.Failed = writer.Write(context) != WriteOutcome.Written;
        context.Locate(errorsBefore, index);
    }
}

/// <summary>The rows of a nested list, for all parents at once.</summary>
/// <param name="number">Its number in the root's plan.</param>
/// <param name="select">Source, columns and joins.</param>
/// <param name="parentOrdinal">Whose child a row is.</param>
/// <param name="row">Writes one child.</param>
internal sealed class ChildStatement(int number, SelectPlan select, int parentOrdinal, ValueWriter row) : StatementPlan
{
    public override async Task ReadAsync(NpgsqlDataReader reader, RootRun run, CancellationToken cancellation)
    {
        var rows = new ChildRows();
        run.Children.Add(number, rows);
        var context = new WriteContext(run) { Reader = reader, Json = rows.Json, Errors = [] };
        while (await reader.ReadAsync(cancellation))
        {
            long parent = reader.GetInt64(parentOrdinal);
            if (!rows.Groups.TryGetValue(parent, out ChildGroup? group))
            {
                rows.Groups.Add(parent, group = new ChildGroup(rows.Json.Length));
            }

            WriteRow(context, group);
        }
    }

    protected override CompiledStatement Compile(StatementBuilder statement) => select.Compile(statement);

    private void WriteRow(WriteContext context, ChildGroup group)
    {
        if (group.Failed)
        {
            return;
        }

        if (group.Count > 0)
        {
            context.Json.WriteByte((byte)',');
        }

        group.Failed = row.Write(context) != WriteOutcome.Written;
        if (context.Errors.Count > 0)
        {
            context.Locate(0, group.Count);
            group.Errors ??= [];
            group.Errors.AddRange(context.Errors);
            context.Errors.Clear();
        }

        group.Count++;
        group.End = context.Json.Length;
    }
}

/// <summary>The exact count of a connection's rows.</summary>
internal sealed class CountStatement(ConnectionSource source) : StatementPlan
{
    public override async Task ReadAsync(NpgsqlDataReader reader, RootRun run, CancellationToken cancellation)
    {
        await reader.ReadAsync(cancellation);
        run.TotalCount = reader.GetInt64(0);
    }

    protected override CompiledStatement Compile(StatementBuilder statement)
    {
        statement.Partition();
        string sql = source.CountSql(statement);
        return new CompiledStatement(sql, statement.Sources);
    }
}
