using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading.RateLimiting;
using CityHelper.Engine.Telemetry;

namespace CityHelper.Engine.Admission;

/// <summary>A request to admit an execution.</summary>
/// <param name="Share">The share that it runs in.</param>
/// <param name="Cost">Its field cost with its variables, in the units of the schema's <c>@cost</c>.</param>
/// <param name="IsAggregate">Whether it aggregates rows or counters, however many there are: no page bounds that.</param>
/// <param name="IsPublished">Whether the operation is published.</param>
internal readonly record struct AdmissionRequest(ClientShare Share, double Cost, bool IsAggregate, bool IsPublished);

/// <summary>
/// Decides whether an execution runs now, waits, or is refused with <see cref="OverloadedError"/>, before anything reaches the database. An
/// execution holds at most one connection at a time. So a pool with one connection per permit of all shares, and one more for the table
/// statistics, never makes an execution wait.
/// </summary>
/// <remarks>
/// A client has two lines, each with permits and a queue. Dear executions, those that aggregate or cost much, have few permits and
/// take more of them the more they cost: more at once than there are processors only slows each of them down. Cheap ones have separate
/// permits that dear ones cannot take; half of those are for published operations alone. Past durations do not count: while the
/// machine is busy with something else, everything takes long and would be classified as dear. The lines are
/// <see cref="ConcurrencyLimiter"/>s; this class adds a time limit for the queue.
/// </remarks>
public sealed class AdmissionControl : IDisposable
{
    private const string QueueFull = "queue_full";
    private const string QueueTime = "queue_time";

    private readonly AdmissionOptions _options;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<ClientShare, ClientLines> _clients = new();

    /// <param name="options">The queues and the cost limit.</param>
    /// <param name="time">The clock of the waits.</param>
    public AdmissionControl(AdmissionOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
    }

    /// <summary>Requests admission of an execution.</summary>
    /// <returns>A lease, which the caller disposes when the execution has ended, or the refusal.</returns>
    /// <exception cref="OperationCanceledException">The request was cancelled while it waited.</exception>
    internal async ValueTask<(AdmissionLease? Lease, OverloadedError? Refusal)> AdmitAsync(
        AdmissionRequest request, CancellationToken cancellation)
    {
        using Activity? activity = EngineTelemetry.Source.StartActivity("GraphQL Operation Admission");
        ClientLines client = _clients.GetOrAdd(request.Share, share => new ClientLines(share, _options, _time));
        if (request.IsAggregate || request.Cost > _options.CheapCost)
        {
            client.Dear.Mark(activity);
            return await EnterAsync(client.Dear, UnitsOf(request.Cost, client.Dear.Permits), before: null, activity, cancellation);
        }

        client.Cheap.Mark(activity);
        return await EnterAsync(client.Cheap, 1, request.IsPublished ? null : client.Texts, activity, cancellation);
    }

    public void Dispose()
    {
        foreach (ClientLines client in _clients.Values)
        {
            client.Dispose();
        }
    }

    /// <summary>Free permits and queued permits, of a client's dear, cheap and text lines. For tests.</summary>
    internal (long DearFree, long DearQueued, long CheapFree, long CheapQueued, long TextsFree) Snapshot(ClientShare share)
    {
        ClientLines lines = _clients.GetOrAdd(share, s => new ClientLines(s, _options, _time));
        return (lines.Dear.Free, lines.Dear.Queued, lines.Cheap.Free, lines.Cheap.Queued, lines.Texts.Free);
    }

    // One permit per DearUnitCost. An execution that needs more permits than exist takes all of them: it runs alone.
    private static int UnitsOf(double cost, int permits) => (int)Math.Clamp(Math.Ceiling(cost / Limits.DearUnitCost), 1, permits);

    private async ValueTask<(AdmissionLease? Lease, OverloadedError? Refusal)> EnterAsync(
        AdmissionLine line, int permits, AdmissionLine? before, Activity? activity, CancellationToken cancellation)
    {
        RateLimitLease? outer = before?.TryEnter(1);
        RateLimitLease? own = before is null || outer is not null ? line.TryEnter(permits) : null;
        if (own is not null)
        {
            return (Admit(line, own, before, outer), null);
        }

        long start = _time.GetTimestamp();
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(_options.QueueMs), _time);
        using CancellationTokenRegistration leaving = cancellation.UnsafeRegister(
            source => ((CancellationTokenSource)source!).Cancel(), patience);
        try
        {
            outer ??= before is null ? null : await before.EnterAsync(1, patience.Token);
            own = before is null || outer is not null ? await line.EnterAsync(permits, patience.Token) : null;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            outer?.Dispose();
            return (null, Refuse(QueueTime));
        }
        catch
        {
            outer?.Dispose();
            throw;
        }

        if (own is null)
        {
            outer?.Dispose();
            return (null, Refuse(QueueFull));
        }

        line.NoteWait(_time.GetElapsedTime(start));
        return (Admit(line, own, before, outer), null);

        // Refuses in the line that had no permit: its retry advice knows when it has permits again.
        OverloadedError Refuse(string reason)
        {
            OverloadedError error = (before is not null && outer is null ? before : line).Refuse(reason);
            activity?.SetTag(EngineTelemetry.AdmissionReason, reason)
                .SetTag(EngineTelemetry.ErrorType, error.Code)
                .SetStatus(ActivityStatusCode.Error);
            return error;
        }
    }

    private static AdmissionLease Admit(AdmissionLine line, RateLimitLease own, AdmissionLine? before, RateLimitLease? outer)
    {
        before?.NoteAdmitted();
        return new AdmissionLease(line, own, outer);
    }

    private sealed class ClientLines(ClientShare share, AdmissionOptions options, TimeProvider time) : IDisposable
    {
        public AdmissionLine Dear { get; } = new(share, "dear", share.DearAtOnce, options.DearQueued, new RetryAdvice(time));

        public AdmissionLine Cheap { get; } = new(share, "cheap", share.CheapAtOnce, options.CheapQueued, new RetryAdvice(time));

        // Stands before the cheap line, for unpublished texts alone. Only as many of them as have a permit here wait in the cheap line, so
        // they take no more of its permits.
        public AdmissionLine Texts { get; } = new(share, "text", share.TextsAtOnce, options.CheapQueued, new RetryAdvice(time));

        public void Dispose()
        {
            Dear.Dispose();
            Cheap.Dispose();
            Texts.Dispose();
        }
    }
}

/// <summary>The permits of an admitted execution; dispose it when the execution has ended, however it ended.</summary>
internal sealed class AdmissionLease : IDisposable
{
    private readonly AdmissionLine _line;
    private readonly RateLimitLease _own;
    private readonly RateLimitLease? _outer;
    private bool _isDisposed;

    public AdmissionLease(AdmissionLine line, RateLimitLease own, RateLimitLease? outer)
    {
        _line = line;
        _own = own;
        _outer = outer;
        line.CountAdmitted();
    }

    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        _line.CountEnded();
        _own.Dispose();
        _outer?.Dispose();
    }
}
