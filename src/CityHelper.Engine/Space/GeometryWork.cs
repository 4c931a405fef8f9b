namespace CityHelper.Engine.Space;

/// <summary>
/// Where the server computes with geometries of clients. What takes long runs on a thread of its own, one at a time: the threads that
/// answer requests stay free, and however many such requests come, they take one processor.
/// </summary>
internal static class GeometryWork
{
    private static readonly SemaphoreSlim s_one = new(1);

    /// <summary>Runs a computation: at once when the geometry is small, else in its turn on a thread of its own.</summary>
    /// <param name="positions">Positions of what is computed with.</param>
    /// <param name="work">The computation, of bounded length: nothing ends it.</param>
    /// <param name="cancellation">Ends the waiting.</param>
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
