namespace CityHelper.Data.Changes;

/// <summary>Somebody in this server who must know of every change: the caches and the subscriptions.</summary>
/// <remarks>
/// For each city the calls come one after another: each event once, in order, without holes, since the last reset. An observer must not
/// block, wait or throw: it would hold up all others, in all cities. One that has more to do than a few microseconds puts it into a queue.
/// </remarks>
public interface IChangeObserver
{
    /// <summary>The next event of its city.</summary>
    void Apply(ChangeEvent change);

    /// <summary>
    /// Everything that was known of a city is to be dropped: the server starts, or numbers may have been given twice.
    /// The next event is the one behind the position.
    /// </summary>
    /// <param name="cityId">The city.</param>
    /// <param name="position">Where the city is followed from.</param>
    /// <param name="recent">The events before, up to the position: what answers that were read since the first of them can be judged
    /// by.</param>
    void Reset(short cityId, ChangePosition position, IReadOnlyList<ChangeEvent> recent);
}
