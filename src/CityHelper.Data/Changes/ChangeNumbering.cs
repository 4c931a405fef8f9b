namespace CityHelper.Data.Changes;

/// <summary>
/// Numbers committed events. Whoever commits events calls it; what a dead writer left behind, the next caller or pulse numbers.
/// </summary>
/// <param name="database">The primary.</param>
public sealed class ChangeNumbering(IChangeDatabase database)
{
    /// <summary>Numbers the events of a city. On another timeline than the epoch's it begins an epoch first.</summary>
    /// <param name="cityId">The city.</param>
    /// <param name="eventId">An event whose number is asked for.</param>
    /// <param name="wait">How long to wait for others who number the same city; null for as long as it takes.</param>
    /// <param name="cancellation">Cancels the statement.</param>
    /// <returns>Null when the wait was too long: somebody else numbers.</returns>
    /// <exception cref="ChangeDatabaseException">The database does not answer.</exception>
    public async Task<Numbering?> NumberAsync(short cityId, Guid? eventId, TimeSpan? wait, CancellationToken cancellation)
    {
        Numbering? numbering = await database.NumberAsync(cityId, eventId, wait, cancellation);
        if (numbering is not { IsOtherTimeline: true })
        {
            return numbering;
        }

        // A transaction of its own: two callers that raised inside theirs would each want the other's city.
        await database.RaiseEpochAsync(numbering.Epoch, "timeline", witness: null, cancellation);
        return await database.NumberAsync(cityId, eventId, wait, cancellation);
    }
}
