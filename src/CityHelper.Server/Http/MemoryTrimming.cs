using CityHelper.Engine.Writing;
using CityHelper.Server.Telemetry;

namespace CityHelper.Server.Http;

/// <summary>
/// Gives memory back to the system once what took much of it is gone: answers that were held, connections, large geometries, texts. The
/// garbage collector would when it next has much to do, which after an attack is when the next one comes: a quiet server kept what an
/// attack had taken for good (measured: 111 MB a minute later, 45 before).
/// </summary>
internal sealed class MemoryTrimming(ResponseMemory memory, TimeProvider time, ILogger<MemoryTrimming> logger) : BackgroundService
{
    private long _worst;
    private long _floor = long.MaxValue;
    private long? _last;
    private TimeSpan _wait = Limits.MemoryTrimInterval;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // What an attack takes in the first seconds is growth too.
        HasGrown(Environment.WorkingSet);
        using var timer = new PeriodicTimer(Limits.MemoryTrimInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            // Each is asked, since each notes what it sees.
            bool isOver = IsFloodOver();
            long resident = Environment.WorkingSet;
            if (HasGrown(resident) || isOver)
            {
                // Threads stand still meanwhile, for some 100 ms.
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                NoteTrimmed(Environment.WorkingSet);
                LogMessages.MemoryTrimmed(logger, _floor >> 20, resident >> 20);
            }
        }
    }

    /// <summary>Whether many bytes of answers were held, and no longer were since the last look.</summary>
    internal bool IsFloodOver()
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

    /// <summary>
    /// Whether the process is much larger than after it was last trimmed. Where it is so again each time that it may be, this is what the
    /// load needs, and it waits twice as long for the next time, up to <see cref="Limits.MemoryTrimWaitMax"/>.
    /// </summary>
    /// <param name="resident">Bytes of the process that are in memory: what the heap has from the system it need not have touched.</param>
    internal bool HasGrown(long resident)
    {
        _floor = Math.Min(_floor, resident);
        TimeSpan since = _last is { } last ? time.GetElapsedTime(last) : TimeSpan.MaxValue;
        if (resident < _floor + Limits.MemoryTrimGrowthBytes || since < _wait)
        {
            return false;
        }

        bool isAsSoonAsItMay = since < _wait + 2 * Limits.MemoryTrimInterval;
        _wait = isAsSoonAsItMay ? TimeSpan.FromTicks(Math.Min(2 * _wait.Ticks, Limits.MemoryTrimWaitMax.Ticks)) : Limits.MemoryTrimInterval;
        return true;
    }

    /// <summary>Notes what is left after a collection.</summary>
    /// <param name="resident">Bytes of the process that are in memory: what the heap has from the system it need not have touched.</param>
    internal void NoteTrimmed(long resident)
    {
        _floor = resident;
        _last = time.GetTimestamp();
    }
}

/// <summary>The log messages of memory.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(EventIds.MemoryTrimmed, LogLevel.Information, "Memory was given back: {After} MB are in use, {Before} were")]
    public static partial void MemoryTrimmed(ILogger logger, long after, long before);
}
