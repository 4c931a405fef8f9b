using CityHelper.Data.Changes;

namespace CityHelper.Tests.Changes.Model;

/// <summary>A short history of a platform, drawn from a seed: some seconds of trouble, then quiet, then everything must be right.</summary>
internal sealed class ModelHistory
{
    private const int TroubleMs = 5_000;
    private const int QuietMs = 13_000;
    private const int AskingMs = 14_000;
    private const int Clients = 4;

    private static readonly short[] s_cities = [0, 1];

    private readonly ModelScheduler _scheduler;
    private readonly ModelDatabase _database;
    private readonly ModelNumbering _numbering;
    private readonly ModelStream _stream;
    private readonly ModelWriters _writers;
    private readonly ModelServer[] _servers;
    private readonly PlantedFault _fault;
    private readonly ModelStore _store;
    private int _build;
    private int _key;

    private ModelHistory(int seed, PlantedFault fault, bool isTraced)
    {
        _scheduler = new(seed, isTraced);
        _fault = fault;
        bool tellsTimeline = fault switch
        {
            PlantedFault.PromotionInSameEpoch or PlantedFault.EpochGivenAgain => true,
            PlantedFault.MissedWitness => false,
            _ => _scheduler.Chance(0.5),
        };
        _database = new(_scheduler, s_cities, tellsTimeline, replicas: 2, fault);
        _numbering = new(_scheduler, _database, s_cities, fault);
        _stream = new(_scheduler, _database.Truth, fault) { Appended = Publish };
        _writers = new(_scheduler, _database, _numbering, s_cities, Alive, fault);
        _servers = new ModelServer[2];
        _store = new(fault);
    }

    /// <summary>Runs a history.</summary>
    public static ModelScheduler Run(int seed, PlantedFault fault, bool isTraced)
    {
        var history = new ModelHistory(seed, fault, isTraced);
        history.Plan();
        history._scheduler.Run(TimeSpan.FromMilliseconds(TroubleMs));
        history.Quiet();
        history._scheduler.Run(TimeSpan.FromMilliseconds(TroubleMs + QuietMs));
        if (history._scheduler.Violation is null)
        {
            history.JudgeEnd();
        }

        return history._scheduler;
    }

    /// <summary>A healthy database, a server and writers, and a Redis that hangs: how old the server's proof is at worst.</summary>
    public static (ModelScheduler Scheduler, TimeSpan Oldest) RunWithHangingStream(int seed)
    {
        var history = new ModelHistory(seed, PlantedFault.None, isTraced: false);
        history.Quiet();
        history._stream.IsHanging = true;
        history.StartServer(0, 0);
        TimeSpan oldest = default;
        for (int ms = 1_000; ms < 20_000; ms += 100)
        {
            history._scheduler.Start(ms, () => history._writers.MutateAsync(isRedaction: false));
            history._scheduler.In(ms, () =>
            {
                long until = history._servers[0].Follower.Freshness(0) ?? 0;
                oldest = TimeSpan.FromTicks(Math.Max(oldest.Ticks, history._scheduler.Now.Ticks - until));
            });
        }

        history._scheduler.Run(TimeSpan.FromMilliseconds(20_000));
        return (history._scheduler, oldest);
    }

    /// <summary>A healthy database, a server and writers, and a Redis that is away from the 8th to the 12th second.</summary>
    /// <returns>The lag of the copy just before the end of each second.</returns>
    public static (ModelScheduler Scheduler, IReadOnlyList<TimeSpan> Lags) RunWithStreamAway(int seed)
    {
        var history = new ModelHistory(seed, PlantedFault.None, isTraced: false);
        var lags = new List<TimeSpan>();
        history.Quiet();
        history.StartServer(0, 0);
        history._scheduler.In(8_000, () => history._stream.IsAway = true);
        history._scheduler.In(12_000, () => history._stream.IsAway = false);
        for (int ms = 1_000; ms < 20_000; ms += 100)
        {
            history._scheduler.Start(ms, () => history._writers.MutateAsync(isRedaction: false));
        }

        for (int second = 1; second <= 19; second++)
        {
            history._scheduler.In((1_000 * second) - 50, () => lags.Add(history._servers[0].Copier.Lag));
        }

        history._scheduler.Run(TimeSpan.FromMilliseconds(20_000));
        return (history._scheduler, lags);
    }

    /// <summary>A healthy database, a server and a client, and a database that is away from the 5th to the 45th second.</summary>
    /// <returns>For each second, whether the client was answered from the store.</returns>
    public static (ModelScheduler Scheduler, IReadOnlyList<bool> Stored) RunWithDatabaseAway(int seed)
    {
        var history = new ModelHistory(seed, PlantedFault.None, isTraced: false);
        var stored = new List<bool>();
        history.Quiet();
        history.StartServer(0, 0);
        history._scheduler.In(5_000, () => history._database.IsAway = true);
        history._scheduler.In(45_000, () => history._database.IsAway = false);
        int before = 0;
        for (int second = 1; second <= 50; second++)
        {
            int ms = second * 1_000;
            history._scheduler.Start(ms - 800, () => history._servers[0].AskAsync(new(ModelQuestion.All[0])));
            history._scheduler.In(ms, () =>
            {
                int now = history._scheduler.Counts.GetValueOrDefault("stored answer");
                stored.Add(now > before);
                before = now;
            });
        }

        history._scheduler.Run(TimeSpan.FromMilliseconds(51_000));
        return (history._scheduler, stored);
    }

    private void Plan()
    {
        for (int i = 0; i < _servers.Length; i++)
        {
            StartServer(i, Between(0, 300));
        }

        for (int i = _scheduler.Random.Next(6, 14); i > 0; i--)
        {
            _scheduler.Start(When(), () => _writers.MutateAsync(isRedaction: _scheduler.Chance(0.1)));
        }

        // Bursts: the order of commits differs from that of the outbox, numbering meets numbering.
        double burst = When();
        for (int i = _scheduler.Random.Next(0, 6); i > 0; i--)
        {
            _scheduler.Start(burst + Between(0, 10), () => _writers.MutateAsync(isRedaction: false));
        }

        Perhaps(0.7, () => _scheduler.Start(When(), _writers.ImportAsync));
        Perhaps(0.4, () => _scheduler.Start(When(), _writers.ImportAsync));
        Perhaps(0.3, () => _scheduler.Start(When(), _writers.AnnounceAsync));
        Perhaps(0.4, () => _scheduler.Start(When(), _writers.RenameAsync));
        Perhaps(0.4, () => _scheduler.Start(When(), _writers.ImportBoundariesAsync));
        Perhaps(0.15, () => _scheduler.Start(When(), _writers.ImportBoundariesAsync));
        Perhaps(0.2, () => _scheduler.Start(When(), _writers.PurgeAsync));
        Perhaps(0.25, () =>
        {
            double move = When();
            _scheduler.Start(move, _writers.MoveAndRedactAsync);
            Perhaps(0.7, () => PlanDeath(_scheduler.Random.Next(_servers.Length), move + Between(100, 1_200)));
        });
        for (int i = 0; i < Clients; i++)
        {
            _scheduler.Start(Between(300, 2_000), AskAsync);
        }

        for (int i = 0; i < 8; i++)
        {
            _scheduler.Start(When(), _writers.ReadAsync);
        }

        PlanTrouble();
    }

    private void PlanTrouble()
    {
        Perhaps(0.45, () => _scheduler.In(When(), Promote));
        Perhaps(0.2, () => _scheduler.In(When(), Promote));
        Perhaps(0.08, () => _scheduler.In(When(), Restore));
        Perhaps(0.15, () => _scheduler.In(When(), _writers.Trim));
        Perhaps(0.15, () => _scheduler.In(When(), _stream.Lose));
        Perhaps(0.2, () => _scheduler.In(When(), _stream.CutEnd));
        Perhaps(0.2, () =>
        {
            double copied = When();
            _scheduler.In(copied, _stream.Copy);
            _scheduler.In(copied + Between(0, 1_500), _stream.FailOver);
        });
        Perhaps(0.2, () =>
        {
            double away = When();
            _scheduler.In(away, () => _stream.IsAway = true);
            _scheduler.In(away + Between(100, 2_000), () => _stream.IsAway = false);
        });
        Perhaps(0.15, () =>
        {
            double hung = When();
            _scheduler.In(hung, () => _stream.IsHanging = true);
            _scheduler.In(hung + Between(100, 2_000), () => _stream.IsHanging = false);
        });
        Perhaps(0.25, () => PlanDeath(0, When()));
        Perhaps(0.25, () => PlanDeath(1, When()));
        // All at once: the stream is then the only one who may know of a loss.
        Perhaps(0.08, () =>
        {
            double death = When();
            PlanDeath(0, death);
            PlanDeath(1, death);
            _scheduler.In(death + 1, Promote);
        });
    }

    private void PlanDeath(int server, double when) => _scheduler.In(when, () =>
    {
        if (_servers[server].IsAlive)
        {
            _servers[server].Kill();
            Perhaps(0.2, Deploy);
            Perhaps(0.2, RotateKey);
            StartServer(server, Between(10, 800));
        }
    });

    private void Deploy()
    {
        _build++;
        _scheduler.Count("deploy");
    }

    private void RotateKey()
    {
        _key++;
        _scheduler.Count("key rotated");
    }

    /// <summary>Somebody who asks the same again and again, now and then twice at once.</summary>
    private async Task AskAsync()
    {
        var client = new ModelClient(ModelQuestion.All[_scheduler.Random.Next(ModelQuestion.All.Count)]);
        while (_scheduler.Now < TimeSpan.FromMilliseconds(AskingMs))
        {
            if (Alive() is { } server)
            {
                if (_scheduler.Chance(0.2))
                {
                    _scheduler.Start(Between(0, 8), () => server.AskAsync(new(client.Question)));
                }

                await server.AskAsync(client);
            }

            int slowest = _scheduler.Chance(0.5) ? 100 : _scheduler.Chance(0.6) ? 700 : 3_000;
            await _scheduler.DelayAsync(Between(1, slowest));
        }
    }

    /// <summary>A subscriber reads the request again that changed.</summary>
    private void Reread(ModelServer server, ChangeEvent change)
    {
        if (change is { CityId: ModelQuestion.City, ServiceRequestId: { } id } && _scheduler.Chance(0.5))
        {
            _scheduler.Start(Between(0, 2), () => server.AskAsync(new(ModelQuestion.OfRequestId(id))));
        }
    }

    private void StartServer(int index, double when)
    {
        ModelReplica? replica = index == 1 && _scheduler.Chance(0.4) ? _database.Replicas[0] : null;
        var release = new ModelRelease(_build, _key);
        var server = new ModelServer($"server {index}", _scheduler, _database, _numbering, _stream, replica, _store, release, _fault);
        server.Notified = Reread;
        _servers[index] = server;
        _scheduler.Count(replica is null ? "server of the primary" : "server of a replica");
        _scheduler.Start(when, server.RunAsync);
    }

    private void Promote()
    {
        ModelReplica replica = _database.Replicas[_scheduler.Random.Next(_database.Replicas.Count)];
        _database.Promote(Math.Min(replica.Applied, _database.WalLength), "promotion");
    }

    private void Restore() =>
        _database.Promote(Math.Max(0, _database.WalLength - _scheduler.Random.Next(1, 6)), "restore");

    private void Publish(short city, ChangePosition position)
    {
        foreach (ModelServer server in _servers.Where(server => server is not null))
        {
            if (_scheduler.Chance(0.8))
            {
                _scheduler.Start(Between(0, 3), () => server.NudgeAsync(city, position));
            }
        }
    }

    private void Quiet()
    {
        _scheduler.Note($"quiet");
        (_database.IsQuiet, _stream.IsQuiet, _stream.IsAway, _stream.IsHanging) = (true, true, false, false);
    }

    private void JudgeEnd()
    {
        ModelTruth truth = _database.Truth;
        foreach ((short id, ModelState.CityTables city) in _database.Primary.Cities)
        {
            truth.Expect(city.Outbox.Count == 0, $"city {id} has {city.Outbox.Count} events without a number");
            foreach ((long request, ModelRequest row) in city.Requests)
            {
                truth.Expect(
                    city.Told.GetValueOrDefault(request) == row.Version,
                    $"request {request} of city {id} is at version {row.Version}, told {city.Told.GetValueOrDefault(request)}");
            }

            foreach (ModelTruth.Commit commit in truth.Commits.Where(c => c.City == id && !c.IsLost))
            {
                truth.Expect(
                    city.Log.Any(row => row.Event.EventId == commit.EventId) || city.Trimmed.Contains(commit.EventId),
                    $"{commit.EventId} is not in the log");
            }

            JudgeStream(id, city);
        }

        foreach (ModelServer server in _servers)
        {
            server.JudgeEnd(_database.Primary.Cities);
        }
    }

    /// <summary>
    /// The stream is the end of the log, from the epoch's beginning at the earliest. Of a redaction that the database lost it may know.
    /// </summary>
    private void JudgeStream(short id, ModelState.CityTables city)
    {
        IReadOnlyList<ChangeEvent> entries = _stream.Entries(id);
        _database.Truth.Expect(entries.Count > 0 || city.Log.Count == 0, $"the stream of city {id} is empty");
        List<ChangeEvent> end = [.. city.Log.TakeLast(entries.Count).Select(row => row.Event)];
        _database.Truth.Expect(
            entries.TakeLast(end.Count).Zip(end).All(both =>
                both.First == both.Second || both.First == both.Second with { Before = null, After = null }),
            $"the stream of city {id} ends at {(entries.Count > 0 ? entries[^1].Number : 0)}, not as the log at {city.HeadNumber}");
    }

    private ModelServer? Alive()
    {
        ModelServer server = _servers[_scheduler.Random.Next(_servers.Length)];
        return server is { IsAlive: true } ? server : null;
    }

    private double When() => Between(300, TroubleMs - 300);

    private double Between(int from, int to) => from + (_scheduler.Random.NextDouble() * (to - from));

    private void Perhaps(double chance, Action plan)
    {
        if (_scheduler.Chance(chance))
        {
            plan();
        }
    }
}
