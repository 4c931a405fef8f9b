using CityHelper.Data.Changes;
using CityHelper.Data.Model;

namespace CityHelper.Tests.Changes.Model;

/// <summary>Those who change requests, and those who read them.</summary>
internal sealed class ModelWriters(
    ModelScheduler scheduler,
    ModelDatabase database,
    ModelNumbering numbering,
    short[] cities,
    Func<ModelServer?> server,
    PlantedFault fault)
{
    private const int Requests = 3;
    private const int Categories = 2;
    private const int CellZoom = 14;

    // Rows that are no requests.
    private const long Names = -1;
    private const long Boundaries = -2;

    private static readonly int[][] s_shapes = [[1, 3], [4], [1, 5], [3, 4, 5], [2]];

    private readonly Dictionary<short, int> _early = [];
    private readonly Dictionary<(short City, long Id), List<int>> _texts = [];
    private int _lastText;

    /// <summary>A mutation of any request: one event.</summary>
    public Task MutateAsync(bool isRedaction) => MutateAsync(City(), Request(), isRedaction);

    /// <summary>A request moves, and is redacted soon after: its earlier events are emptied.</summary>
    public async Task MoveAndRedactAsync()
    {
        long id = Request();
        await MutateAsync(ModelQuestion.City, id, isRedaction: false);
        await scheduler.DelayAsync(scheduler.Random.Next(1, 600));
        await MutateAsync(ModelQuestion.City, id, isRedaction: true);
    }

    private async Task MutateAsync(short city, long id, bool isRedaction)
    {
        ModelTransaction transaction = database.Begin();
        try
        {
            long? early = fault == PlantedFault.OutboxBeforeRow ? database.NextOutboxId() : null;
            await scheduler.StepAsync();
            Covered change = await ChangeRowAsync(transaction, city, id, isRedaction);
            await scheduler.StepAsync();
            if (isRedaction)
            {
                // Numbering moves rows: one that it moves meanwhile would keep its content.
                await database.LockCityAsync(transaction, city, wait: null);
                database.Write(transaction, state => state.Cities[city].Redact(id));
                scheduler.Count("redaction");
            }

            ChangeEvent announced = isRedaction ? Redaction(city, change) : Changed(city, change);
            if (fault == PlantedFault.NumberingBeforeCommit && !isRedaction)
            {
                NumberEarly(transaction, city, announced, change);
            }
            else
            {
                Append(transaction, city, early ?? database.NextOutboxId(), announced, [change]);
            }

            await scheduler.StepAsync();
            if (scheduler.Chance(0.1))
            {
                scheduler.Count("writer died before commit");
                return;
            }

            database.Commit(transaction);
            scheduler.Count("mutation");
            await NumberAsync(city, announced.EventId);
        }
        finally
        {
            database.End(transaction);
        }
    }

    /// <summary>A batch of an import: several requests, an event each or one for all, in the batch's transaction.</summary>
    public async Task ImportAsync()
    {
        short city = City();
        ModelTransaction rows = database.Begin();
        ModelTransaction? own = null;
        try
        {
            var changes = new List<Covered>();
            for (long id = 1; id <= Requests; id++)
            {
                if (scheduler.Chance(0.7))
                {
                    changes.Add(await ChangeRowAsync(rows, city, id, isRedaction: false));
                    await scheduler.StepAsync();
                }
            }

            if (fault == PlantedFault.EventOutsideBatch)
            {
                database.Commit(rows);
                await scheduler.StepAsync();
                own = database.Begin();
            }

            bool isBulk = scheduler.Chance(0.4);
            Announce(own ?? rows, city, changes, isBulk);
            await scheduler.StepAsync();
            if (scheduler.Chance(0.1))
            {
                scheduler.Count("import died before commit");
                return;
            }

            database.Commit(own ?? rows);
            scheduler.Count(isBulk ? "import with one event" : "import with events");
            await NumberAsync(city, null);
        }
        finally
        {
            database.End(rows);
            if (own is not null)
            {
                database.End(own);
            }
        }
    }

    /// <summary>Another service says twice, under one id, that something changed.</summary>
    public async Task AnnounceAsync()
    {
        short city = City();
        ChangeEvent change = new(city, 0, 0, scheduler.NextId(), ChangeKind.Bulk) { Cause = "service", IsAll = true };
        for (int time = 0; time < 2; time++)
        {
            ModelTransaction transaction = database.Begin();
            try
            {
                await scheduler.StepAsync();
                if (database.Primary.Cities[city].Outbox.Values.All(row => row.Event.EventId != change.EventId))
                {
                    Append(transaction, city, database.NextOutboxId(), change, []);
                }

                database.Commit(transaction);
                scheduler.Count("announcement");
            }
            finally
            {
                database.End(transaction);
            }

            await scheduler.DelayAsync(scheduler.Random.Next(5, 600));
        }
    }

    /// <summary>A category gets another name.</summary>
    public Task RenameAsync() => ChangeAsync(Names, ChangeKind.Reference, tables =>
    {
        (int category, int name) = (scheduler.Random.Next(Categories), ++_lastText);
        return (city => city.Names[category] = name, change => change);
    });

    /// <summary>An import of boundaries: another shape, and the next revision.</summary>
    public Task ImportBoundariesAsync() => ChangeAsync(Boundaries, ChangeKind.Boundary, tables =>
    {
        var area = new ModelArea(tables.Area.Revision + 1, s_shapes[scheduler.Random.Next(s_shapes.Length)]);
        return (city => city.Area = area, change => change);
    });

    /// <summary>An operator demands that something is read again.</summary>
    public Task PurgeAsync() => ChangeAsync(row: null, ChangeKind.Purge, tables => (null, scheduler.Random.Next(3) switch
    {
        0 => change => change with { IsUrgent = true, IsAll = true },
        1 => change => change with { ServiceRequestId = Request() },
        _ => change => change with { Cells = ModelPlaces.CellsOf([1], CellZoom) },
    }));

    /// <summary>An answer: its position first, and its data of the same snapshot.</summary>
    public async Task ReadAsync()
    {
        short city = City();
        ModelReplica? replica = scheduler.Chance(0.5) ? database.Replicas[scheduler.Random.Next(database.Replicas.Count)] : null;
        ModelState snapshot = replica?.State ?? database.Primary;
        Dictionary<long, ModelRequest> data = new(snapshot.Cities[city].Requests);
        if (fault == PlantedFault.PositionAfterData)
        {
            await scheduler.StepAsync();
            snapshot = replica?.State ?? database.Primary;
        }

        scheduler.Count(replica is null ? "answer of the primary" : "answer of a replica");
        foreach (ChangeRow row in snapshot.Cities[city].Log)
        {
            foreach (Covered covered in row.Covered)
            {
                database.Truth.Expect(
                    data.GetValueOrDefault(covered.RequestId)?.Version >= covered.After,
                    $"an answer at {row.Event.Number} or above misses {ModelTruth.Text(row.Event)}");
            }
        }
    }

    public void Trim()
    {
        short city = City();
        List<ChangeRow> log = database.Primary.Cities[city].Log;
        if (log.Count > 2)
        {
            long from = log[scheduler.Random.Next(1, log.Count)].Event.Number;
            ModelTransaction transaction = database.Begin();
            database.Write(transaction, state =>
            {
                ModelState.CityTables tables = state.Cities[city];
                tables.Trimmed.UnionWith(tables.Log.Where(row => row.Event.Number < from).Select(row => row.Event.EventId));
                tables.Log.RemoveAll(row => row.Event.Number < from);
            });
            database.Commit(transaction);
            scheduler.Count("trimmed");
        }
    }

    /// <summary>Changes what is no request, under the lock of a row, and announces it in the same transaction.</summary>
    private async Task ChangeAsync(
        long? row, ChangeKind kind,
        Func<ModelState.CityTables, (Action<ModelState.CityTables>? Change, Func<ChangeEvent, ChangeEvent> Announced)> draw)
    {
        short city = ModelQuestion.City;
        ModelTransaction transaction = database.Begin();
        try
        {
            if (row is { } locked)
            {
                await database.LockRowAsync(transaction, city, locked);
            }

            await scheduler.StepAsync();
            (Action<ModelState.CityTables>? change, Func<ChangeEvent, ChangeEvent> announced) = draw(database.Primary.Cities[city]);
            if (change is not null)
            {
                WriteContent(transaction, city, change);
            }

            ChangeEvent told = announced(new(city, 0, 0, scheduler.NextId(), kind) { Cause = "operator" });
            Append(transaction, city, database.NextOutboxId(), told, []);
            await scheduler.StepAsync();
            database.Commit(transaction);
            scheduler.Count($"{kind} event");
            await NumberAsync(city, told.EventId);
        }
        finally
        {
            database.End(transaction);
        }
    }

    private short City() => cities[scheduler.Random.Next(cities.Length)];

    private long Request() => scheduler.Random.Next(1, Requests + 1);

    /// <summary>Locks the row, then reads it, then changes it.</summary>
    private async Task<Covered> ChangeRowAsync(ModelTransaction transaction, short city, long id, bool isRedaction)
    {
        await database.LockRowAsync(transaction, city, id);
        await scheduler.StepAsync();
        ModelRequest? before = database.Primary.Cities[city].Requests.GetValueOrDefault(id);
        ModelRequest after = After(before, isRedaction);
        WriteContent(transaction, city, tables => tables.Requests[id] = after);
        if (!isRedaction)
        {
            TextsOf(city, id).Add(after.Text);
        }

        return new(id, before, after);
    }

    private ModelRequest After(ModelRequest? before, bool isRedaction)
    {
        int place = isRedaction ? 0 : before is null || scheduler.Chance(0.5) ? scheduler.Random.Next(ModelPlaces.Count) : before.Place;
        return new((before?.Version ?? 0) + 1, ++_lastText, place, before?.Category ?? scheduler.Random.Next(Categories));
    }

    private void WriteContent(ModelTransaction transaction, short city, Action<ModelState.CityTables> change) =>
        database.Write(transaction, state =>
        {
            ModelState.CityTables tables = state.Cities[city];
            tables.Content++;
            change(tables);
        });

    /// <summary>The texts that were ever given to a request.</summary>
    private List<int> TextsOf(short city, long id)
    {
        if (!_texts.TryGetValue((city, id), out List<int>? texts))
        {
            _texts.Add((city, id), texts = []);
        }

        return texts;
    }

    private void Announce(ModelTransaction transaction, short city, List<Covered> changes, bool isBulk)
    {
        if (isBulk)
        {
            bool isAll = scheduler.Chance(0.4);
            IEnumerable<int> places = changes.SelectMany(change => new[] { change.Old?.Place ?? 0, change.New.Place });
            ChangeEvent all = new(city, 0, 0, scheduler.NextId(), ChangeKind.Bulk)
            {
                Cause = "import",
                IsAll = isAll,
                Cells = isAll ? [] : ModelPlaces.CellsOf(places, CellZoom),
            };
            Append(transaction, city, database.NextOutboxId(), all, changes);
            return;
        }

        foreach (Covered change in changes)
        {
            Append(transaction, city, database.NextOutboxId(), Changed(city, change), [change]);
        }
    }

    private ChangeEvent Changed(short city, Covered change) =>
        new(city, 0, 0, scheduler.NextId(), ChangeKind.Request)
        {
            ServiceRequestId = change.RequestId,
            Version = change.After,
            Before = Told(change.Old),
            After = Told(change.New),
        };

    private static ChangedRequest? Told(ModelRequest? request) =>
        request is null ? null : new(ServiceRequestStatus.Open, request.Category, null, ModelPlaces.PointOf(request.Place));

    private ChangeEvent Redaction(short city, Covered change)
    {
        Guid eventId = scheduler.NextId();
        if (city == ModelQuestion.City)
        {
            database.Bodies.Redacts(eventId, TextsOf(city, change.RequestId));
        }

        return new(city, 0, 0, eventId, ChangeKind.Redaction)
        {
            ServiceRequestId = change.RequestId,
            Version = change.After,
            IsUrgent = true,
            Cells = ModelPlaces.CellsOf([change.Old?.Place ?? 0], CellZoom),
        };
    }

    private void Append(ModelTransaction transaction, short city, long id, ChangeEvent change, IReadOnlyList<Covered> covered)
    {
        database.EnsureXid(transaction);
        ChangeEvent recorded = change with { RecordedAt = DateTime.UnixEpoch + scheduler.Now };
        var row = new OutboxRow(id, transaction.Xid, recorded, scheduler.Now, covered);
        database.Write(transaction, state => state.Cities[city].Outbox.Add(row.Id, row));
        transaction.Events.Add((city, change.EventId));
    }

    private void NumberEarly(ModelTransaction transaction, short city, ChangeEvent change, Covered covered)
    {
        int early = _early[city] = _early.GetValueOrDefault(city) + 1;
        long number = early + database.Primary.Cities[city].Log.Count(row => row.Event.Kind != ChangeKind.Request);
        numbering.InsertEarly(transaction, city, new(0, 0, change, scheduler.Now, [covered]), number);
        transaction.Events.Add((city, change.EventId));
    }

    private async Task NumberAsync(short city, Guid? eventId)
    {
        if (scheduler.Chance(0.2))
        {
            scheduler.Count("writer died before numbering");
            return;
        }

        if (server() is { } mine
            && await mine.Numbering.NumberAsync(city, eventId, TimeSpan.FromMilliseconds(300), CancellationToken.None) is { } numbered)
        {
            scheduler.Count(numbered.Number is null ? "numbered, own unknown" : "numbered by its writer");
            await mine.NudgeAsync(city, new(numbered.Epoch, numbered.Head));
        }
    }
}
