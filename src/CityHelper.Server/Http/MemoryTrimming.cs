using CityHelper.Engine.Admission;

namespace CityHelper.Server.Http;

/// <summary>
/// Gives memory back to the system once answers that held much of it are gone. The garbage collector would when it next has much to do, which after an attack is when the
/// next one comes: a quiet server kept what an attack had taken for good (measured: 246 MB a minute later, 198 before).
/// </summary>
internal sealed class MemoryTrimming(ResponseMemory memory, TimeProvider time) : BackgroundService
{
    private long _worst;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Limits.MemoryTrimInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (IsDue())
            {
                // Once for a flood that is over: threads stand still meanwhile.
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            }
        }
    }

    /// <summary>Looks once. Much was held, and no longer was since the last look.</summary>
    internal bool IsDue()
    {
        long recent = memory.TakeRecentPeak();
        _worst = Math.Max(_worst, recent);
        if (_worst < Limits.MemoryTrimBytes || recent >= Limits.MemoryTrimBytes / 2)
        {
            return false;
        }

        _worst = 0;
        return true;
    }
}
