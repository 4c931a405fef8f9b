namespace CityHelper.Engine.Admission;

/// <summary>
/// When it is worth for refused clients to come back: as many seconds as there are requests refused for each one admitted lately, and up to twice as many by lot. The more
/// wait outside, the longer they stay away, and they do not come back all at once.
/// </summary>
/// <remarks>
/// With 800 clients that wait for 25 executions a second it settles at about five seconds, and 110 refusals a second; with one second for everybody there would be 530
/// of them, which take the processor that the executions need.
/// </remarks>
/// <param name="time">Measures what is lately: this period and the one before.</param>
internal sealed class RetryAdvice(TimeProvider time)
{
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
        double perAdmitted;
        lock (_lock)
        {
            Turn();
            _now.Refused++;
            perAdmitted = (_before.Refused + _now.Refused) / (double)Math.Max(1, _before.Admitted + _now.Admitted);
        }

        int seconds = (int)Math.Clamp(Math.Ceiling(perAdmitted), Limits.RetrySecondsMin, Limits.RetrySecondsMax);
        return seconds + Random.Shared.Next(seconds + 1);
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
