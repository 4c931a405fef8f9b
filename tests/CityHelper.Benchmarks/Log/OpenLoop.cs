using System.Diagnostics;

namespace CityHelper.Benchmarks.Log;

/// <summary>Sends at random moments of a rate, whether the last ones are done or not.</summary>
internal static class OpenLoop
{
    /// <param name="perSecond">The rate.</param>
    /// <param name="length">For how long.</param>
    /// <param name="dice">Draws the moments.</param>
    /// <param name="send">Sends what was due at a moment of <see cref="Stopwatch.GetTimestamp"/>.</param>
    /// <param name="isTooMuch">Told how many are not done; ends the load.</param>
    /// <returns>Whether all was sent, and the time until the last was done.</returns>
    public static async Task<(bool IsComplete, TimeSpan Took)> RunAsync(
        double perSecond, TimeSpan length, Random dice, Func<long, Task> send, Func<int, bool> isTooMuch)
    {
        var running = new List<Task>();
        int waiting = 0;
        long start = Stopwatch.GetTimestamp();
        double due = 0;
        for (; due < length.TotalSeconds && !isTooMuch(waiting); due += -Math.Log(1 - dice.NextDouble()) / perSecond)
        {
            if (TimeSpan.FromSeconds(due) - Stopwatch.GetElapsedTime(start) is { TotalMilliseconds: >= 1 } left)
            {
                await Task.Delay(left);
            }

            long dueAt = start + (long)(due * Stopwatch.Frequency);
            Interlocked.Increment(ref waiting);
            running.Add(Task.Run(async () =>
            {
                try
                {
                    await send(dueAt);
                }
                finally
                {
                    Interlocked.Decrement(ref waiting);
                }
            }));
        }

        await Task.WhenAll(running);
        return (due >= length.TotalSeconds, Stopwatch.GetElapsedTime(start));
    }
}
