using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Schema.Bindings;

namespace CityHelper.Engine.Planning.Statistics;

/// <summary>A time range, split into what counters cover and the rest at both ends.</summary>
/// <param name="From">The first counted day, which begins a span.</param>
/// <param name="To">The first day after the counted ones.</param>
/// <param name="Before">The keys of the rows before the counted days.</param>
/// <param name="After">The keys of the rows after the counted days.</param>
internal sealed record CountedTime(DateOnly From, DateOnly To, KeyRange Before, KeyRange After)
{
    public bool HasCounters => From < To;

    public bool HasBefore => Before.Low < Before.High;

    public bool HasAfter => After.Low < After.High;
}

/// <summary>
/// A range of creation times in the days, months and years of a tenant. Each reach is counted in the spans that its counters have. The rest
/// of the range, at its ends, is read from the rows.
/// </summary>
internal sealed class AggregateTimes
{
    // Days are computed within the calendar's years. No row is older or younger than these ends.
    private static readonly long s_first = new DateTimeOffset(2, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
    private static readonly long s_last = new DateTimeOffset(9998, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

    private readonly CreationRange _range;
    private readonly TenantCalendar _calendar;
    private readonly Func<long, long> _keyOfMs;
    private readonly DateOnly _from;
    private readonly DateOnly _to;

    /// <param name="range">The creation times.</param>
    /// <param name="calendar">The tenant's days.</param>
    /// <param name="created">How keys encode the time.</param>
    public AggregateTimes(CreationRange range, TenantCalendar calendar, CreationTime created)
    {
        range = Within(range);
        _range = range;
        _calendar = calendar;
        _keyOfMs = created.KeyOfMs;
        _from = range.LowMs == long.MinValue ? DateOnly.MinValue : FirstDayFrom(range.LowMs);
        _to = range.HighMs == long.MaxValue ? DateOnly.MaxValue : calendar.DayOf(range.HighMs);
        Days = Counted(_from, _to);
        Months = Counted(FirstOf(_from, MonthOf, day => day.AddMonths(1)), LastOf(_to, MonthOf));
        Years = Counted(FirstOf(_from, YearOf, day => day.AddYears(1)), LastOf(_to, YearOf));
        Rows = new CountedTime(DateOnly.MinValue, DateOnly.MinValue, All, Empty);
    }

    /// <summary>Whether the range covers all times.</summary>
    public bool IsUnbounded => _range == CreationRange.All;

    /// <summary>The range split at whole days.</summary>
    public CountedTime Days { get; }

    /// <summary>The range split at whole months.</summary>
    public CountedTime Months { get; }

    /// <summary>The range split at whole years.</summary>
    public CountedTime Years { get; }

    /// <summary>The range without counters: all of it is read from the rows.</summary>
    public CountedTime Rows { get; }

    /// <summary>The keys of the whole range.</summary>
    public KeyRange All => new(KeyOf(_range.LowMs), KeyOf(_range.HighMs));

    private static KeyRange Empty => new(0, 0);

    private static CreationRange Within(CreationRange range) => range.LowMs >= s_last || range.HighMs <= s_first
        ? new CreationRange(0, 0)
        : new CreationRange(range.LowMs <= s_first ? long.MinValue : range.LowMs, range.HighMs >= s_last ? long.MaxValue : range.HighMs);

    private CountedTime Counted(DateOnly from, DateOnly to)
    {
        if (from >= to || _range.IsEmpty)
        {
            return new CountedTime(DateOnly.MinValue, DateOnly.MinValue, All, Empty);
        }

        KeyRange before = from == DateOnly.MinValue ? Empty : new KeyRange(All.Low, KeyOf(_calendar.StartOf(from)));
        KeyRange after = to == DateOnly.MaxValue ? Empty : new KeyRange(KeyOf(_calendar.StartOf(to)), All.High);
        return new CountedTime(from, to, before, after);
    }

    private long KeyOf(long milliseconds) => milliseconds is long.MinValue or long.MaxValue ? milliseconds : _keyOfMs(milliseconds);

    private DateOnly FirstDayFrom(long milliseconds)
    {
        DateOnly day = _calendar.DayOf(milliseconds);
        return _calendar.StartOf(day) >= milliseconds ? day : day.AddDays(1);
    }

    private static DateOnly MonthOf(DateOnly day) => new(day.Year, day.Month, 1);

    private static DateOnly YearOf(DateOnly day) => new(day.Year, 1, 1);

    private static DateOnly FirstOf(DateOnly day, Func<DateOnly, DateOnly> span, Func<DateOnly, DateOnly> next) =>
        span(day) == day ? day : next(span(day));

    private static DateOnly LastOf(DateOnly day, Func<DateOnly, DateOnly> span) => day == DateOnly.MaxValue ? day : span(day);
}
