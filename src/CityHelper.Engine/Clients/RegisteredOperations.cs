using CityHelper.Engine.Lookups;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Internal;
using Microsoft.Extensions.Options;

namespace CityHelper.Engine.Clients;

/// <summary>
/// Texts that clients registered by hash: the latest in memory, all of them in the cluster's shared store. Without a store, or while it
/// does not answer, a server knows only its own.
/// </summary>
/// <remarks>
/// With a store, a text stays in memory for a day and is then read from the store again. This renews its time to live there while it is in
/// use; and a client registers a text again if it could not be written to the store.
/// </remarks>
public sealed class RegisteredOperations : IDisposable
{
    private readonly TimeProvider _time;
    private readonly IOperationStore? _store;
    private readonly SingleFlightLookup<string> _lookup;
    private readonly MemoryCache _texts;
    private readonly Dictionary<string, (DateOnly Day, HashSet<string> Ids)> _quotas = [];

    /// <param name="time">The clock of quotas and of the cache.</param>
    /// <param name="store">The shared store; null without one.</param>
    public RegisteredOperations(TimeProvider time, IOperationStore? store = null)
    {
        _time = time;
        _store = store;
        _texts = new MemoryCache(
            Options.Create(new MemoryCacheOptions { SizeLimit = Limits.RegisteredTextCharsMax, Clock = new CacheClock(time) }));
        _lookup = new SingleFlightLookup<string>(time, _texts.Get<string>, LookUpAsync);
    }

    /// <summary>The text of a hash, or null.</summary>
    public ValueTask<string?> FindAsync(string id, CancellationToken cancellation) =>
        _store is null ? ValueTask.FromResult(_texts.Get<string>(id)) : _lookup.AskAsync(id, cancellation);

    /// <summary>
    /// Counts a text against its client's quota before it is compiled, so that the quota bounds the number of texts, whatever their
    /// outcome. A text counts once a day.
    /// </summary>
    /// <param name="client">The client whose quota it counts against.</param>
    /// <param name="id">The text's hash.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <returns>False if the client has used up its quota.</returns>
    public async ValueTask<bool> TryCountAsync(ClientProfile client, string id, CancellationToken cancellation)
    {
        Registration outcome = _store is null
            ? Registration.Unavailable
            : await _store.CountAsync(client.Name, id, client.RegistrationsPerDay, cancellation);
        return outcome == Registration.Kept || (outcome == Registration.Unavailable && IsWithinQuota(client, id));
    }

    /// <summary>Stores a text that has passed validation and its cost limit.</summary>
    /// <param name="client">The client whose quota it counts against.</param>
    /// <param name="id">Its hash.</param>
    /// <param name="text">The document.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <returns>False if the client has used up its quota.</returns>
    public async ValueTask<bool> TryRegisterAsync(ClientProfile client, string id, string text, CancellationToken cancellation)
    {
        if (_texts.TryGetValue(id, out _))
        {
            return true;
        }

        Registration outcome = _store is null
            ? Registration.Unavailable
            : await _store.RegisterAsync(client.Name, id, text, client.RegistrationsPerDay, cancellation);
        if (outcome == Registration.QuotaExceeded || (outcome == Registration.Unavailable && !IsWithinQuota(client, id)))
        {
            return false;
        }

        Keep(id, text);
        return true;
    }

    public void Dispose()
    {
        _texts.Dispose();
        _lookup.Dispose();
    }

    private async Task<Found<string>> LookUpAsync(string id)
    {
        string? text = await _store!.FindRegisteredAsync(id, CancellationToken.None);
        if (text is not null)
        {
            Keep(id, text);
        }

        return new(text, IsKept: text is not null);
    }

    private void Keep(string id, string text)
    {
        var entry = new MemoryCacheEntryOptions { Size = text.Length };
        entry = _store is null ? entry.SetSlidingExpiration(Limits.RegisteredFor) : entry.SetAbsoluteExpiration(Limits.RegisteredFor);
        _texts.Set(id, text, entry);

        // A full cache rejects the new entry; evicting the least recently used entries makes room for it.
        if (!_texts.TryGetValue(id, out _))
        {
            _texts.Compact(Limits.RegisteredTextsEvictedShare);
            _texts.Set(id, text, entry);
        }
    }

    private bool IsWithinQuota(ClientProfile client, string id)
    {
        DateOnly today = DateOnly.FromDateTime(_time.GetUtcNow().UtcDateTime);
        lock (_quotas)
        {
            if (!_quotas.TryGetValue(client.Name, out (DateOnly Day, HashSet<string> Ids) counted) || counted.Day != today)
            {
                _quotas[client.Name] = counted = (today, []);
            }

            return counted.Ids.Contains(id) || (counted.Ids.Count < client.RegistrationsPerDay && counted.Ids.Add(id));
        }
    }

    private sealed class CacheClock(TimeProvider time) : ISystemClock
    {
        public DateTimeOffset UtcNow => time.GetUtcNow();
    }
}
