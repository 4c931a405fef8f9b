using System.Collections.Concurrent;

namespace CityHelper.Engine.Lookups;

/// <summary>One look for all who ask for a key at the same time: 200 equal first requests ask the database once.</summary>
/// <typeparam name="TKey">What is asked for.</typeparam>
/// <typeparam name="TValue">What is found.</typeparam>
/// <remarks>
/// It keeps nothing: what is found belongs in a cache of the caller's, which <c>look</c> asks again, since another look may have ended just
/// before.
/// </remarks>
public sealed class Coalescer<TKey, TValue>
    where TKey : notnull
{
    private readonly ConcurrentDictionary<TKey, Lazy<Task<TValue>>> _looking = [];

    /// <summary>Waits for the look that is under way, or begins one.</summary>
    /// <param name="key">What is asked for.</param>
    /// <param name="look">Looks. It has no token: it must not end with one of those who wait for it.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <returns>What the look found; its exception is everybody's.</returns>
    public Task<TValue> AskAsync(TKey key, Func<TKey, Task<TValue>> look, CancellationToken cancellation = default) => _looking
        .GetOrAdd(key, static (key, of) => new Lazy<Task<TValue>>(() => of.Self.LookAsync(key, of.Look)), (Self: this, Look: look))
        .Value.WaitAsync(cancellation);

    // The look removes itself, whoever has stopped waiting for it.
    private async Task<TValue> LookAsync(TKey key, Func<TKey, Task<TValue>> look)
    {
        try
        {
            return await look(key);
        }
        finally
        {
            _looking.TryRemove(key, out _);
        }
    }
}
