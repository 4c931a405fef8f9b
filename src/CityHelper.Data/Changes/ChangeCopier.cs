using System.Collections.Concurrent;

namespace CityHelper.Data.Changes;

/// <summary>Copies what a server follows into the stream that all servers share. Any server may, without a lock.</summary>
/// <remarks>
/// <para>
/// The stream is a chain: the script appends an event only behind the event that precedes it in the log, compared by number <em>and</em>
/// identity. So one look at its end judges all of it. "A number that is not above the end is there already" is not enough: of a database
/// that lost its end, the stream may hold other events under the same numbers, and those behind them would join two histories.
/// </para>
/// <para>
/// A stream that is empty, cut, or of an earlier epoch is begun anew from the database, read <em>after</em> its end was looked at and only
/// if the end is still the same. So a slow copier, with what it read before a promotion or before others went on, changes nothing.
/// </para>
/// <para>
/// A redaction takes the content of earlier events out of the database, but not out of the stream: there it arrives with a stream that is
/// begun anew, never by an append, which the stream itself refuses: between a look at its end and the append, Redis may fall back to an
/// older copy. So a stream that holds the redaction does not hold what it redacts.
/// </para>
/// </remarks>
/// <param name="primary">Judges the stream's end, and begins epochs.</param>
/// <param name="reading">What the stream is begun anew from.</param>
/// <param name="stream">The copy.</param>
/// <param name="follower">What is copied.</param>
/// <param name="monitor">Told when Redis is away.</param>
/// <param name="time">The clock.</param>
public sealed class ChangeCopier(
    IChangeDatabase primary,
    IChangeDatabase reading,
    IChangeStream stream,
    ChangeFollower follower,
    IChangeMonitor monitor,
    TimeProvider time)
{
    private readonly CallTurns _turns = new();
    private readonly IChangeStream _stream = new StreamWithDeadline(stream, time);
    private readonly ConcurrentDictionary<short, CopiedCity> _cities = new();
    private bool _isAway;

    /// <summary>
    /// How long the stream of a city has not been known to hold all that the follower has, of the city where it is longest: zero when
    /// everything is copied. It grows while Redis is away.
    /// </summary>
    public TimeSpan Lag => follower.Cities
        .Select(city => _cities.TryGetValue(city.Id, out CopiedCity? copied) && !IsCopied(city, copied) ? copied.Lag(time) : default)
        .DefaultIfEmpty()
        .Max();

    /// <summary>Brings the streams of all cities up to what the follower has. Without Redis it does nothing.</summary>
    /// <exception cref="ChangeDatabaseException">The database does not answer. The next call goes on.</exception>
    public Task CopyAsync(CancellationToken cancellation) => _turns.RunAsync(async () =>
    {
        foreach (FollowedCity city in follower.Cities)
        {
            CopiedCity copied = _cities.GetOrAdd(city.Id, _ => new CopiedCity(time));
            copied.Skip(city.ReadFromStream);
            if (copied.Last != city.Last || copied.IsCheckDue(time))
            {
                bool isThere = await TryAsync(city, copied, cancellation);
                Tell(isThere);
                if (!isThere)
                {
                    return;
                }
            }

            if (IsCopied(city, copied))
            {
                copied.Whole(time);
            }
        }
    });

    // What is no outage is an event that cannot be written, or a fault of ours: the other cities are copied.
    private async Task<bool> TryAsync(FollowedCity city, CopiedCity copied, CancellationToken cancellation)
    {
        try
        {
            bool isThere = await CopyAsync(city, copied, cancellation);
            copied.IsBroken = false;
            return isThere;
        }
        catch (Exception cause) when (cause is not (ChangeDatabaseException or OperationCanceledException))
        {
            if (!copied.IsBroken)
            {
                monitor.CityNotCopied(city.Id, cause);
            }

            copied.IsBroken = true;
            return true;
        }
    }

    // A log without events has nothing to copy.
    private static bool IsCopied(FollowedCity city, CopiedCity copied) => city.Last.Number == 0 || copied.Last == city.Last;

    /// <summary>Copies a city. Returns whether Redis answered.</summary>
    private async Task<bool> CopyAsync(FollowedCity city, CopiedCity copied, CancellationToken cancellation)
    {
        if (copied.Last is null || copied.IsCheckDue(time))
        {
            if (await _stream.TailAsync(city.Id, cancellation) is not { } tail)
            {
                return false;
            }

            copied.Checked(time);
            if (tail.Position > city.Last)
            {
                // Others are ahead, the database lost its end, or the end of the stream is nobody's event: then nobody would go on with it.
                TailFinding? finding = await JudgeAsync(city.Id, tail, cancellation);
                if (finding == TailFinding.Foreign)
                {
                    return await BeginAsync(city, copied, cancellation);
                }

                copied.Last = city.Last;
                return finding is not null;
            }

            // The event at the end is sent again: so the script compares it.
            copied.Last = new(tail.Epoch, Math.Max(tail.Number - 1, 0));
        }

        for (int turn = 0; turn < Limits.ChangeReadsPerTurn && copied.Last is { } last && last < city.Last; turn++)
        {
            switch (await AppendAsync(city, copied, last, cancellation))
            {
                case null:
                    return false;
                case StreamAppend.Gap:
                    // Once in a call: a replica that is behind, or a database that lost its end, would not change by repeating it.
                    return await BeginAsync(city, copied, cancellation);
                case StreamAppend.Different:
                    copied.Last = null;
                    return await _stream.TailAsync(city.Id, cancellation) is { } tail
                        && await JudgeAsync(city.Id, tail, cancellation) is not null;
            }
        }

        return true;
    }

    private async Task<StreamAppend?> AppendAsync(
        FollowedCity city, CopiedCity copied, ChangePosition last, CancellationToken cancellation)
    {
        if (last.Epoch != city.Last.Epoch || NextOf(city, last) is not { Events.Count: > 0 } next)
        {
            return StreamAppend.Gap;
        }

        (ChangeIdentity? behind, IReadOnlyList<ChangeEvent> events) = next;
        StreamAppend? appended = await _stream.AppendAsync(city.Id, behind, events, cancellation);
        if (appended == StreamAppend.Done)
        {
            copied.Last = events[^1].Position;
        }

        return appended;
    }

    /// <summary>The events behind a position, with the event at it where it is still known; null when they are not.</summary>
    private (ChangeIdentity? Behind, IReadOnlyList<ChangeEvent> Events)? NextOf(FollowedCity city, ChangePosition last)
    {
        if (follower.Recent.From(city.Id, last.Number, Limits.ChangesReadMax + 1) is { } whole && whole[0].Epoch == last.Epoch)
        {
            return (whole[0].Identity, [.. whole.Skip(1)]);
        }

        return follower.Recent.From(city.Id, last.Number + 1, Limits.ChangesReadMax) is { } rest && rest[0].Epoch == last.Epoch
            ? (null, rest)
            : null;
    }

    /// <summary>Begins a city's stream anew. Returns whether Redis answered.</summary>
    private async Task<bool> BeginAsync(FollowedCity city, CopiedCity copied, CancellationToken cancellation)
    {
        copied.Last = null;
        if (await _stream.TailAsync(city.Id, cancellation) is not { } tail)
        {
            return false;
        }

        // Before the end goes: it may be the only witness that is left.
        if (await JudgeAsync(city.Id, tail, cancellation) is not { } finding)
        {
            return false;
        }

        // After the look at the end: if that is still the same when the stream begins, these events are not older than it.
        IReadOnlyList<ChangeEvent> events = ChangeRuns.Newest(
            await reading.ReadRecentAsync(city.Id, Limits.RecentChangesKept, Limits.ChangesReadMax, cancellation));
        bool isBehind = finding != TailFinding.Foreign && events.Count > 0 && events[^1].Position < tail.Position;
        if (finding == TailFinding.Lost || events.Count == 0 || isBehind)
        {
            return true;
        }

        bool? isBegun = await _stream.ResetAsync(city.Id, tail, events, cancellation);
        if (isBegun == true)
        {
            copied.Last = events[^1].Position;
            monitor.StreamBegun(city.Id, events[^1].Position);
        }

        return isBegun is not null;
    }

    /// <summary>
    /// What the event at the end of a stream is; when the primary lost it, an epoch has begun. Null when Redis does not answer.
    /// </summary>
    private async Task<TailFinding?> JudgeAsync(short cityId, StreamTail tail, CancellationToken cancellation)
    {
        if (tail.Number == 0)
        {
            return TailFinding.Held;
        }

        var before = new Dictionary<short, StreamTail> { [cityId] = tail with { Number = tail.Number - 1 } };
        if (await _stream.ReadAsync(before, 1, cancellation) is not { } read)
        {
            return null;
        }

        // Whoever appends or trims leaves an event at the end.
        if (!read.TryGetValue(cityId, out IReadOnlyList<ChangeEvent>? events) || events.Count == 0)
        {
            return TailFinding.Foreign;
        }

        var witness = new Witness(cityId, events[0].Epoch, events[0].Number, events[0].Identity);
        if (await primary.CheckAsync(witness, cancellation) != WitnessFinding.Lost)
        {
            return TailFinding.Held;
        }

        monitor.EventLost(witness, await primary.RaiseEpochAsync(witness.Epoch, "witness", witness, cancellation));
        return TailFinding.Lost;
    }

    private void Tell(bool isThere)
    {
        bool wasAway = _isAway;
        _isAway = !isThere;
        if (!isThere)
        {
            // It may come back with less than it had.
            foreach (CopiedCity copied in _cities.Values)
            {
                copied.Last = null;
            }
        }

        if (isThere && wasAway)
        {
            monitor.StreamBack();
        }
        else if (!isThere && !wasAway)
        {
            monitor.StreamAway();
        }
    }

    /// <summary>What the end of a stream is.</summary>
    private enum TailFinding
    {
        /// <summary>An event that the primary holds, or may hold; or there is none.</summary>
        Held,

        /// <summary>An event that the primary lost.</summary>
        Lost,

        /// <summary>No event of ours, or none at all.</summary>
        Foreign,
    }

    /// <summary>How far a city is copied.</summary>
    private sealed class CopiedCity(TimeProvider started)
    {
        private long? _checked;
        private long _whole = started.GetTimestamp();

        /// <summary>The last event of ours that is in the stream; null when its end must be looked at first.</summary>
        public ChangePosition? Last { get; set; }

        /// <summary>Whether it was told that the city cannot be copied.</summary>
        public bool IsBroken { get; set; }

        public bool IsCheckDue(TimeProvider time) => _checked is not { } at || time.GetElapsedTime(at) >= Limits.StreamCheckInterval;

        public void Checked(TimeProvider time) => _checked = time.GetTimestamp();

        /// <summary>Says that the stream holds all that the follower has.</summary>
        public void Whole(TimeProvider time) => Interlocked.Exchange(ref _whole, time.GetTimestamp());

        /// <summary>How long ago that was said.</summary>
        public TimeSpan Lag(TimeProvider time) => time.GetElapsedTime(Interlocked.Read(ref _whole));

        /// <summary>What came from the stream is there.</summary>
        public void Skip(ChangePosition read)
        {
            if (Last < read)
            {
                Last = read;
            }
        }
    }
}
