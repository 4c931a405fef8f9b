using CityHelper.Engine.Cursors;
using CityHelper.Engine.Telemetry;

namespace CityHelper.Engine.Subscriptions;

/// <summary>Why a stream ends.</summary>
internal enum StreamEnd
{
    /// <summary>The server stops: come back, to another one.</summary>
    ServerStops,

    /// <summary>The right to it has expired.</summary>
    RightExpired,
}

/// <summary>What a stream has next: an event, or its end.</summary>
/// <param name="Event">The event; null at the end.</param>
/// <param name="End">Why it ends.</param>
internal readonly record struct StreamItem(SharedEvent? Event, StreamEnd? End);

/// <summary>
/// The events of one subscription, for one reader. The dispatcher adds events and never waits; a reader that is too slow gets one RESYNC in
/// place of what it did not take. What was missed before is made piece by piece, as the reader takes it.
/// </summary>
internal sealed class EventStream : IDisposable
{
    private readonly TenantDispatcher _dispatcher;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Queue<Waiting> _queue = new();
    private Queue<MissedChange>? _missed;
    private Queue<SharedEvent>? _made;
    private TaskCompletionSource? _signal;
    private int _bytes;
    private LogPosition _head;
    private bool _isPaused = true;
    private bool _isInHand;
    private StreamEnd? _end;
    private Action? _left;
    private bool _isLeft;

    /// <param name="dispatcher">The dispatcher of its tenant.</param>
    /// <param name="topic">What it asks for.</param>
    /// <param name="selection">What its events show.</param>
    /// <param name="subscriber">Who subscribes.</param>
    /// <param name="time">The clock.</param>
    public EventStream(TenantDispatcher dispatcher, Topic topic, Selection selection, Subscriber subscriber, TimeProvider time)
    {
        (_dispatcher, Topic, Selection, Subscriber, _time) = (dispatcher, topic, selection, subscriber, time);
    }

    /// <summary>What it asks for. The dispatcher changes it when the shape of a stored area changes.</summary>
    public Topic Topic { get; set; }

    public Selection Selection { get; }

    /// <summary>Who subscribes.</summary>
    public Subscriber Subscriber { get; }

    /// <summary>Adds an event. Called by the dispatcher, in the order of the log.</summary>
    public void Offer(SharedEvent made)
    {
        // A row that could not be read may have been what the reader waits for.
        if (made.Json is not { } json)
        {
            // What was redacted since is skipped: the redaction follows.
            if (!made.WasMade)
            {
                ResyncAlone(made.Position, ResyncReason.Unread);
            }

            return;
        }

        bool overflows;
        lock (_gate)
        {
            overflows = _queue.Count >= Limits.StreamEventsMax || _bytes + json.Length > Limits.StreamBytesMax;
            if (!overflows)
            {
                Enqueue(new Waiting(made, json.Length, DueAt: null));
            }
        }

        if (overflows)
        {
            ResyncAlone(made.Position, ResyncReason.Overflow);
        }
    }

    /// <summary>Replaces everything that was not taken yet by one RESYNC. The caller has told why.</summary>
    /// <param name="position">Events go on behind it.</param>
    /// <param name="delay">How long it waits, with all that comes behind it.</param>
    public void Resync(LogPosition position, TimeSpan delay)
    {
        SharedEvent notice = _dispatcher.Reader.MakeNotice(Selection, position, Schema.RowChangeKind.Resync);
        lock (_gate)
        {
            long? due = delay > TimeSpan.Zero ? _time.GetTimestamp() + (long)(delay.TotalSeconds * _time.TimestampFrequency) : null;

            // One that waits already keeps its moment, or a second import would delay it again.
            if (_queue.TryPeek(out Waiting first) && first.DueAt is { } earlier && (due is null || earlier < due))
            {
                due = due is null ? null : earlier;
            }

            EmptyQueue();
            _missed = null;
            _made = null;
            Enqueue(new Waiting(notice, notice.Json!.Length, due));
        }
    }

    /// <summary>Begins: the first event, then what was missed, then what the dispatcher has added since.</summary>
    /// <param name="notice">RESUMED or RESYNC.</param>
    /// <param name="head">Where the dispatcher's events begin.</param>
    /// <param name="missed">The changes that were missed, up to there.</param>
    public void Begin(SharedEvent notice, LogPosition head, IReadOnlyCollection<MissedChange> missed)
    {
        lock (_gate)
        {
            _head = head;
            _isPaused = false;
            _made = new Queue<SharedEvent>([notice]);
            _missed = missed.Count > 0 ? new Queue<MissedChange>(missed) : null;
            Signal();
        }
    }

    /// <summary>Drops the events of a row that has been redacted. The redaction's own event follows.</summary>
    public void Forget(long row)
    {
        lock (_gate)
        {
            foreach (Waiting waiting in _queue.Where(waiting => waiting.Event.RowKey == row))
            {
                waiting.Event.Forget();
            }

            foreach (SharedEvent made in _made?.Where(made => made.RowKey == row) ?? [])
            {
                made.Forget();
            }
        }
    }

    /// <summary>Ends it; the reader learns why when it asks for the next event.</summary>
    public void End(StreamEnd why)
    {
        lock (_gate)
        {
            _end ??= why;
            Signal();
        }
    }

    /// <summary>The next event, or the end. For one reader at a time; what it took before counts as sent.</summary>
    /// <exception cref="OperationCanceledException">The reader has stopped waiting.</exception>
    public async ValueTask<StreamItem> TakeAsync(CancellationToken cancellation)
    {
        while (true)
        {
            Task signal;
            TimeSpan? wait = null;
            Queue<MissedChange>? of;
            List<MissedChange>? chunk;
            lock (_gate)
            {
                _isInHand = false;
                if (_end is { } end)
                {
                    return new StreamItem(null, end);
                }

                if (TryTake(out SharedEvent? next, out wait))
                {
                    _isInHand = true;
                    return new StreamItem(next, null);
                }

                of = _missed;
                chunk = NextChunk();
                _isInHand = chunk is not null;
                signal = chunk is null ? (_signal ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task : Task.CompletedTask;
            }

            if (chunk is not null)
            {
                await MakeAsync(chunk, of, cancellation);
                continue;
            }

            await WaitAsync(signal, wait, cancellation);
        }
    }

    /// <summary>
    /// The cursor up to which the reader has everything; null while something waits, is made, or was taken and may not be sent yet.
    /// </summary>
    public string? TryGetCursor()
    {
        // Before the queue is looked at: what the dispatcher has passed by then is in the queue.
        DispatchedPosition position = _dispatcher.Position;
        lock (_gate)
        {
            return _isPaused || _isInHand || _queue.Count > 0 || _made is { Count: > 0 } || _missed is { Count: > 0 } || _end is not null
                ? null
                : position.Cursor;
        }
    }

    /// <summary>Sets what happens once when it is disposed.</summary>
    public void OnLeft(Action left) => _left = left;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isLeft, true))
        {
            return;
        }

        _dispatcher.Leave(this);
        lock (_gate)
        {
            EmptyQueue();
        }

        _left?.Invoke();
    }

    private void ResyncAlone(LogPosition position, ResyncReason reason)
    {
        _dispatcher.Note(1, reason, position);
        Resync(position, TimeSpan.Zero);
    }

    private bool TryTake(out SharedEvent? next, out TimeSpan? wait)
    {
        wait = null;
        while (_made?.TryDequeue(out next) == true)
        {
            // What was redacted since is skipped: the redaction follows.
            if (next.Json is not null)
            {
                return true;
            }
        }

        next = null;
        if (_isPaused || _missed is { Count: > 0 })
        {
            return false;
        }

        while (_queue.TryPeek(out Waiting first))
        {
            if (first.DueAt is { } due && _time.GetElapsedTime(_time.GetTimestamp(), due) is { Ticks: > 0 } rest)
            {
                wait = rest;
                return false;
            }

            _queue.Dequeue();
            _bytes -= first.Bytes;
            EngineTelemetry.StreamQueue.Add(-1);
            if (first.Event.Json is not null)
            {
                next = first.Event;
                return true;
            }
        }

        return false;
    }

    private List<MissedChange>? NextChunk()
    {
        if (_isPaused || _missed is not { Count: > 0 } missed)
        {
            return null;
        }

        var chunk = new List<MissedChange>();
        while (chunk.Count < Limits.ReplayChunkEvents && missed.TryDequeue(out MissedChange change))
        {
            chunk.Add(change);
        }

        return chunk;
    }

    private async Task MakeAsync(List<MissedChange> chunk, Queue<MissedChange>? of, CancellationToken cancellation)
    {
        SharedEvent[] made = await Task.WhenAll(
            chunk.Select(missed => _dispatcher.Reader.MakeAsync(Selection, missed.Change, missed.Kind))).WaitAsync(cancellation);
        bool isRead = made.All(one => one.WasMade);
        if (!isRead)
        {
            _dispatcher.Note(1, ResyncReason.Unread, _head);
        }

        lock (_gate)
        {
            if (_missed != of)
            {
                // A RESYNC has come meanwhile, which says it all.
                return;
            }

            if (isRead)
            {
                _made = new Queue<SharedEvent>(made);
                return;
            }

            // Nothing behind a gap is sent before the RESYNC: its cursor would be taken for a position without one.
            _missed = null;
            _made = new Queue<SharedEvent>([_dispatcher.Reader.MakeNotice(Selection, _head, Schema.RowChangeKind.Resync)]);
        }
    }

    private async Task WaitAsync(Task signal, TimeSpan? wait, CancellationToken cancellation)
    {
        if (wait is null)
        {
            await signal.WaitAsync(cancellation);
            return;
        }

        try
        {
            await signal.WaitAsync(wait.Value, _time, cancellation);
        }
        catch (TimeoutException)
        {
            // What had to wait is due.
        }
    }

    private void Enqueue(Waiting waiting)
    {
        // Once it has left, nobody would count it down again.
        if (_isLeft)
        {
            return;
        }

        _queue.Enqueue(waiting);
        _bytes += waiting.Bytes;
        EngineTelemetry.StreamQueue.Add(1);
        Signal();
    }

    private void EmptyQueue()
    {
        EngineTelemetry.StreamQueue.Add(-_queue.Count);
        _queue.Clear();
        _bytes = 0;
    }

    private void Signal()
    {
        _signal?.TrySetResult();
        _signal = null;
    }

    /// <summary>An event that waits for the reader.</summary>
    /// <param name="Event">The event.</param>
    /// <param name="Bytes">Its bytes.</param>
    /// <param name="DueAt">When it may be taken, as a timestamp; null for at once.</param>
    private readonly record struct Waiting(SharedEvent Event, int Bytes, long? DueAt);
}

/// <summary>A change that a subscription missed, and what it means to it.</summary>
/// <param name="Change">The change.</param>
/// <param name="Kind">What it means.</param>
internal readonly record struct MissedChange(RowChange Change, Schema.RowChangeKind Kind);
