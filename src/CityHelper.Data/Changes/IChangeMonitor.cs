namespace CityHelper.Data.Changes;

/// <summary>Learns what is worth a line in a server's log or a metric. The same rules as for <see cref="IChangeObserver"/> hold.</summary>
public interface IChangeMonitor
{
    /// <summary>The database does not answer: told once, until it is back. What is known grows older.</summary>
    void DatabaseAway(Exception cause);

    /// <summary>The database answers again.</summary>
    void DatabaseBack();

    /// <summary>Redis does not answer: told once, until it is back. Followers read the database.</summary>
    void StreamAway();

    /// <summary>Redis answers again.</summary>
    void StreamBack();

    /// <summary>A city's stream was begun anew, because it was lost, cut or holds what is redacted.</summary>
    void StreamBegun(short cityId, ChangePosition last);

    /// <summary>The primary does not hold an event that was seen: it was promoted or restored. An epoch begins.</summary>
    void EventLost(Witness witness, int epoch);

    /// <summary>
    /// A city cannot be followed, and that is no outage: an event cannot be read. Told once, until it can. The other cities are followed.
    /// </summary>
    void CityNotFollowed(short cityId, Exception cause);

    /// <summary>
    /// A city cannot be copied, and that is no outage of Redis: an event cannot be written. Told once, until it can. The others are copied.
    /// </summary>
    void CityNotCopied(short cityId, Exception cause);

    /// <summary>The log itself has a hole behind a position, which must not be. The city is read anew.</summary>
    void HoleInLog(short cityId, ChangePosition last);
}
