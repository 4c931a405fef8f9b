using CityHelper.Engine.Binding;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Tags;

namespace CityHelper.Engine.Caching;

/// <summary>
/// One execution of a question, which further callers may join: those that need no later position than it was started for.
/// </summary>
/// <param name="tables">When tags last changed.</param>
/// <param name="tenants">The host's word about tenants.</param>
/// <param name="time">The clock.</param>
internal sealed class QuestionRun(TagTables tables, ICacheTenants tenants, TimeProvider time)
{
    private static readonly TimeSpan s_request = TimeSpan.FromMilliseconds(Limits.RequestTimeoutMs);

    private Start? _start;
    private int _isTaken;

    /// <summary>What its answer depends on; null before it is bound, and when its answer must not be kept.</summary>
    public Dependencies? Dependencies => Volatile.Read(ref _start)?.Dependencies;

    /// <summary>
    /// The position that its answer must have been read at, at least; null when it is not known, and any will do.
    /// </summary>
    public LogPosition? Needed => Volatile.Read(ref _start)?.Needed;

    /// <summary>
    /// The moment, as a timestamp, up to which its answer has every change for certain: when it was bound, since it was read later; of a
    /// replica, up to where all changes were known then. What is known when the answer ends proves nothing.
    /// </summary>
    public long HasAllUpTo(bool isOfReplica) => Volatile.Read(ref _start) is { } start ? isOfReplica ? start.KnownUpTo : start.BoundAt : 0;

    /// <summary>
    /// Whether what it depends on has changed since it was bound: whoever comes now needs a later answer. Before it is bound, it will be
    /// started for whatever has changed by then. One whose dependencies nobody knows is too old after the time that is promised. So is any
    /// after the time of a request: while the log stands still nothing is known to change, and a silent database may hold a result back.
    /// </summary>
    public bool IsBehind => Volatile.Read(ref _start) is { } start
        && (start is { Table: { } table, Dependencies: { } dependencies }
            ? table.Needed(dependencies.Slots) != start.Needed || IsOlderThan(start, s_request)
            : IsOlderThan(start, Limits.LogAgeUsual));

    /// <summary>
    /// Takes it for an execution. One that everybody has left goes on for a while: who asks then executes again, and neither may take what
    /// the other depends on for its own.
    /// </summary>
    /// <returns>Whether no execution has taken it before.</returns>
    public bool TryTake() => Interlocked.Exchange(ref _isTaken, 1) == 0;

    /// <summary>Takes what the answer will depend on. Order matters: it is bound now, and nothing was read yet.</summary>
    public void Begin(Dependencies? dependencies)
    {
        TagTable? table = dependencies is null ? null : tables.Of(dependencies.Tenant);
        TimeSpan age = (dependencies is null ? null : tenants.AgeOf(dependencies.Tenant)) ?? Limits.LogAgeMax;
        Volatile.Write(ref _start, new Start(dependencies, table, table?.Needed(dependencies!.Slots))
        {
            BoundAt = time.GetTimestamp(),
            KnownUpTo = time.GetTimestamp() - (long)(age.TotalSeconds * time.TimestampFrequency),
        });
    }

    private bool IsOlderThan(Start start, TimeSpan age) => time.GetElapsedTime(start.BoundAt) >= age;

    private sealed record Start(Dependencies? Dependencies, TagTable? Table, LogPosition? Needed)
    {
        public long BoundAt { get; init; }

        public long KnownUpTo { get; init; }
    }
}
