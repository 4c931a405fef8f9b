using CityHelper.Data.Changes;
using CityHelper.Engine.Telemetry;
using CityHelper.Server.Telemetry;

namespace CityHelper.Server.Changes;

/// <summary>
/// Follows the change log while the server runs: reads the recent events before the server is ready, then sends a pulse every
/// <see cref="Data.Limits.PulseInterval"/>. Every few minutes it removes what is no longer kept. Nothing that fails ends it.
/// </summary>
/// <param name="feed">Pulse, follower and copier.</param>
/// <param name="follower">Filled first.</param>
/// <param name="stream">Tells how far a city's log is that only Redis signalled.</param>
/// <param name="signals">Where news is heard of before the next pulse.</param>
/// <param name="nudges">Redis's signals; null without Redis.</param>
/// <param name="trimming">Removes what is no longer kept.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Logs what fails.</param>
internal sealed class ChangeFeedService(
    ChangeFeed feed,
    ChangeFollower follower,
    IChangeStream stream,
    ChangeSignals signals,
    ChangeTrimming trimming,
    TimeProvider time,
    ILogger<ChangeFeedService> logger,
    ChangeNudges? nudges = null) : BackgroundService
{
    private volatile bool _isFilled;
    private bool _hasFailed;
    private volatile bool _isBroken;

    /// <summary>Whether the recent events were read: before that, nothing is known of what changed.</summary>
    public bool IsFilled => _isFilled;

    /// <summary>Tries to read the recent events, so that a server whose database is there is ready when it starts.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await TryFillAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(BeatAsync(stoppingToken), HearAsync(stoppingToken), ListenAsync(stoppingToken), TrimAsync(stoppingToken));

    private async Task HearAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            IReadOnlyDictionary<short, ChangePosition?> heard = await signals.TakeAsync(stoppingToken);
            await TryAsync(() => FollowAsync(heard, stoppingToken), stoppingToken);
        }
    }

    private async Task FollowAsync(IReadOnlyDictionary<short, ChangePosition?> heard, CancellationToken stoppingToken)
    {
        var heads = new Dictionary<short, ChangePosition>();
        foreach ((short city, ChangePosition? position) in heard)
        {
            if (position is { } known)
            {
                heads[city] = known;
            }
            else if (await stream.TailAsync(city, stoppingToken) is { Epoch: > 0 } tail)
            {
                heads[city] = tail.Position;
            }
        }

        if (_isFilled && heads.Count > 0)
        {
            await feed.NudgeAsync(heads, stoppingToken);
        }
    }

    private async Task ListenAsync(CancellationToken stoppingToken)
    {
        if (nudges is not null)
        {
            await foreach (short city in nudges.ListenAsync(stoppingToken))
            {
                signals.Tell(city, position: null);
            }
        }
    }

    private async Task BeatAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Data.Limits.PulseInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (!_isFilled)
            {
                await TryFillAsync(stoppingToken);
                continue;
            }

            await TryAsync(() => feed.BeatAsync(stoppingToken), stoppingToken);
        }
    }

    // An outage is told by the feed, an event that cannot be read by the follower. What comes here is a fault of ours: it must not end the
    // server, and with it all others. What the server knows grows older, and says so.
    private async Task TryAsync(Func<Task> step, CancellationToken stoppingToken)
    {
        try
        {
            await step();
            _isBroken = false;
        }
        catch (Exception cause) when (!stoppingToken.IsCancellationRequested)
        {
            if (!_isBroken)
            {
                LogMessages.ChangesNotFollowed(logger, cause);
            }

            _isBroken = true;
        }
    }

    private async Task TryFillAsync(CancellationToken cancellation)
    {
        using var deadline = new CancellationTokenSource(Limits.FillTimeMax, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
        try
        {
            await follower.FillAsync(both.Token);
            _isFilled = true;
        }
        catch (Exception cause) when (!cancellation.IsCancellationRequested)
        {
            if (!_hasFailed)
            {
                LogMessages.ChangesNotRead(logger, cause);
            }

            _hasFailed = true;
        }
    }

    // Beside the pulse, and on the connections of writes: trimming may take a while. A failure is tried again at the next interval; until
    // then more is kept than needed.
    private async Task TrimAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Limits.TrimInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await trimming.RunAsync(follower.CityIds, stoppingToken);
            }
            catch (Exception cause) when (!stoppingToken.IsCancellationRequested)
            {
                LogMessages.ChangesNotTrimmed(logger, cause);
            }
        }
    }
}

/// <summary>The log messages of the change log.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(EventIds.ChangesNotRead, LogLevel.Warning,
        "The change log cannot be read; the server is not ready, and it is tried again until it can")]
    public static partial void ChangesNotRead(ILogger logger, Exception cause);

    [LoggerMessage(EventIds.ChangesNotFollowed, LogLevel.Error,
        "Following the change log failed in a way that must not be; it goes on with the next pulse, and says this once until it succeeds")]
    public static partial void ChangesNotFollowed(ILogger logger, Exception cause);

    [LoggerMessage(EventIds.CityNotFollowed, LogLevel.Error,
        "The change log of city {City} cannot be read, so what is known of the city grows old; this is told once until it can")]
    public static partial void CityNotFollowed(ILogger logger, short city, Exception cause);

    [LoggerMessage(EventIds.CityNotCopied, LogLevel.Error,
        "The change log of city {City} cannot be copied, so other services read old events; this is told once until it can")]
    public static partial void CityNotCopied(ILogger logger, short city, Exception cause);

    [LoggerMessage(EventIds.ChangesNotTrimmed, LogLevel.Warning,
        "Old events and idempotency keys cannot be removed; it is tried again in some minutes")]
    public static partial void ChangesNotTrimmed(ILogger logger, Exception cause);

    [LoggerMessage(EventIds.ChangesAway, LogLevel.Warning,
        "The change log does not answer; what the server knows grows older, and it says when the log is back")]
    public static partial void ChangesAway(ILogger logger, Exception cause);

    [LoggerMessage(EventIds.ChangesBack, LogLevel.Information, "The change log answers again")]
    public static partial void ChangesBack(ILogger logger);

    [LoggerMessage(EventIds.StreamAway, LogLevel.Warning, "Redis does not take the copy of the change log; servers follow PostgreSQL")]
    public static partial void StreamAway(ILogger logger);

    [LoggerMessage(EventIds.StreamBack, LogLevel.Information, "Redis takes the copy of the change log again")]
    public static partial void StreamBack(ILogger logger);

    [LoggerMessage(EventIds.StreamBegun, LogLevel.Information, "The copy of the log of city {City} was begun anew, up to {Position}")]
    public static partial void StreamBegun(ILogger logger, short city, LogText position);

    [LoggerMessage(EventIds.EventLost, LogLevel.Error,
        "The database has lost the event {Number} of city {City} that this server had seen: it was promoted or restored. Epoch {Epoch} "
        + "begins")]
    public static partial void EventLost(ILogger logger, long number, short city, int epoch);

    [LoggerMessage(EventIds.HoleInLog, LogLevel.Critical,
        "The change log of city {City} has a hole behind {Position}, which must not be: the city is read anew")]
    public static partial void HoleInLog(ILogger logger, short city, LogText position);
}
