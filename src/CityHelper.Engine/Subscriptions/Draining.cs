namespace CityHelper.Engine.Subscriptions;

/// <summary>How a server that stops ends its subscriptions and WebSockets: those who come back do not come at once.</summary>
internal static class Draining
{
    /// <summary>Ends them one by one in random order, spread evenly over a time. The first ends at once.</summary>
    /// <param name="all">What is ended; its order changes.</param>
    /// <param name="end">Ends one. Does not wait.</param>
    /// <param name="span">The time that it takes.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Ends all that are left at once.</param>
    public static async Task EndAsync<T>(
        T[] all, Action<T> end, TimeSpan span, TimeProvider time, CancellationToken cancellation)
    {
        Random.Shared.Shuffle(all);
        long start = time.GetTimestamp();
        for (int i = 0; i < all.Length; i++)
        {
            TimeSpan early = (span * ((double)i / all.Length)) - time.GetElapsedTime(start);
            if (early > TimeSpan.Zero && !cancellation.IsCancellationRequested)
            {
                await Task.Delay(early, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            end(all[i]);
        }
    }
}
