using CityHelper.Data.Changes;

namespace CityHelper.Tests.Changes.Model;

/// <summary>A server: the product's feed on the model's ports, and an observer that judges what it is told.</summary>
internal sealed class ModelServer : IChangeObserver, IChangeMonitor, IDisposable
{
    private readonly ModelScheduler _scheduler;
    private readonly ModelDatabase _database;
    private readonly IChangeDatabase _primary;
    private readonly ChangeFeed _feed;
    private readonly PlantedFault _fault;
    private readonly string _name;
    private readonly ModelTime _time;
    private readonly CancellationTokenSource _life = new();
    private readonly Dictionary<short, Told> _told = [];
    private readonly ModelAnswers _answers;
    private bool _isReady;

    public ModelServer(
        string name, ModelScheduler scheduler, ModelDatabase database, ModelNumbering numbering, ModelStream stream, ModelReplica? replica,
        ModelStore store, ModelRelease release, PlantedFault fault)
    {
        (_name, _scheduler, _database, _fault, _time) = (name, scheduler, database, fault, new(scheduler));
        _primary = new ModelPort(scheduler, database, numbering, null, fault);
        IChangeDatabase reading = replica is null ? _primary : new ModelPort(scheduler, database, numbering, replica, fault);
        Numbering = new(_primary);
        _answers = new(name, scheduler, database, replica, store, release, Knows, fault);
        Follower = new(_primary, reading, stream, [this, _answers], this, _time);
        _answers.Follower = Follower;
        Copier = new(_primary, reading, stream, Follower, this, _time);
        _feed = new(new(_primary, Numbering, Follower), Follower, Copier, this, _time);
    }

    /// <summary>Told of each event, as subscribers are.</summary>
    public Action<ModelServer, ChangeEvent>? Notified { get; set; }

    public ChangeNumbering Numbering { get; }

    public ChangeFollower Follower { get; }

    public ChangeCopier Copier { get; }

    public bool IsAlive => !_life.IsCancellationRequested;

    private ModelTruth Truth => _database.Truth;

    public void Kill()
    {
        _scheduler.Count("server died");
        _scheduler.Note($"{_name} dies");
        _life.Cancel();
    }

    public void Dispose()
    {
        _answers.Dispose();
        _life.Dispose();
    }

    public async Task AskAsync(ModelClient client)
    {
        if (_isReady)
        {
            await _answers.AskAsync(client);
        }
    }

    public async Task RunAsync()
    {
        await FillAsync();
        while (IsAlive && _scheduler.Violation is null)
        {
            TimeSpan begin = _scheduler.Now;
            await BeatAsync();
            JudgeFreshness();
            await _scheduler.DelayAsync(Math.Max(1, 250 - (_scheduler.Now - begin).TotalMilliseconds));
        }
    }

    public async Task NudgeAsync(short city, ChangePosition position)
    {
        if (IsAlive)
        {
            await _feed.NudgeAsync(new Dictionary<short, ChangePosition> { [city] = position }, _life.Token);
            JudgeFreshness();
        }
    }

    public void Apply(ChangeEvent change)
    {
        Told told = _told[change.CityId];
        Truth.Expect(
            change.Epoch == told.Last.Epoch && change.Number == told.Last.Number + 1,
            $"{_name} is told {ModelTruth.Text(change)} behind {told.Last}");
        Truth.Expect(told.Known.Add(change.EventId), $"{_name} is told {ModelTruth.Text(change)} twice");
        Truth.Expect(
            Truth.IsNext(change, told.LastEvent), $"{_name} is told {ModelTruth.Text(change)}, which never followed {told.LastEvent}");
        (told.Last, told.LastEvent) = (change.Position, change.Identity);
        Notified?.Invoke(this, change);
        _scheduler.Note($"{_name} is told {ModelTruth.Text(change)}");
    }

    public void Reset(short cityId, ChangePosition position, IReadOnlyList<ChangeEvent> recent)
    {
        _scheduler.Count(_told.ContainsKey(cityId) ? "reset" : "fill");
        _scheduler.Note($"{_name} begins city {cityId} at {position} with {recent.Count} events");
        for (int i = 1; i < recent.Count; i++)
        {
            Truth.Expect(
                recent[i].Number == recent[i - 1].Number + 1 && recent[i].Epoch == recent[i - 1].Epoch, $"recent events have a hole");
        }

        ChangeIdentity last = recent.Count > 0 ? recent[^1].Identity : default;
        Truth.Expect(
            recent.Count > 0 ? position == recent[^1].Position : position.Number == 0,
            $"{_name} begins at {position}, not at the last recent event");
        HashSet<Guid> known = Truth.Ancestors(_database.Primary, cityId, position.Number, last);
        _told[cityId] = new() { Last = position, LastEvent = last, Known = known };
    }

    /// <summary>At the end: everything is known, and nothing else.</summary>
    public void JudgeEnd(IReadOnlyDictionary<short, ModelState.CityTables> cities)
    {
        foreach ((short id, ModelState.CityTables city) in cities)
        {
            var head = new ChangePosition(_database.Primary.Epoch, city.HeadNumber);
            Truth.Expect(Follower.Position(id) == head, $"{_name} ends at {Follower.Position(id)}, city {id} at {head}");
            Truth.Expect(
                _told.TryGetValue(id, out Told? told) && (city.Head is null || told.LastEvent == city.Head.Event.Identity),
                $"{_name} holds another event at the head of city {id}");
            Truth.Expect(
                Follower.Freshness(id) > (_scheduler.Now - TimeSpan.FromSeconds(2)).Ticks, $"{_name} has no fresh proof for city {id}");
            JudgeRedactions(id, city);
        }
    }

    public void DatabaseAway(Exception cause) => _scheduler.Count("told: database away");

    public void DatabaseBack() => _scheduler.Count("told: database back");

    public void StreamAway() => _scheduler.Count("told: stream away");

    public void StreamBack() => _scheduler.Count("told: stream back");

    public void StreamBegun(short cityId, ChangePosition last) => _scheduler.Note($"{_name} began the stream of {cityId} to {last}");

    public void EventLost(Witness witness, int epoch) => _scheduler.Note($"{_name} found a loss: {witness}, epoch {epoch}");

    public void CityNotFollowed(short cityId, Exception cause) => Truth.Expect(false, $"{_name} cannot follow city {cityId}: {cause}");

    public void CityNotCopied(short cityId, Exception cause) => Truth.Expect(false, $"{_name} cannot copy city {cityId}: {cause}");

    public void HoleInLog(short cityId, ChangePosition last) => Truth.Expect(false, $"{_name} found a hole in the log behind {last}");

    private bool Knows(Guid eventId) => _told.GetValueOrDefault(ModelQuestion.City)?.Known.Contains(eventId) == true;

    private async Task FillAsync()
    {
        while (IsAlive)
        {
            try
            {
                using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(2), _time);
                await Follower.FillAsync(deadline.Token);
                _isReady = true;
                return;
            }
            catch (Exception e) when (e is ChangeDatabaseException or OperationCanceledException)
            {
                await _scheduler.DelayAsync(100);
            }
        }
    }

    private async Task BeatAsync()
    {
        if (_fault != PlantedFault.FreshnessFromAnswer)
        {
            await _feed.BeatAsync(_life.Token);
            return;
        }

        try
        {
            PulseMark mark = Follower.Mark();
            IReadOnlyList<CityHead> heads = await _primary.HeadsAsync(_life.Token);
            await Follower.FollowAsync(heads, mark with { Sent = _time.GetTimestamp() }, _life.Token);
            await Copier.CopyAsync(_life.Token);
        }
        catch (ChangeDatabaseException)
        {
        }
    }

    private void JudgeFreshness()
    {
        foreach ((short city, Told told) in _told)
        {
            if (IsAlive && Follower.Freshness(city) is { } until)
            {
                foreach (ModelTruth.Commit commit in Truth.Commits)
                {
                    if (commit.City == city && !commit.IsLost && commit.At.Ticks < until)
                    {
                        Truth.Expect(
                            told.Known.Contains(commit.EventId),
                            $"{_name} claims city {city} until {TimeSpan.FromTicks(until).TotalMilliseconds} without "
                            + $"{commit.EventId.ToString()[..4]}, committed at {commit.At.TotalMilliseconds}");
                    }
                }
            }
        }
    }

    private void JudgeRedactions(short id, ModelState.CityTables city)
    {
        foreach (ChangeRow redaction in city.Log.Where(row => row.Event.Kind == ChangeKind.Redaction))
        {
            foreach (ChangeRow row in city.Log.TakeWhile(row => row != redaction))
            {
                if (row.Event.ServiceRequestId == redaction.Event.ServiceRequestId
                    && Follower.Recent.Find(id, row.Event.Number) is { } held && held.Identity == row.Event.Identity)
                {
                    Truth.Expect(held.After is null, $"{_name} still holds the content of {ModelTruth.Text(held)}");
                }
            }
        }
    }

    private sealed class Told
    {
        public ChangePosition Last { get; set; }

        public ChangeIdentity LastEvent { get; set; }

        public required HashSet<Guid> Known { get; init; }
    }
}
