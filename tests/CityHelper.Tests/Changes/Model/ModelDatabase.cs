using CityHelper.Data.Changes;

namespace CityHelper.Tests.Changes.Model;

/// <summary>
/// PostgreSQL: a primary with its WAL, transactions, locks and sequence, and replicas that replay the WAL late. The rules of numbering are
/// those of the migration that creates the log.
/// </summary>
internal sealed class ModelDatabase
{
    /// <summary>Stands for the ten minutes of recent events.</summary>
    public static readonly TimeSpan RecentAge = TimeSpan.FromSeconds(4);

    private readonly ModelScheduler _scheduler;
    private readonly List<WalRecord> _wal = [];
    private readonly HashSet<long> _running = [];
    private readonly Dictionary<(short City, long Id), ModelLock> _rows = [];
    private readonly Dictionary<short, ModelLock> _cityLocks = [];
    private readonly List<ModelTransaction> _open = [];
    private readonly short[] _cities;
    private readonly PlantedFault _fault;
    private ModelLock _epochLock;
    private long _nextXid = 100;
    private long _lastCompleted = 99;
    private long _sequence = 1;
    private int _generation;

    public ModelDatabase(ModelScheduler scheduler, short[] cities, bool tellsTimeline, int replicas, PlantedFault fault)
    {
        (_scheduler, _cities, _fault, TellsTimeline) = (scheduler, cities, fault, tellsTimeline);
        Truth = new(scheduler, tellsTimeline);
        Bodies = new(scheduler);
        Primary = new(cities);
        Bodies.Take(Primary);
        Replicas = [.. Enumerable.Range(0, replicas).Select(i => new ModelReplica(i, new ModelState(cities)))];
        _epochLock = new(scheduler);
    }

    public ModelTruth Truth { get; }

    public ModelBodies Bodies { get; }

    public ModelState Primary { get; private set; }

    public IReadOnlyList<ModelReplica> Replicas { get; }

    /// <summary>Aurora's server has no timeline that could be read.</summary>
    public bool TellsTimeline { get; }

    public int Timeline { get; private set; } = 1;

    public bool IsOtherTimeline => TellsTimeline && Primary.EpochTimeline != Timeline;

    public bool IsQuiet { get; set; }

    /// <summary>No node answers servers.</summary>
    public bool IsAway { get; set; }

    public ModelTransaction Begin()
    {
        var transaction = new ModelTransaction(_generation);
        _open.Add(transaction);
        return transaction;
    }

    public async Task LockRowAsync(ModelTransaction transaction, short city, long id)
    {
        if (!_rows.TryGetValue((city, id), out ModelLock? row))
        {
            _rows.Add((city, id), row = new(_scheduler));
        }

        await row.AcquireAsync(transaction, isShared: false, wait: null);
    }

    public Task<bool> LockEpochAsync(ModelTransaction transaction, bool isShared, TimeSpan? wait) =>
        _epochLock.AcquireAsync(transaction, isShared, wait);

    public Task<bool> LockCityAsync(ModelTransaction transaction, short city, TimeSpan? wait)
    {
        if (!_cityLocks.TryGetValue(city, out ModelLock? all))
        {
            _cityLocks.Add(city, all = new(_scheduler));
        }

        return all.AcquireAsync(transaction, isShared: false, wait);
    }

    public long NextOutboxId() => _sequence++;

    public void Write(ModelTransaction transaction, Action<ModelState> change)
    {
        EnsureOpen(transaction);
        EnsureXid(transaction);
        transaction.Changes.Add(change);
    }

    public void EnsureXid(ModelTransaction transaction)
    {
        if (transaction.Xid == 0)
        {
            transaction.Xid = _nextXid++;
            _running.Add(transaction.Xid);
        }
    }

    public ModelSnapshot Snapshot() => new(_lastCompleted + 1, _running.Where(xid => xid <= _lastCompleted).ToHashSet());

    /// <summary>The rows that numbering finds: those of transactions that the city's last numbering could not see.</summary>
    public IEnumerable<OutboxRow> Unnumbered(ModelState.CityTables city, bool isWhole) =>
        city.Head is not { } last || isWhole || last.Snapshot.Max > _lastCompleted + 1
            ? city.Outbox.Values
            : city.Outbox.Values.Where(row =>
                row.Xid >= last.Snapshot.Max || last.Snapshot.Running.Contains(row.Xid) || row.Xid == last.Xid);

    public void Commit(ModelTransaction transaction)
    {
        EnsureOpen(transaction);
        if (transaction.Changes.Count > 0)
        {
            Log(new(transaction.Xid, transaction.Changes));
            foreach ((short city, Guid eventId) in transaction.Events)
            {
                Truth.Committed(city, eventId);
            }
        }

        End(transaction, isLogged: transaction.Changes.Count > 0);
    }

    /// <summary>Ends a transaction; one that has an id and is not committed is rolled back.</summary>
    public void End(ModelTransaction transaction, bool isLogged = false)
    {
        if (!transaction.IsEnded)
        {
            transaction.IsEnded = true;
            _open.Remove(transaction);
            if (_running.Remove(transaction.Xid))
            {
                _lastCompleted = Math.Max(_lastCompleted, transaction.Xid);
                if (!isLogged)
                {
                    // The WAL tells of it, or an id that a snapshot calls completed could be given again after a promotion.
                    Log(new(transaction.Xid, []));
                }
            }

            transaction.Locks.ForEach(held => held.Release(transaction));
        }
    }

    public bool Check(Witness witness) => _fault switch
    {
        PlantedFault.FalseWitness => true,
        PlantedFault.MissedWitness => false,
        _ => IsLost(witness),
    };

    /// <summary>A node takes over that may not have replayed everything, or the primary is restored to an earlier state.</summary>
    /// <param name="length">The WAL that is left.</param>
    /// <param name="reason">For the trace.</param>
    public void Promote(int length, string reason)
    {
        _generation++;
        foreach (ModelTransaction transaction in _open.ToList())
        {
            End(transaction, isLogged: true);
        }

        int cut = _wal.Count - length;
        _wal.RemoveRange(length, cut);
        Primary = Rebuild(length);
        Bodies.Take(Primary);
        Timeline++;
        long last = _wal.Count > 0 ? _wal.Max(record => record.Xid) : 99;
        (_lastCompleted, _nextXid) = (last, last + 1);
        _running.Clear();
        // The sequence is logged ahead.
        _sequence += 33;
        bool hasLost = Truth.Lost(Primary);
        HasLost |= hasLost;
        _scheduler.Count(hasLost ? $"{reason} with loss" : reason);
        _scheduler.Note($"{reason}: timeline {Timeline}, {cut} transactions cut{(hasLost ? ", events lost" : "")}");
        foreach (ModelReplica replica in Replicas)
        {
            Clone(replica, length);
        }
    }

    /// <summary>Whether commits were lost that answers may show.</summary>
    public bool HasLost { get; private set; }

    public int WalLength => _wal.Count;

    public bool IsLost(Witness witness)
    {
        ModelState.CityTables city = Primary.Cities[witness.CityId];
        return witness.Epoch >= Primary.Epoch
            && (witness.Epoch > Primary.Epoch
                || ((city.Log.Count == 0 || witness.Number >= city.Log[0].Event.Number) && !city.Holds(witness.Number, witness.Identity)));
    }

    private void Log(WalRecord record)
    {
        _wal.Add(record);
        record.ApplyTo(Primary);
        Bodies.Take(Primary);
        foreach (ModelReplica replica in Replicas.Where(replica => !replica.IsLeftBehind))
        {
            Replay(replica, _wal.Count);
        }
    }

    private void EnsureOpen(ModelTransaction transaction)
    {
        if (transaction.IsEnded || transaction.Generation != _generation)
        {
            throw new ChangeDatabaseException("the server ended the session");
        }
    }

    private ModelState Rebuild(int length)
    {
        var state = new ModelState(_cities);
        foreach (WalRecord record in _wal.Take(length))
        {
            record.ApplyTo(state);
        }

        return state;
    }

    private void Replay(ModelReplica replica, int length)
    {
        int life = replica.Life;
        double lag = IsQuiet ? 1 : _scheduler.Chance(0.1) ? _scheduler.Random.Next(50, 2_500) : _scheduler.Random.NextDouble() * 20;
        replica.Next = TimeSpan.FromTicks(Math.Max(replica.Next.Ticks, (_scheduler.Now + TimeSpan.FromMilliseconds(lag)).Ticks));
        WalRecord record = _wal[length - 1];
        _scheduler.At(replica.Next, () =>
        {
            if (replica.Life == life && replica.Applied == length - 1)
            {
                record.ApplyTo(replica.State);
                replica.Applied = length;
            }
        });
    }

    /// <summary>A replica follows the new primary after a while; until then it stays as it is.</summary>
    private void Clone(ModelReplica replica, int length)
    {
        int life = ++replica.Life;
        replica.IsLeftBehind = true;
        _scheduler.In(IsQuiet ? 1 : _scheduler.Random.Next(1, 1_500), () =>
        {
            if (replica.Life == life)
            {
                replica.Life++;
                replica.IsLeftBehind = false;
                replica.Applied = Math.Min(Math.Min(replica.Applied, length), _wal.Count);
                replica.State = Rebuild(replica.Applied);
                for (int next = replica.Applied + 1; next <= _wal.Count; next++)
                {
                    Replay(replica, next);
                }
            }
        });
    }
}

/// <summary>A replica: the state at some place of the WAL.</summary>
internal sealed class ModelReplica(int index, ModelState state)
{
    public int Index { get; } = index;

    public ModelState State { get; set; } = state;

    public int Applied { get; set; }

    /// <summary>When the last record that is on its way arrives.</summary>
    public TimeSpan Next { get; set; }

    /// <summary>Whether it still knows only a primary that is gone.</summary>
    public bool IsLeftBehind { get; set; }

    /// <summary>Rises when it is cloned: records on their way are then void.</summary>
    public int Life { get; set; }
}
