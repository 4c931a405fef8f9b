namespace CityHelper.Data.Changes;

/// <summary>The recent events of all cities that a server follows, in memory. Safe for readers on other threads.</summary>
/// <param name="ageMax">How long an event stays after it was received.</param>
/// <param name="bytesMax">The most bytes of all cities together, estimated.</param>
/// <param name="time">The clock.</param>
public sealed class RecentChanges(TimeSpan ageMax, long bytesMax, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<short, RecentQueue> _cities = [];
    private long _bytes;

    /// <summary>The bytes that the events take, estimated.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate)
            {
                return _bytes;
            }
        }
    }

    /// <summary>Adds the next event of its city. A redaction takes the content of the earlier events of its request.</summary>
    public void Add(ChangeEvent change)
    {
        lock (_gate)
        {
            if (change is { Kind: ChangeKind.Redaction, ServiceRequestId: long id })
            {
                Redact(Of(change.CityId), id);
            }

            Append(change);
            Trim(Of(change.CityId));
        }
    }

    /// <summary>Replaces what is known of a city.</summary>
    public void Replace(short cityId, IReadOnlyList<ChangeEvent> events)
    {
        lock (_gate)
        {
            RecentQueue city = Of(cityId);
            while (city.Count > 0)
            {
                RemoveFirst(city);
            }

            foreach (ChangeEvent change in events)
            {
                Append(change);
            }

            Trim(city);
        }
    }

    /// <summary>The event of a number; null when it is not here.</summary>
    public ChangeEvent? Find(short cityId, long number)
    {
        lock (_gate)
        {
            RecentQueue city = Of(cityId);
            return city.IndexOf(number) is { } at ? city[at].Change : null;
        }
    }

    /// <summary>The events of a city from a number on, oldest first; null when they do not reach back to it.</summary>
    /// <param name="cityId">The city.</param>
    /// <param name="from">The first number.</param>
    /// <param name="max">The most events.</param>
    public IReadOnlyList<ChangeEvent>? From(short cityId, long from, int max)
    {
        lock (_gate)
        {
            RecentQueue city = Of(cityId);
            return city.IndexOf(from) is { } first ? city.Changes(first, max) : null;
        }
    }

    private RecentQueue Of(short cityId)
    {
        if (!_cities.TryGetValue(cityId, out RecentQueue? city))
        {
            _cities.Add(cityId, city = new RecentQueue());
        }

        return city;
    }

    private void Append(ChangeEvent change)
    {
        Of(change.CityId).Add(new Received(change, time.GetTimestamp()));
        _bytes += BytesOf(change);
    }

    private void Trim(RecentQueue added)
    {
        while (added.Count > 0 && time.GetElapsedTime(added[0].At) > ageMax)
        {
            RemoveFirst(added);
        }

        while (_bytes > bytesMax)
        {
            // The city whose oldest event is the oldest. Rare, and a pass over all cities is a few microseconds.
            RemoveFirst(_cities.Values.Where(city => city.Count > 0).MinBy(city => city[0].At)!);
        }
    }

    private void RemoveFirst(RecentQueue city)
    {
        _bytes -= BytesOf(city[0].Change);
        city.RemoveFirst();
    }

    private static void Redact(RecentQueue city, long requestId)
    {
        for (int i = 0; i < city.Count; i++)
        {
            if (city[i].Change.ServiceRequestId == requestId)
            {
                city[i] = city[i] with { Change = city[i].Change with { Before = null, After = null } };
            }
        }
    }

    // The estimate must not change while an event is here, so it does not count what a redaction takes.
    private static long BytesOf(ChangeEvent change) => Limits.ChangeBytes + (8L * change.Cells.Count);

    private readonly record struct Received(ChangeEvent Change, long At);

    /// <summary>
    /// A queue whose entries have indexes: the followed log must not wait behind thousands of readers who look for a number in a list.
    /// </summary>
    private sealed class RecentQueue
    {
        private readonly List<Received> _entries = [];
        private int _removed;

        public int Count => _entries.Count - _removed;

        public Received this[int index]
        {
            get => _entries[_removed + index];
            set => _entries[_removed + index] = value;
        }

        public void Add(Received entry) => _entries.Add(entry);

        public void RemoveFirst()
        {
            // Emptied, since what it held may be collected; the list itself is cut when half of it is empty.
            _entries[_removed++] = default;
            if (_removed > _entries.Count / 2)
            {
                _entries.RemoveRange(0, _removed);
                _removed = 0;
            }
        }

        /// <summary>The index of a number; null when it is not here. Numbers grow.</summary>
        public int? IndexOf(long number)
        {
            (int low, int high) = (0, Count - 1);
            while (low <= high)
            {
                int middle = (low + high) / 2;
                long found = this[middle].Change.Number;
                if (found == number)
                {
                    return middle;
                }

                (low, high) = found < number ? (middle + 1, high) : (low, middle - 1);
            }

            return null;
        }

        public IReadOnlyList<ChangeEvent> Changes(int from, int max) =>
            _entries.GetRange(_removed + from, Math.Min(max, Count - from)).ConvertAll(entry => entry.Change);
    }
}
