namespace CityHelper.Data.Changes;

/// <summary>The change log in one server: pulse, follower and copier together.</summary>
/// <remarks>
/// A host calls <see cref="ChangeFollower.FillAsync"/> until it succeeds, and only then lets the server be ready; then
/// <see cref="BeatAsync"/> every <see cref="Limits.PulseInterval"/>, never two at once; and <see cref="NudgeAsync"/>, at any time, when a
/// writer of this server was told a number or Redis published one. None of them throws when PostgreSQL or Redis is away.
/// </remarks>
/// <param name="pulse">Sends the pulse.</param>
/// <param name="follower">Follows.</param>
/// <param name="copier">Copies to the stream what was followed; null where there is none.</param>
/// <param name="monitor">Told when the database is away.</param>
/// <param name="time">The clock.</param>
public sealed class ChangeFeed(
    ChangePulse pulse, ChangeFollower follower, ChangeCopier? copier, IChangeMonitor monitor, TimeProvider time)
{
    private bool _isAway;

    /// <summary>Sends a pulse, follows and copies.</summary>
    /// <exception cref="OperationCanceledException">The caller cancelled it.</exception>
    public async Task BeatAsync(CancellationToken cancellation)
    {
        // Two deadlines: a database that hangs must not keep the stream from what is already known.
        Exception? failure = await TryAsync(pulse.BeatAsync, cancellation);
        Exception? copying = copier is null ? null : await TryAsync(copier.CopyAsync, cancellation);
        Tell(failure ?? copying);
    }

    /// <summary>Follows cities to positions that somebody told of, and copies.</summary>
    /// <exception cref="OperationCanceledException">The caller cancelled it.</exception>
    public async Task NudgeAsync(IReadOnlyDictionary<short, ChangePosition> heads, CancellationToken cancellation)
    {
        // What fails here is made good, and told, by the next beat.
        if (await TryAsync(token => follower.NudgeAsync(heads, token), cancellation) is null && copier is not null)
        {
            await TryAsync(copier.CopyAsync, cancellation);
        }
    }

    private async Task<Exception?> TryAsync(Func<CancellationToken, Task> call, CancellationToken cancellation)
    {
        using var deadline = new CancellationTokenSource(Limits.PulseTimeMax, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
        try
        {
            await call(both.Token);
            return null;
        }
        catch (ChangeDatabaseException failure)
        {
            return failure;
        }
        catch (OperationCanceledException failure) when (!cancellation.IsCancellationRequested)
        {
            return failure;
        }
    }

    private void Tell(Exception? failure)
    {
        bool wasAway = _isAway;
        _isAway = failure is not null;
        if (failure is not null && !wasAway)
        {
            monitor.DatabaseAway(failure);
        }
        else if (failure is null && wasAway)
        {
            monitor.DatabaseBack();
        }
    }
}
