using System.Threading.RateLimiting;
using CityHelper.Engine.Cursors;
using Npgsql;

namespace CityHelper.Engine.Subscriptions;

/// <summary>Finds what a subscription missed between its position and the one where the dispatcher's events begin.</summary>
/// <param name="tenant">The tenant.</param>
/// <param name="topic">What it asks for.</param>
/// <param name="labels">What clients call values.</param>
/// <param name="tools">Reads the log, tests points.</param>
internal sealed class Replay(short tenant, Topic topic, RowLabels labels, EventTools tools) : IDisposable
{
    private readonly List<(RowChange Change, Verdict Verdict)> _missed = [];
    private RateLimitLease? _turn;
    private int _looked;

    /// <summary>Looks through the log.</summary>
    /// <param name="after">The subscription's position; null without one.</param>
    /// <param name="head">Where the dispatcher's events begin.</param>
    /// <param name="cancellation">The subscriber has left.</param>
    /// <returns>The changes that were missed, or why the query is to be read again.</returns>
    public async Task<(IReadOnlyList<MissedChange> Missed, ResyncReason? Reason)> RunAsync(
        LogPosition? after, LogPosition head, CancellationToken cancellation)
    {
        if (Check(after, head) is { } reason)
        {
            return ([], reason);
        }

        try
        {
            if ((await LookAsync(after!.Value.Number + 1, head.Number, cancellation)
                ?? await DecideAsync(cancellation)) is { } stopped)
            {
                return ([], stopped);
            }
        }
        catch (NpgsqlException cause)
        {
            Telemetry.LogMessages.EventsNotRead(tools.Logger, tenant, cause);
            return ([], ResyncReason.Unread);
        }

        return (
            [.. _missed.Where(missed => missed.Verdict.Kind is not null).Select(m => new MissedChange(m.Change, m.Verdict.Kind!.Value))],
            null);
    }

    public void Dispose() => _turn?.Dispose();

    private static ResyncReason? Check(LogPosition? after, LogPosition head) => after switch
    {
        null => ResyncReason.Start,
        { } known when known.Epoch != head.Epoch => ResyncReason.Epoch,
        { } known when known.Number > head.Number => ResyncReason.Ahead,
        _ => null,
    };

    private async Task<ResyncReason?> LookAsync(long from, long to, CancellationToken cancellation)
    {
        while (from <= to)
        {
            (IReadOnlyList<RowChange>? page, ResyncReason? reason) = await PageAsync(from, cancellation);
            if (page is null)
            {
                return reason;
            }

            await labels.EnsureAsync(page, topic.Where.Select(filter => filter.Column), cancellation);
            foreach (RowChange change in page.TakeWhile(change => change.Position.Number <= to))
            {
                if (change.Position.Number != from)
                {
                    return ResyncReason.Trimmed;
                }

                if (Look(change) is { } stopped)
                {
                    return stopped;
                }

                from++;
            }
        }

        return null;
    }

    private async Task<(IReadOnlyList<RowChange>? Page, ResyncReason? Reason)> PageAsync(long from, CancellationToken cancellation)
    {
        IReadOnlyList<RowChange>? recent = tools.History.Recent(tenant, from, Limits.ReplayPageEvents);

        // One page of memory takes a fraction of a millisecond. Thousands of streams that look through twenty would take all of the server.
        if ((recent is not { Count: > 0 } || _looked > 0) && !await HasTurnAsync(cancellation))
        {
            return (null, ResyncReason.LogBusy);
        }

        if (recent is { Count: > 0 })
        {
            return (recent, null);
        }

        return await tools.History.ReadAsync(tenant, from, Limits.ReplayPageEvents, cancellation) switch
        {
            null => (null, ResyncReason.LogBusy),
            [var first, ..] read when first.Position.Number == from => (read, null),
            _ => (null, ResyncReason.Trimmed),
        };
    }

    // One turn for all of it: waiting for each page anew would take longer than the request may.
    private async ValueTask<bool> HasTurnAsync(CancellationToken cancellation) =>
        (_turn ??= await tools.EnterReplayAsync(cancellation)) is not null;

    private ResyncReason? Look(RowChange change)
    {
        if (++_looked > Limits.ReplayedEventsMax)
        {
            return ResyncReason.TooMuch;
        }

        switch (change.Scope)
        {
            case RowChangeScope.All:
                return ResyncReason.Everything;
            case RowChangeScope.Areas:
                return topic.Stored is null ? null : ResyncReason.Area;
            case RowChangeScope.Several:
                return Concerns(change) ? ResyncReason.Bulk : null;
            case RowChangeScope.Redaction:
                return Concerns(change) ? Add(change, new Verdict(true, false)) : null;
            case RowChangeScope.Row when change.IsEmptied:
                // Of a row its redaction tells. Of an area nobody knows whether the row was in it.
                return topic.RowKey is null ? ResyncReason.Redacted : null;
            case RowChangeScope.Row:
                Verdict verdict = topic.Judge(change, labels);
                return verdict.IsDecided && verdict.Kind is null ? null : Add(change, verdict);
            default:
                return null;
        }
    }

    /// <summary>Whether a change that tells cells, or one row, may concern the subscription.</summary>
    private bool Concerns(RowChange change) => Concern.Of(topic, change);

    private ResyncReason? Add(RowChange change, Verdict verdict)
    {
        _missed.Add((change, verdict));
        return _missed.Count > Limits.ReplayedMatchesMax ? ResyncReason.TooMuch : null;
    }

    private async Task<ResyncReason?> DecideAsync(CancellationToken cancellation)
    {
        if (_missed.TrueForAll(missed => missed.Verdict.IsDecided))
        {
            return null;
        }

        if (!await HasTurnAsync(cancellation))
        {
            return ResyncReason.LogBusy;
        }

        Verdict[] decided = await new UndecidedPoints(tools).DecideAsync(
            [.. _missed.Select(missed => new OpenVerdict(topic, missed.Change, missed.Verdict))], cancellation);
        for (int i = 0; i < decided.Length; i++)
        {
            _missed[i] = (_missed[i].Change, decided[i]);
        }

        return null;
    }
}

/// <summary>What a change that does not tell where its rows are may concern.</summary>
internal static class Concern
{
    /// <summary>Whether it may concern a topic.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="change">A change of several rows, or a redaction.</param>
    public static bool Of(Topic topic, RowChange change) => change switch
    {
        { Scope: RowChangeScope.Redaction } when topic.RowKey is not null => topic.RowKey == change.RowKey,

        // An operator demands that one row is read again.
        { RowKey: { } row, Cells.Count: 0, Scope: RowChangeScope.Several } => topic.RowKey == row,

        // Nobody knows which rows they are.
        _ when topic.RowKey is not null => true,
        { Scope: RowChangeScope.Redaction, Cells.Count: 0 } => topic.Area is null,
        { Cells.Count: 0 } => true,
        _ => topic.Area is null || change.Cells.Any(topic.Touches),
    };
}
