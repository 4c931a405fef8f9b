using CityHelper.Data.Changes;

namespace CityHelper.Tests.Changes.Model;

/// <summary>
/// Redis: streams with the rules of their scripts. It may be away, lose its end or everything, or fail over to an older copy.
/// </summary>
internal sealed class ModelStream(ModelScheduler scheduler, ModelTruth truth, PlantedFault fault) : IChangeStream
{
    /// <summary>Stands for ten minutes and 20,000 entries.</summary>
    private const int EntriesMax = 8;

    private Dictionary<short, CityStream> _cities = [];
    private Dictionary<short, CityStream> _copy = [];

    public bool IsAway { get; set; }

    /// <summary>It takes calls and does not answer.</summary>
    public bool IsHanging { get; set; }

    public bool IsQuiet { get; set; }

    /// <summary>Told of each append, as subscribers of the nudges are.</summary>
    public Action<short, ChangePosition>? Appended { get; set; }

    public IReadOnlyList<ChangeEvent> Entries(short city) => Of(city).Entries;

    public void Copy() => _copy = _cities.ToDictionary(c => c.Key, c => c.Value.Clone());

    public void FailOver()
    {
        scheduler.Count("stream failed over");
        scheduler.Note($"Redis fails over to an older copy");
        _cities = _copy.ToDictionary(c => c.Key, c => c.Value.Clone());
    }

    public void Lose()
    {
        scheduler.Count("stream lost");
        scheduler.Note($"Redis loses everything");
        _cities.Clear();
    }

    public void CutEnd()
    {
        scheduler.Count("stream cut");
        scheduler.Note($"Redis loses the end of its file");
        foreach (CityStream city in _cities.Values)
        {
            city.Cut(scheduler.Random.Next(0, 4));
        }
    }

    public Task<StreamTail?> TailAsync(short cityId, CancellationToken cancellation) =>
        CallAsync<StreamTail?>(() => Of(cityId).Tail, cancellation);

    public Task<StreamAppend?> AppendAsync(
        short cityId, ChangeIdentity? behind, IReadOnlyList<ChangeEvent> events, CancellationToken cancellation) =>
        CallAsync<StreamAppend?>(
            () =>
            {
                StreamAppend appended = Append(Of(cityId), behind, events);
                scheduler.Count($"append {appended}");
                scheduler.Note($"append {cityId}: {events[0].Epoch}-{events[0].Number} and {events.Count - 1} more: {appended}");
                Judge(cityId);
                if (appended == StreamAppend.Done)
                {
                    Appended?.Invoke(cityId, new(events[^1].Epoch, events[^1].Number));
                }

                return appended;
            },
            cancellation);

    public Task<bool?> ResetAsync(
        short cityId, StreamTail seen, IReadOnlyList<ChangeEvent> events, CancellationToken cancellation) =>
        CallAsync<bool?>(
            () =>
            {
                CityStream city = Of(cityId);
                if (city.Tail != seen && fault != PlantedFault.LateReset)
                {
                    scheduler.Count("reset came late");
                    return false;
                }

                StreamTail before = city.Tail;
                if (fault == PlantedFault.ResetKeepsOld && events[0].Epoch == before.Epoch && city.Entries.Count > 0
                    && events[0].Number <= before.Number + 1)
                {
                    events = [.. city.Entries, .. events.Where(e => e.Number > before.Number)];
                }

                city.Replace([.. events]);
                scheduler.Count("stream begun anew");
                scheduler.Note($"stream of {cityId} begun anew at {events[0].Epoch}-{events[0].Number} to {city.Tail}");
                truth.Expect(
                    (city.Tail.Epoch, city.Tail.Number).CompareTo((before.Epoch, before.Number)) >= 0,
                    $"the stream of city {cityId} went back from {before} to {city.Tail}");
                Judge(cityId);
                return true;
            },
            cancellation);

    public Task<IReadOnlyDictionary<short, IReadOnlyList<ChangeEvent>>?> ReadAsync(
        IReadOnlyDictionary<short, StreamTail> positions, int max, CancellationToken cancellation) =>
        CallAsync<IReadOnlyDictionary<short, IReadOnlyList<ChangeEvent>>?>(
            () => positions
                .Select(p => (City: p.Key, Events: (IReadOnlyList<ChangeEvent>)[.. Of(p.Key).Entries
                    .Where(e => (e.Epoch, e.Number).CompareTo((p.Value.Epoch, p.Value.Number)) > 0).Take(max)]))
                .Where(read => read.Events.Count > 0)
                .ToDictionary(read => read.City, read => read.Events),
            cancellation);

    /// <summary>The script, in one step.</summary>
    private StreamAppend Append(CityStream city, ChangeIdentity? behind, IReadOnlyList<ChangeEvent> events)
    {
        if (fault != PlantedFault.AppendWithoutCheck && events.Any(change => change.Kind == ChangeKind.Redaction
            && (change.Epoch, change.Number).CompareTo((city.Tail.Epoch, city.Tail.Number)) > 0))
        {
            return StreamAppend.Gap;
        }

        ChangeIdentity? before = behind;
        foreach (ChangeEvent change in events)
        {
            StreamAppend? refused = fault == PlantedFault.AppendWithoutCheck
                ? (change.Epoch, change.Number).CompareTo((city.Tail.Epoch, city.Tail.Number)) > 0 ? city.Add(change) : null
                : city.Append(change, before, fault != PlantedFault.AppendByNumberAlone);
            if (refused is not null)
            {
                return refused.Value;
            }

            before = change.Identity;
        }

        city.Trim(EntriesMax);
        return StreamAppend.Done;
    }

    private void Judge(short cityId)
    {
        List<ChangeEvent> entries = Of(cityId).Entries;
        for (int i = 1; i < entries.Count; i++)
        {
            truth.Expect(
                entries[i].Epoch == entries[i - 1].Epoch && entries[i].Number == entries[i - 1].Number + 1
                    && truth.IsNext(entries[i], entries[i - 1].Identity),
                $"the stream holds {ModelTruth.Text(entries[i])} behind {ModelTruth.Text(entries[i - 1])}");
        }

        foreach (ChangeEvent redaction in entries.Where(e => e.Kind == ChangeKind.Redaction))
        {
            truth.Expect(
                entries.TakeWhile(e => e != redaction).All(e => e.ServiceRequestId != redaction.ServiceRequestId || e.After is null),
                $"the stream holds what {ModelTruth.Text(redaction)} redacts");
        }
    }

    private CityStream Of(short cityId)
    {
        if (!_cities.TryGetValue(cityId, out CityStream? city))
        {
            _cities.Add(cityId, city = new());
        }

        return city;
    }

    private Task<T?> CallAsync<T>(Func<T> work, CancellationToken cancellation) => ModelScheduler.ServeAsync<T?>(
        async () =>
        {
            await scheduler.DelayAsync(scheduler.Random.NextDouble());
            if (!IsQuiet && scheduler.Chance(0.03))
            {
                scheduler.Count("stream slow");
                await scheduler.DelayAsync(scheduler.Random.Next(50, 3_000));
            }

            if (IsHanging)
            {
                scheduler.Count("stream hung");
                await scheduler.DelayAsync(60_000);
            }

            if (IsAway)
            {
                return default;
            }

            T result = work();
            await scheduler.DelayAsync(scheduler.Random.NextDouble());
            if (!IsQuiet && scheduler.Chance(0.01))
            {
                scheduler.Count("stream's answer lost");
                return default;
            }

            return result;
        },
        cancellation);

    private sealed class CityStream
    {
        public List<ChangeEvent> Entries { get; private init; } = [];

        public StreamTail Tail { get; private set; }

        public CityStream Clone() => new() { Entries = [.. Entries], Tail = Tail };

        public StreamAppend? Append(ChangeEvent change, ChangeIdentity? before, bool comparesEvents)
        {
            if (change.Epoch < Tail.Epoch)
            {
                return null;
            }

            if (change.Epoch > Tail.Epoch || change.Number > Tail.Number + 1)
            {
                return StreamAppend.Gap;
            }

            if (change.Number <= Tail.Number)
            {
                ChangeEvent? held = Entries.Find(e => e.Number == change.Number);
                return !comparesEvents || held is null || held.Identity == change.Identity ? null : StreamAppend.Different;
            }

            if (comparesEvents && (Entries.Count == 0 || before is null))
            {
                return StreamAppend.Gap;
            }

            return comparesEvents && Entries[^1].Identity != before ? StreamAppend.Different : Add(change);
        }

        public StreamAppend? Add(ChangeEvent change)
        {
            Entries.Add(change);
            Tail = new(change.Epoch, change.Number);
            return null;
        }

        public void Replace(IReadOnlyList<ChangeEvent> events)
        {
            Entries.Clear();
            Entries.AddRange(events);
            Tail = new(events[^1].Epoch, events[^1].Number);
        }

        public void Trim(int max) => Entries.RemoveRange(0, Math.Max(0, Entries.Count - max));

        public void Cut(int entries)
        {
            Entries.RemoveRange(Math.Max(0, Entries.Count - entries), Math.Min(entries, Entries.Count));
            Tail = Entries.Count > 0 ? new(Entries[^1].Epoch, Entries[^1].Number) : default;
        }
    }
}
