using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;

namespace CityHelper.Engine.Lookups;

/// <summary>
/// One look in the shared store for all who ask for an id at once, and none for a moment after one that found nothing: else whoever invents
/// ids would keep the store busy.
/// </summary>
/// <param name="time">Measures the moment.</param>
/// <param name="known">What needs no look, or null.</param>
/// <param name="look">Looks. What it finds, <paramref name="known"/> knows from then on.</param>
internal sealed class SharedLook<T>(TimeProvider time, Func<string, T?> known, Func<string, Task<Found<T>>> look) : IDisposable
    where T : class
{
    private readonly MemoryCache _missed = new(Options.Create(new MemoryCacheOptions { SizeLimit = Limits.MissedIdsMax }));
    private readonly Coalescer<string, T?> _looks = new();

    /// <summary>What there is of an id.</summary>
    /// <param name="id">The id.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public async ValueTask<T?> AskAsync(string id, CancellationToken cancellation) =>
        IsKnown(id, out T? outcome) ? outcome : await _looks.AskAsync(id, (asked, _) => LookAsync(asked), cancellation);

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

    private async Task<T?> LookAsync(string id)
    {
        // Another look may have ended just before this one began.
        if (IsKnown(id, out T? outcome))
        {
            return outcome;
        }

        Found<T> found = await look(id);
        if (!found.IsKept)
        {
            _missed.Set(id, new Miss(found.Outcome, time.GetTimestamp()), new MemoryCacheEntryOptions { Size = 1 });
        }

        return found.Outcome;
    }

    private sealed record Miss(T? Outcome, long At);
}

/// <summary>What a look found.</summary>
/// <param name="Outcome">It, or null.</param>
/// <param name="IsKept">Whether it needs no look any more.</param>
internal readonly record struct Found<T>(T? Outcome, bool IsKept);
