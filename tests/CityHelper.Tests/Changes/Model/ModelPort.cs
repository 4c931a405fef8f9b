using CityHelper.Data.Changes;

namespace CityHelper.Tests.Changes.Model;

/// <summary>A server's way to a node: calls take time, fail before or after their work, or hang.</summary>
/// <param name="scheduler">Virtual time.</param>
/// <param name="database">The database.</param>
/// <param name="numbering">Its functions.</param>
/// <param name="replica">The node; null for the primary.</param>
/// <param name="fault">What is planted.</param>
internal sealed class ModelPort(
    ModelScheduler scheduler, ModelDatabase database, ModelNumbering numbering, ModelReplica? replica, PlantedFault fault) : IChangeDatabase
{
    private ModelState State => replica?.State ?? database.Primary;

    public Task<Numbering?> NumberAsync(short cityId, Guid? eventId, TimeSpan? wait, CancellationToken cancellation) =>
        OnPrimaryAsync(() => numbering.NumberAsync(cityId, eventId, wait), cancellation);

    public Task<IReadOnlyList<CityHead>> HeadsAsync(CancellationToken cancellation) =>
        CallAsync(() => Task.FromResult<IReadOnlyList<CityHead>>([.. State.Cities.Select(Head)]), cancellation);

    public Task<IReadOnlyList<ChangeEvent>> ReadAsync(short cityId, long from, int max, CancellationToken cancellation) =>
        CallAsync(
            () => Task.FromResult<IReadOnlyList<ChangeEvent>>(
                [.. State.Cities[cityId].Log.Where(row => row.Event.Number >= from).Take(max).Select(row => row.Event)]),
            cancellation);

    public Task<IReadOnlyList<ChangeEvent>> ReadRecentAsync(short cityId, TimeSpan age, int max, CancellationToken cancellation) =>
        CallAsync(
            () =>
            {
                List<ChangeRow> log = State.Cities[cityId].Log;
                IEnumerable<ChangeRow> recent = log.Where((row, i) =>
                    i == log.Count - 1 || row.NumberedAt > scheduler.Now - ModelDatabase.RecentAge);
                return Task.FromResult<IReadOnlyList<ChangeEvent>>([.. recent.TakeLast(max).Select(row => row.Event)]);
            },
            cancellation);

    public Task<WitnessFinding> CheckAsync(Witness witness, CancellationToken cancellation) =>
        OnPrimaryAsync(
            () =>
            {
                bool isHeld = witness.Epoch == database.Primary.Epoch
                    && database.Primary.Cities[witness.CityId].Holds(witness.Number, witness.Identity);
                WitnessFinding finding = database.Check(witness) ? WitnessFinding.Lost
                    : fault == PlantedFault.MissedWitness || isHeld ? WitnessFinding.Held
                    : WitnessFinding.Unknown;
                scheduler.Count($"witness {finding}");
                scheduler.Note($"{witness}: {finding}");
                return Task.FromResult(finding);
            },
            cancellation);

    public Task<int> RaiseEpochAsync(int known, string reason, Witness? witness, CancellationToken cancellation) =>
        OnPrimaryAsync(() => numbering.RaiseAsync(known, reason, witness), cancellation);

    private CityHead Head(KeyValuePair<short, ModelState.CityTables> city)
    {
        List<OutboxRow> waiting = fault == PlantedFault.LostWakeUp ? [] : [.. database.Unnumbered(city.Value, isWhole: false)];
        return new(
            city.Key, State.Epoch, city.Value.HeadNumber, city.Value.Head?.Event.Identity,
            waiting.Count > 0 ? scheduler.Now - waiting.Min(row => row.RecordedAt) : null)
        {
            IsOtherTimeline = replica is null && database.IsOtherTimeline && fault != PlantedFault.PromotionInSameEpoch,
        };
    }

    private Task<T> OnPrimaryAsync<T>(Func<Task<T>> work, CancellationToken cancellation)
    {
        database.Truth.Expect(replica is null, $"a replica was asked for what only the primary can do");
        return CallAsync(work, cancellation);
    }

    private Task<T> CallAsync<T>(Func<Task<T>> work, CancellationToken cancellation) => ModelScheduler.ServeAsync(
        async () =>
        {
            await WayAsync("before");
            T result = await work();
            await WayAsync("after");
            return result;
        },
        cancellation);

    private async Task WayAsync(string when)
    {
        if (!database.IsQuiet && scheduler.Chance(0.03))
        {
            scheduler.Count("database slow");
            await scheduler.DelayAsync(scheduler.Random.Next(100, 1_000));
        }
        else if (!database.IsQuiet && scheduler.Chance(0.006))
        {
            scheduler.Count("database hung");
            await scheduler.DelayAsync(scheduler.Random.Next(2_000, 5_000));
        }

        await scheduler.DelayAsync(scheduler.Random.NextDouble() * 2);
        if (database.IsAway || (!database.IsQuiet && scheduler.Chance(0.01)))
        {
            scheduler.Count($"database failed {when}");
            throw new ChangeDatabaseException("no answer");
        }
    }
}
