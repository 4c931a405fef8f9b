using System.Collections.Concurrent;

namespace CityHelper.Engine.Lookups;

/// <summary>Coalesces concurrent lookups of a key: 200 equal first requests query the database once.</summary>
/// <typeparam name="TKey">The key.</typeparam>
/// <typeparam name="TValue">The value.</typeparam>
/// <remarks>
/// It caches nothing: the caller caches what is found, and <c>lookup</c> asks that cache again, since another lookup may have ended just
/// before. A lookup is cancelled when the last waiter leaves, so that one nobody waits for holds no connection.
/// </remarks>
public sealed class Coalescer<TKey, TValue>
    where TKey : notnull
{
    private readonly ConcurrentDictionary<TKey, Lookup> _running = [];

    /// <summary>Joins the running lookup, or starts one.</summary>
    /// <param name="key">The key.</param>
    /// <param name="lookup">Looks up the value. Its token is cancelled when the last waiter leaves.</param>
    /// <param name="cancellation">Cancels this caller's wait.</param>
    /// <returns>The value; an exception of the lookup reaches all waiters.</returns>
    public async Task<TValue> AskAsync(
        TKey key, Func<TKey, CancellationToken, Task<TValue>> lookup, CancellationToken cancellation = default)
    {
        Lookup running = _running.GetOrAdd(key, static _ => new Lookup());
        while (!running.TryJoin())
        {
            _running.TryRemove(new(key, running));
            running = _running.GetOrAdd(key, static _ => new Lookup());
        }

        try
        {
            return await running.Begin(token => GetAsync(key, running, lookup, token)).WaitAsync(cancellation);
        }
        finally
        {
            if (running.Leave())
            {
                _running.TryRemove(new(key, running));
                _ = running.DisposeAsync().AsTask();
            }
        }
    }

    private async Task<TValue> GetAsync(
        TKey key, Lookup running, Func<TKey, CancellationToken, Task<TValue>> lookup, CancellationToken cancellation)
    {
        try
        {
            return await lookup(key, cancellation);
        }
        finally
        {
            _running.TryRemove(new(key, running));
        }
    }

    private sealed class Lookup : IAsyncDisposable
    {
        private readonly Lock _lock = new();
        private readonly CancellationTokenSource _ending = new();
        private readonly TaskCompletionSource<TValue> _found = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private bool _hasBegun;
        private int _waiting;
        private bool _isEnded;

        /// <summary>Adds a waiter; false when all others have left and the lookup is cancelled.</summary>
        public bool TryJoin()
        {
            lock (_lock)
            {
                _waiting += _isEnded ? 0 : 1;
                return !_isEnded;
            }
        }

        /// <summary>The lookup. The first caller starts it on its own thread; all others wait without one.</summary>
        public Task<TValue> Begin(Func<CancellationToken, Task<TValue>> lookup)
        {
            bool isFirst;
            lock (_lock)
            {
                (isFirst, _hasBegun) = (!_hasBegun, true);
            }

            if (isFirst)
            {
                _ = RunAsync(lookup);
            }

            return _found.Task;
        }

        /// <summary>Removes a waiter.</summary>
        /// <returns>Whether nobody waits any more: then the lookup is to be ended.</returns>
        public bool Leave()
        {
            lock (_lock)
            {
                return _isEnded = --_waiting == 0;
            }
        }

        /// <summary>
        /// Cancels the lookup. Who leaves does not wait for that: Npgsql connects to cancel a statement, and PostgreSQL may be silent.
        /// </summary>
        public async ValueTask DisposeAsync()
        {
            try
            {
                await _ending.CancelAsync();
            }
            finally
            {
                _ending.Dispose();
            }
        }

        private async Task RunAsync(Func<CancellationToken, Task<TValue>> lookup)
        {
            try
            {
                _found.SetResult(await lookup(_ending.Token));
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
