namespace CityHelper.Engine.Admission;

/// <summary>
/// When it is worth for refused clients to come back: twice as many seconds as requests were refused for each one admitted lately, and up
/// to twice that by lot. The more wait outside, the longer they stay away, and they do not come back all at once.
/// </summary>
/// <remarks>
/// With 800 clients that wait for 25 executions a second it settles at ten seconds on the average, and 80 refusals a second; with one
/// second for everybody there would be 800 of them, which take the processor that the executions need.
/// </remarks>
/// <param name="time">Measures what is lately: this period and the one before.</param>
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
    /// <returns>Seconds after which it is worth trying again.</returns>
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
