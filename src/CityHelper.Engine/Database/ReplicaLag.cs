using CityHelper.Engine.Cursors;

namespace CityHelper.Engine.Database;

/// <summary>
/// Whether a replica is far behind: whether it still lacks what an answer needed some time ago. This needs neither clocks that agree nor
/// a statement, and a replica whose primary is quiet is not taken for a late one.
/// </summary>
/// <remarks>Thread-safe. It keeps one position per tenant.</remarks>
/// <param name="time">The clock.</param>
internal sealed class ReplicaLag(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<short, Lack> _lacks = [];
    private long? _restingSince;

    /// <summary>Whether it is left alone now.</summary>
    public bool IsResting
    {
        get
        {
            lock (_lock)
            {
                return _restingSince is { } since && time.GetElapsedTime(since) < Limits.ReplicaRest;
            }
        }
    }

    /// <summary>Takes the position of an answer.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="read">Where the answer was read; null when the replica does not have the tenant's log yet.</param>
    /// <param name="needed">The position that the answer needed; null for any.</param>
    /// <returns>Whether this shows that the replica is far behind, and nothing has shown it since it was last near.</returns>
    public bool Note(short tenant, LogPosition? read, LogPosition? needed)
    {
        lock (_lock)
        {
            if (_lacks.TryGetValue(tenant, out Lack? lack))
            {
                if (!(read >= lack.Needed))
                {
                    return IsFar(lack);
                }

                _lacks.Remove(tenant);
            }

            if (needed is { } lacking && !(read >= lacking))
            {
                _lacks.Add(tenant, new Lack(lacking, time.GetTimestamp()));
            }

            return false;
        }
    }

    private bool IsFar(Lack lack)
    {
        if (time.GetElapsedTime(lack.Since) < Limits.ReplicaFarAfter)
        {
            return false;
        }

        _restingSince = time.GetTimestamp();
        bool isNews = !lack.IsReported;
        lack.IsReported = true;
        return isNews;
    }

    private sealed record Lack(LogPosition Needed, long Since)
    {
        public bool IsReported { get; set; }
    }
}
