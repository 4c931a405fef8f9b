using System.Collections.Concurrent;
using CityHelper.Engine.Telemetry;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace CityHelper.Engine.Operations;

/// <summary>
/// The operations that are published while this server runs: found in the shared store by id, compiled once. An id that is in neither place is not
/// looked for again at once, or whoever invents ids would keep the store busy.
/// </summary>
public sealed class StoredOperations(OperationCompiler compiler, TimeProvider time, ILogger<StoredOperations> logger, IOperationStore? store = null) : IDisposable
{
    private readonly MemoryCache _found = new(Options.Create(new MemoryCacheOptions { SizeLimit = Limits.CachedTextCharsMax }));
    private readonly MemoryCache _missed = new(Options.Create(new MemoryCacheOptions { SizeLimit = Limits.MissedIdsMax }));
    private readonly ConcurrentDictionary<string, Lazy<Task<CompiledOperation?>>> _looking = new(StringComparer.Ordinal);

    /// <summary>An operation of the store.</summary>
    /// <param name="id">The SHA-256 of its text, lower-case hex.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <returns>It; why it does not fit the schema; or null when the store does not have it, does not answer, or is none.</returns>
    public async ValueTask<CompiledOperation?> FindAsync(string id, CancellationToken cancellation)
    {
        if (store is null)
        {
            return null;
        }

        if (IsKnown(id, out CompiledOperation? known))
        {
            return known;
        }

        // Whoever asks while somebody looks already waits for the same look. It must not end with one of them, so it has no token.
        Lazy<Task<CompiledOperation?>> look = _looking.GetOrAdd(id, key => new Lazy<Task<CompiledOperation?>>(() => LookAsync(key)));
        try
        {
            return await look.Value.WaitAsync(cancellation);
        }
        finally
        {
            _looking.TryRemove(KeyValuePair.Create(id, look));
        }
    }

    public void Dispose()
    {
        _found.Dispose();
        _missed.Dispose();
    }

    private bool IsKnown(string id, out CompiledOperation? outcome)
    {
        if (_found.TryGetValue(id, out outcome))
        {
            return true;
        }

        if (_missed.TryGetValue(id, out Miss? miss) && time.GetElapsedTime(miss!.At).TotalMilliseconds < Limits.MissedIdMs)
        {
            outcome = miss.Outcome;
            return true;
        }

        return false;
    }

    private async Task<CompiledOperation?> LookAsync(string id)
    {
        // Another look may have ended just before this one began.
        if (IsKnown(id, out CompiledOperation? known))
        {
            return known;
        }

        StoredOperation? stored = await store!.FindPublishedAsync(id, CancellationToken.None);
        CompiledOperation? compiled = stored is null
            ? null
            : await compiler.CompileAsync(stored.Text, operationName: null, CancellationToken.None);
        if (compiled?.Operation is not null)
        {
            _found.Set(id, compiled, new MemoryCacheEntryOptions { Size = stored!.Text.Length });
            return compiled;
        }

        if (compiled is not null)
        {
            LogMessages.OperationDoesNotFit(logger, id, stored!.Client, stored.Name, compiled.Errors[0].Message);
        }

        _missed.Set(id, new Miss(compiled, time.GetTimestamp()), new MemoryCacheEntryOptions { Size = 1 });
        return compiled;
    }

    private sealed record Miss(CompiledOperation? Outcome, long At);
}
