namespace CityHelper.Data.Changes;

/// <summary>The recent events of all cities that a server follows, in memory. Safe for readers on other threads.</summary>
/// <param name="ageMax">How long an event stays after it was received.</param>
/// <param name="bytesMax">The most bytes of all cities together, estimated.</param>
/// <param name="time">The clock.</param>
public sealed class RecentChanges(TimeSpan ageMax, long bytesMax, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<short, LinkedList<Received>> _cities = [];
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
            LinkedList<Received> city = Of(cityId);
            while (city.First is not null)
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
            LinkedList<Received> city = Of(cityId);
            for (LinkedListNode<Received>? node = city.Last; node is not null && node.Value.Change.Number >= number; node = node.Previous)
            {
                if (node.Value.Change.Number == number)
                {
                    return node.Value.Change;
                }
            }

            return null;
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
            LinkedListNode<Received>? first = Of(cityId).Last;
            while (first is not null && first.Value.Change.Number > from)
            {
                first = first.Previous;
            }

            if (first is null || first.Value.Change.Number != from)
            {
                return null;
            }

            var events = new List<ChangeEvent>();
            for (LinkedListNode<Received>? node = first; node is not null && events.Count < max; node = node.Next)
            {
                events.Add(node.Value.Change);
            }

            return events;
        }
    }

    private LinkedList<Received> Of(short cityId)
    {
        if (!_cities.TryGetValue(cityId, out LinkedList<Received>? city))
        {
            _cities.Add(cityId, city = []);
        }

        return city;
    }

    private void Append(ChangeEvent change)
    {
        Of(change.CityId).AddLast(new Received(change, time.GetTimestamp()));
        _bytes += BytesOf(change);
    }

    private void Trim(LinkedList<Received> added)
    {
        while (added.First is { } oldest && time.GetElapsedTime(oldest.Value.At) > ageMax)
        {
            RemoveFirst(added);
        }

        while (_bytes > bytesMax)
        {
            // The city whose oldest event is the oldest. Rare, and a pass over all cities is a few microseconds.
            RemoveFirst(_cities.Values.Where(city => city.First is not null).MinBy(city => city.First!.Value.At)!);
        }
    }

    private void RemoveFirst(LinkedList<Received> city)
    {
        _bytes -= BytesOf(city.First!.Value.Change);
        city.RemoveFirst();
    }

    private static void Redact(LinkedList<Received> city, long requestId)
    {
        for (LinkedListNode<Received>? node = city.First; node is not null; node = node.Next)
        {
            if (node.Value.Change.ServiceRequestId == requestId)
            {
                node.Value = node.Value with { Change = node.Value.Change with { Before = null, After = null } };
            }
        }
    }

    // The estimate must not change while an event is here, so it does not count what a redaction takes.
    private static long BytesOf(ChangeEvent change) => Limits.ChangeBytes + (8L * change.Cells.Count);

    private readonly record struct Received(ChangeEvent Change, long At);
}
