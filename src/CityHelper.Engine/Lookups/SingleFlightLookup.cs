using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;

namespace CityHelper.Engine.Lookups;

/// <summary>
/// Coalesces concurrent lookups of an id in the shared store, and remembers misses for a second: otherwise a client that invents ids would
/// keep the store busy.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="known">Returns what is known without a lookup, or null.</param>
/// <param name="lookup">Looks up an id in the store. From then on <paramref name="known"/> returns what it finds.</param>
internal sealed class SingleFlightLookup<T>(TimeProvider time, Func<string, T?> known, Func<string, Task<Found<T>>> lookup) : IDisposable
    where T : class
{
    private readonly MemoryCache _missed = new(Options.Create(new MemoryCacheOptions { SizeLimit = Limits.MissedIdsMax }));
    private readonly Coalescer<string, T?> _lookups = new();

    /// <summary>The value of an id, or null.</summary>
    /// <param name="id">The id.</param>
    /// <param name="cancellation">Cancels the wait.</param>
    public async ValueTask<T?> AskAsync(string id, CancellationToken cancellation) =>
        IsKnown(id, out T? outcome) ? outcome : await _lookups.AskAsync(id, (asked, _) => GetAsync(asked), cancellation);

    public void Dispose() => _missed.Dispose();

    private bool IsKnown(string id, out T? outcome)
    {
        outcome = known(id);
        if (outcome is not null)
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

    private async Task<T?> GetAsync(string id)
    {
        // Another lookup may have ended just before this one began.
        if (IsKnown(id, out T? outcome))
        {
            return outcome;
        }

        Found<T> found = await lookup(id);
        if (!found.IsKept)
        {
            _missed.Set(id, new Miss(found.Outcome, time.GetTimestamp()), new MemoryCacheEntryOptions { Size = 1 });
        }

        return found.Outcome;
    }

    private sealed record Miss(T? Outcome, long At);
}

/// <summary>The result of a lookup.</summary>
/// <param name="Outcome">The value, or null.</param>
/// <param name="IsKept">Whether the caller's cache holds it now, so that its misses need not be remembered.</param>
internal readonly record struct Found<T>(T? Outcome, bool IsKept);
