using CityHelper.Engine.Cursors;

namespace CityHelper.Engine.Planning;

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
/// <param name="filter">What bounds on the creation time leave.</param>
/// <param name="order">The order of the list.</param>
/// <param name="after">The place of <c>after</c>.</param>
/// <param name="before">The place of <c>before</c>.</param>
internal sealed class KeyRanges(KeyRange filter, RowOrder order, CursorPosition? after, CursorPosition? before)
{
    /// <summary>The part of the page's keys that is read first; all of them when nothing is known of the rows.</summary>
    public KeyRange Window { get; set; } = KeyRange.All;

    /// <summary>Whether the rest of the keys was opened already.</summary>
    public bool WasWidened { get; set; }

    /// <summary>What became of the window, for people.</summary>
    public string WindowText => WasWidened ? " window=widened" : Window == KeyRange.All ? "" : " window=enough";

    /// <summary>The keys of a part. Places in other orders than the key's are conditions of their own.</summary>
    public KeyRange Of(ConnectionPart part) => (part, order.Kind) switch
    {
        (ConnectionPart.Page, OrderKind.Key) => Page.And(Window),
        (ConnectionPart.Page, _) => filter.And(Window),
        (ConnectionPart.List, _) or (_, not OrderKind.Key) => filter,
        (ConnectionPart.BeforePage, _) => filter.And(order.KeyDescending ? From(after!.Value.Key) : UpTo(after!.Value.Key)),
        _ => filter.And(order.KeyDescending ? UpTo(before!.Value.Key) : From(before!.Value.Key)),
    };

    /// <summary>The page's keys without the window.</summary>
    public KeyRange Page
    {
        get
        {
            (CursorPosition? high, CursorPosition? low) = order.KeyDescending ? (after, before) : (before, after);
            return order.Kind == OrderKind.Key
                ? filter.And(new KeyRange(low is { } l ? l.Key + 1 : long.MinValue, high is { } h ? h.Key : long.MaxValue))
                : filter;
        }
    }

    private static KeyRange From(long key) => new(key, long.MaxValue);

    private static KeyRange UpTo(long key) => new(long.MinValue, key + 1);
}
