using CityHelper.Engine.Lookups;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Internal;
using Microsoft.Extensions.Options;

namespace CityHelper.Engine.Clients;

/// <summary>
/// Texts that clients registered by their hashes: the latest in memory, all of them in the store that the cluster shares. Without a store,
/// or while it does not answer, a server knows its own.
/// </summary>
/// <remarks>
/// With a store a text stays in memory for a day and is then looked for there again: so its life in the store is prolonged while it is
/// used, and one that could not be written there is registered anew by who uses it.
/// </remarks>
public sealed class RegisteredOperations : IDisposable
{
    private readonly TimeProvider _time;
    private readonly IOperationStore? _store;
    private readonly SharedLook<string> _look;
    private readonly MemoryCache _texts;
    private readonly Dictionary<string, (DateOnly Day, HashSet<string> Ids)> _quotas = [];

    /// <param name="time">The day that a quota is of.</param>
    /// <param name="store">The shared store; null where there is none.</param>
    public RegisteredOperations(TimeProvider time, IOperationStore? store = null)
    {
        _time = time;
        _store = store;
        _texts = new MemoryCache(Options.Create(new MemoryCacheOptions { SizeLimit = Limits.RegisteredTextCharsMax, Clock = new CacheClock(time) }));
        _look = new SharedLook<string>(time, _texts.Get<string>, LookAsync);
    }

    /// <summary>The text of a hash, or null.</summary>
    public ValueTask<string?> FindAsync(string id, CancellationToken cancellation) =>
        _store is null ? ValueTask.FromResult(_texts.Get<string>(id)) : _look.AskAsync(id, cancellation);

    /// <summary>
    /// Counts a text against its client's quota before it is compiled: so that the quota bounds how many texts are, whatever comes of them.
    /// One that was counted that day is not counted again.
    /// </summary>
    /// <param name="client">Whose quota it counts against.</param>
    /// <param name="id">The text's hash.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <returns>False when the client has sent as many as it may.</returns>
    public async ValueTask<bool> TryCountAsync(ClientProfile client, string id, CancellationToken cancellation)
    {
        Registration outcome = _store is null
            ? Registration.Unavailable
            : await _store.CountAsync(client.Name, id, client.RegistrationsPerDay, cancellation);
        return outcome == Registration.Kept || (outcome == Registration.Unavailable && IsWithinQuota(client, id));
    }

    /// <summary>Keeps a text that was validated and priced.</summary>
    /// <param name="client">Whose quota it counts against.</param>
    /// <param name="id">Its hash.</param>
    /// <param name="text">The document.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <returns>False when the client has registered as many as it may.</returns>
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
        _look.Dispose();
    }

    private async Task<Found<string>> LookAsync(string id)
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

        // A full cache leaves the new entry out; the ones that were not used for longest make room for it.
        if (!_texts.TryGetValue(id, out _))
        {
            _texts.Compact(Limits.RegisteredTextsLeftOut);
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
