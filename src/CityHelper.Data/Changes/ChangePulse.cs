namespace CityHelper.Data.Changes;

/// <summary>
/// One statement to the primary, for all cities: it finds what dead writers left without a number, tells the heads, and proves freshness.
/// </summary>
/// <remarks>
/// A pulse that was <em>sent</em> at t and finds nothing unnumbered that is older than a says to a follower at its head: everything that
/// was committed up to t - a is known. Counted from its answer instead, a commit during the pulse would be claimed and not known. Nothing
/// is written, so no proof can outlive the server that made it. A pulse that fails proves nothing and changes nothing.
/// </remarks>
/// <param name="primary">Asked for the heads.</param>
/// <param name="numbering">Numbers what waits.</param>
/// <param name="follower">Gets the heads.</param>
public sealed class ChangePulse(IChangeDatabase primary, ChangeNumbering numbering, ChangeFollower follower)
{
    /// <summary>Sends a pulse and follows up to its heads.</summary>
    /// <exception cref="ChangeDatabaseException">The database does not answer.</exception>
    public async Task BeatAsync(CancellationToken cancellation)
    {
        PulseMark mark = follower.Mark();
        IReadOnlyList<CityHead> heads = await primary.HeadsAsync(cancellation);
        if (heads.FirstOrDefault(head => head.IsOtherTimeline) is { } promoted)
        {
            // The epoch begins now and not with the next event: what was read before may show commits that are lost and had no number, and
            // heads that look the same would prove it.
            await numbering.NumberAsync(promoted.CityId, eventId: null, Limits.PulseNumberingWaitMax, cancellation);
            return;
        }

        await follower.FollowAsync(heads, mark, cancellation);
        await NumberAsync(heads, cancellation);
    }

    private async Task NumberAsync(IReadOnlyList<CityHead> heads, CancellationToken cancellation)
    {
        var numbered = new Dictionary<short, ChangePosition>();
        foreach (CityHead head in heads.Where(head => head.OldestUnnumbered >= Limits.UnnumberedAgeMin))
        {
            if (await numbering.NumberAsync(head.CityId, eventId: null, Limits.PulseNumberingWaitMax, cancellation) is { } now)
            {
                numbered[head.CityId] = new(now.Epoch, now.Head);
            }
        }

        if (numbered.Count > 0)
        {
            await follower.NudgeAsync(numbered, cancellation);
        }
    }
}
