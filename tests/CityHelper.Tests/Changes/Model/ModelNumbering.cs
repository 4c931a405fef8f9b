using CityHelper.Data.Changes;

namespace CityHelper.Tests.Changes.Model;

/// <summary>The functions of the log, statement for statement: <c>number_changes</c> and <c>raise_change_epoch</c>.</summary>
internal sealed class ModelNumbering(ModelScheduler scheduler, ModelDatabase database, short[] cities, PlantedFault fault)
{
    public async Task<Numbering?> NumberAsync(short city, Guid? eventId, TimeSpan? wait)
    {
        ModelTransaction transaction = database.Begin();
        try
        {
            if (!await database.LockEpochAsync(transaction, isShared: true, wait)
                || (fault != PlantedFault.NumberingWithoutLock && !await database.LockCityAsync(transaction, city, wait)))
            {
                scheduler.Count("numbering waited in vain");
                return null;
            }

            await scheduler.StepAsync();
            bool isOther = database.IsOtherTimeline && fault != PlantedFault.PromotionInSameEpoch;
            if (!isOther)
            {
                Move(transaction, city, database.Primary.Epoch, isWhole: false);
                await scheduler.StepAsync();
            }

            database.Commit(transaction);
            return Result(city, eventId, isOther);
        }
        finally
        {
            database.End(transaction);
        }
    }

    public async Task<int> RaiseAsync(int known, string reason, Witness? witness)
    {
        ModelTransaction transaction = database.Begin();
        try
        {
            await database.LockEpochAsync(transaction, isShared: false, wait: null);
            ModelState state = database.Primary;
            if (state.Epoch > known || (witness is not null && !database.Check(witness)))
            {
                return state.Epoch;
            }

            bool isTrue = witness is null ? reason != "timeline" || database.IsOtherTimeline : database.IsLost(witness);
            database.Truth.Expect(isTrue, $"epoch {state.Epoch} ends for {reason} {witness}, which is not true");
            // By the clock: an epoch that a promotion lost is not given again.
            int epoch = fault == PlantedFault.EpochGivenAgain
                ? state.Epoch + 1
                : Math.Max(Math.Max(state.Epoch, known) + 1, (int)scheduler.Now.TotalMilliseconds);
            int timeline = database.Timeline;
            database.Write(transaction, s => (s.Epoch, s.EpochTimeline) = (epoch, timeline));
            foreach (short city in cities)
            {
                await database.LockCityAsync(transaction, city, wait: null);
                await scheduler.StepAsync();
                ChangeEvent change = new(city, 0, 0, scheduler.NextId(), ChangeKind.Epoch) { Cause = reason, IsAll = true };
                transaction.Events.Add((city, change.EventId));
                // Behind the head and before what waits: the event of an epoch is its first.
                long first = database.Primary.Cities[city].HeadNumber + 1;
                Insert(transaction, city, epoch, new(0, 0, change, scheduler.Now, []), first, database.Snapshot(), scheduler.Now);
                await scheduler.StepAsync();
                Move(transaction, city, epoch, isWhole: true, first);
            }

            database.Commit(transaction);
            scheduler.Count($"epoch by {reason}");
            scheduler.Note($"epoch {epoch}: {reason} {witness}");
            return epoch;
        }
        finally
        {
            database.End(transaction);
        }
    }

    /// <summary>What a planted fault does: a number of the writer's own choice.</summary>
    public void InsertEarly(ModelTransaction transaction, short city, OutboxRow row, long n) =>
        Insert(transaction, city, database.Primary.Epoch, row, n, database.Snapshot(), scheduler.Now);

    /// <summary>The statement that moves: it sees what is committed now.</summary>
    private void Move(ModelTransaction transaction, short city, int epoch, bool isWhole, long? head = null)
    {
        ModelState.CityTables tables = database.Primary.Cities[city];
        ModelSnapshot snapshot = database.Snapshot();
        List<OutboxRow> taken = [.. database.Unnumbered(tables, isWhole).OrderBy(row => row.Id)];
        if (taken.Count == 0)
        {
            return;
        }

        database.EnsureXid(transaction);
        // What this transaction has inserted is in its state only when it commits.
        long number = head ?? tables.HeadNumber;
        TimeSpan now = scheduler.Now;
        foreach (OutboxRow row in taken)
        {
            database.Write(transaction, state => state.Cities[city].Outbox.Remove(row.Id));
            // The log is kept longer than anybody announces again.
            if (tables.Log.Any(r => r.Event.EventId == row.Event.EventId) || tables.Trimmed.Contains(row.Event.EventId))
            {
                scheduler.Count("announced twice");
                continue;
            }

            long n = ++number;
            Insert(transaction, city, epoch, row, n, snapshot, now);
        }
    }

    private void Insert(
        ModelTransaction transaction, short city, int epoch, OutboxRow row, long n, ModelSnapshot snapshot, TimeSpan now)
    {
        database.Write(transaction, state =>
        {
            ModelState.CityTables tables = state.Cities[city];
            ChangeEvent change = row.Event with { Number = n, Epoch = epoch, NumberedAt = DateTime.UnixEpoch + now };
            var numbered = new ChangeRow(change, transaction.Xid, snapshot, now, row.Covered);
            if (state == database.Primary && !transaction.IsEnded)
            {
                database.Truth.Numbered(tables, numbered, state.Epoch, database.IsOtherTimeline);
                scheduler.Note($"numbered {ModelTruth.Text(numbered.Event)}");
            }

            tables.Insert(numbered);
        });
    }

    private Numbering Result(short city, Guid? eventId, bool isOther)
    {
        ModelState.CityTables tables = database.Primary.Cities[city];
        long? number = tables.Log.FirstOrDefault(row => row.Event.EventId == eventId)?.Event.Number;
        return new(number, database.Primary.Epoch, tables.HeadNumber, isOther);
    }
}
