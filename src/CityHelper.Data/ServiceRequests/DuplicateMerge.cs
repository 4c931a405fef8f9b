using CityHelper.Data.Model;

namespace CityHelper.Data.ServiceRequests;

/// <summary>Merges a request into another one, with all that are duplicates of it.</summary>
/// <remarks>
/// (1) Read, unlocked, which requests take part. (2) Lock them in the order of ids. (3) Read again: others may have merged meanwhile, then
/// begin again with what is there now. (4) Write the members, then the request itself, whose event is the write's.
/// </remarks>
internal sealed class DuplicateMerge(RequestTransaction transaction, long requestId, int? version, long duplicateOf, string? note)
{
    public async Task<WriteOutcome> RunAsync(CancellationToken cancellation)
    {
        HashSet<long> locked = [.. await transaction.DuplicatesOfAsync(requestId, Limits.DuplicatesMax, cancellation)]; // (1)
        if (await transaction.DuplicateOfAsync(duplicateOf, cancellation) is { } end)
        {
            locked.Add(end);
        }

        while (true)
        {
            (IReadOnlyDictionary<long, RequestState> known, WriteRefusal? refusal) = await LockAsync(locked, cancellation); // (2)
            if (refusal is not null)
            {
                return new WriteOutcome.Refused(refusal);
            }

            long target = known[duplicateOf].DuplicateOf ?? duplicateOf;
            IReadOnlyList<long> members = await transaction.DuplicatesOfAsync(
                requestId, Limits.DuplicatesMax + 1, cancellation); // (3)
            if (members.Count > Limits.DuplicatesMax)
            {
                return new WriteOutcome.Refused(new WriteRefusal.TooManyDuplicates(members.Count));
            }

            if (members.Append(target).All(known.ContainsKey))
            {
                return await MergeAsync(known, target, members, cancellation); // (4)
            }

            // A row that is locked stays so; to lock one more with a smaller id may deadlock, which PostgreSQL ends and the writer repeats.
            locked.UnionWith(members.Append(target));
        }
    }

    private async Task<(IReadOnlyDictionary<long, RequestState> Known, WriteRefusal? Refusal)> LockAsync(
        HashSet<long> others, CancellationToken cancellation)
    {
        if (requestId == duplicateOf)
        {
            return (new Dictionary<long, RequestState>(), new WriteRefusal.DuplicateCircle());
        }

        Dictionary<long, RequestState> known = (await transaction.LockAsync([.. others, requestId, duplicateOf], cancellation))
            .ToDictionary(state => state.Id);
        foreach (long id in (long[])[requestId, duplicateOf])
        {
            if (!known.ContainsKey(id))
            {
                return (known, new WriteRefusal.NotFound(id));
            }
        }

        int current = known[requestId].Version;
        return (known, version is { } seen && seen != current ? new WriteRefusal.VersionStale(current) : null);
    }

    private async Task<WriteOutcome> MergeAsync(
        IReadOnlyDictionary<long, RequestState> known, long target, IReadOnlyList<long> members, CancellationToken cancellation)
    {
        if (target == requestId)
        {
            return new WriteOutcome.Refused(new WriteRefusal.DuplicateCircle());
        }

        RequestState request = known[requestId];
        if (note is not null && request.RedactedAt is not null)
        {
            return new WriteOutcome.Refused(new WriteRefusal.Redacted());
        }

        foreach (long member in members)
        {
            await transaction.ChangeAsync(new(known[member] with { DuplicateOf = target }), cancellation);
        }

        RequestState merged = request.WithStatus(ServiceRequestStatus.Duplicate, transaction.At) with { DuplicateOf = target };
        return merged == request && note is null
            ? new WriteOutcome.Done(requestId, null)
            : new WriteOutcome.Done(requestId, await transaction.ChangeAsync(new(merged, note), cancellation));
    }
}
