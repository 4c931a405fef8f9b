using CityHelper.Engine.Schema.Bindings;

namespace CityHelper.Engine.Planning.Connections;

/// <summary>The forms in which the rows of a connection are reached (docs/decisions/0005).</summary>
internal enum AccessForm
{
    /// <summary>An index gives the rows in their order; the first page of them that pass is taken.</summary>
    Walk,

    /// <summary>One ordered walk per cell of the area, merged; the exact test above a fence.</summary>
    Merge,

    /// <summary>
    /// As <see cref="Merge"/> over keys alone, filtered on what the cells' indexes hold; rows are fetched for the keys that pass.
    /// </summary>
    Late,

    /// <summary>
    /// One ordered walk per value of a column, such as a category, over keys alone; the newest of all values are fetched.
    /// </summary>
    Values,

    /// <summary>One ordered walk per alternative of an <c>or</c>, over keys alone; the newest of all alternatives are fetched.</summary>
    Union,

    /// <summary>The groups that the order names, one after the other, each walked in the order of its keys.</summary>
    Groups,

    /// <summary>All rows that pass, sorted: for few.</summary>
    Sort,

    /// <summary>
    /// The rows of an area that is too large for cells and holds few: each column of the coarsest cells is one range of their index, sorted
    /// together. A walk would read the whole partition for them, such as all of it for an empty sea.
    /// </summary>
    Strips,
}

/// <summary>A form with all that decides its SQL.</summary>
/// <param name="Form">The form.</param>
/// <param name="Level">Index of the grid's level, -1 without cells.</param>
/// <param name="Cells">How many cells; the cells themselves are parameters.</param>
/// <param name="Value">Index of the <see cref="ValueIndex"/> or of the condition whose alternatives are walked, -1 without one.</param>
internal readonly record struct Access(AccessForm Form, int Level = -1, int Cells = 0, int Value = -1)
{
    /// <summary>Of statements that have one form only.</summary>
    public static Access Only { get; } = new(AccessForm.Walk);

    public override string ToString() => Form.ToString().ToLowerInvariant() + (Cells > 0 ? $" cells={Cells}" : "");
}
