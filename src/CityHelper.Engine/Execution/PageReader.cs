using CityHelper.Engine.Cursors;
using CityHelper.Engine.Writing;
using Npgsql;

namespace CityHelper.Engine.Execution;

/// <summary>Writes the rows of a page from a data reader into a row set.</summary>
internal sealed class PageReader
{
    private readonly NpgsqlDataReader _reader;
    private readonly IReadOnlyList<ValueWriter> _outputs;
    private readonly WriteContext[] _contexts;
    private readonly KeysetColumns? _keyset;
    private readonly int _pageRows;

    public PageReader(
        NpgsqlDataReader reader,
        RootRows root,
        RowSet rows,
        IReadOnlyList<ValueWriter> outputs,
        KeysetColumns? keyset,
        int pageRows,
        CursorSigner? cursors)
    {
        _reader = reader;
        Rows = rows;
        _outputs = outputs;
        _keyset = keyset;
        _pageRows = pageRows;
        _contexts =
        [
            .. rows.Outputs.Select(o => new WriteContext(root)
            {
                Reader = reader,
                Json = o.Json,
                Errors = o.Errors,
                Page = rows,
                Cursors = cursors,
            }),
        ];
    }

    /// <summary>The rows of the page.</summary>
    public RowSet Rows { get; }

    /// <summary>Adds the reader's current row.</summary>
    public void Add()
    {
        if (_keyset is { } keyset)
        {
            if (Rows.Count == _pageRows)
            {
                // The extra row that only shows that there are more.
                Rows.HasMore = true;
                return;
            }

            Rows.LastRead = keyset.Read(_reader);
            Rows.FirstRead = Rows.Count == 0 ? Rows.LastRead : Rows.FirstRead;
        }

        for (int i = 0; i < _outputs.Count; i++)
        {
            Rows.Outputs[i].Add(_outputs[i], _contexts[i]);
        }

        Rows.Count++;
    }
}
