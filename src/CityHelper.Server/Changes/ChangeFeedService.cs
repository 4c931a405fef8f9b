using CityHelper.Data.Changes;
using CityHelper.Engine.Telemetry;
using CityHelper.Server.Database;
using CityHelper.Server.Telemetry;
using Npgsql;

namespace CityHelper.Server.Changes;

/// <summary>
/// Follows the change log while the server runs: reads the recent events before the server is ready, then sends a pulse every
/// <see cref="Data.Limits.PulseInterval"/>. Every few minutes it removes what is no longer kept.
/// </summary>
/// <param name="feed">Pulse, follower and copier.</param>
/// <param name="follower">Filled first.</param>
/// <param name="stream">Tells how far a city's log is that only Redis signalled.</param>
/// <param name="signals">Where news is heard of before the next pulse.</param>
/// <param name="nudges">Redis's signals; null without Redis.</param>
/// <param name="log">Trimmed.</param>
/// <param name="writing">The pool of writing connections.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Logs what fails.</param>
internal sealed class ChangeFeedService(
    ChangeFeed feed,
    ChangeFollower follower,
    IChangeStream stream,
    ChangeSignals signals,
    ChangeLog log,
    WritingConnections writing,
    TimeProvider time,
    ILogger<ChangeFeedService> logger,
    ChangeNudges? nudges = null) : BackgroundService
{
    private volatile bool _isFilled;
    private bool _hasFailed;

    /// <summary>Whether the recent events were read: before that, nothing is known of what changed.</summary>
    public bool IsFilled => _isFilled;

    /// <summary>Tries to read the recent events, so that a server whose database is there is ready when it starts.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await TryFillAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(BeatAsync(stoppingToken), HearAsync(stoppingToken), ListenAsync(stoppingToken));

    private async Task HearAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            var heads = new Dictionary<short, ChangePosition>();
            foreach ((short city, ChangePosition? position) in await signals.TakeAsync(stoppingToken))
            {
                if (position is { } known)
                {
                    heads[city] = known;
                }
                else if (await stream.TailAsync(city, stoppingToken) is { Epoch: > 0 } tail)
                {
                    heads[city] = new(tail.Epoch, tail.Number);
                }
            }

            if (_isFilled && heads.Count > 0)
            {
                await feed.NudgeAsync(heads, stoppingToken);
            }
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
        long trimmed = time.GetTimestamp();
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (!_isFilled)
            {
                await TryFillAsync(stoppingToken);
                continue;
            }

            await feed.BeatAsync(stoppingToken);
            if (time.GetElapsedTime(trimmed) >= Limits.TrimInterval)
            {
                trimmed = time.GetTimestamp();
                await TryTrimAsync(stoppingToken);
            }
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
        catch (Exception cause) when (cause is ChangeDatabaseException or OperationCanceledException)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!_hasFailed)
            {
                LogMessages.ChangesNotRead(logger, cause);
            }

            _hasFailed = true;
        }
    }

    // A failure is tried again at the next interval; until then more is kept than needed.
    private async Task TryTrimAsync(CancellationToken cancellation)
    {
        try
        {
            long removed = await log.TrimAsync(cancellation);
            await using NpgsqlCommand keys = writing.Database.CreateCommand(
                "delete from idempotency_key where created_at < clock_timestamp() - $1");
            keys.Parameters.Add(new() { Value = Data.Limits.IdempotencyKeysKept });
            int forgotten = await keys.ExecuteNonQueryAsync(cancellation);
            LogMessages.ChangesTrimmed(logger, removed, forgotten);
        }
        catch (Exception cause) when (cause is ChangeDatabaseException or NpgsqlException)
        {
            LogMessages.ChangesNotTrimmed(logger, cause);
        }
    }
}

/// <summary>The log messages of the change log.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(EventIds.ChangesNotRead, LogLevel.Warning,
        "The change log cannot be read; the server is not ready, and it is tried again until it can")]
    public static partial void ChangesNotRead(ILogger logger, Exception cause);

    [LoggerMessage(EventIds.ChangesTrimmed, LogLevel.Debug, "Removed {Events} events and {Keys} idempotency keys that are no longer kept")]
    public static partial void ChangesTrimmed(ILogger logger, long events, int keys);

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
