using CityHelper.Engine.Cursors;
using CityHelper.Engine.Schema;

namespace CityHelper.Engine.Subscriptions;

/// <summary>An event as the subscriptions of one selection get it: its bytes are made once.</summary>
/// <param name="position">Its position in the log.</param>
/// <param name="kind">What it means to them.</param>
/// <param name="cursor">The signed form of its position.</param>
internal sealed class SharedEvent(LogPosition position, RowChangeKind kind, string cursor)
{
    private volatile byte[]? _json;
    private volatile bool _wasMade;

    public LogPosition Position => position;

    public RowChangeKind Kind => kind;

    public string Cursor => cursor;

    /// <summary>The key of its row; null where it has none.</summary>
    public long? RowKey { get; init; }

    /// <summary>When the change was made; null where none was.</summary>
    public DateTime? At { get; init; }

    /// <summary>The JSON of the response; null when it must not be sent: its rows could not be read, or were redacted since.</summary>
    public byte[]? Json => _json;

    /// <summary>Whether it was made, though what it tells may have been redacted since; false when its rows could not be read.</summary>
    public bool WasMade => _wasMade;

    /// <summary>Sets the bytes, once.</summary>
    public void Complete(byte[] json)
    {
        _json = json;
        _wasMade = true;
    }

    /// <summary>Drops the bytes: what they tell was redacted.</summary>
    public void Forget() => _json = null;
}
