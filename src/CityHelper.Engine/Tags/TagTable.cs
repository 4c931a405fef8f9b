using CityHelper.Engine.Cursors;

namespace CityHelper.Engine.Tags;

/// <summary>
/// When the tags of a tenant last changed: a position for each of 65,536 slots (512 kB), a tag's slot by its hash. It never grows and never
/// forgets. Two tags in one slot cost an unnecessary miss, never a stale answer.
/// </summary>
/// <remarks>
/// One thread writes, in the order of the log; any number read. An answer that was read at P is valid while P is not below
/// <see cref="Needed"/> of its tags, in the same epoch.
/// </remarks>
/// <param name="time">The clock, for <see cref="TagKind.Rows"/>.</param>
public sealed class TagTable(TimeProvider time)
{
    /// <summary>The number of slots.</summary>
    public const int Slots = 65_536;

    private State? _state;

    /// <summary>Forgets everything, and begins where every later change is known.</summary>
    /// <param name="floor">Answers that were read before this position are not valid: what changed before may be unknown.</param>
    /// <param name="known">The changes since, in order, with their tags.</param>
    public void Reset(LogPosition floor, IEnumerable<(long Number, IReadOnlyCollection<Tag> Tags)> known)
    {
        // Readers see the new state only when it is complete.
        var state = new State(floor);
        foreach ((long number, IReadOnlyCollection<Tag> tags) in known)
        {
            state.Head = number;
            foreach (Tag tag in tags)
            {
                state.Last[tag.Slot] = number;
            }
        }

        Volatile.Write(ref _state, state);
    }

    /// <summary>Takes the next change of the log.</summary>
    /// <param name="number">Its number, larger than all before.</param>
    /// <param name="tags">Its tags.</param>
    /// <param name="atOnce">Whether <see cref="TagKind.Rows"/> changes now and not after <see cref="Limits.RowsLag"/>.</param>
    public void Apply(long number, IReadOnlyCollection<Tag> tags, bool atOnce)
    {
        State state = _state ?? throw new InvalidOperationException("A table takes changes only after a reset.");
        foreach (Tag tag in tags)
        {
            if (tag.Kind == TagKind.Rows && !atOnce)
            {
                state.Lag = state.Lag.With(number, time.GetTimestamp(), time.TimestampFrequency);
            }
            else
            {
                Volatile.Write(ref state.Last[tag.Slot], number);
            }
        }

        state.Head = number;
    }

    /// <summary>
    /// Whether a position is behind the last change that was taken. An answer that was read there cannot be judged yet: its position may
    /// be one that the database lost since, and then nobody would ever tell.
    /// </summary>
    /// <param name="read">Where the answer was read, in this epoch.</param>
    public bool IsAhead(LogPosition read) => Volatile.Read(ref _state) is not { } state || read.Number > state.Head;

    /// <summary>
    /// The position that an answer with these tags must have been read at, at least; null when nothing is known of the tenant.
    /// </summary>
    /// <param name="slots">The slots of its tags.</param>
    public LogPosition? Needed(ReadOnlySpan<ushort> slots)
    {
        if (Volatile.Read(ref _state) is not { } state)
        {
            return null;
        }

        long needed = state.Floor.Number;
        foreach (ushort slot in slots)
        {
            needed = Math.Max(needed, Volatile.Read(ref state.Last[slot]));
            if (slot == (ushort)TagKind.Rows)
            {
                needed = Math.Max(needed, state.Lag.Due(time.GetTimestamp(), time.TimestampFrequency));
            }
        }

        return new LogPosition(state.Floor.Epoch, needed);
    }

    /// <summary>For how long a valid answer with the tag <see cref="TagKind.Rows"/> has lacked a change; zero when it has all.</summary>
    /// <param name="read">Where it was read.</param>
    public TimeSpan Behind(LogPosition read) =>
        Volatile.Read(ref _state) is { } state && state.Lag.Since(read.Number) is { } since ? time.GetElapsedTime(since) : TimeSpan.Zero;

    private sealed class State(LogPosition floor)
    {
        private RowsLag _lag = RowsLag.None;
        private long _head = floor.Number;

        public LogPosition Floor { get; } = floor;

        public long Head
        {
            get => Volatile.Read(ref _head);
            set => Volatile.Write(ref _head, value);
        }

        public long[] Last { get; } = new long[Slots];

        public RowsLag Lag
        {
            get => Volatile.Read(ref _lag);
            set => Volatile.Write(ref _lag, value);
        }
    }
}
