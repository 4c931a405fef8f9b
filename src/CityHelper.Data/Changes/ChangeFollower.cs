using System.Collections.Concurrent;

namespace CityHelper.Data.Changes;

/// <summary>
/// Follows the change log of all cities in one server, and tells the observers of each event once, in order, without holes.
/// </summary>
/// <remarks>
/// <para>
/// A turn brings cities up to a head: (1) from the stream, one read for all cities, as far as it holds what comes next; (2) from the
/// database what the stream does not hold. Both reads begin <em>at</em> the last event and not behind it, and compare it: after a promotion
/// another event may have its number, and what follows then belongs to another history.
/// </para>
/// <para>
/// An event that is not where it was seen is a witness. The primary decides: it lost it (an epoch begins), still holds it (the database
/// that is read is a replica behind it), or does not know (the log no longer reaches back, or an epoch began). After a loss or an epoch the
/// city is read anew and the observers drop everything.
/// </para>
/// <para>
/// The epoch of events in the stream is never believed: the stream may have survived a database that was restored to an earlier state.
/// </para>
/// </remarks>
/// <param name="primary">Judges witnesses and begins epochs.</param>
/// <param name="reading">What is followed: the primary, or the replica that the server's answers are read from.</param>
/// <param name="stream">The copy.</param>
/// <param name="observers">Told of each event.</param>
/// <param name="monitor">Told of losses.</param>
/// <param name="time">The clock.</param>
public sealed class ChangeFollower(
    IChangeDatabase primary,
    IChangeDatabase reading,
    IChangeStream stream,
    IReadOnlyList<IChangeObserver> observers,
    IChangeMonitor monitor,
    TimeProvider time)
{
    private readonly CallTurns _turns = new();
    private readonly IChangeStream _stream = new StreamWithDeadline(stream, time);
    private readonly ConcurrentDictionary<short, FollowedCity> _cities = new();
    private readonly ConcurrentDictionary<short, ChangePosition> _nudges = new();

    // Cities that cannot be followed, and were told of. One turn at a time changes it.
    private readonly HashSet<short> _broken = [];
    private readonly RecentChanges _recent = new(Limits.RecentChangesKept, Limits.RecentChangesBytesMax, time);

    /// <summary>The recent events, for whoever must judge an old answer or replay what a subscriber missed.</summary>
    public RecentChanges Recent => _recent;

    /// <summary>The followed cities, 0 among them.</summary>
    public ICollection<short> CityIds => _cities.Keys;

    /// <summary>The age of the oldest event without a number, at the last pulse.</summary>
    public TimeSpan OldestUnnumbered { get; private set; }

    internal ICollection<FollowedCity> Cities => _cities.Values;

    /// <summary>The last position of a city; null when it is not followed.</summary>
    public ChangePosition? Position(short cityId) => _cities.GetValueOrDefault(cityId)?.Last;

    /// <summary>The first position since which every event of a city was told; null when it is not followed.</summary>
    public ChangePosition? Floor(short cityId) => _cities.GetValueOrDefault(cityId)?.Floor;

    /// <summary>
    /// The moment, as <see cref="TimeProvider.GetTimestamp"/> tells it, up to which everything that was committed in a city has been told
    /// to the observers; null without proof.
    /// </summary>
    public long? Freshness(short cityId) => _cities.GetValueOrDefault(cityId)?.Freshness;

    /// <summary>
    /// How old what is known of a city is: the time since its last proof of freshness, or, without one, since the city was first read;
    /// null when it is not followed.
    /// </summary>
    public TimeSpan? Age(short cityId) => _cities.TryGetValue(cityId, out FollowedCity? city) ? time.GetElapsedTime(city.KnownSince) : null;

    /// <summary>
    /// How long ago everything that was committed in a city had been told to the observers; null without proof since the city was last read
    /// anew: a replica that is far behind may have been read, and nobody knows how far.
    /// </summary>
    public TimeSpan? ProvenAge(short cityId) => Freshness(cityId) is { } until ? time.GetElapsedTime(until) : null;

    /// <summary>
    /// What is known now. Take it before the pulse is sent: only then does a lower head prove a loss, and the moment count.
    /// </summary>
    public PulseMark Mark() =>
        new(time.GetTimestamp(), _cities.Values.ToDictionary(city => city.Id, city => city.Last));

    /// <summary>
    /// Reads the recent events of all cities. Until it has succeeded the server is not ready. What one attempt has read, the next does not
    /// read again.
    /// </summary>
    /// <exception cref="ChangeDatabaseException">The database does not answer.</exception>
    public Task FillAsync(CancellationToken cancellation) => _turns.RunAsync(async () =>
    {
        foreach (CityHead head in await reading.HeadsAsync(cancellation))
        {
            if (!_cities.ContainsKey(head.CityId))
            {
                await RestartAsync(head.CityId, cancellation, head);
            }
        }
    });

    /// <summary>Follows all cities up to the heads of a pulse, and takes them as proof of freshness.</summary>
    /// <exception cref="ChangeDatabaseException">The database does not answer. The next pulse goes on.</exception>
    public Task FollowAsync(IReadOnlyList<CityHead> heads, PulseMark mark, CancellationToken cancellation) => _turns.RunAsync(async () =>
    {
        OldestUnnumbered = heads.Max(head => head.OldestUnnumbered) ?? TimeSpan.Zero;
        foreach (CityHead head in heads)
        {
            await TryAsync(head.CityId, () => JudgeAsync(head, mark, cancellation));
        }

        try
        {
            await CatchUpAsync([.. heads.Select(Target.Of)], cancellation);
        }
        finally
        {
            foreach (CityHead head in heads)
            {
                Prove(head, mark);
            }
        }
    });

    /// <summary>Follows cities up to positions that somebody told of: a writer of this server, or Redis.</summary>
    /// <exception cref="ChangeDatabaseException">The database does not answer. The next pulse goes on.</exception>
    public Task NudgeAsync(IReadOnlyDictionary<short, ChangePosition> heads, CancellationToken cancellation)
    {
        foreach ((short city, ChangePosition head) in heads)
        {
            _nudges.AddOrUpdate(city, head, (_, waiting) => waiting > head ? waiting : head);
        }

        // The first whose turn comes follows for all that wait: with a slow database they would otherwise pile up.
        return _turns.RunAsync(() => CatchUpAsync(TakeNudges(), cancellation));
    }

    // What is no outage is an event that cannot be read, or a fault of ours. The other cities go on; what is known of this one grows old.
    private async Task TryAsync(short cityId, Func<Task> follow)
    {
        try
        {
            await follow();
        }
        catch (Exception cause) when (cause is not (ChangeDatabaseException or OperationCanceledException))
        {
            if (_broken.Add(cityId))
            {
                monitor.CityNotFollowed(cityId, cause);
            }
        }
    }

    private List<Target> TakeNudges()
    {
        var targets = new List<Target>();
        foreach (short city in _nudges.Keys)
        {
            if (_nudges.TryRemove(city, out ChangePosition head))
            {
                targets.Add(new(city, head, Event: null));
            }
        }

        return targets;
    }

    private async Task JudgeAsync(CityHead head, PulseMark mark, CancellationToken cancellation)
    {
        if (!_cities.TryGetValue(head.CityId, out FollowedCity? city))
        {
            await RestartAsync(head.CityId, cancellation, head);
            return;
        }

        // Compared with what was known when the pulse was sent: the follower may have gone on since then.
        bool isBelow = mark.Positions.TryGetValue(head.CityId, out ChangePosition known) && known <= city.Last && head.Position < known;
        if (isBelow || IsAnother(city, head))
        {
            await ResolveAsync(city, cancellation);
        }
    }

    /// <summary>Whether another event is known under the number of a head.</summary>
    private bool IsAnother(FollowedCity city, CityHead head) =>
        head.Epoch == city.Last.Epoch && EventAt(city, head.Number) is { } known && known != head.Newest;

    private ChangeIdentity? EventAt(FollowedCity city, long number) =>
        number == city.Last.Number ? city.LastEvent : _recent.Find(city.Id, number)?.Identity;

    private void Prove(CityHead head, PulseMark mark)
    {
        // A head below what was known when the pulse was sent proves a loss: what is followed may have more than the database ever will.
        bool isLoss = mark.Positions.TryGetValue(head.CityId, out ChangePosition known) && head.Position < known;
        if (!isLoss && _cities.TryGetValue(head.CityId, out FollowedCity? city))
        {
            TimeSpan age = head.OldestUnnumbered ?? TimeSpan.Zero;
            // Up to the moment of sending and no later: the database looked at some moment after that, nobody knows when.
            long until = mark.Sent - (long)(age.TotalSeconds * time.TimestampFrequency);
            city.Prove(head, until, EventAt(city, head.Number));
        }
    }

    private async Task CatchUpAsync(IReadOnlyList<Target> targets, CancellationToken cancellation)
    {
        if (Behind(targets) is { Count: > 0 } behind)
        {
            await ReadStreamAsync(behind, cancellation);
            foreach ((FollowedCity city, _) in Behind(targets))
            {
                await TryAsync(city.Id, async () =>
                {
                    await ReadDatabaseAsync(city, cancellation);
                    _broken.Remove(city.Id);
                });
            }
        }
    }

    private List<(FollowedCity City, Target Target)> Behind(IReadOnlyList<Target> targets) =>
        [.. from target in targets
            let city = _cities.GetValueOrDefault(target.CityId)
            where city is not null && target.Head > city.Last
            select (city, target)];

    private async Task ReadStreamAsync(List<(FollowedCity City, Target Target)> behind, CancellationToken cancellation)
    {
        // From the last event on: the stream may have been begun anew with another one under its number.
        Dictionary<short, StreamTail> positions = behind
            .Where(b => b.Target.Head.Epoch == b.City.Last.Epoch)
            .ToDictionary(b => b.City.Id, b => new StreamTail(b.City.Last.Epoch, Math.Max(b.City.Last.Number - 1, 0)));
        if (positions.Count == 0
            || await _stream.ReadAsync(positions, Limits.ChangesReadMax, cancellation) is not { } read)
        {
            return;
        }

        foreach ((FollowedCity city, Target target) in behind)
        {
            if (read.TryGetValue(city.Id, out IReadOnlyList<ChangeEvent>? events)
                && Rest(city, events) is { } rest
                && !rest.Any(change => target.Contradicts(change)))
            {
                ApplyNext(city, rest);
                city.ReadFromStream = city.Last;
            }
        }
    }

    private async Task ReadDatabaseAsync(FollowedCity city, CancellationToken cancellation)
    {
        for (int reads = 0; reads < Limits.ChangeReadsPerTurn; reads++)
        {
            IReadOnlyList<ChangeEvent> events =
                await reading.ReadAsync(city.Id, city.Last.Number, Limits.ChangesReadMax, cancellation);
            if (Rest(city, events) is not { } rest)
            {
                await ResolveAsync(city, cancellation);
                return;
            }

            if (ApplyNext(city, rest) is { } stopped)
            {
                if (stopped.Epoch == city.Last.Epoch && stopped.Kind != ChangeKind.Epoch)
                {
                    monitor.HoleInLog(city.Id, city.Last);
                }

                await RestartAsync(city.Id, cancellation);
                return;
            }

            if (events.Count < Limits.ChangesReadMax)
            {
                return;
            }
        }
    }

    /// <summary>What follows the city's last event in a list that begins with it; null when the list does not.</summary>
    private static IReadOnlyList<ChangeEvent>? Rest(FollowedCity city, IReadOnlyList<ChangeEvent> events)
    {
        if (city.LastEvent is not { } last)
        {
            // Without a last event the list must begin with the first one, or the log was trimmed meanwhile.
            return events.Count == 0 || events[0].Number == 1 ? events : null;
        }

        return events.Count > 0 && events[0].Identity == last && events[0].Number == city.Last.Number && events[0].Epoch == city.Last.Epoch
            ? [.. events.Skip(1)]
            : null;
    }

    /// <summary>Tells events as long as each is the next one. Returns the first that is not.</summary>
    private ChangeEvent? ApplyNext(FollowedCity city, IReadOnlyList<ChangeEvent> events)
    {
        foreach (ChangeEvent change in events)
        {
            if (!city.IsNext(change))
            {
                return change;
            }

            _recent.Add(change);
            foreach (IChangeObserver observer in observers)
            {
                observer.Apply(change);
            }

            // Last: it may prove that the observers know everything up to a moment.
            city.Advance(change);
        }

        return null;
    }

    /// <summary>The city's last event is not where it was seen: the primary says why.</summary>
    private async Task ResolveAsync(FollowedCity city, CancellationToken cancellation)
    {
        if (city.Witness is not { } witness)
        {
            await RestartAsync(city.Id, cancellation);
            return;
        }

        switch (await primary.CheckAsync(witness, cancellation))
        {
            case WitnessFinding.Held:
                // The database that is read is a replica behind what came through the stream: it will arrive.
                return;
            case WitnessFinding.Lost:
                monitor.EventLost(witness, await primary.RaiseEpochAsync(witness.Epoch, "witness", witness, cancellation));
                break;
        }

        await RestartAsync(city.Id, cancellation);
    }

    /// <summary>Reads a city anew; the observers drop everything.</summary>
    /// <param name="cityId">The city.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <param name="head">Its head where that is known: without it a city without events asks for the heads of all.</param>
    private async Task RestartAsync(short cityId, CancellationToken cancellation, CityHead? head = null)
    {
        IReadOnlyList<ChangeEvent> recent = ChangeRuns.Newest(
            await reading.ReadRecentAsync(cityId, Limits.RecentChangesKept, Limits.RecentChangesMax, cancellation));
        ChangePosition last;
        if (recent.Count > 0)
        {
            last = recent[^1].Position;
        }
        else
        {
            head ??= (await reading.HeadsAsync(cancellation)).FirstOrDefault(one => one.CityId == cityId);
            last = new(head?.Epoch ?? 0, 0);
        }

        _broken.Remove(cityId);
        _recent.Replace(cityId, recent);
        FollowedCity city = _cities.GetOrAdd(cityId, id => new FollowedCity(id));
        ChangePosition floor = recent.Count > 0 ? recent[0].Position : last;
        city.Restart(last, recent.Count > 0 ? recent[^1].Identity : null, floor, time.GetTimestamp());
        foreach (IChangeObserver observer in observers)
        {
            observer.Reset(cityId, last, recent);
        }
    }

    /// <summary>Where a city is to be followed to.</summary>
    private readonly record struct Target(short CityId, ChangePosition Head, ChangeIdentity? Event)
    {
        public static Target Of(CityHead head) => new(head.CityId, head.Position, head.Newest);

        /// <summary>Whether the stream has another event at the head than the database: then it is of another history.</summary>
        public bool Contradicts(ChangeEvent change) =>
            Event is { } expected && change.Number == Head.Number && change.Epoch == Head.Epoch && change.Identity != expected;
    }
}

/// <summary>What a server knew when it sent a pulse.</summary>
/// <param name="Sent">The moment of sending, as <see cref="TimeProvider.GetTimestamp"/> tells it.</param>
/// <param name="Positions">The last position of each city.</param>
public sealed record PulseMark(long Sent, IReadOnlyDictionary<short, ChangePosition> Positions);
