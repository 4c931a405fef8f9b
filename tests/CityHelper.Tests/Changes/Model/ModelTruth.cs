using System.Runtime.CompilerServices;
using CityHelper.Data.Changes;

namespace CityHelper.Tests.Changes.Model;

/// <summary>What really happened, whatever a node remembers: the invariants are judged by it.</summary>
internal sealed class ModelTruth(ModelScheduler scheduler, bool tellsTimeline)
{
    private readonly Dictionary<(short City, ChangePosition At), Guid> _given = [];
    private readonly Dictionary<(short City, long Number, ChangeIdentity Event), ChangeIdentity> _before = [];
    private readonly List<Commit> _commits = [];

    public IReadOnlyList<Commit> Commits => _commits;

    public void Committed(short city, Guid eventId)
    {
        if (!_commits.Any(c => c.EventId == eventId && !c.IsLost))
        {
            _commits.Add(new(city, eventId, scheduler.Now));
        }
    }

    /// <summary>Judges a row that the primary's log gets.</summary>
    public void Numbered(ModelState.CityTables city, ChangeRow row, int epoch, bool isOtherTimeline)
    {
        ChangeEvent change = row.Event;
        Expect(change.Number == city.HeadNumber + 1, $"{Text(change)} is not the next after {city.HeadNumber}");
        Expect(change.Epoch == epoch, $"{Text(change)} is numbered in epoch {epoch}");
        Expect(
            change.Kind == ChangeKind.Epoch || change.Epoch == (city.Head?.Event.Epoch ?? 1),
            $"{Text(change)} is in front of the event that begins its epoch");
        Expect(city.Log.All(r => r.Event.EventId != change.EventId), $"{Text(change)} is in the log already");
        Expect(!isOtherTimeline || change.Kind == ChangeKind.Epoch, $"{Text(change)} is numbered on another timeline than its epoch's");
        foreach (Covered covered in row.Covered)
        {
            int told = city.Told.GetValueOrDefault(covered.RequestId);
            Expect(told == covered.Before, $"{Text(change)}: request {covered.RequestId} was told at version {told}, not {covered.Before}");
        }

        ChangePosition at = change.Position;
        if (tellsTimeline)
        {
            // Without a timeline, numbers are given twice until a witness is found; with one, a cursor means one event for ever.
            Expect(
                !_given.TryGetValue((change.CityId, at), out Guid given) || given == change.EventId, $"{at} was given to another event");
        }

        _given[(change.CityId, at)] = change.EventId;
        _before[(change.CityId, change.Number, change.Identity)] = city.Head?.Event.Identity ?? default;
    }

    /// <summary>Whether an event was numbered right behind another; the default stands for the log's beginning.</summary>
    public bool IsNext(ChangeEvent change, ChangeIdentity before) =>
        _before.TryGetValue((change.CityId, change.Number, change.Identity), out ChangeIdentity known) && known == before;

    /// <summary>
    /// An event and all those before it: as the primary has them, if it has it; else as they were last numbered, by a primary that is gone.
    /// </summary>
    public HashSet<Guid> Ancestors(ModelState primary, short city, long number, ChangeIdentity last)
    {
        ModelState.CityTables tables = primary.Cities[city];
        if (tables.Holds(number, last))
        {
            return [.. tables.Trimmed, .. tables.Log.Where(row => row.Event.Number <= number).Select(row => row.Event.EventId)];
        }

        var ids = new HashSet<Guid>();
        while (number > 0)
        {
            ids.Add(last.EventId);
            last = _before[(city, number, last)];
            number--;
        }

        return ids;
    }

    /// <summary>After a promotion: what the new primary holds neither in its log nor in its outbox is lost.</summary>
    /// <returns>Whether anything is.</returns>
    public bool Lost(ModelState state)
    {
        bool any = false;
        foreach (Commit commit in _commits.Where(c => !c.IsLost))
        {
            ModelState.CityTables city = state.Cities[commit.City];
            if (city.Log.All(row => row.Event.EventId != commit.EventId) && city.Outbox.Values.All(o => o.Event.EventId != commit.EventId)
                && !city.Trimmed.Contains(commit.EventId))
            {
                commit.IsLost = true;
                any = true;
            }
        }

        return any;
    }

    /// <summary>Whether an event was committed, and is not lost.</summary>
    public bool IsHeld(Guid eventId) => _commits.Any(commit => commit.EventId == eventId && !commit.IsLost);

    public void Expect(bool isTrue, [InterpolatedStringHandlerArgument(nameof(isTrue))] ref ViolationText otherwise)
    {
        if (!isTrue)
        {
            scheduler.Fail(otherwise.ToStringAndClear());
        }
    }

    public static string Text(ChangeEvent change) =>
        $"{change.Kind} {change.EventId.ToString()[..4]} of city {change.CityId} at {change.Epoch}-{change.Number}";

    internal sealed class Commit(short city, Guid eventId, TimeSpan at)
    {
        public short City { get; } = city;

        public Guid EventId { get; } = eventId;

        public TimeSpan At { get; } = at;

        public bool IsLost { get; set; }
    }
}
