using System.Collections.Concurrent;
using CityHelper.Engine.Binding;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Database;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Telemetry;
using CityHelper.Engine.Writing;

namespace CityHelper.Engine.Subscriptions;

/// <summary>
/// Makes the events of a tenant: reads the rows of all that are asked for at once in one batch, and each event's bytes once for each
/// selection. What was made is kept for a minute, so that those who come back after a deploy cost no reading.
/// </summary>
/// <param name="tenant">The tenant.</param>
/// <param name="tools">What all tenants share.</param>
internal sealed class EventReader(short tenant, EventTools tools)
{
    private readonly ConcurrentDictionary<EventKey, Making> _making = new();
    private readonly ConcurrentDictionary<long, long> _redacted = new();
    private readonly Lock _gate = new();
    private readonly List<Making> _waiting = [];
    private bool _isReading;

    /// <summary>The event of a change, made now or earlier.</summary>
    /// <param name="selection">What it shows.</param>
    /// <param name="change">The change.</param>
    /// <param name="kind">What it means.</param>
    /// <returns>Completes when the event is made; its bytes are null when its rows could not be read.</returns>
    public Task<SharedEvent> MakeAsync(Selection selection, RowChange change, RowChangeKind kind)
    {
        var key = new EventKey(selection, change.Position, kind, change.RowKey);
        if (tools.Kept.TryGetValue(key, out object? kept))
        {
            return Task.FromResult((SharedEvent)kept!);
        }

        var making = new Making(key, change, NewEvent(change.Position, kind, change));
        Making first = _making.GetOrAdd(key, making);
        if (first != making)
        {
            return first.Made.Task;
        }

        if (selection.Plan.Rows.Count == 0 || change.RowKey is null)
        {
            Finish(making, selection.Render(ValuesOf(making, [], error: null)));
            return making.Made.Task;
        }

        lock (_gate)
        {
            _waiting.Add(making);
            if (!_isReading)
            {
                _isReading = true;
                _ = Task.Run(ReadAllAsync);
            }
        }

        return making.Made.Task;
    }

    /// <summary>An event that is about no row: RESUMED or RESYNC.</summary>
    public SharedEvent MakeNotice(Selection selection, LogPosition position, RowChangeKind kind)
    {
        var key = new EventKey(selection, position, kind, Row: null);
        if (tools.Kept.TryGetValue(key, out object? kept))
        {
            return (SharedEvent)kept!;
        }

        SharedEvent made = NewEvent(position, kind, change: null);
        made.Complete(selection.Render(new ChangeValues(kind, made.Cursor)));
        if (kind == RowChangeKind.Resync)
        {
            // Many streams get the same RESYNC; hardly two the same RESUMED.
            tools.Keep(key, made);
        }

        return made;
    }

    /// <summary>Drops what tells of a row: it was redacted.</summary>
    /// <param name="row">The row's key.</param>
    /// <param name="number">The number of the redaction: what is read before it must not be sent.</param>
    public void Forget(long row, long number)
    {
        if (_redacted.Count >= Limits.RedactedRowsMax)
        {
            _redacted.Clear();
        }

        _redacted[row] = number;
        tools.Forget(tenant, row);
    }

    private SharedEvent NewEvent(LogPosition position, RowChangeKind kind, RowChange? change) =>
        new(position, kind, tools.Cursors.Sign(tenant, position)) { RowKey = change?.RowKey, At = change?.At };

    private async Task ReadAllAsync()
    {
        while (true)
        {
            List<IGrouping<Selection, Making>> batch;
            lock (_gate)
            {
                batch = Take();
                if (batch.Count == 0)
                {
                    _isReading = false;
                    return;
                }
            }

            await ReadAsync(batch);
        }
    }

    private List<IGrouping<Selection, Making>> Take()
    {
        List<IGrouping<Selection, Making>> groups = [];
        int statements = 1;
        foreach (IGrouping<Selection, Making> group in _waiting.Take(Limits.EventRowsMax).GroupBy(making => making.Key.Selection))
        {
            statements += group.Key.Plan.StatementCount;
            if (groups.Count > 0 && (groups.Count == Limits.EventSelectionsMax || statements > Limits.BatchStatementsMax))
            {
                break;
            }

            groups.Add(group);
        }

        HashSet<Making> taken = [.. groups.SelectMany(group => group)];
        _waiting.RemoveAll(taken.Contains);
        return groups;
    }

    // A batch fails as one. Read alone, the selection that makes it fail costs the others nothing but the time.
    private async Task ReadAsync(List<IGrouping<Selection, Making>> batch)
    {
        if (!await TryReadAsync(batch) && batch.Count > 1)
        {
            int failed = 0;
            foreach (IGrouping<Selection, Making> group in batch.TakeWhile(_ => failed < Limits.EventSelectionFailuresMax))
            {
                failed += await TryReadAsync([group]) ? 0 : 1;
            }
        }

        // Whatever happened, nobody waits for ever.
        foreach (Making making in batch.SelectMany(group => group))
        {
            Finish(making, json: null);
        }
    }

    /// <summary>Reads and makes the events of selections.</summary>
    /// <returns>Whether the database has answered.</returns>
    private async Task<bool> TryReadAsync(List<IGrouping<Selection, Making>> batch)
    {
        using MemoryLease? memory = tools.Memory.TryBegin();
        List<(Selection Selection, Making[] Events, RootExecution[] Roots)> reads = [];
        try
        {
            if (memory is null)
            {
                throw new ResponseMemoryException();
            }

            foreach (IGrouping<Selection, Making> group in batch)
            {
                reads.Add((group.Key, [.. group], await RootsAsync(group.Key, [.. group], memory)));
            }

            RootExecution[] roots = [.. reads.SelectMany(read => read.Roots)];
            LogRead log = LogRead.Of(roots.Select(root => root.Bound), tools.Log, tools.Cursors);
            using (await tools.EnterAsync())
            {
                await tools.Batches.RunAsync(roots, log, SignatureOf(batch), CancellationToken.None);
            }

            // All of them: a selection that failed must not hide one that did not.
            return reads.ConvertAll(read => TryWrite(read.Selection, read.Events, read.Roots, log.Positions.Of(tenant)))
                .TrueForAll(isWritten => isWritten);
        }
        catch (Exception cause)
        {
            LogMessages.EventsNotRead(tools.Logger, tenant, cause);
            return false;
        }
        finally
        {
            foreach ((_, _, RootExecution[] roots) in reads)
            {
                Array.ForEach(roots, root => root.Dispose());
            }
        }
    }

    private async Task<RootExecution[]> RootsAsync(Selection selection, Making[] events, MemoryLease memory)
    {
        long[] keys = [.. events.Select(making => making.Change.RowKey!.Value).Distinct()];
        var seed = new RootSeed(selection.Prepared.Variables) { Tenant = tenant, RowKeys = keys };
        var roots = new RootExecution[selection.Plan.Rows.Count];
        for (int i = 0; i < roots.Length; i++)
        {
            BoundRoot bound = await tools.Binder.BindAsync(selection.Plan.Rows[i], seed, CancellationToken.None);
            roots[i] = new RootExecution(bound, memory, selection.Prepared.Costed.Life.Token);
        }

        return roots;
    }

    private bool TryWrite(Selection selection, Making[] events, RootExecution[] roots, LogPosition? readAt)
    {
        RequestError? error = roots.Select(root => root.Rows.Error).FirstOrDefault(failure => failure is not null);
        if (error is not null && DatabaseFailure.IsOne(error))
        {
            // An event without its row would be taken for one whose row is gone.
            return false;
        }

        foreach (Making making in events)
        {
            long row = making.Change.RowKey!.Value;
            if (IsRedactedSince(row, readAt))
            {
                continue;
            }

            RowOutput?[] rows = [.. roots.Select(root => root.Rows.RowsByKey.GetValueOrDefault(row))];
            Finish(making, selection.Render(ValuesOf(making, rows, error)), () => IsRedactedSince(row, readAt));
        }

        return true;
    }

    private bool IsRedactedSince(long row, LogPosition? readAt) =>
        _redacted.TryGetValue(row, out long redaction) && !(readAt?.Number >= redaction);

    private static ChangeValues ValuesOf(Making making, IReadOnlyList<RowOutput?> rows, RequestError? error) =>
        new(making.Key.Kind, making.Event.Cursor)
        {
            At = making.Change.At,
            RowKey = making.Change.RowKey,
            Before = making.Change.Before?.Values,
            After = making.Change.After?.Values,
            Rows = rows,
            RowError = error,
        };

    private void Finish(Making making, byte[]? json, Func<bool>? isStale = null)
    {
        if (making.Made.Task.IsCompleted)
        {
            return;
        }

        if (json is not null)
        {
            making.Event.Complete(json);
            tools.Keep(making.Key, making.Event);

            // Order matters: a redaction is noted first and then drops what is kept, so it either finds the event or is found here.
            if (isStale?.Invoke() == true)
            {
                making.Event.Forget();
                tools.Kept.Remove(making.Key);
            }
        }

        // Order matters: whoever does not find it here must find it among the kept.
        _making.TryRemove(making.Key, out _);
        making.Made.TrySetResult(making.Event);
    }

    // Events of several operations share a batch: the watcher of long statements knows it by the first.
    private static ExecutionSignature SignatureOf(List<IGrouping<Selection, Making>> batch)
    {
        PreparedOperation first = batch[0].Key.Prepared;
        return new ExecutionSignature(first.Operation.Id, first.Operation.Name ?? first.Operation.Id, first.Variables.Signature, "events");
    }

    /// <summary>An event that is being made.</summary>
    /// <param name="key">Which.</param>
    /// <param name="change">Its change.</param>
    /// <param name="made">The event.</param>
    private sealed class Making(EventKey key, RowChange change, SharedEvent made)
    {
        public EventKey Key => key;

        public RowChange Change => change;

        public SharedEvent Event => made;

        public TaskCompletionSource<SharedEvent> Made { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>Which event it is.</summary>
/// <param name="Selection">What it shows.</param>
/// <param name="Position">Its position in the log.</param>
/// <param name="Kind">What it means.</param>
/// <param name="Row">The key of its row.</param>
internal sealed record EventKey(Selection Selection, LogPosition Position, RowChangeKind Kind, long? Row);
