using CityHelper.Engine.Caching;
using CityHelper.Server.Redis;
using StackExchange.Redis;

namespace CityHelper.Server.Caching;

/// <summary>
/// Answers that servers share through Redis: plain GET and SET with a time to live. An older answer that overwrites a newer one is invalid
/// by the change log, so nothing compares them here.
/// </summary>
/// <param name="redis">The guarded connection.</param>
internal sealed class RedisSharedAnswers(RedisConnection redis) : ISharedAnswers
{
    /// <summary>The version of the format is in the bytes; that of the name is for people who look.</summary>
    private const string Prefix = "answer:1:";

    private const string LeasePrefix = "answer-lease:1:";

    public async ValueTask<byte[]?> GetAsync(string key, CancellationToken cancellation)
    {
        // Never more than an answer can have, whatever somebody has put there.
        (_, RedisValue value) = await redis.TryAsync(
            RedisUse.Read, database => database.StringGetRangeAsync(Prefix + key, 0, Engine.Limits.SharedBytesMax), cancellation);
        return value.IsNullOrEmpty ? null : (byte[]?)value;
    }

    public async ValueTask SetAsync(string key, byte[] bytes, TimeSpan life, CancellationToken cancellation) =>
        await redis.TryAsync(RedisUse.Write, database => database.StringSetAsync(Prefix + key, bytes, life), cancellation);

    public async ValueTask<bool> TryLeaseAsync(string key, string owner, CancellationToken cancellation)
    {
        (bool answered, bool taken) = await redis.TryAsync(
            RedisUse.Write, database => database.LockTakeAsync(LeasePrefix + key, owner, Engine.Limits.LeaseTime), cancellation);
        return !answered || taken;
    }

    public async ValueTask ReleaseAsync(string key, string owner, CancellationToken cancellation) =>
        await redis.TryAsync(RedisUse.Write, database => database.LockReleaseAsync(LeasePrefix + key, owner), cancellation);
}
