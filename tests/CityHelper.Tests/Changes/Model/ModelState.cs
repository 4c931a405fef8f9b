using CityHelper.Data.Changes;

namespace CityHelper.Tests.Changes.Model;

/// <summary>A request: its version, a text that no other write gave, its place and its category.</summary>
internal sealed record ModelRequest(int Version, int Text, int Place, int Category);

/// <summary>A stored boundary: the revision of the city's boundaries, and the places that lie in it.</summary>
internal sealed record ModelArea(long Revision, int[] Places);

/// <summary>What a request's change did, whatever its event says.</summary>
internal sealed record Covered(long RequestId, ModelRequest? Old, ModelRequest New)
{
    public int Before => Old?.Version ?? 0;

    public int After => New.Version;
}

/// <summary>A snapshot as PostgreSQL has it: what is below <c>Max</c> and not running.</summary>
internal sealed record ModelSnapshot(long Max, IReadOnlySet<long> Running);

internal sealed record OutboxRow(long Id, long Xid, ChangeEvent Event, TimeSpan RecordedAt, IReadOnlyList<Covered> Covered);

internal sealed record ChangeRow(
    ChangeEvent Event, long Xid, ModelSnapshot Snapshot, TimeSpan NumberedAt, IReadOnlyList<Covered> Covered);

/// <summary>The tables, as the WAL makes them. Every node has its own.</summary>
internal sealed class ModelState
{
    public ModelState(IEnumerable<short> cities)
    {
        foreach (short city in cities)
        {
            Cities.Add(city, new());
        }
    }

    public SortedDictionary<short, CityTables> Cities { get; } = [];

    public int Epoch { get; set; } = 1;

    public int EpochTimeline { get; set; } = 1;

    public sealed class CityTables
    {
        public Dictionary<long, ModelRequest> Requests { get; } = [];

        /// <summary>The names of categories.</summary>
        public Dictionary<int, int> Names { get; } = [];

        public ModelArea Area { get; set; } = new(1, [1, 3]);

        /// <summary>Rises with each change of what answers show.</summary>
        public int Content { get; set; }

        public SortedDictionary<long, OutboxRow> Outbox { get; } = [];

        public List<ChangeRow> Log { get; } = [];

        /// <summary>The versions that the log's events lead to.</summary>
        public Dictionary<long, int> Told { get; } = [];

        /// <summary>Events that were trimmed from the log.</summary>
        public HashSet<Guid> Trimmed { get; } = [];

        public ChangeRow? Head => Log.Count > 0 ? Log[^1] : null;

        public long HeadNumber => Head?.Event.Number ?? 0;

        public bool Holds(long number, ChangeIdentity change)
        {
            int index = Log.Count > 0 ? (int)(number - Log[0].Event.Number) : -1;
            return index >= 0 && index < Log.Count && Log[index].Event.Identity == change;
        }

        public void Insert(ChangeRow row)
        {
            Log.Add(row);
            foreach (Covered covered in row.Covered)
            {
                Told[covered.RequestId] = covered.After;
            }
        }

        /// <summary>A redaction takes the content of its request's events, in the log and in the outbox.</summary>
        public void Redact(long requestId)
        {
            for (int i = 0; i < Log.Count; i++)
            {
                if (Log[i].Event.ServiceRequestId == requestId)
                {
                    Log[i] = Log[i] with { Event = Log[i].Event with { Before = null, After = null } };
                }
            }

            foreach (OutboxRow row in Outbox.Values.Where(row => row.Event.ServiceRequestId == requestId).ToList())
            {
                Outbox[row.Id] = row with { Event = row.Event with { Before = null, After = null } };
            }
        }
    }
}

/// <summary>A committed transaction.</summary>
internal sealed record WalRecord(long Xid, IReadOnlyList<Action<ModelState>> Changes)
{
    public void ApplyTo(ModelState state)
    {
        foreach (Action<ModelState> change in Changes)
        {
            change(state);
        }
    }
}
