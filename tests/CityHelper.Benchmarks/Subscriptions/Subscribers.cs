using System.Diagnostics;
using CityHelper.Engine;

namespace CityHelper.Benchmarks.Subscriptions;

/// <summary>Subscriptions of one server, over whatever transport, and how many events they were sent.</summary>
internal abstract class Subscribers : IAsyncDisposable
{
    /// <summary>New subscriptions in a second: a little less than a server takes, which refuses more.</summary>
    private const double OpenedPerSecond = 0.95 * Limits.StreamsPerSecond;

    /// <summary>
    /// Subscriptions that may begin at once. Each is admitted as a query is: with many at once, a server that has too little of the machine
    /// refuses those that wait too long, and closes their sockets.
    /// </summary>
    private const int BegunAtOnce = 16;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_arrivalMax = TimeSpan.FromSeconds(20);

    private readonly CancellationTokenSource _stop = new();
    private long _events;
    private volatile Exception? _broken;

    /// <summary>Events that arrived so far, the first ones of the subscriptions among them.</summary>
    public long Events => Interlocked.Read(ref _events);

    /// <summary>Cancelled when the subscribers leave.</summary>
    protected CancellationToken Leaving => _stop.Token;

    /// <summary>Waits until so many events have arrived.</summary>
    /// <returns>How many are missing: 0, unless they take too long.</returns>
    public async Task<long> ArrivedAsync(long events)
    {
        long start = Stopwatch.GetTimestamp();
        while (Events < events && Stopwatch.GetElapsedTime(start) < s_arrivalMax)
        {
            await Task.Delay(s_pause);
            if (_broken is { } cause)
            {
                throw new InvalidOperationException("A subscription has ended.", cause);
            }
        }

        return events - Events;
    }

    public virtual ValueTask DisposeAsync()
    {
        _stop.Cancel();
        _stop.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Begins some subscriptions, no faster than a server takes them, and awaits the first event of each.</summary>
    protected async Task BeginAsync(int count, Func<int, Task> begin)
    {
        long known = Events;
        long start = Stopwatch.GetTimestamp();
        double skipped = 0;
        for (int i = 0; i < count; i++)
        {
            // What was not begun in time is not made up for: a server takes no more at once after a pause than before it.
            double late = Stopwatch.GetElapsedTime(start).TotalSeconds * OpenedPerSecond - skipped - i;
            skipped += Math.Max(0, late - BegunAtOnce);
            while (i > Stopwatch.GetElapsedTime(start).TotalSeconds * OpenedPerSecond - skipped)
            {
                await Task.Delay(s_pause);
            }

            // The first ones begin one after the other: they have the code compiled that the others run.
            await ArrivedAsync(known + i - (i < BegunAtOnce ? 0 : BegunAtOnce));
            await begin(i);
        }

        if (await ArrivedAsync(known + count) is > 0 and var missing)
        {
            throw new InvalidOperationException($"{missing} of {count} subscriptions had no first event.");
        }
    }

    /// <summary>Counts events that have arrived.</summary>
    protected void Count(int events) => Interlocked.Add(ref _events, events);

    /// <summary>Reads until the subscribers leave; whatever ends it before is told to who waits for events.</summary>
    protected async Task ReadAsync(Func<Task> read)
    {
        try
        {
            await read();
        }
        catch (Exception cause) when (Leaving.IsCancellationRequested)
        {
            Debug.WriteLine(cause);
        }
        catch (Exception cause)
        {
            _broken = cause;
        }
    }
}
