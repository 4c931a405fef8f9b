using CityHelper.Data.Changes;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Tags;

namespace CityHelper.Server.Caching;

/// <summary>Keeps the tag tables up to the change log that this server follows.</summary>
/// <param name="tables">The tables.</param>
/// <param name="time">The clock.</param>
internal sealed class TagObserver(TagTables tables, TimeProvider time) : IChangeObserver
{
    public void Apply(ChangeEvent change) =>
        tables.Open(change.CityId).Apply(change.Number, ChangedTags.Of(change), ChangedTags.IsAtOnce(change) || IsLate(change));

    // The lag begins with the receipt. What comes late, after an outage, has had it already, and answers about all rows promise 7 s. The
    // clocks of two machines are compared: if the server's is ahead, `rows` is exact, which costs misses; if it is behind, the promise is
    // later by the difference.
    private bool IsLate(ChangeEvent change) => time.GetUtcNow().UtcDateTime - change.RecordedAt > Engine.Limits.LogAgeUsual;

    // An answer that was read at the position of the first recent event includes that event, so those behind it suffice to judge it. Recent
    // events are old: none waits for the lag.
    public void Reset(short cityId, ChangePosition position, IReadOnlyList<ChangeEvent> recent)
    {
        TagTable table = tables.Open(cityId);
        ChangePosition floor = recent.Count > 0 ? recent[0].Position : position;
        table.Reset(new LogPosition(position.Epoch, floor.Number), recent.Select(change => (change.Number, ChangedTags.Of(change))));
    }
}
