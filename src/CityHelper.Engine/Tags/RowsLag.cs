namespace CityHelper.Engine.Tags;

/// <summary>
/// The changes that <see cref="TagKind.Rows"/> does not have yet. A large tenant changes every second, and answers about all of its rows
/// are dear: exact, every server would read them again at every change (docs/caching.md). Immutable.
/// </summary>
/// <remarks>
/// Changes of a quarter of a second are one group that is due with its first, so a table has at most 21 groups. A change is due a little
/// early rather than late.
/// </remarks>
internal sealed class RowsLag
{
    private readonly Group[] _groups;
    private readonly long _due;

    private RowsLag(long due, Group[] groups)
    {
        _due = due;
        _groups = groups;
    }

    public static RowsLag None { get; } = new(0, []);

    /// <summary>The same with a further change.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="now">When it was received, as a timestamp.</param>
    /// <param name="frequency">Timestamps per second.</param>
    public RowsLag With(long number, long now, long frequency)
    {
        long due = Due(now, frequency);
        Group[] waiting = [.. _groups.Where(group => !IsDue(group, now, frequency))];
        return waiting is [.., var last] && now - last.Since < Ticks(Limits.RowsLagGroup, frequency)
            ? new RowsLag(due, [.. waiting[..^1], last with { Number = number }])
            : new RowsLag(due, [.. waiting, new Group(number, now)]);
    }

    /// <summary>The number of the last change that is due; 0 for none.</summary>
    public long Due(long now, long frequency)
    {
        long due = _due;
        foreach (Group group in _groups)
        {
            due = IsDue(group, now, frequency) ? group.Number : due;
        }

        return due;
    }

    /// <summary>When the first change behind a number was received; null when there is none.</summary>
    public long? Since(long number)
    {
        foreach (Group group in _groups)
        {
            if (group.Number > number)
            {
                return group.Since;
            }
        }

        return null;
    }

    private static bool IsDue(Group group, long now, long frequency) => now - group.Since >= Ticks(Limits.RowsLag, frequency);

    private static long Ticks(TimeSpan span, long frequency) => (long)(span.TotalSeconds * frequency);

    private readonly record struct Group(long Number, long Since);
}
