using CityHelper.Engine.Writing;
using CityHelper.Server.Telemetry;

namespace CityHelper.Server.Http;

/// <summary>
/// Returns memory to the system after a peak of buffered answers, connections, large geometries or texts. The garbage collector returns it
/// only when it next has much to do, which after an attack is the next attack: a quiet server kept an attack's memory for good (measured:
/// 111 MB a minute later, 45 before).
/// </summary>
internal sealed class MemoryTrimming(ResponseMemory memory, TimeProvider time, ILogger<MemoryTrimming> logger) : BackgroundService
{
    private long _worst;
    private long _floor = long.MaxValue;
    private long? _last;
    private TimeSpan _wait = Limits.MemoryTrimInterval;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Sets the floor now, so that memory taken by an attack in the first seconds counts as growth.
        HasGrown(Environment.WorkingSet);
        using var timer = new PeriodicTimer(Limits.MemoryTrimInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            // Both methods are always called, since each records what it sees.
            bool isOver = IsFloodOver();
            long resident = Environment.WorkingSet;
            if (HasGrown(resident) || isOver)
            {
                // Stops all threads for some 100 ms.
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                NoteTrimmed(Environment.WorkingSet);
                LogMessages.MemoryTrimmed(logger, resident >> 20, _floor >> 20);
            }
        }
    }

    /// <summary>Whether answers held many bytes, and no longer do since the last call.</summary>
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
    /// Whether the process is much larger than after the last trim. If it is so again as soon as it may be trimmed, the load needs this
    /// memory, and the wait before the next trim doubles, up to <see cref="Limits.MemoryTrimWaitMax"/>.
    /// </summary>
    /// <param name="resident">Resident bytes of the process: it need not have touched all memory that the heap has from the system.</param>
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

    /// <summary>Records the size after a collection.</summary>
    /// <param name="resident">Resident bytes of the process: it need not have touched all memory that the heap has from the system.</param>
    internal void NoteTrimmed(long resident)
    {
        _floor = resident;
        _last = time.GetTimestamp();
    }
}

/// <summary>The log messages of memory.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(EventIds.MemoryTrimmed, LogLevel.Information,
        "Returned memory to the system: {Before} MB in use before, {After} MB after")]
    public static partial void MemoryTrimmed(ILogger logger, long before, long after);
}
