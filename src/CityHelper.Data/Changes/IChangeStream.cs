namespace CityHelper.Data.Changes;

/// <summary>
/// The copy of the change log that servers share: a Redis Stream for each city, with ids <c>epoch-n</c>, without holes. It may be away,
/// lose its end, or be lost; PostgreSQL is the log. No method throws when Redis fails: the answer is then null.
/// </summary>
public interface IChangeStream
{
    /// <summary>The end of a city's stream; null when Redis does not answer.</summary>
    Task<StreamTail?> TailAsync(short cityId, CancellationToken cancellation);

    /// <summary>
    /// Appends events, in order, each only behind its predecessor in the log, compared by number and identity: so the stream is a chain,
    /// and its last event judges all of it. One step, as a script is.
    /// </summary>
    /// <remarks>
    /// For each event: (1) one of an earlier epoch than the end is skipped: the caller is behind; (2) one of a later epoch is a gap: the
    /// stream must be begun anew; (3) one whose number is not above the end is skipped, unless the stream holds another event under it:
    /// <see cref="StreamAppend.Different"/>; (4) the next one is appended if the last event is its predecessor; behind another
    /// it is <see cref="StreamAppend.Different"/>, and without a last event, or when the predecessor is not known, a gap; (5) any other is
    /// a gap. Before all that, (6) with a redaction that the stream does not hold yet, nothing is appended: it is a gap, because the stream
    /// and the caller may still hold what is redacted.
    /// </remarks>
    /// <param name="cityId">The city.</param>
    /// <param name="behind">The event before the first; null when it is not known.</param>
    /// <param name="events">The events, dense and of one epoch.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>Null when Redis does not answer.</returns>
    Task<StreamAppend?> AppendAsync(
        short cityId, ChangeIdentity? behind, IReadOnlyList<ChangeEvent> events, CancellationToken cancellation);

    /// <summary>
    /// Begins a city's stream anew, so that the next event may have any number: only if its last generated id is still the one that the
    /// caller saw, because another copier may have begun it meanwhile.
    /// </summary>
    /// <param name="cityId">The city.</param>
    /// <param name="seen">The tail that the caller saw.</param>
    /// <param name="events">The first events of the new stream, dense.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>Whether it was begun anew; null when Redis does not answer.</returns>
    Task<bool?> ResetAsync(short cityId, StreamTail seen, IReadOnlyList<ChangeEvent> events, CancellationToken cancellation);

    /// <summary>The events behind positions, for all cities at once.</summary>
    /// <param name="positions">The last position that the caller has, by city.</param>
    /// <param name="max">The most events of a city.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>By city, those that have any; null when Redis does not answer.</returns>
    Task<IReadOnlyDictionary<short, IReadOnlyList<ChangeEvent>>?> ReadAsync(
        IReadOnlyDictionary<short, StreamTail> positions, int max, CancellationToken cancellation);
}

/// <summary>The last generated id of a stream.</summary>
/// <param name="Epoch">0 for a stream that never had an event.</param>
/// <param name="Number">0 for a stream that never had an event.</param>
public readonly record struct StreamTail(int Epoch, long Number)
{
    /// <summary>The same as a log position.</summary>
    public ChangePosition Position => new(Epoch, Number);
}

/// <summary>What became of an append.</summary>
public enum StreamAppend
{
    /// <summary>All of them are in the stream, now or from another copier, or the stream is of a later epoch.</summary>
    Done,

    /// <summary>The first one is not the next of the stream: it must be begun anew.</summary>
    Gap,

    /// <summary>
    /// The stream holds another event under a number of theirs, or before the first: the database lost one of the two histories.
    /// </summary>
    Different,
}
