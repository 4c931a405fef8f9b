using CityHelper.Engine.Cursors;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Telemetry;

namespace CityHelper.Engine.Subscriptions;

/// <summary>How far a dispatcher is: everything up to here was given to the streams.</summary>
/// <param name="position">The place.</param>
/// <param name="sign">Signs it, when somebody asks.</param>
internal sealed class DispatchedPlace(LogPosition position, Func<LogPosition, string> sign)
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
    private volatile DispatchedPlace _place;
    private TaskCompletionSource _advanced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _streams;
    private readonly HashSet<EventStream> _lost = [];

    /// <param name="tenant">The tenant.</param>
    /// <param name="position">Where it begins.</param>
    /// <param name="rows">The rows that the log tells.</param>
    /// <param name="tools">What all dispatchers share.</param>
    public TenantDispatcher(short tenant, LogPosition position, LoggedRows rows, EventTools tools)
    {
        (_tenant, _rows, _tools) = (tenant, rows, tools);
        _place = PlaceAt(position);
        _index = new TopicIndex(rows.Access.Grid!.Zooms);
        _queue = new SerialQueue<object>(RunAsync, Limits.DispatchedTogetherMax);
        Labels = new RowLabels(tenant, rows, tools.Database);
        Reader = new EventReader(tenant, tools);
    }

    /// <summary>How far it is.</summary>
    public DispatchedPlace Place => _place;

    public RowLabels Labels { get; }

    public EventReader Reader { get; }

    /// <summary>The number of steps that wait. For metrics.</summary>
    public int Waiting => _queue.Count;

    /// <summary>The next change of the log.</summary>
    public void Apply(RowChange change)
    {
        // Most tenants have no stream most of the time.
        _queue.AddUnless(change, step =>
        {
            bool isIdle = Volatile.Read(ref _streams) == 0;
            if (isIdle)
            {
                Advance(((RowChange)step).Position);
            }

            return isIdle;
        });
        if (_queue.Count > Limits.DispatchedChangesMax)
        {
            _queue.Replace(step => step is RowChange or Restarted, new Restarted(change.Position, ResyncReason.Restart));
        }
    }

    /// <summary>The log was read anew, from a place on.</summary>
    public void Reset(LogPosition position) => _queue.Add(new Restarted(position, ResyncReason.Restart));

    /// <summary>Lets a stream take part: from a place on, or from now on.</summary>
    /// <param name="stream">The stream; its first event is ready when this returns.</param>
    /// <param name="after">Its place; null without one.</param>
    /// <param name="cancellation">The subscriber has left.</param>
    public async Task JoinAsync(EventStream stream, LogPosition? after, CancellationToken cancellation)
    {
        Interlocked.Increment(ref _streams);
        if (after is { } place)
        {
            await WaitForAsync(place, cancellation);
        }

        var joined = new TaskCompletionSource<LogPosition>(TaskCreationOptions.RunContinuationsAsynchronously);
        _queue.Add(new Step(() => AddAsync(stream, joined)));
        LogPosition head = await joined.Task.WaitAsync(cancellation);
        (IReadOnlyList<MissedChange> missed, ResyncReason? reason) =
            await new Replay(_tenant, stream.Topic, Labels, _tools).RunAsync(after, head, cancellation);
        if (reason is { } why)
        {
            Note(1, why, head);
            stream.Begin(Reader.MakeNotice(stream.Selection, head, RowChangeKind.Resync), []);
            return;
        }

        stream.Begin(Reader.MakeNotice(stream.Selection, after!.Value, RowChangeKind.Resumed), missed);
    }

    /// <summary>Takes a stream out.</summary>
    public void Leave(EventStream stream) => _queue.Add(new Step(() =>
    {
        _index.Remove(stream);
        _lost.Remove(stream);
        Interlocked.Decrement(ref _streams);
        return Task.CompletedTask;
    }));

    /// <summary>Tells a stream to read its query again, between two changes.</summary>
    public void ResyncInTurn(EventStream stream, ResyncReason reason) => _queue.Add(new Step(() =>
    {
        ResyncAll([stream], _place.Position, reason, TimeSpan.Zero);
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

    // A place above this server's head: a mutation on one server, a subscription on another.
    private async Task WaitForAsync(LogPosition place, CancellationToken cancellation)
    {
        using var patience = new CancellationTokenSource(Limits.AheadWaitMax, _tools.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        while (true)
        {
            Task advanced = Volatile.Read(ref _advanced).Task;
            if (_place.Position >= place)
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
            // The shape was looked up before the stream took its place: it may have changed in between.
            await RefreshAsync([stream]);
            _index.Add(stream);
            joined.SetResult(_place.Position);
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
            RowChange[] changes = [.. steps.Skip(i).TakeWhile(step => step is RowChange { Scope: RowChangeScope.Row }).Cast<RowChange>()];
            LogPosition? end = changes.Length > 0 ? changes[^1].Position : (steps[i] as RowChange)?.Position;
            try
            {
                await (changes.Length > 0 ? DispatchAsync(changes) : StepAsync(steps[i]));
            }
            catch (Exception cause)
            {
                // A fault of ours, or no database: what was missed is read again.
                LogMessages.EventsNotDispatched(_tools.Logger, _tenant, cause);
                ResyncAll(_index.All, end ?? _place.Position, ResyncReason.Unread, TimeSpan.Zero);
            }

            // Last: whoever reads the place must find in the queues what was sent up to it.
            if (end is { } reached)
            {
                Advance(reached);
            }

            i += Math.Max(1, changes.Length);
        }
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
                Advance(position);
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
        List<(EventStream Stream, RowChange Change, Verdict Verdict)> matches = [];
        foreach (RowChange change in changes)
        {
            if (change.IsEmptied)
            {
                // A redaction has taken what it told before this server read it. Nobody knows where the row was.
                ResyncAll(
                    [.. _index.All.Where(stream => stream.Topic.RowKey is null)],
                    change.Position,
                    ResyncReason.Redacted,
                    TimeSpan.Zero);
                continue;
            }

            foreach (EventStream stream in _index.Of(change))
            {
                Verdict verdict = stream.Topic.Judge(change, Labels);
                if (!verdict.IsDecided || verdict.Kind is not null)
                {
                    matches.Add((stream, change, verdict));
                }
            }
        }

        await DecideAsync(matches);
        await SendAsync(
            [.. matches.Where(match => match.Verdict.Kind is not null)
                .Select(match => (match.Stream, match.Change, match.Verdict.Kind!.Value))]);
        ResyncAll(_lost, changes[^1].Position, ResyncReason.Area, TimeSpan.Zero);
    }

    private async Task DecideAsync(List<(EventStream Stream, RowChange Change, Verdict Verdict)> matches)
    {
        int[] open = [.. Enumerable.Range(0, matches.Count).Where(i => !matches[i].Verdict.IsDecided)];
        foreach (IGrouping<Topic, int> ofTopic in open.GroupBy(i => matches[i].Stream.Topic))
        {
            int[] numbers = [.. ofTopic];
            Verdict[] decided = await new RimTest(ofTopic.Key.Area, _tools).DecideAsync(
                [.. numbers.Select(i => (matches[i].Change, matches[i].Verdict))], CancellationToken.None);
            for (int i = 0; i < numbers.Length; i++)
            {
                matches[numbers[i]] = matches[numbers[i]] with { Verdict = decided[i] };
            }
        }
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
        _place = PlaceAt(position);
        Interlocked.Exchange(ref _advanced, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }

    private DispatchedPlace PlaceAt(LogPosition position) => new(position, place => _tools.Cursors.Sign(_tenant, place));

    /// <summary>A step between two changes.</summary>
    private sealed record Step(Func<Task> Run);

    /// <summary>The log goes on from a place, and what was before is not told.</summary>
    private sealed record Restarted(LogPosition Position, ResyncReason Reason);
}
