namespace CityHelper.Engine.Cursors;

/// <summary>The keyset position of a row: where it stands in the order of its list.</summary>
/// <param name="Key">The row's key.</param>
/// <param name="Value">The sort value before the key, as a number: milliseconds, the index of an enum label, a foreign key, the bits of a
/// distance; 0 without one.</param>
public readonly record struct KeysetPosition(long Key, long Value);
