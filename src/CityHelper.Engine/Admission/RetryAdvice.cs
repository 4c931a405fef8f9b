namespace CityHelper.Engine.Admission;

/// <summary>
/// Computes <c>Retry-After</c> for refused clients: twice the ratio of recent refusals to admissions, in seconds, plus a random time of up
/// to as much. The more clients wait, the longer they stay away, and they do not all return at once.
/// </summary>
/// <remarks>
/// With 800 clients that wait for 25 executions a second, it settles at ten seconds on average and 80 refusals a second. With one second
/// for all there would be 800 refusals a second, which take the processor time that the executions need.
/// </remarks>
/// <param name="time">The clock; recent means this period and the one before.</param>
internal sealed class RetryAdvice(TimeProvider time)
{
    private const double RetriesApart = 2;

    private readonly Lock _lock = new();
    private long _period;
    private (int Admitted, int Refused) _before;
    private (int Admitted, int Refused) _now;

    public void NoteAdmitted()
    {
        lock (_lock)
        {
            Turn();
            _now.Admitted++;
        }
    }

    /// <summary>Notes a refusal.</summary>
    /// <returns>Seconds after which the client may retry.</returns>
    public int NoteRefused()
    {
        double seconds;
        lock (_lock)
        {
            Turn();
            _now.Refused++;
            seconds = RetriesApart * (_before.Refused + _now.Refused) / (double)Math.Max(1, _before.Admitted + _now.Admitted);
        }

        int least = (int)Math.Clamp(Math.Ceiling(seconds), Limits.RetrySecondsMin, Limits.RetrySecondsMax);
        return least + Random.Shared.Next(least + 1);
    }

    private void Turn()
    {
        long period = (long)(time.GetElapsedTime(0, time.GetTimestamp()) / Limits.RetryPeriod);
        if (period != _period)
        {
            _before = period == _period + 1 ? _now : default;
            _now = default;
            _period = period;
        }
    }
}
