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

    private readonly Dictionary<short, int> _early = [];

    /// <summary>A mutation: one request, one event.</summary>
    public async Task MutateAsync(bool isRedaction)
    {
        short city = City();
        long id = Request();
        ModelTransaction transaction = database.Begin();
        try
        {
            long? early = fault == PlantedFault.OutboxBeforeRow ? database.NextOutboxId() : null;
            await scheduler.StepAsync();
            Covered change = await ChangeRowAsync(transaction, city, id);
            await scheduler.StepAsync();
            if (isRedaction)
            {
                // Numbering moves rows: one that it moves meanwhile would keep its content.
                await database.LockCityAsync(transaction, city, wait: null);
                database.Write(transaction, state => state.Cities[city].Redact(id));
                scheduler.Count("redaction");
            }

            ChangeEvent announced = isRedaction ? Redaction(city, id, change) : Changed(city, change);
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
                    changes.Add(await ChangeRowAsync(rows, city, id));
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

    /// <summary>An answer: its position first, and its data of the same snapshot.</summary>
    public async Task ReadAsync()
    {
        short city = City();
        ModelReplica? replica = scheduler.Chance(0.5) ? database.Replicas[scheduler.Random.Next(database.Replicas.Count)] : null;
        ModelState snapshot = replica?.State ?? database.Primary;
        Dictionary<long, int> data = new(snapshot.Cities[city].Versions);
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
                    data.GetValueOrDefault(covered.RequestId) >= covered.After,
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

    private short City() => cities[scheduler.Random.Next(cities.Length)];

    private long Request() => scheduler.Random.Next(1, Requests + 1);

    /// <summary>Locks the row, then reads it, then changes it.</summary>
    private async Task<Covered> ChangeRowAsync(ModelTransaction transaction, short city, long id)
    {
        await database.LockRowAsync(transaction, city, id);
        await scheduler.StepAsync();
        int before = database.Primary.Cities[city].Versions.GetValueOrDefault(id);
        database.Write(transaction, state => state.Cities[city].Versions[id] = before + 1);
        return new(id, before, before + 1);
    }

    private void Announce(ModelTransaction transaction, short city, List<Covered> changes, bool isBulk)
    {
        if (isBulk)
        {
            ChangeEvent all = new(city, 0, 0, scheduler.NextId(), ChangeKind.Bulk) { Cause = "import", IsAll = true };
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
            Before = new(ServiceRequestStatus.Open, change.Before, null, null),
            After = new(ServiceRequestStatus.Open, change.After, null, null),
        };

    private ChangeEvent Redaction(short city, long id, Covered change) =>
        new(city, 0, 0, scheduler.NextId(), ChangeKind.Redaction) { ServiceRequestId = id, Version = change.After, IsUrgent = true };

    private void Append(ModelTransaction transaction, short city, long id, ChangeEvent change, IReadOnlyList<Covered> covered)
    {
        database.EnsureXid(transaction);
        var row = new OutboxRow(id, transaction.Xid, change, scheduler.Now, covered);
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
