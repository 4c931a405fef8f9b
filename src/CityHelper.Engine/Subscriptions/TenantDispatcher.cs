using System.Threading.RateLimiting;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Telemetry;

namespace CityHelper.Engine.Subscriptions;

/// <summary>How far a dispatcher is: everything up to here was given to the streams.</summary>
/// <param name="position">The position.</param>
/// <param name="sign">Signs it, when somebody asks.</param>
internal sealed class DispatchedPosition(LogPosition position, Func<LogPosition, string> sign)
{
    private string? _cursor;

    public LogPosition Position => position;

    public string Cursor => _cursor ??= sign(position);
}

/// <summary>
/// Gives the changes of one tenant's log to its streams, one after another. Whoever adds a change does not wait. Everything else that must
/// happen between two changes, such as the joining of a stream, is a step in the same queue.
/// </summary>
internal sealed class TenantDispatcher
{
    private readonly short _tenant;
    private readonly EventTools _tools;
    private readonly SerialQueue<object> _queue;
    private readonly TopicIndex _index;
    private readonly LoggedRows _rows;
    private volatile DispatchedPosition _position;
    private TaskCompletionSource _advanced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _streams;
    private int _waiting;
    private readonly HashSet<EventStream> _lost = [];

    /// <param name="tenant">The tenant.</param>
    /// <param name="position">Where it begins.</param>
    /// <param name="rows">The rows that the log tells.</param>
    /// <param name="tools">What all dispatchers share.</param>
    public TenantDispatcher(short tenant, LogPosition position, LoggedRows rows, EventTools tools)
    {
        (_tenant, _rows, _tools) = (tenant, rows, tools);
        _position = At(position);
        _index = new TopicIndex(rows.Access.Grid!.Zooms);
        _queue = new SerialQueue<object>(RunAsync, Limits.DispatchedTogetherMax);
        Labels = new RowLabels(tenant, rows, tools.Database);
        Reader = new EventReader(tenant, tools);
    }

    /// <summary>How far it is.</summary>
    public DispatchedPosition Position => _position;

    public RowLabels Labels { get; }

    public EventReader Reader { get; }

    /// <summary>The next change of the log.</summary>
    public void Apply(RowChange change)
    {
        // Most tenants have no stream most of the time.
        Interlocked.Increment(ref _waiting);
        _queue.AddUnless(change, step =>
        {
            bool isIdle = Volatile.Read(ref _streams) == 0;
            if (isIdle)
            {
                Advance(((RowChange)step).Position);
                Interlocked.Decrement(ref _waiting);
            }

            return isIdle;
        });

        // Not the steps that join and leave: when thousands of connections break, as many of those wait.
        if (Volatile.Read(ref _waiting) > Limits.DispatchedChangesMax)
        {
            _queue.Replace(IsReplaced, new Restarted(change.Position, ResyncReason.Restart));
        }
    }

    /// <summary>The log was read anew, from a position on.</summary>
    public void Reset(LogPosition position) => _queue.Add(new Restarted(position, ResyncReason.Restart));

    /// <summary>Lets a stream take part: from a position on, or from now on.</summary>
    /// <param name="stream">The stream; its first event is ready when this returns.</param>
    /// <param name="after">Its position; null without one.</param>
    /// <param name="cancellation">The subscriber has left.</param>
    public async Task JoinAsync(EventStream stream, LogPosition? after, CancellationToken cancellation)
    {
        Interlocked.Increment(ref _streams);
        if (after is { } known)
        {
            await WaitForAsync(known, cancellation);
        }

        var joined = new TaskCompletionSource<LogPosition>(TaskCreationOptions.RunContinuationsAsynchronously);
        _queue.Add(new Step(() => AddAsync(stream, joined)));
        LogPosition head = await joined.Task.WaitAsync(cancellation);
        using var replay = new Replay(_tenant, stream.Topic, Labels, _tools);
        (IReadOnlyList<MissedChange> missed, ResyncReason? reason) = await replay.RunAsync(after, head, cancellation);
        if (reason is { } why)
        {
            Note(1, why, head);
            stream.Begin(Reader.MakeNotice(stream.Selection, head, RowChangeKind.Resync), head, []);
            return;
        }

        stream.Begin(Reader.MakeNotice(stream.Selection, after!.Value, RowChangeKind.Resumed), head, missed);
    }

    /// <summary>Takes a stream out.</summary>
    public void Leave(EventStream stream) => _queue.Add(new Step(() =>
    {
        _index.Remove(stream);
        _lost.Remove(stream);
        Interlocked.Decrement(ref _streams);
        return Task.CompletedTask;
    }));

    /// <summary>
    /// Tells metrics and the log of RESYNCs, before they are sent: whoever is asked about one finds its cause, also of a server that dies.
    /// </summary>
    public void Note(int count, ResyncReason reason, LogPosition position)
    {
        EngineTelemetry.CountResyncs(count, reason.ToString());
        LogMessages.Resynced(_tools.Logger, count, _tenant, position.Number, reason.ToString());
    }

    // A position above this server's head: a mutation on one server, a subscription on another.
    private async Task WaitForAsync(LogPosition awaited, CancellationToken cancellation)
    {
        using var patience = new CancellationTokenSource(Limits.AheadWaitMax, _tools.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        while (true)
        {
            Task advanced = Volatile.Read(ref _advanced).Task;
            if (_position.Position >= awaited)
            {
                return;
            }

            try
            {
                await advanced.WaitAsync(either.Token);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task AddAsync(EventStream stream, TaskCompletionSource<LogPosition> joined)
    {
        try
        {
            // The shape was looked up before the stream joined: it may have changed in between.
            await RefreshAsync([stream]);
            _index.Add(stream);
            joined.SetResult(_position.Position);
        }
        catch (Exception cause)
        {
            joined.SetException(cause);
        }
    }

    private async Task RunAsync(IReadOnlyList<object> steps)
    {
        for (int i = 0; i < steps.Count;)
        {
            // An emptied change is a RESYNC, which must stand between the events before and behind it.
            RowChange[] changes =
                [.. steps.Skip(i).TakeWhile(step => step is RowChange { Scope: RowChangeScope.Row, IsEmptied: false }).Cast<RowChange>()];
            LogPosition? end = changes.Length > 0 ? changes[^1].Position : EndOf(steps[i]);
            try
            {
                await (changes.Length > 0 ? DispatchAsync(changes) : StepAsync(steps[i]));
            }
            catch (Exception cause)
            {
                // A fault of ours, or no database: what was missed is read again.
                LogMessages.EventsNotDispatched(_tools.Logger, _tenant, cause);
                ResyncAll(_index.All, end ?? _position.Position, ResyncReason.Unread, TimeSpan.Zero);
            }

            // Last: whoever reads the position must find in the queues what was sent up to it.
            if (end is { } reached)
            {
                Advance(reached);
            }

            Interlocked.Add(ref _waiting, -steps.Skip(i).Take(Math.Max(1, changes.Length)).Count(step => step is RowChange));
            i += Math.Max(1, changes.Length);
        }
    }

    private static LogPosition? EndOf(object step) => step switch
    {
        RowChange change => change.Position,
        Restarted restarted => restarted.Position,
        _ => null,
    };

    private bool IsReplaced(object step)
    {
        if (step is RowChange)
        {
            Interlocked.Decrement(ref _waiting);
        }

        return step is RowChange or Restarted;
    }

    private async Task StepAsync(object step)
    {
        switch (step)
        {
            case Step { Run: var run }:
                await run();
                break;
            case Restarted { Position: var position, Reason: var reason }:
                await RefreshAsync(_index.All);
                ResyncAll(_index.All, position, reason, _tools.Settings.ResyncSpread);
                break;
            case RowChange change:
                await ApplyAsync(change);
                break;
        }
    }

    private async Task ApplyAsync(RowChange change)
    {
        switch (change.Scope)
        {
            case RowChangeScope.Row:
                // A redaction has taken what it told before this server read it. Nobody knows where the row was.
                ResyncAll(
                    [.. _index.All.Where(stream => stream.Topic.RowKey is null)],
                    change.Position,
                    ResyncReason.Redacted,
                    TimeSpan.Zero);
                break;
            case RowChangeScope.All:
                await RefreshAsync(_index.All);
                ResyncAll(_index.All, change.Position, ResyncReason.Everything, _tools.Settings.ResyncSpread);
                break;
            case RowChangeScope.Areas:
                EventStream[] ofAreas = [.. _index.All.Where(stream => stream.Topic.Stored is not null)];
                await RefreshAsync(ofAreas);
                ResyncAll(ofAreas, change.Position, ResyncReason.Area, _tools.Settings.ResyncSpread);
                break;
            case RowChangeScope.Several:
                ResyncAll(Concerned(change), change.Position, ResyncReason.Bulk, _tools.Settings.ResyncSpread);
                break;
            case RowChangeScope.Redaction:
                await RedactAsync(change);
                break;
        }
    }

    private async Task RedactAsync(RowChange change)
    {
        long row = change.RowKey!.Value;
        Reader.Forget(row, change.Position.Number);
        foreach (EventStream stream in _index.All)
        {
            stream.Forget(row);
        }

        await SendAsync([.. Concerned(change).Select(stream => (stream, change, RowChangeKind.Left))]);
    }

    private EventStream[] Concerned(RowChange change)
    {
        IEnumerable<EventStream> found = change.Cells.Count == 0 ? _index.All : _index.Touching(change.Cells).Concat(_index.OfRows);
        return [.. found.Where(stream => Concern.Of(stream.Topic, change))];
    }

    private async Task DispatchAsync(RowChange[] changes)
    {
        await RefreshAsync(_lost);
        await Labels.EnsureAsync(changes, _index.Filtered, CancellationToken.None);
        List<Found> found = [];
        foreach (RowChange change in changes)
        {
            foreach (EventStream stream in _index.Of(change))
            {
                Verdict verdict = stream.Topic.Judge(change, Labels);
                if (!verdict.IsDecided || verdict.Kind is not null)
                {
                    found.Add(new Found(stream, change, verdict));
                }
            }
        }

        HashSet<EventStream> beyond = BeyondLimit(found);
        found.RemoveAll(one => beyond.Contains(one.Stream));
        await SendAsync(await DecideAsync(found));
        ResyncAll(beyond, changes[^1].Position, ResyncReason.TooMuch, TimeSpan.Zero);
        ResyncAll(_lost, changes[^1].Position, ResyncReason.Area, TimeSpan.Zero);
    }

    // Whoever knows where changes are made can draw thousands of circles through the point.
    private static HashSet<EventStream> BeyondLimit(List<Found> found)
    {
        HashSet<object> areas = [];
        return
        [
            .. found.Where(one => !one.Verdict.IsDecided
                && !areas.Contains(one.Stream.Topic.Area!.Identity)
                && (areas.Count >= Limits.UndecidedAreasMax || !areas.Add(one.Stream.Topic.Area!.Identity))).Select(one => one.Stream),
        ];
    }

    private async Task<IReadOnlyList<(EventStream, RowChange, RowChangeKind)>> DecideAsync(List<Found> found)
    {
        using RateLimitLease? turn = found.TrueForAll(one => one.Verdict.IsDecided) ? null : await _tools.EnterAsync();
        Verdict[] decided = await new UndecidedPoints(_tools).DecideAsync(
            [.. found.Select(one => new OpenVerdict(one.Stream.Topic, one.Change, one.Verdict))], CancellationToken.None);
        return
        [
            .. found.Zip(decided).Where(one => one.Second.Kind is not null)
                .Select(one => (one.First.Stream, one.First.Change, one.Second.Kind!.Value)),
        ];
    }

    private async Task SendAsync(IReadOnlyList<(EventStream Stream, RowChange Change, RowChangeKind Kind)> matches)
    {
        // Thousands of streams may share an event.
        var making = new Dictionary<(Selection, LogPosition, RowChangeKind), Task<SharedEvent>>();
        foreach ((EventStream stream, RowChange change, RowChangeKind kind) in matches)
        {
            (Selection, LogPosition, RowChangeKind) key = (stream.Selection, change.Position, kind);
            if (!making.ContainsKey(key))
            {
                making.Add(key, Reader.MakeAsync(stream.Selection, change, kind));
            }
        }

        await Task.WhenAll(making.Values);
        foreach ((EventStream stream, RowChange change, RowChangeKind kind) in matches)
        {
            stream.Offer(await making[(stream.Selection, change.Position, kind)]);
        }

        DateTime now = _tools.Time.GetUtcNow().UtcDateTime;
        foreach (Task<SharedEvent> made in making.Values)
        {
            EngineTelemetry.EventDelay.Record(Math.Max(0, (now - (await made).At!.Value).TotalSeconds));
        }
    }

    // Streams of one area ask once.
    private async Task RefreshAsync(IReadOnlyCollection<EventStream> streams)
    {
        foreach (IGrouping<long, EventStream> ofArea in streams.Where(stream => stream.Topic.Stored is not null)
            .GroupBy(stream => stream.Topic.Stored!.Key).ToArray())
        {
            StoredArea? stored = null;
            try
            {
                stored = await _tools.Areas.FindAsync(_tenant, ofArea.Key, CancellationToken.None);
            }
            catch (Npgsql.NpgsqlException cause)
            {
                LogMessages.EventsNotRead(_tools.Logger, _tenant, cause);
            }

            foreach (EventStream stream in ofArea)
            {
                Move(stream, stored);
            }
        }
    }

    // One whose area is gone is told so at each change, and reads its query again, which says what to do.
    private void Move(EventStream stream, StoredArea? stored)
    {
        if (stored is null)
        {
            _lost.Add(stream);
            return;
        }

        _lost.Remove(stream);
        if (ReferenceEquals(stored.Geometry, stream.Topic.Stored!.Geometry))
        {
            return;
        }

        bool isIn = _index.All.Contains(stream);
        _index.Remove(stream);
        stream.Topic = stream.Topic.With(stored);
        if (isIn)
        {
            _index.Add(stream);
        }
    }

    private void ResyncAll(IReadOnlyCollection<EventStream> streams, LogPosition position, ResyncReason reason, TimeSpan spread)
    {
        if (streams.Count == 0)
        {
            return;
        }

        Note(streams.Count, reason, position);
        foreach (EventStream stream in streams)
        {
            stream.Resync(position, spread * Random.Shared.NextDouble());
        }
    }

    private void Advance(LogPosition position)
    {
        _position = At(position);
        Interlocked.Exchange(ref _advanced, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }

    private DispatchedPosition At(LogPosition position) => new(position, at => _tools.Cursors.Sign(_tenant, at));

    /// <summary>A stream that a change may concern.</summary>
    private readonly record struct Found(EventStream Stream, RowChange Change, Verdict Verdict);

    /// <summary>A step between two changes.</summary>
    private sealed record Step(Func<Task> Run);

    /// <summary>The log goes on from a position, and what was before is not told.</summary>
    private sealed record Restarted(LogPosition Position, ResyncReason Reason);
}
