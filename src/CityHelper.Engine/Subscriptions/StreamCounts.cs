using System.Runtime.InteropServices;
using CityHelper.Engine.Admission;
using CityHelper.Engine.Telemetry;

namespace CityHelper.Engine.Subscriptions;

/// <summary>What a subscription takes of the limits.</summary>
/// <param name="Share">The share that its client counts in.</param>
/// <param name="Selection">What it shows.</param>
/// <param name="Positions">The positions of the polygon that it holds, and as much as its conditions take.</param>
internal readonly record struct HeldByStream(ClientShare Share, Selection Selection, int Positions);

/// <summary>Counts subscriptions by the shares of clients, their selections, and the positions of the polygons that they hold.</summary>
internal sealed class StreamCounts
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _byShare = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Share, Selection Selection), int> _bySelection = [];
    private readonly Dictionary<string, int> _selections = new(StringComparer.Ordinal);
    private int _positions;
    private int _open;

    /// <summary>How many are open.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Counts one, unless there are too many.</summary>
    public bool TryEnter(HeldByStream held)
    {
        string share = held.Share.Name;
        int max = share == ClientShare.Everybody.Name ? Limits.StreamsOfDefaultMax : Limits.StreamsOfClientMax;
        lock (_gate)
        {
            bool isNew = !_bySelection.ContainsKey((share, held.Selection));
            if (_open >= Limits.StreamsMax
                || _byShare.GetValueOrDefault(share) >= max
                || _positions + held.Positions > Limits.SubscriptionPositionsOfAllMax
                || (isNew && _selections.GetValueOrDefault(share) >= Limits.SelectionsOfClientMax))
            {
                return false;
            }

            Count(_byShare, share, 1);
            Count(_bySelection, (share, held.Selection), 1);
            Count(_selections, share, isNew ? 1 : 0);
            _positions += held.Positions;
            _open++;
        }

        EngineTelemetry.Streams.Add(1);
        return true;
    }

    /// <summary>Counts one less.</summary>
    public void Leave(HeldByStream held)
    {
        string share = held.Share.Name;
        lock (_gate)
        {
            Count(_byShare, share, -1);
            Count(_bySelection, (share, held.Selection), -1);
            Count(_selections, share, _bySelection.ContainsKey((share, held.Selection)) ? 0 : -1);
            _positions -= held.Positions;
            _open--;
        }

        EngineTelemetry.Streams.Add(-1);
    }

    private static void Count<TKey>(Dictionary<TKey, int> counts, TKey key, int change)
        where TKey : notnull
    {
        ref int count = ref CollectionsMarshal.GetValueRefOrAddDefault(counts, key, out _);
        count += change;
        if (count == 0)
        {
            counts.Remove(key);
        }
    }
}
