using CityHelper.Engine.Cursors;

namespace CityHelper.Engine.Planning.Connections;

/// <summary>A range of row keys.</summary>
/// <param name="Low">The smallest key.</param>
/// <param name="High">The exclusive end of the keys.</param>
internal readonly record struct KeyRange(long Low, long High)
{
    public static KeyRange All { get; } = new(long.MinValue, long.MaxValue);

    public KeyRange And(KeyRange other) => new(Math.Max(Low, other.Low), Math.Min(High, other.High));
}

/// <summary>
/// The keys that a request's filter, its cursors and its initial key range leave. Every statement on partitioned rows has conditions on
/// them: PostgreSQL prunes partitions by them before it plans anything else.
/// </summary>
/// <param name="Filter">The keys that bounds on the creation time leave.</param>
/// <param name="Order">The order of the list.</param>
/// <param name="After">The keyset position of <c>after</c>.</param>
/// <param name="Before">The keyset position of <c>before</c>.</param>
internal sealed record KeyRanges(KeyRange Filter, RowOrder Order, KeysetPosition? After, KeysetPosition? Before)
{
    /// <summary>The part of the page's keys that is read first; all of them when there are no statistics.</summary>
    public KeyRange Initial { get; init; } = KeyRange.All;

    /// <summary>Whether the range is the rest of the keys, which completes a page.</summary>
    public bool IsRest { get; private init; }

    /// <summary>The outcome of the initial key range, for the debug header.</summary>
    public string InitialText => IsRest ? " initial-range=widened" : Initial == KeyRange.All ? "" : " initial-range=enough";

    /// <summary>The keys outside the initial range; null when there are none. That range is open at the end that is read first.</summary>
    public KeyRanges? Rest => IsRest || Initial == KeyRange.All ? null : this with
    {
        Initial = Initial.High == long.MaxValue ? new KeyRange(long.MinValue, Initial.Low) : new KeyRange(Initial.High, long.MaxValue),
        IsRest = true,
    };

    /// <summary>The page's keys without the initial range.</summary>
    public KeyRange Page
    {
        get
        {
            (KeysetPosition? high, KeysetPosition? low) = Order.KeyDescending ? (After, Before) : (Before, After);
            return Order.Kind == OrderKind.Key
                ? Filter.And(new KeyRange(low is { } l ? l.Key + 1 : long.MinValue, high is { } h ? h.Key : long.MaxValue))
                : Filter;
        }
    }

    /// <summary>The keys of a part. In orders other than by key, keyset positions are separate conditions.</summary>
    public KeyRange Of(ConnectionPart part) => (part, Order.Kind) switch
    {
        (ConnectionPart.Page, OrderKind.Key) => Page.And(Initial),
        (ConnectionPart.Page, _) => Filter.And(Initial),
        (ConnectionPart.List, _) or (_, not OrderKind.Key) => Filter,
        (ConnectionPart.BeforePage, _) => Filter.And(Order.KeyDescending ? From(After!.Value.Key) : UpTo(After!.Value.Key)),
        _ => Filter.And(Order.KeyDescending ? UpTo(Before!.Value.Key) : From(Before!.Value.Key)),
    };

    private static KeyRange From(long key) => new(key, long.MaxValue);

    private static KeyRange UpTo(long key) => new(long.MinValue, key + 1);
}
