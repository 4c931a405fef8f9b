using CityHelper.IntegrationTests.Serving;
using StackExchange.Redis;

namespace CityHelper.IntegrationTests.Caching;

/// <summary>Answers that take long to read, and so are shared through Redis.</summary>
internal static class DearAnswer
{
    /// <summary>Asks while the table of requests is locked.</summary>
    /// <param name="database">The database's connection string.</param>
    /// <param name="server">The server that is asked.</param>
    /// <param name="address">The question; its answer must not be in the store.</param>
    public static async Task<CacheAnswer> GetAsync(string database, TestServer server, string address)
    {
        Task<CacheAnswer> asking;
        await using (LockedTable held = await LockedTable.HoldAsync(database, "service_request"))
        {
            asking = CacheAnswer.GetAsync(server.Client, address);

            // Two checks of 10 ms each: longer than DearReading.
            await held.WaitForAsync(1);
            await held.WaitForAsync(1);
        }

        return await asking;
    }

    /// <summary>The names of the answers in Redis.</summary>
    public static RedisKey[] Keys(IDatabase store) => [.. store.Multiplexer.GetServers()[0].Keys(store.Database, "answer:*")];

    /// <summary>Waits until so many answers are in Redis: one is shared after its response was sent.</summary>
    /// <returns>Their names.</returns>
    public static Task<RedisKey[]> KeysAsync(IDatabase store, int count) =>
        Patience.UntilAsync(() => Keys(store) is { } keys && keys.Length == count ? keys : null);
}
