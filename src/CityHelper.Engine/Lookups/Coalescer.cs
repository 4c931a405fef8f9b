using System.Collections.Concurrent;

namespace CityHelper.Engine.Lookups;

/// <summary>One look-up for all who ask for a key at the same time: 200 equal first requests ask the database once.</summary>
/// <typeparam name="TKey">What is asked for.</typeparam>
/// <typeparam name="TValue">What is found.</typeparam>
/// <remarks>
/// It keeps nothing: what is found belongs in a cache of the caller's, which <c>look</c> asks again, since another look-up may have ended just before. A look-up ends
/// when the last of those who wait for it has left: what nobody waits for holds no connection.
/// </remarks>
public sealed class Coalescer<TKey, TValue>
    where TKey : notnull
{
    private readonly ConcurrentDictionary<TKey, Lookup> _running = [];

    /// <summary>Waits for the look-up that is under way, or begins one.</summary>
    /// <param name="key">What is asked for.</param>
    /// <param name="look">Looks. Its token is cancelled when nobody waits any more, not when one of several leaves.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <returns>What was found; its exception is everybody's.</returns>
    public async Task<TValue> AskAsync(TKey key, Func<TKey, CancellationToken, Task<TValue>> look, CancellationToken cancellation = default)
    {
        Lookup lookup = _running.GetOrAdd(key, static _ => new Lookup());
        while (!lookup.TryJoin())
        {
            _running.TryRemove(new(key, lookup));
            lookup = _running.GetOrAdd(key, static _ => new Lookup());
        }

        try
        {
            return await lookup.Begin(token => LookAsync(key, lookup, look, token)).WaitAsync(cancellation);
        }
        finally
        {
            if (lookup.Leave())
            {
                _running.TryRemove(new(key, lookup));
                lookup.Dispose();
            }
        }
    }

    private async Task<TValue> LookAsync(TKey key, Lookup lookup, Func<TKey, CancellationToken, Task<TValue>> look, CancellationToken cancellation)
    {
        try
        {
            return await look(key, cancellation);
        }
        finally
        {
            _running.TryRemove(new(key, lookup));
        }
    }

    private sealed class Lookup : IDisposable
    {
        private readonly Lock _lock = new();
        private readonly CancellationTokenSource _ending = new();
        private readonly TaskCompletionSource<TValue> _found = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private bool _hasBegun;
        private int _waiting;
        private bool _isEnded;

        /// <summary>Counts one more who waits; false when all others have left, and the look-up with them.</summary>
        public bool TryJoin()
        {
            lock (_lock)
            {
                _waiting += _isEnded ? 0 : 1;
                return !_isEnded;
            }
        }

        /// <summary>The look-up, begun by whoever comes first, on its thread; all others wait without one.</summary>
        public Task<TValue> Begin(Func<CancellationToken, Task<TValue>> look)
        {
            bool isFirst;
            lock (_lock)
            {
                (isFirst, _hasBegun) = (!_hasBegun, true);
            }

            if (isFirst)
            {
                _ = RunAsync(look);
            }

            return _found.Task;
        }

        /// <summary>Counts one less who waits.</summary>
        /// <returns>Whether nobody waits any more; the look-up is ended then.</returns>
        public bool Leave()
        {
            lock (_lock)
            {
                _isEnded = --_waiting == 0;
            }

            if (_isEnded)
            {
                _ending.Cancel();
            }

            return _isEnded;
        }

        public void Dispose() => _ending.Dispose();

        private async Task RunAsync(Func<CancellationToken, Task<TValue>> look)
        {
            try
            {
                _found.SetResult(await look(_ending.Token));
            }
            catch (OperationCanceledException cause)
            {
                _found.SetCanceled(cause.CancellationToken);
            }
            catch (Exception cause)
            {
                _found.SetException(cause);
            }
        }
    }
}
