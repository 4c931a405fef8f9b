using System.Globalization;
using System.Text;

namespace CityHelper.Engine.Cursors;

/// <summary>
/// The text form of log positions: cursors that are signed for a tenant alone, with the keys of page cursors. A cursor of another tenant,
/// or of a page, does not open.
/// </summary>
/// <param name="keys">The server's keys.</param>
public sealed class LogPositionCursors(CursorKeys keys)
{
    /// <summary>The cursor of a position.</summary>
    /// <param name="tenant">The tenant whose log it is.</param>
    /// <param name="position">The position.</param>
    public string Sign(short tenant, LogPosition position)
    {
        Span<byte> ascii = stackalloc byte[CursorSigner.CursorChars];
        Sign(tenant, position, ascii);
        return Encoding.ASCII.GetString(ascii);
    }

    /// <summary>Writes the cursor of a position as ASCII.</summary>
    /// <param name="tenant">The tenant whose log it is.</param>
    /// <param name="position">The position.</param>
    /// <param name="ascii">A buffer of <see cref="CursorSigner.CursorChars"/> bytes.</param>
    public void Sign(short tenant, LogPosition position, Span<byte> ascii) =>
        SignerOf(tenant).Sign(new KeysetPosition(position.Number, position.Epoch), ascii);

    /// <summary>The position in a cursor of the tenant's log, or null for any other text.</summary>
    public LogPosition? Open(short tenant, string text) =>
        SignerOf(tenant).Open(text) is { Key: >= 0, Value: >= 0 and <= int.MaxValue } position
            ? new LogPosition((int)position.Value, position.Key)
            : null;

    private CursorSigner SignerOf(short tenant) =>
        new(keys, string.Create(CultureInfo.InvariantCulture, $"log position of tenant {tenant}"));
}
