namespace CityHelper.Data.Changes;

/// <summary>The change log as its readers and numberers see it: PostgreSQL's primary, and a model in tests.</summary>
/// <remarks>Every method may throw <see cref="ChangeDatabaseException"/> when the database does not answer.</remarks>
public interface IChangeDatabase
{
    /// <summary>
    /// Numbers the committed events of a city, unless the WAL is on another timeline than the epoch: then it numbers nothing and says so.
    /// </summary>
    /// <param name="cityId">The city; 0 for what belongs to no city.</param>
    /// <param name="eventId">An event whose number is asked for.</param>
    /// <param name="wait">How long to wait for others who number the same city; null for as long as it takes.</param>
    /// <param name="cancellation">Cancels the statement.</param>
    /// <returns>Null when the wait was too long: somebody else numbers.</returns>
    Task<Numbering?> NumberAsync(short cityId, Guid? eventId, TimeSpan? wait, CancellationToken cancellation);

    /// <summary>The pulse: the heads of all cities, and how old their oldest unnumbered events are. City 0 is among them.</summary>
    Task<IReadOnlyList<CityHead>> HeadsAsync(CancellationToken cancellation);

    /// <summary>The events of a city from a number on, in order.</summary>
    /// <param name="cityId">The city.</param>
    /// <param name="from">The smallest number.</param>
    /// <param name="max">The most events.</param>
    /// <param name="cancellation">Cancels the statement.</param>
    Task<IReadOnlyList<ChangeEvent>> ReadAsync(short cityId, long from, int max, CancellationToken cancellation);

    /// <summary>The events of a city that were numbered less than a time ago, oldest first, and always the newest one.</summary>
    /// <param name="cityId">The city.</param>
    /// <param name="age">How old they may be.</param>
    /// <param name="max">The most events; of more, the newest.</param>
    /// <param name="cancellation">Cancels the statement.</param>
    Task<IReadOnlyList<ChangeEvent>> ReadRecentAsync(short cityId, TimeSpan age, int max, CancellationToken cancellation);

    /// <summary>
    /// Checks a witness: an event that somebody holds. The primary has lost it when its log reaches back to the number, or ends before it,
    /// and does not hold it there; and when it is of an epoch that the primary has not reached.
    /// </summary>
    /// <param name="witness">The event.</param>
    /// <param name="cancellation">Cancels the statement.</param>
    Task<WitnessFinding> CheckAsync(Witness witness, CancellationToken cancellation);

    /// <summary>
    /// Begins an epoch, unless a later one than the caller knows began since: then nothing happens. The new one is above both, and one that
    /// was ever given is not given again, although the database may have forgotten it.
    /// </summary>
    /// <param name="known">The epoch that the caller knows: that of the witness, if there is one.</param>
    /// <param name="reason">Why; it is the cause of the events that tell of it.</param>
    /// <param name="witness">The witness of the loss, checked once more under the lock; null for other reasons.</param>
    /// <param name="cancellation">Cancels the statement.</param>
    /// <returns>The current epoch.</returns>
    Task<int> RaiseEpochAsync(int known, string reason, Witness? witness, CancellationToken cancellation);
}

/// <summary>What numbering found.</summary>
/// <param name="Number">The number of the event that was asked for; null when it is not in the log.</param>
/// <param name="Epoch">The current epoch.</param>
/// <param name="Head">The number of the city's newest event; 0 before the first.</param>
/// <param name="IsOtherTimeline">Whether nothing was numbered, because the WAL is on another timeline than the epoch's.</param>
public sealed record Numbering(long? Number, int Epoch, long Head, bool IsOtherTimeline);

/// <summary>The head of a city's log.</summary>
/// <param name="CityId">The city; 0 for what belongs to no city.</param>
/// <param name="Epoch">The current epoch.</param>
/// <param name="Number">The number of the newest event; 0 before the first.</param>
/// <param name="Newest">The newest event; null before the first.</param>
/// <param name="OldestUnnumbered">The age of the oldest event that waits for its number; null when none waits.</param>
public sealed record CityHead(short CityId, int Epoch, long Number, ChangeIdentity? Newest, TimeSpan? OldestUnnumbered)
{
    /// <summary>Whether the WAL is on another timeline than the epoch: the next numbering begins an epoch.</summary>
    public bool IsOtherTimeline { get; init; }

    /// <summary>Its log position.</summary>
    public ChangePosition Position => new(Epoch, Number);
}

/// <summary>An event that somebody saw at a place in a city's log.</summary>
/// <param name="CityId">The city.</param>
/// <param name="Epoch">The epoch in which it was seen.</param>
/// <param name="Number">Its number.</param>
/// <param name="Identity">Which one it is.</param>
public sealed record Witness(short CityId, int Epoch, long Number, ChangeIdentity Identity);

/// <summary>What the primary says of a witness.</summary>
public enum WitnessFinding
{
    /// <summary>The log holds the event under its number.</summary>
    Held,

    /// <summary>The log does not hold it: numbers were given twice, or are about to be.</summary>
    Lost,

    /// <summary>The log no longer reaches back to the number, or the witness is of an earlier epoch: it says nothing.</summary>
    Unknown,
}

/// <summary>The database did not answer, or refused: try again later.</summary>
public sealed class ChangeDatabaseException(string message, Exception? cause = null) : Exception(message, cause);
