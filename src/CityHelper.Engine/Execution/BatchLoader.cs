using GraphQL.DataLoader;

namespace CityHelper.Engine.Execution;

/// <summary>
/// A DataLoader: collects the keys that one level of a response requests, and fetches them in as few calls as its limit allows. There
/// is one per request and kind of value. Each key is fetched once. <see cref="OperationExecutor"/> dispatches it once per level.
/// </summary>
/// <param name="fetch">Fetches the values of distinct keys; keys without a value are left out.</param>
/// <remarks>Not thread-safe: one request, one level at a time.</remarks>
public sealed class BatchLoader<TKey, TValue>(
    Func<IReadOnlyCollection<TKey>, CancellationToken, Task<IReadOnlyDictionary<TKey, TValue>>> fetch)
    where TKey : notnull
    where TValue : class
{
    private readonly Dictionary<TKey, TValue?> _known = [];
    private readonly HashSet<TKey> _waiting = [];

    /// <summary>Requests a value. All values requested before the first result is awaited are fetched together.</summary>
    /// <returns>A result whose value is null when there is none.</returns>
    public IDataLoaderResult<TValue?> Load(TKey key)
    {
        if (!_known.ContainsKey(key))
        {
            _waiting.Add(key);
        }

        return new Result(this, key);
    }

    /// <summary>Fetches the requested keys, at most <see cref="Limits.LoaderKeysMax"/> per call.</summary>
    public async Task DispatchAsync(CancellationToken cancellation)
    {
        TKey[] keys = [.. _waiting];
        _waiting.Clear();
        foreach (TKey[] chunk in keys.Chunk(Limits.LoaderKeysMax))
        {
            IReadOnlyDictionary<TKey, TValue> values = await fetch(chunk, cancellation);
            foreach (TKey key in chunk)
            {
                _known[key] = values.GetValueOrDefault(key);
            }
        }
    }

    private sealed class Result(BatchLoader<TKey, TValue> loader, TKey key) : IDataLoaderResult<TValue?>
    {
        public async Task<TValue?> GetResultAsync(CancellationToken cancellationToken = default)
        {
            if (!loader._known.ContainsKey(key))
            {
                await loader.DispatchAsync(cancellationToken);
            }

            return loader._known[key];
        }

        async Task<object?> IDataLoaderResult.GetResultAsync(CancellationToken cancellationToken) =>
            await GetResultAsync(cancellationToken);
    }
}
