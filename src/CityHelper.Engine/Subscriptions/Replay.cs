using System.Threading.RateLimiting;
using CityHelper.Engine.Cursors;
using Npgsql;

namespace CityHelper.Engine.Subscriptions;

/// <summary>Finds what a subscription missed between its place and the place where the dispatcher's events begin.</summary>
/// <param name="tenant">The tenant.</param>
/// <param name="topic">What it asks for.</param>
/// <param name="labels">What clients call values.</param>
/// <param name="tools">Reads the log, tests points.</param>
internal sealed class Replay(short tenant, Topic topic, RowLabels labels, EventTools tools)
{
    private readonly List<(RowChange Change, Verdict Verdict)> _missed = [];
    private int _looked;

    /// <summary>Looks through the log.</summary>
    /// <param name="after">The subscription's place; null without one.</param>
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
            return await LookAsync(after!.Value.Number + 1, head.Number, cancellation) is { } stopped
                ? ([], stopped)
                : (await DecideAsync(cancellation), null);
        }
        catch (NpgsqlException cause)
        {
            Telemetry.LogMessages.EventsNotRead(tools.Logger, tenant, cause);
            return ([], ResyncReason.Unread);
        }
    }

    private static ResyncReason? Check(LogPosition? after, LogPosition head) => after switch
    {
        null => ResyncReason.Start,
        { } place when place.Epoch != head.Epoch => ResyncReason.Epoch,
        { } place when place.Number > head.Number => ResyncReason.Ahead,
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
        if (tools.History.Recent(tenant, from, Limits.ReplayPageEvents) is { Count: > 0 } recent)
        {
            return (recent, null);
        }

        using RateLimitLease? turn = await tools.EnterReplayAsync(cancellation);
        if (turn is null || await tools.History.ReadAsync(tenant, from, Limits.ReplayPageEvents, cancellation) is not { } read)
        {
            return (null, ResyncReason.LogBusy);
        }

        return read.Count > 0 && read[0].Position.Number == from ? (read, null) : (null, ResyncReason.Trimmed);
    }

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

    private async Task<IReadOnlyList<MissedChange>> DecideAsync(CancellationToken cancellation)
    {
        var rim = new RimTest(topic.Area, tools);
        List<(RowChange Change, Verdict Verdict)> decided = [];
        List<(RowChange Change, Verdict Verdict)> open = [.. _missed.Where(missed => !missed.Verdict.IsDecided)];
        Verdict[] found = open.Count == 0 ? [] : await rim.DecideAsync(open, cancellation);
        int next = 0;
        foreach ((RowChange change, Verdict verdict) in _missed)
        {
            decided.Add((change, verdict.IsDecided ? verdict : found[next++]));
        }

        return [.. decided.Where(one => one.Verdict.Kind is not null).Select(one => new MissedChange(one.Change, one.Verdict.Kind!.Value))];
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

/// <summary>Decides what memory could not: points on the rim of a circle, or of an area that is too large to be tested there.</summary>
/// <param name="area">The area.</param>
/// <param name="tools">Asks the database.</param>
internal sealed class RimTest(Space.Area? area, EventTools tools)
{
    /// <summary>The verdicts of changes, decided.</summary>
    /// <exception cref="NpgsqlException">The database does not answer.</exception>
    public async Task<Verdict[]> DecideAsync(
        IReadOnlyList<(RowChange Change, Verdict Verdict)> open, CancellationToken cancellation)
    {
        List<(double X, double Y)> points = [];
        List<(int Change, bool IsBefore)> of = [];
        for (int i = 0; i < open.Count; i++)
        {
            (RowChange change, Verdict verdict) = open[i];
            AddIf(verdict.Was is null, change.Before, i, isBefore: true);
            AddIf(verdict.Is is null, change.After, i, isBefore: false);
        }

        HashSet<int> inside = await tools.TestAsync(area!, points, cancellation);
        Verdict[] decided = [.. open.Select(one => one.Verdict)];
        for (int i = 0; i < of.Count; i++)
        {
            ref Verdict verdict = ref decided[of[i].Change];
            verdict = of[i].IsBefore ? verdict with { Was = inside.Contains(i) } : verdict with { Is = inside.Contains(i) };
        }

        return decided;

        void AddIf(bool isOpen, RowState? row, int number, bool isBefore)
        {
            if (isOpen)
            {
                points.Add((row!.Longitude!.Value, row.Latitude!.Value));
                of.Add((number, isBefore));
            }
        }
    }
}
