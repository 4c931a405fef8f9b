using CityHelper.Engine.Binding;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Tags;

namespace CityHelper.Engine.Caching;

/// <summary>
/// One execution of a question, which further callers may join: those that need no later position than it was started for.
/// </summary>
/// <param name="tables">When tags last changed.</param>
internal sealed class QuestionRun(TagTables tables)
{
    private Start? _start;

    /// <summary>What its answer depends on; null before it is bound, and when its answer must not be kept.</summary>
    public Dependencies? Dependencies => Volatile.Read(ref _start)?.Dependencies;

    /// <summary>
    /// The position that its answer must have been read at, at least; null when it is not known, and any will do.
    /// </summary>
    public LogPosition? Needed => Volatile.Read(ref _start)?.Needed;

    /// <summary>
    /// Whether what it depends on has changed since it was bound: whoever comes now needs a later answer. Before it is bound, it will be
    /// started for whatever has changed by then.
    /// </summary>
    public bool IsBehind => Volatile.Read(ref _start) is { Table: { } table, Dependencies: { } dependencies } start
        && table.Needed(dependencies.Slots) != start.Needed;

    /// <summary>Takes what the answer will depend on. Order matters: it is bound now, and nothing was read yet.</summary>
    public void Begin(Dependencies? dependencies)
    {
        TagTable? table = dependencies is null ? null : tables.Of(dependencies.Tenant);
        Volatile.Write(ref _start, new Start(dependencies, table, dependencies is null ? null : table?.Needed(dependencies.Slots)));
    }

    private sealed record Start(Dependencies? Dependencies, TagTable? Table, LogPosition? Needed);
}
