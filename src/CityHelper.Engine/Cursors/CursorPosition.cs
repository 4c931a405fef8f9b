namespace CityHelper.Engine.Cursors;

/// <summary>Where a row stands in the order of its list.</summary>
/// <param name="Key">The row's key.</param>
/// <param name="Value">What it is ordered by before the key, as a number: milliseconds, the place of a label, a foreign key, the bits of a
/// distance; 0 without.</param>
public readonly record struct CursorPosition(long Key, long Value);
