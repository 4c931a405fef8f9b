using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading.RateLimiting;
using CityHelper.Engine.Telemetry;

namespace CityHelper.Engine.Admission;

/// <summary>An execution that asks to be admitted.</summary>
/// <param name="Share">Of whose share.</param>
/// <param name="Cost">Its field cost with its variables, in the units of the schema's <c>@cost</c>.</param>
/// <param name="AddsUp">Whether it adds up rows or counters, however many there are: no page bounds that.</param>
/// <param name="IsPublished">Whether the operation is published.</param>
internal readonly record struct AdmissionRequest(ClientShare Share, double Cost, bool AddsUp, bool IsPublished);

/// <summary>
/// Decides before anything reaches the database whether an execution runs now, waits a moment, or is refused with
/// <see cref="OverloadedError"/>. Every execution holds at most one connection at a time, so a pool with as many connections as all shares
/// admit, and one on top for the tables' statistics, is never waited for.
/// </summary>
/// <remarks>
/// A client has two lines of places. Dear executions, what adds up or costs much, have few places and take more of them the more they cost:
/// more at once than there are processors only makes each of them slower. Cheap ones have places of their own that dear ones cannot take;
/// of those, half are for published operations alone. How long executions took before is not asked: while the machine is busy with
/// something else all take long, and all would be called dear. The lines are <see cref="ConcurrencyLimiter"/>s; what they lack, a bound of
/// the time in the queue, is added here.
/// </remarks>
public sealed class AdmissionControl : IDisposable
{
    private const string QueueFull = "queue_full";
    private const string QueueTime = "queue_time";

    private readonly AdmissionOptions _options;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<ClientShare, ClientLines> _clients = new();

    /// <param name="options">The queues.</param>
    /// <param name="time">Measures how long an execution waits.</param>
    public AdmissionControl(AdmissionOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
    }

    /// <summary>Asks for an execution to be admitted.</summary>
    /// <returns>Either a lease, which is disposed when the execution has ended, or why not.</returns>
    /// <exception cref="OperationCanceledException">The request ended while it waited.</exception>
    internal async ValueTask<(AdmissionLease? Lease, OverloadedError? Refusal)> AdmitAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        using Activity? activity = EngineTelemetry.Source.StartActivity("GraphQL Operation Admission");
        ClientLines client = _clients.GetOrAdd(request.Share, share => new ClientLines(share, _options, _time));
        if (request.AddsUp || request.Cost > _options.CheapCost)
        {
            client.Dear.Mark(activity);
            return await EnterAsync(client.Dear, UnitsOf(request.Cost, client.Dear.Places), before: null, activity, cancellation);
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

    /// <summary>Permits that nobody holds and permits that are waited for, of a client's dear and cheap line.</summary>
    internal (long DearFree, long DearQueued, long CheapFree, long CheapQueued, long TextsFree) Look(ClientShare share)
    {
        ClientLines lines = _clients.GetOrAdd(share, s => new ClientLines(s, _options, _time));
        return (lines.Dear.Free, lines.Dear.Queued, lines.Cheap.Free, lines.Cheap.Queued, lines.Texts.Free);
    }

    // One place for each so much of the cost. What would need more places than there are takes all of them: it runs, but alone.
    private static int UnitsOf(double cost, int places) => (int)Math.Clamp(Math.Ceiling(cost / Limits.DearUnitCost), 1, places);

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
        using CancellationTokenRegistration leaving = cancellation.UnsafeRegister(source => ((CancellationTokenSource)source!).Cancel(), patience);
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

        // The line that had no place: who is refused before the other one learns when that one has places again.
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

        // Before the cheap line, for texts alone: as many of them as have a place here may stand in that line, and take no more of its
        // places.
        public AdmissionLine Texts { get; } = new(share, "text", share.TextsAtOnce, options.CheapQueued, new RetryAdvice(time));

        public void Dispose()
        {
            Dear.Dispose();
            Cheap.Dispose();
            Texts.Dispose();
        }
    }
}

/// <summary>An execution that was admitted; dispose it when the execution has ended, however it ended.</summary>
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
