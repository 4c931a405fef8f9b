namespace CityHelper.Data.Changes;

/// <summary>How far a server follows a city. One turn at a time changes it; other threads read it.</summary>
/// <param name="id">The city.</param>
internal sealed class FollowedCity(short id)
{
    private readonly Lock _gate = new();
    private readonly Queue<Claim> _claims = new();
    private ChangePosition _last;
    private ChangePosition _floor;
    private long? _freshness;
    private long _knownSince;
    private bool _isRead;
    private ChangePosition _readFromStream;

    public short Id { get; } = id;

    /// <summary>The last event's position: all up to it was told to the observers.</summary>
    public ChangePosition Last
    {
        get
        {
            lock (_gate)
            {
                return _last;
            }
        }
    }

    /// <summary>Which event the last one is; null before the first.</summary>
    public ChangeIdentity? LastEvent { get; private set; }

    /// <summary>The first position since which every event is known.</summary>
    public ChangePosition Floor
    {
        get
        {
            lock (_gate)
            {
                return _floor;
            }
        }
    }

    /// <summary>
    /// The moment up to which everything that was committed is known, as a timestamp of the clock; null when there is no proof.
    /// </summary>
    public long? Freshness
    {
        get
        {
            lock (_gate)
            {
                return _freshness;
            }
        }
    }

    /// <summary>
    /// The moment up to which what is known was whole, as far as anybody knows: that of the last proof, or, without one since the city was
    /// read anew, that of the last proof before, or of the first reading.
    /// </summary>
    public long KnownSince
    {
        get
        {
            lock (_gate)
            {
                return _freshness ?? _knownSince;
            }
        }
    }

    /// <summary>The last position that came from the stream: what is up to it needs no copying.</summary>
    public ChangePosition ReadFromStream
    {
        get
        {
            lock (_gate)
            {
                return _readFromStream;
            }
        }

        set
        {
            lock (_gate)
            {
                _readFromStream = value;
            }
        }
    }

    /// <summary>The last event as a witness; null before the first.</summary>
    public Witness? Witness => LastEvent is { } identity ? new(Id, Last.Epoch, Last.Number, identity) : null;

    /// <summary>Whether an event is the next one of this epoch.</summary>
    public bool IsNext(ChangeEvent change) =>
        change.Epoch == Last.Epoch && change.Number == Last.Number + 1 && change.Kind != ChangeKind.Epoch;

    public void Advance(ChangeEvent change)
    {
        lock (_gate)
        {
            _last = change.Position;
            LastEvent = change.Identity;
            while (_claims.TryPeek(out Claim claim) && claim.Head <= _last)
            {
                _claims.Dequeue();
                if (claim.Head == _last && claim.Event == change.Identity)
                {
                    Prove(claim.Until);
                }
            }
        }
    }

    /// <summary>Begins anew at a position. What was proven is void: a replica may be behind what was followed before.</summary>
    /// <param name="last">The position.</param>
    /// <param name="lastEvent">The event there; null before the first.</param>
    /// <param name="floor">The first position since which every event is known.</param>
    /// <param name="now">A timestamp of the clock.</param>
    public void Restart(ChangePosition last, ChangeIdentity? lastEvent, ChangePosition floor, long now)
    {
        lock (_gate)
        {
            (_last, LastEvent, _floor) = (last, lastEvent, floor);
            // Read anew again and again without a proof, it does not grow younger.
            _knownSince = _freshness ?? (_isRead ? _knownSince : now);
            (_isRead, _freshness, _readFromStream) = (true, null, default);
            _claims.Clear();
        }
    }

    /// <summary>States that whoever has a head, with this event, has everything that was committed until a moment.</summary>
    /// <param name="head">The head.</param>
    /// <param name="until">The moment, as a timestamp of the clock.</param>
    /// <param name="known">The event that is followed under the head's number; null when it is not known.</param>
    public void Prove(CityHead head, long until, ChangeIdentity? known)
    {
        lock (_gate)
        {
            if (head.Position > _last)
            {
                // Of many, the first ones are reached first.
                if (_claims.Count < Limits.FreshnessClaimsMax)
                {
                    _claims.Enqueue(new(head.Position, head.Newest, until));
                }
            }
            else if (head.Epoch == _last.Epoch && known == head.Newest && (known is not null || head.Number == 0))
            {
                Prove(until);
            }
        }
    }

    private void Prove(long until) => _freshness = Math.Max(_freshness ?? long.MinValue, until);

    private readonly record struct Claim(ChangePosition Head, ChangeIdentity? Event, long Until);
}
