namespace CityHelper.Data.Changes;

/// <summary>Runs of events without holes.</summary>
public static class ChangeRuns
{
    /// <summary>
    /// The newest events without a hole, from the beginning of their epoch on. Events are chosen by their time, and a clock that was put
    /// back leaves holes; what is older than the epoch is worth nothing.
    /// </summary>
    public static IReadOnlyList<ChangeEvent> Newest(IReadOnlyList<ChangeEvent> events)
    {
        int first = events.Count;
        while (first > 0
            && (first == events.Count
                || (events[first].Kind != ChangeKind.Epoch
                    && events[first - 1].Number == events[first].Number - 1
                    && events[first - 1].Epoch == events[first].Epoch)))
        {
            first--;
        }

        return first == 0 ? events : [.. events.Skip(first)];
    }
}
