using CityHelper.Data.Changes;
using CityHelper.Engine.Telemetry;
using CityHelper.Server.Telemetry;
using Npgsql;
using NpgsqlTypes;

namespace CityHelper.Server.Changes;

/// <summary>
/// Announces, in the change log, what services without the database wrote to the inboxes of cities.
/// </summary>
/// <remarks>
/// (1) read entries, of which each goes to one server   (2) refuse those that are not what they must be
/// (3) announce and number   (4) announce again after five seconds   (5) remove the entry from the inbox
/// A service may have announced before its own commit; whoever read at the first announcement then read what was there before, and the
/// second one says so. It outlives this server: the entry stays pending until (5), and of a dead server another claims it and begins at
/// (2). What is announced twice as often has the same event ids, and the log keeps one event of each.
/// </remarks>
/// <param name="stream">The inboxes.</param>
/// <param name="validation">Says what an entry is.</param>
/// <param name="database">A pool of the primary that may write.</param>
/// <param name="cities">The cities whose inboxes are read.</param>
/// <param name="metrics">Counts refused entries.</param>
/// <param name="time">Measures the five seconds.</param>
/// <param name="logger">Logs refused entries, and when announcing fails.</param>
internal sealed class InboxIngester(
    InboxStream stream,
    InboxValidation validation,
    NpgsqlDataSource database,
    ICityNames cities,
    InboxMetrics metrics,
    TimeProvider time,
    ILogger<InboxIngester> logger) : BackgroundService
{
    private readonly Dictionary<short, Dictionary<string, Held>> _held = [];
    private readonly ChangeNumbering _numbering = new(new ChangeLog(database));
    private bool _failing;
    private long _refused;

    /// <summary>How many entries this server refused.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>Takes one step with the inbox of each city.</summary>
    internal async Task PassAsync(CancellationToken cancellation)
    {
        bool failed = false;
        foreach ((short cityId, string slug) in await cities.AllAsync(cancellation))
        {
            try
            {
                await PassAsync(cityId, slug, cancellation);
            }
            catch (NpgsqlException cause)
            {
                // The entries stay where they are, and are announced when the database is back.
                if (!_failing)
                {
                    LogMessages.InboxNotAnnounced(logger, cause);
                }

                failed = _failing = true;
            }
        }

        _failing = failed;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Limits.InboxInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            // Catches everything: a server without its inbox still has other things to do.
            try
            {
                await PassAsync(stoppingToken);
            }
            catch (Exception cause) when (cause is not OperationCanceledException)
            {
                if (!_failing)
                {
                    LogMessages.InboxNotAnnounced(logger, cause);
                }

                _failing = true;
            }
        }
    }

    private async Task PassAsync(short cityId, string slug, CancellationToken cancellation)
    {
        if (!_held.TryGetValue(cityId, out Dictionary<string, Held>? held))
        {
            _held[cityId] = held = new(StringComparer.Ordinal);
        }

        int free = Math.Min(Limits.InboxEntriesPerStep, Limits.InboxHeldMax - held.Count);
        if (free > 0 && await stream.ReadAsync(cityId, free, cancellation) is var (entries, oversized)) // (1)
        {
            await TakeAsync(cityId, slug, held, entries, oversized, cancellation); // (2)
        }

        await AnnounceAsync(cityId, held, cancellation); // (3), (4)
        string[] done = [.. held.Where(entry => entry.Value.IsDone).Select(entry => entry.Key)];
        if (done.Length > 0 && await stream.DoneAsync(cityId, done, cancellation)) // (5)
        {
            foreach (string id in done)
            {
                held.Remove(id);
            }
        }
    }

    private async Task TakeAsync(
        short cityId,
        string slug,
        Dictionary<string, Held> held,
        IReadOnlyList<InboxEntry> entries,
        int oversized,
        CancellationToken cancellation)
    {
        int refused = oversized;
        string? example = null;
        if (oversized > 0)
        {
            example = "oversized";
            metrics.Refused(example, oversized);
        }

        foreach (InboxEntry entry in entries.Where(entry => !held.ContainsKey(entry.Id)))
        {
            (InboxAnnouncement? announcement, InboxRefusal? refusal) = validation.Validate(entry, cityId, slug);
            if (announcement is not null)
            {
                held.Add(entry.Id, new Held(announcement));
                continue;
            }

            // Not moved when Redis does not answer: then it stays pending, and is claimed and refused later.
            example = ReasonOf(refusal!.Value);
            if (await stream.RefuseAsync(cityId, entry, example, cancellation))
            {
                refused++;
                metrics.Refused(example, 1);
            }
        }

        if (refused > 0)
        {
            Interlocked.Add(ref _refused, refused);
            LogMessages.InboxRefused(logger, refused, slug, example, InboxStream.DeadKeyOf(cityId));
        }
    }

    private async Task AnnounceAsync(short cityId, Dictionary<string, Held> held, CancellationToken cancellation)
    {
        Held[] first = [.. held.Values.Where(entry => entry.AnnouncedAt is null)];
        Held[] second = [.. held.Values.Where(entry =>
            !entry.IsDone && entry.AnnouncedAt is { } at && time.GetElapsedTime(at) >= Limits.InboxAgainAfter)];
        if (first.Length + second.Length == 0)
        {
            return;
        }

        await using (NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation))
        {
            await using NpgsqlBatch batch = connection.CreateBatch();
            foreach (Held entry in first)
            {
                batch.BatchCommands.Add(Announce(cityId, entry.Announcement, entry.Announcement.EventId));
            }

            foreach (Held entry in second)
            {
                batch.BatchCommands.Add(Announce(cityId, entry.Announcement, entry.Announcement.SecondEventId));
            }

            await batch.ExecuteNonQueryAsync(cancellation);
        }

        // Behind the commit: an announcement that was not committed must not count its five seconds.
        long now = time.GetTimestamp();
        Array.ForEach(first, entry => entry.AnnouncedAt = now);
        Array.ForEach(second, entry => entry.IsDone = true);
        await TryNumberAsync(cityId, cancellation);
    }

    private async Task TryNumberAsync(short cityId, CancellationToken cancellation)
    {
        try
        {
            await _numbering.NumberAsync(cityId, null, Data.Limits.NumberingWaitMax, cancellation);
        }
        catch (ChangeDatabaseException)
        {
            // The next pulse of any server numbers it.
        }
    }

    private static NpgsqlBatchCommand Announce(short cityId, InboxAnnouncement announcement, Guid eventId) =>
        new("select announce_change($1, $2, $3, $4)")
        {
            Parameters =
            {
                new() { Value = cityId },
                new() { Value = (object?)announcement.Cells ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint },
                new() { Value = $"inbox:{announcement.Source}" },
                new() { Value = eventId },
            },
        };

    /// <summary>The reason as it stands in a dead letter: <c>wrong-signature</c>.</summary>
    internal static string ReasonOf(InboxRefusal refusal) => string.Concat(refusal.ToString().Select((letter, i) =>
        char.IsAsciiLetterUpper(letter) ? $"{(i > 0 ? "-" : "")}{char.ToLowerInvariant(letter)}" : $"{letter}"));

    /// <summary>An entry that this server holds.</summary>
    private sealed class Held(InboxAnnouncement announcement)
    {
        public InboxAnnouncement Announcement { get; } = announcement;

        /// <summary>When its first announcement was committed, by the monotonic clock.</summary>
        public long? AnnouncedAt { get; set; }

        /// <summary>Whether the second one was committed.</summary>
        public bool IsDone { get; set; }
    }
}

/// <summary>The log messages of the inboxes.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(EventIds.InboxRefused, LogLevel.Warning,
        "Refused {Count} entries of the inbox of {City}, the last one as {Reason}: they are in {Key} in Redis")]
    public static partial void InboxRefused(ILogger logger, int count, LogText city, LogText reason, LogText key);

    [LoggerMessage(EventIds.InboxNotAnnounced, LogLevel.Warning,
        "Entries of an inbox cannot be announced; they wait in Redis, and the server goes on without them")]
    public static partial void InboxNotAnnounced(ILogger logger, Exception cause);
}
