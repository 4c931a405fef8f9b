using System.Diagnostics;
using System.Threading.RateLimiting;
using CityHelper.Engine.Telemetry;

namespace CityHelper.Engine.Admission;

/// <summary>Permits for one client's executions of one kind, and the queue for them.</summary>
internal sealed class AdmissionLine : IDisposable
{
    // Oldest first: the queue is short, so nothing in it has waited long. An execution that finds it full is refused at once and not after
    // waiting.
    private readonly ConcurrencyLimiter _limiter;
    private readonly RetryAdvice _advice;
    private readonly KeyValuePair<string, object?>[] _tags;

    public AdmissionLine(ClientShare share, string kind, int permits, int queued, RetryAdvice advice)
    {
        Permits = permits;
        _advice = advice;
        _limiter = new ConcurrencyLimiter(new ConcurrencyLimiterOptions
        {
            PermitLimit = permits,
            QueueLimit = queued,
            QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
        });
        _tags = [new(EngineTelemetry.Client, share.Name), new(EngineTelemetry.AdmissionKind, kind)];
    }

    /// <summary>Tags a span with the client and the line.</summary>
    public void Mark(Activity? span)
    {
        if (span is not null)
        {
            Array.ForEach(_tags, tag => span.SetTag(tag.Key, tag.Value));
        }
    }

    /// <summary>Permits in all.</summary>
    public int Permits { get; }

    /// <summary>Free permits.</summary>
    public long Free => _limiter.GetStatistics()!.CurrentAvailablePermits;

    /// <summary>Queued permits.</summary>
    public long Queued => _limiter.GetStatistics()!.CurrentQueuedCount;

    /// <summary>Takes permits if they are free and nothing waits for them.</summary>
    public RateLimitLease? TryEnter(int permits)
    {
        RateLimitLease lease = _limiter.AttemptAcquire(permits);
        return lease.IsAcquired ? lease : null;
    }

    /// <summary>Waits for permits.</summary>
    /// <returns>Null when the queue is full.</returns>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public async ValueTask<RateLimitLease?> EnterAsync(int permits, CancellationToken cancellation)
    {
        RateLimitLease lease = await _limiter.AcquireAsync(permits, cancellation);
        return lease.IsAcquired ? lease : null;
    }

    /// <summary>Notes an admission for the retry advice. The execution is counted in the line where it runs.</summary>
    public void NoteAdmitted() => _advice.NoteAdmitted();

    /// <summary>Counts an execution that starts.</summary>
    public void CountAdmitted()
    {
        NoteAdmitted();
        EngineTelemetry.AdmissionExecutions.Add(1, _tags);
    }

    /// <summary>Counts an execution that ended.</summary>
    public void CountEnded() => EngineTelemetry.AdmissionExecutions.Add(-1, _tags);

    /// <summary>Counts a refusal.</summary>
    /// <returns>The error for the client.</returns>
    public OverloadedError Refuse(string reason)
    {
        EngineTelemetry.AdmissionRefusals.Add(1, [.. _tags, new(EngineTelemetry.AdmissionReason, reason)]);
        return new OverloadedError(_advice.NoteRefused());
    }

    /// <summary>Notes how long an execution waited.</summary>
    public void NoteWait(TimeSpan waited) => EngineTelemetry.AdmissionWait.Record(waited.TotalSeconds, _tags);

    public void Dispose() => _limiter.Dispose();
}
