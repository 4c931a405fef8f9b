namespace CityHelper.Tests.Changes.Model;

/// <summary>What the true answers were, and when: those of the primary at each moment.</summary>
/// <param name="scheduler">Virtual time.</param>
internal sealed class ModelBodies(ModelScheduler scheduler)
{
    private readonly Dictionary<ModelQuestion, List<Body>> _bodies =
        ModelQuestion.All.ToDictionary(question => question, _ => (List<Body>)[]);
    private readonly List<Redaction> _redactions = [];
    private readonly Dictionary<long, ModelArea> _areas = [];
    private ModelState? _last;
    private int _content = -1;

    public IReadOnlyList<Redaction> Redactions => _redactions;

    /// <summary>Whether a promotion lost an import of boundaries, and a later one gave the same revision to another shape.</summary>
    public bool IsRevisionGivenTwice { get; private set; }

    /// <summary>Takes the primary's state after a commit, or after another node took over.</summary>
    public void Take(ModelState primary)
    {
        ModelState.CityTables city = primary.Cities[ModelQuestion.City];
        if (_last == primary && _content == city.Content)
        {
            return;
        }

        (_last, _content) = (primary, city.Content);
        IsRevisionGivenTwice |= !_areas.TryAdd(city.Area.Revision, city.Area)
            && !_areas[city.Area.Revision].Places.SequenceEqual(city.Area.Places);
        foreach ((ModelQuestion question, List<Body> bodies) in _bodies)
        {
            string[] parts = [.. Enumerable.Range(0, question.Parts).Select(part => question.PartOf(city, city.Area, part))];
            if (bodies.Count == 0 || !bodies[^1].Parts.SequenceEqual(parts))
            {
                bodies.Add(new(scheduler.Now, parts));
            }
        }
    }

    /// <summary>A redaction that may be committed: whoever knows its event shows none of the texts.</summary>
    public void Redacts(Guid eventId, IEnumerable<int> texts) => _redactions.Add(new(eventId, [.. texts.Select(text => $"={text}@")]));

    /// <summary>How old a part of an answer is: the time since it was last true; null for one that never was.</summary>
    public TimeSpan? AgeOf(ModelQuestion question, int part, string text)
    {
        List<Body> bodies = _bodies[question];
        TimeSpan until = scheduler.Now;
        for (int i = bodies.Count - 1; i >= 0; i--)
        {
            if (bodies[i].Parts[part] == text)
            {
                return scheduler.Now - until;
            }

            until = bodies[i].From;
        }

        return null;
    }

    internal sealed record Redaction(Guid EventId, string[] Texts);

    private sealed record Body(TimeSpan From, string[] Parts);
}
