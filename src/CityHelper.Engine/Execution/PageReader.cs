using CityHelper.Engine.Cursors;
using CityHelper.Engine.Writing;
using Npgsql;

namespace CityHelper.Engine.Execution;

/// <summary>Takes the rows of a page from a reader.</summary>
internal sealed class PageReader
{
    private readonly NpgsqlDataReader _reader;
    private readonly IReadOnlyList<ValueWriter> _outputs;
    private readonly WriteContext[] _contexts;
    private readonly PlaceColumns? _place;
    private readonly int _pageRows;

    public PageReader(
        NpgsqlDataReader reader, RootRows root, RowSet rows, IReadOnlyList<ValueWriter> outputs, PlaceColumns? place, int pageRows, CursorSeal? cursors)
    {
        _reader = reader;
        Rows = rows;
        _outputs = outputs;
        _place = place;
        _pageRows = pageRows;
        _contexts = [.. rows.Outputs.Select(o => new WriteContext(root) { Reader = reader, Json = o.Json, Errors = o.Errors, Page = rows, Cursors = cursors })];
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
