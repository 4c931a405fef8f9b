using System.Globalization;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using CityHelper.Server.Redis;
using StackExchange.Redis;

namespace CityHelper.Server.Changes;

/// <summary>
/// Nudges: the ids of cities whose stream has new events. They are a hint and make a reader faster; one that gets none, because Redis is
/// away or a nudge was lost, finds the same events at its next pulse.
/// </summary>
/// <param name="redis">The shared Redis.</param>
/// <param name="time">Measures the pauses between attempts to subscribe.</param>
internal sealed class ChangeNudges(RedisConnection redis, TimeProvider time)
{
    /// <summary>The channel on which nudges are published; a message is the id of a city.</summary>
    public const string Channel = "changes";

    /// <summary>
    /// Listens until it is cancelled. It begins as soon as Redis answers; StackExchange.Redis subscribes again whenever its connection is
    /// back.
    /// </summary>
    public async IAsyncEnumerable<short> ListenAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        // A reader that is behind reads all that is new at once: more nudges would tell it nothing.
        Channel<short> nudges = System.Threading.Channels.Channel.CreateBounded<short>(
            new BoundedChannelOptions(Limits.NudgesMax) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
        Action<RedisChannel, RedisValue> handler = (_, message) =>
        {
            if (short.TryParse((string?)message, NumberStyles.None, CultureInfo.InvariantCulture, out short city))
            {
                nudges.Writer.TryWrite(city);
            }
        };
        ISubscriber? subscriber = null;
        try
        {
            while ((subscriber = await TrySubscribeAsync(handler, cancellation)) is null)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(Limits.RedisReconnectMs), time, cancellation);
            }

            await foreach (short city in nudges.Reader.ReadAllAsync(cancellation))
            {
                yield return city;
            }
        }
        finally
        {
            subscriber?.Unsubscribe(RedisChannel.Literal(Channel), handler, CommandFlags.FireAndForget);
        }
    }

    private async Task<ISubscriber?> TrySubscribeAsync(Action<RedisChannel, RedisValue> handler, CancellationToken cancellation)
    {
        (_, ISubscriber? subscriber) = await redis.TryAsync(RedisUse.Read, async database =>
        {
            ISubscriber all = database.Multiplexer.GetSubscriber();
            await all.SubscribeAsync(RedisChannel.Literal(Channel), handler);
            return all;
        }, cancellation);
        return subscriber;
    }
}
