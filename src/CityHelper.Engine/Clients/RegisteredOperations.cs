using System.Collections.Concurrent;
using CityHelper.Engine.Operations;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;

namespace CityHelper.Engine.Clients;

/// <summary>
/// Texts that clients registered by their hashes: the latest in memory, all of them in the store that the cluster shares. Without a store, or while it does not
/// answer, a server knows its own.
/// </summary>
/// <param name="time">The day that a quota is of.</param>
/// <param name="store">The shared store; null where there is none.</param>
public sealed class RegisteredOperations(TimeProvider time, IOperationStore? store = null) : IDisposable
{
    private readonly MemoryCache _texts = new(Options.Create(new MemoryCacheOptions { SizeLimit = Limits.RegisteredTextCharsMax }));
    private readonly ConcurrentDictionary<string, (DateOnly Day, int Count)> _quotas = new();

    /// <summary>The text of a hash, or null.</summary>
    public async ValueTask<string?> FindAsync(string id, CancellationToken cancellation)
    {
        if (_texts.TryGetValue(id, out string? known))
        {
            return known;
        }

        string? text = store is null ? null : await store.FindRegisteredAsync(id, cancellation);
        if (text is not null)
        {
            Keep(id, text);
        }

        return text;
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

        Registration outcome = store is null
            ? Registration.Unavailable
            : await store.RegisterAsync(client.Name, id, text, client.RegistrationsPerDay, cancellation);
        if (outcome == Registration.QuotaExceeded || (outcome == Registration.Unavailable && !IsWithinQuota(client)))
        {
            return false;
        }

        Keep(id, text);
        return true;
    }

    public void Dispose() => _texts.Dispose();

    private void Keep(string id, string text) => _texts.Set(
        id, text, new MemoryCacheEntryOptions { Size = text.Length, SlidingExpiration = Limits.RegisteredFor });

    private bool IsWithinQuota(ClientProfile client)
    {
        DateOnly today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        (_, int count) = _quotas.AddOrUpdate(
            client.Name, _ => (today, 1), (_, quota) => quota.Day == today ? (today, quota.Count + 1) : (today, 1));
        return count <= client.RegistrationsPerDay;
    }
}
