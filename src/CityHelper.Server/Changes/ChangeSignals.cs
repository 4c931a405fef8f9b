using System.Threading.Channels;
using CityHelper.Data.Changes;

namespace CityHelper.Server.Changes;

/// <summary>
/// Where this server hears that a city's log went on: from its own mutations, and from Redis. A signal makes following faster and nothing
/// else: one that is lost is made good by the next pulse.
/// </summary>
internal sealed class ChangeSignals
{
    // Whoever is behind reads all that is new at once: more signals would tell nothing.
    private readonly Channel<(short City, ChangePosition? Position)> _signals =
        Channel.CreateBounded<(short, ChangePosition?)>(
            new BoundedChannelOptions(Limits.NudgesMax) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    /// <summary>Says that a city's log has gone on.</summary>
    /// <param name="city">The city.</param>
    /// <param name="position">The position that it has reached; null when only Redis knows.</param>
    public void Tell(short city, ChangePosition? position) => _signals.Writer.TryWrite((city, position));

    /// <summary>Waits for a signal, and takes all that are there: the highest position of each city.</summary>
    public async Task<IReadOnlyDictionary<short, ChangePosition?>> TakeAsync(CancellationToken cancellation)
    {
        await _signals.Reader.WaitToReadAsync(cancellation);
        var taken = new Dictionary<short, ChangePosition?>();
        while (_signals.Reader.TryRead(out (short City, ChangePosition? Position) signal))
        {
            ChangePosition? known = taken.GetValueOrDefault(signal.City);
            taken[signal.City] = known is null || signal.Position > known ? signal.Position ?? known : known;
        }

        return taken;
    }
}
