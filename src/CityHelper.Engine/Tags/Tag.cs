namespace CityHelper.Engine.Tags;

/// <summary>What kind of change a tag stands for.</summary>
public enum TagKind : byte
{
    /// <summary>A change of more than is named: every answer of the tenant has this tag.</summary>
    All,

    /// <summary>A change of any row of the large tables.</summary>
    Rows,

    /// <summary>A change of rows that are not named one by one.</summary>
    Bulk,

    /// <summary>A change of what rows refer to: names of categories, for example.</summary>
    Reference,

    /// <summary>A change of the stored areas, such as districts.</summary>
    Boundary,

    /// <summary>A change of one row, by its key.</summary>
    Row,

    /// <summary>A change of a row in a grid cell, by the packed cell (<c>public.cell</c>: zoom &lt;&lt; 58 | x &lt;&lt; 29 | y).</summary>
    Cell,
}

/// <summary>What an answer depends on, within one tenant: the answer is valid until a change has the tag.</summary>
/// <param name="Kind">The kind of change.</param>
/// <param name="Value">The row's key or the packed cell; 0 for other kinds.</param>
public readonly record struct Tag(TagKind Kind, long Value = 0)
{
    /// <summary>The tag that every answer has.</summary>
    public static Tag All { get; } = new(TagKind.All);

    /// <summary>The tag's place in a <see cref="TagTable"/>: tags without a value have their own, others share theirs by hash.</summary>
    public ushort Slot => Kind < TagKind.Row ? (ushort)Kind : HashedSlot;

    // The finalizer of SplitMix64 (Steele, Lea, Flood 2014): keys and cells differ in few bits, and every bit must count.
    private ushort HashedSlot
    {
        get
        {
            ulong bits = (ulong)Value + ((ulong)Kind * 0x9E3779B97F4A7C15);
            bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
            bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
            bits ^= bits >> 31;
            const int Reserved = (int)TagKind.Row;
            return (ushort)(Reserved + bits % (TagTable.Slots - Reserved));
        }
    }
}
