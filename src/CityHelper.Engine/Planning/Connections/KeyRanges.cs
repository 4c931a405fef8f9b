using CityHelper.Engine.Cursors;

namespace CityHelper.Engine.Planning.Connections;

/// <summary>A range of row keys.</summary>
/// <param name="Low">The smallest key.</param>
/// <param name="High">The smallest key behind it.</param>
internal readonly record struct KeyRange(long Low, long High)
{
    public static KeyRange All { get; } = new(long.MinValue, long.MaxValue);

    public KeyRange And(KeyRange other) => new(Math.Max(Low, other.Low), Math.Min(High, other.High));

    public KeyRange Or(KeyRange other) => new(Math.Min(Low, other.Low), Math.Max(High, other.High));
}

/// <summary>
/// The keys that a request's filter, its cursors and its window leave. They are conditions of every statement on partitioned rows:
/// PostgreSQL prunes partitions by them before it plans anything else.
/// </summary>
/// <param name="Filter">What bounds on the creation time leave.</param>
/// <param name="Order">The order of the list.</param>
/// <param name="After">The place of <c>after</c>.</param>
/// <param name="Before">The place of <c>before</c>.</param>
internal sealed record KeyRanges(KeyRange Filter, RowOrder Order, CursorPosition? After, CursorPosition? Before)
{
    /// <summary>The part of the page's keys that is read first; all of them when nothing is known of the rows.</summary>
    public KeyRange Window { get; init; } = KeyRange.All;

    /// <summary>Whether the window is the rest of the keys, which completes a page.</summary>
    public bool IsRest { get; private init; }

    /// <summary>What became of the window, for people.</summary>
    public string WindowText => IsRest ? " window=widened" : Window == KeyRange.All ? "" : " window=enough";

    /// <summary>The keys outside the window; null when there are none. The window is open at the end that is read first.</summary>
    public KeyRanges? Rest => IsRest || Window == KeyRange.All ? null : this with
    {
        Window = Window.High == long.MaxValue ? new KeyRange(long.MinValue, Window.Low) : new KeyRange(Window.High, long.MaxValue),
        IsRest = true,
    };

    /// <summary>The page's keys without the window.</summary>
    public KeyRange Page
    {
        get
        {
            (CursorPosition? high, CursorPosition? low) = Order.KeyDescending ? (After, Before) : (Before, After);
            return Order.Kind == OrderKind.Key
                ? Filter.And(new KeyRange(low is { } l ? l.Key + 1 : long.MinValue, high is { } h ? h.Key : long.MaxValue))
                : Filter;
        }
    }

    /// <summary>The keys of a part. Places in other orders than the key's are conditions of their own.</summary>
    public KeyRange Of(ConnectionPart part) => (part, Order.Kind) switch
    {
        (ConnectionPart.Page, OrderKind.Key) => Page.And(Window),
        (ConnectionPart.Page, _) => Filter.And(Window),
        (ConnectionPart.List, _) or (_, not OrderKind.Key) => Filter,
        (ConnectionPart.BeforePage, _) => Filter.And(Order.KeyDescending ? From(After!.Value.Key) : UpTo(After!.Value.Key)),
        _ => Filter.And(Order.KeyDescending ? UpTo(Before!.Value.Key) : From(Before!.Value.Key)),
    };

    private static KeyRange From(long key) => new(key, long.MaxValue);

    private static KeyRange UpTo(long key) => new(long.MinValue, key + 1);
}
