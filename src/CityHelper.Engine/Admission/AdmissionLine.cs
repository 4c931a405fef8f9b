using System.Diagnostics;
using System.Threading.RateLimiting;
using CityHelper.Engine.Telemetry;

namespace CityHelper.Engine.Admission;

/// <summary>Places for executions of one kind of one client, and the queue before them.</summary>
internal sealed class AdmissionLine : IDisposable
{
    // Oldest first: the queue is short, so who is in it has not waited long, and whoever comes when it is full is told at once and not
    // after waiting.
    private readonly ConcurrencyLimiter _limiter;
    private readonly RetryAdvice _advice;
    private readonly KeyValuePair<string, object?>[] _tags;

    public AdmissionLine(ClientShare share, string kind, int places, int queued, RetryAdvice advice)
    {
        Places = places;
        _advice = advice;
        _limiter = new ConcurrencyLimiter(new ConcurrencyLimiterOptions
        {
            PermitLimit = places,
            QueueLimit = queued,
            QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
        });
        _tags = [new(EngineTelemetry.Client, share.Name), new(EngineTelemetry.AdmissionKind, kind)];
    }

    /// <summary>Says on a span which line it is.</summary>
    public void Mark(Activity? span)
    {
        if (span is not null)
        {
            Array.ForEach(_tags, tag => span.SetTag(tag.Key, tag.Value));
        }
    }

    /// <summary>Permits in all.</summary>
    public int Places { get; }

    /// <summary>Permits that nobody holds now.</summary>
    public long Free => _limiter.GetStatistics()!.CurrentAvailablePermits;

    /// <summary>Permits that are waited for.</summary>
    public long Queued => _limiter.GetStatistics()!.CurrentQueuedCount;

    /// <summary>Takes permits if they are free and nobody waits for them.</summary>
    public RateLimitLease? TryEnter(int permits)
    {
        RateLimitLease lease = _limiter.AttemptAcquire(permits);
        return lease.IsAcquired ? lease : null;
    }

    /// <summary>Waits for permits.</summary>
    /// <returns>Null when the queue is full.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled before its turn.</exception>
    public async ValueTask<RateLimitLease?> EnterAsync(int permits, CancellationToken cancellation)
    {
        RateLimitLease lease = await _limiter.AcquireAsync(permits, cancellation);
        return lease.IsAcquired ? lease : null;
    }

    /// <summary>Notes that an execution passes, for the advice to those that are refused; it is counted where it runs.</summary>
    public void NoteAdmitted() => _advice.NoteAdmitted();

    /// <summary>Counts an execution that begins.</summary>
    public void CountAdmitted()
    {
        NoteAdmitted();
        EngineTelemetry.AdmissionExecutions.Add(1, _tags);
    }

    /// <summary>Counts an execution that ended.</summary>
    public void CountEnded() => EngineTelemetry.AdmissionExecutions.Add(-1, _tags);

    /// <summary>Counts a refusal.</summary>
    /// <returns>What the client is told.</returns>
    public OverloadedError Refuse(string reason)
    {
        EngineTelemetry.AdmissionRefusals.Add(1, [.. _tags, new(EngineTelemetry.AdmissionReason, reason)]);
        return new OverloadedError(_advice.NoteRefused());
    }

    /// <summary>Notes how long an execution waited.</summary>
    public void NoteWait(TimeSpan waited) => EngineTelemetry.AdmissionWait.Record(waited.TotalSeconds, _tags);

    public void Dispose() => _limiter.Dispose();
}
