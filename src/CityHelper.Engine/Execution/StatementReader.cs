using CityHelper.Engine.Cursors;
using CityHelper.Engine.Execution.Statistics;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Statistics;
using CityHelper.Engine.Planning.Similar;
using CityHelper.Engine.Writing;
using Npgsql;

namespace CityHelper.Engine.Execution;

/// <summary>Reads a statement's result set, row by row, into the rows of its root.</summary>
internal static class StatementReader
{
    /// <summary>Reads the current result set to its end.</summary>
    public static Task ReadAsync(StatementPlan statement, NpgsqlDataReader reader, RootExecution root, CancellationToken cancellation) =>
        statement switch
        {
            RootStatement rows => ReadAsync(rows, reader, root, cancellation),
            NestedStatement rows => ReadAsync(rows, reader, root, cancellation),
            NodeStatement rows => ReadAsync(rows, reader, root, cancellation),
            LogStatement => ReadLogAsync(reader, root.Rows.Log!, cancellation),
            FactStatement fact => ReadAsync(fact, reader, root, cancellation),
            NestedFactStatement facts => ReadAsync(facts, reader, root, cancellation),
            GroupStatement group => ReadAsync(group, reader, root, cancellation),
            BlockStatement blocks => BlockReader.ReadAsync(blocks, reader, root, cancellation),
            _ => AggregateReader.ReadAsync(statement, reader, root, cancellation),
        };

    private static async Task ReadAsync(
        RootStatement statement, NpgsqlDataReader reader, RootExecution root, CancellationToken cancellation)
    {
        // A page that is completed from the remaining keys comes here twice.
        RowSet rows = root.Rows.Rows;
        while (rows.Outputs.Count < statement.Outputs.Count)
        {
            rows.Outputs.Add(new RowOutput(new JsonBuffer(root.Memory)));
        }

        var page = new PageReader(reader, root.Rows, rows, statement.Outputs, statement.Keyset, root.Values.PageRows, root.Rows.Cursors);
        while (await reader.ReadAsync(cancellation))
        {
            page.Add();
        }
    }

    private static async Task ReadAsync(
        NestedStatement statement, NpgsqlDataReader reader, RootExecution root, CancellationToken cancellation)
    {
        NestedRows nested = root.Rows.Nested[statement.Number];
        int pageRows = root.Values.Nested[statement.Number]!.PageRows;
        PageReader? page = null;
        while (await reader.ReadAsync(cancellation))
        {
            RowSet rows = nested.Of(reader.GetInt64(statement.ParentOrdinal));
            if (page?.Rows != rows)
            {
                page = new PageReader(reader, root.Rows, rows, statement.Outputs, statement.Keyset, pageRows, nested.Cursors);
            }

            // A parent that rows of both batches share, such as a category, got its list in the first.
            if (rows.Batch == nested.Batch)
            {
                page.Add();
            }
        }
    }

    private static async Task ReadAsync(
        NodeStatement statement, NpgsqlDataReader reader, RootExecution root, CancellationToken cancellation)
    {
        while (await reader.ReadAsync(cancellation))
        {
            ReadSingle(root.Rows.RowsByKey, reader.GetInt64(statement.KeyOrdinal), statement.Row, reader, root);
        }
    }

    private static async Task ReadLogAsync(NpgsqlDataReader reader, LogPositions log, CancellationToken cancellation)
    {
        while (await reader.ReadAsync(cancellation))
        {
            var position = new LogPosition(reader.GetInt32(1), reader.GetInt64(2));
            log.Add(reader.GetInt16(0), position, await reader.IsDBNullAsync(3, cancellation) ? null : reader.GetInt64(3));
        }
    }

    private static async Task ReadAsync(
        FactStatement statement, NpgsqlDataReader reader, RootExecution root, CancellationToken cancellation)
    {
        await reader.ReadAsync(cancellation);
        Take(statement.Fact, root.Rows.Rows, reader, ordinal: 0);
    }

    private static async Task ReadAsync(
        NestedFactStatement statement, NpgsqlDataReader reader, RootExecution root, CancellationToken cancellation)
    {
        while (await reader.ReadAsync(cancellation))
        {
            Take(statement.Fact, root.Rows.Nested[statement.Number].Of(reader.GetInt64(0)), reader, ordinal: 1);
        }
    }

    private static async Task ReadAsync(
        GroupStatement statement, NpgsqlDataReader reader, RootExecution root, CancellationToken cancellation)
    {
        if (!await reader.ReadAsync(cancellation))
        {
            root.Rows.Error = statement.Unknown(root.Values.Variables);
        }
    }

    /// <summary>Writes the reader's row into a buffer of its own, added first so that it is disposed when writing fails.</summary>
    internal static void ReadSingle(
        Dictionary<long, RowOutput> rows, long key, ValueWriter row, NpgsqlDataReader reader, RootExecution root)
    {
        var output = new RowOutput(new JsonBuffer(root.Memory));
        rows.Add(key, output);
        output.Add(row, new WriteContext(root.Rows) { Reader = reader, Json = output.Json, Errors = output.Errors });
    }

    private static void Take(ListFact fact, RowSet rows, NpgsqlDataReader reader, int ordinal)
    {
        switch (fact)
        {
            case ListFact.TotalCount:
                rows.TotalCount = reader.GetInt64(ordinal);
                break;
            case ListFact.HasRowsBefore:
                rows.HasRowsBefore = reader.GetBoolean(ordinal);
                break;
            case ListFact.HasRowsBehind:
                rows.HasRowsBehind = reader.GetBoolean(ordinal);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(fact), fact, "Nobody takes this fact.");
        }
    }
}
