namespace CityHelper.Engine.Space;

/// <summary>
/// Runs the server's computations on geometries. Long ones run on a thread of their own, one at a time: the threads of requests stay
/// free, and any number of such requests takes one processor.
/// </summary>
internal static class GeometryWork
{
    private static readonly SemaphoreSlim s_one = new(1);

    /// <summary>Runs a computation: at once when the geometry is small, else in turn on a thread of its own.</summary>
    /// <param name="positions">The number of positions of the geometry.</param>
    /// <param name="work">The computation. Its time must be bounded, since it cannot be cancelled.</param>
    /// <param name="cancellation">Cancels the waiting.</param>
    public static async ValueTask<T> RunAsync<T>(long positions, Func<T> work, CancellationToken cancellation)
    {
        if (positions <= Limits.GeometryWorkAtOncePositions)
        {
            return work();
        }

        await s_one.WaitAsync(cancellation);
        try
        {
            return await Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        finally
        {
            s_one.Release();
        }
    }
}
