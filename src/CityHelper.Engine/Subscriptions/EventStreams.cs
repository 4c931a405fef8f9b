using System.Collections.Concurrent;
using System.Text.Json;
using System.Threading.RateLimiting;
using CityHelper.Engine.Admission;
using CityHelper.Engine.Binding;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Telemetry;

namespace CityHelper.Engine.Subscriptions;

/// <summary>
/// All subscriptions of this server: one dispatcher per tenant, fed by the change log that the server follows. It bounds how many there
/// are, and how fast new ones come.
/// </summary>
public sealed class EventStreams : IDisposable
{
    private readonly LoggedRows _rows;
    private readonly EventTools _tools;
    private readonly StreamCounts _counts = new();
    private readonly ConcurrentDictionary<short, TenantDispatcher> _tenants = new();
    private readonly ConcurrentDictionary<EventStream, bool> _open = new();
    private readonly TokenBucketRateLimiter _rate = new(new TokenBucketRateLimiterOptions
    {
        TokenLimit = Limits.StreamsBurst,
        TokensPerPeriod = Limits.StreamsPerSecond / 10,
        ReplenishmentPeriod = TimeSpan.FromMilliseconds(100),
        QueueLimit = 0,
    });

    private volatile bool _isDraining;

    internal EventStreams(LoggedRows rows, EventTools tools)
    {
        (_rows, _tools) = (rows, tools);
    }

    /// <summary>Whether the server stops: it takes no more subscriptions.</summary>
    public bool IsDraining => _isDraining;

    /// <summary>How many there are.</summary>
    public int Count => _counts.Open;

    /// <summary>The next change of a tenant's log. Does not wait.</summary>
    public void Apply(short tenant, RowChange change) => Of(tenant, change.Position).Apply(change);

    /// <summary>A tenant's log is followed from a place on: what was before may have been missed. Does not wait.</summary>
    public void Reset(short tenant, LogPosition position)
    {
        if (_tenants.TryGetValue(tenant, out TenantDispatcher? known))
        {
            known.Reset(position);
            return;
        }

        Of(tenant, position);
    }

    /// <summary>Opens a subscription.</summary>
    /// <param name="bound">What it asks for.</param>
    /// <param name="variables">The request's JSON object of variables.</param>
    /// <param name="client">The client's name.</param>
    /// <param name="share">The share that it counts in.</param>
    /// <param name="cancellation">The subscriber has left.</param>
    /// <returns>The stream, whose first event is ready; the caller disposes it. Or why it is refused.</returns>
    internal async Task<(EventStream? Stream, RequestError? Refused)> OpenAsync(
        BoundSubscription bound, JsonElement variables, string client, ClientShare share, CancellationToken cancellation)
    {
        if (!_tenants.TryGetValue(bound.Tenant, out TenantDispatcher? dispatcher))
        {
            // The server has just started, or no such tenant is followed.
            return (null, new OverloadedError(Limits.StreamRetrySeconds));
        }

        int positions = bound.Area?.Sent?.NumPoints ?? 0;
        using RateLimitLease admitted = _rate.AttemptAcquire();
        if (_isDraining || !admitted.IsAcquired || !_counts.TryEnter(share, positions))
        {
            EngineTelemetry.StreamRefusals.Add(1);
            return (null, new OverloadedError(Limits.StreamRetrySeconds));
        }

        EventStream stream;
        try
        {
            stream = new EventStream(dispatcher, Topic.Of(bound), Selection.Of(bound, variables), client, _tools.Time);
        }
        catch
        {
            _counts.Leave(share, positions);
            throw;
        }

        stream.OnLeft(() =>
        {
            _open.TryRemove(stream, out _);
            _counts.Leave(share, positions);
        });
        _open[stream] = true;
        try
        {
            await dispatcher.JoinAsync(stream, bound.After, cancellation);
        }
        catch
        {
            stream.Dispose();
            throw;
        }

        if (_isDraining)
        {
            stream.End(StreamEnd.ServerStops);
        }

        return (stream, null);
    }

    /// <summary>
    /// Ends all subscriptions in random order, spread over <see cref="Limits.DrainTimeMax"/>, and takes no more: those who come back to
    /// other servers do not come at once.
    /// </summary>
    /// <param name="cancellation">Ends all that are left at once.</param>
    public async Task DrainAsync(CancellationToken cancellation)
    {
        TimeSpan time = _tools.Settings.DrainTime;
        _isDraining = true;
        EventStream[] all = [.. _open.Keys];
        LogMessages.Draining(_tools.Logger, all.Length, time.TotalSeconds);
        await Draining.EndAsync(all, stream => stream.End(StreamEnd.ServerStops), time, _tools.Time, cancellation);
    }

    /// <summary>Ends the subscriptions of clients whose right has expired. They may come back, and are asked for it anew.</summary>
    /// <param name="client">Whether the right of a client of this name has expired.</param>
    /// <returns>How many.</returns>
    public int EndRights(Func<string, bool> client)
    {
        EventStream[] ended = [.. _open.Keys.Where(stream => client(stream.Client))];
        Array.ForEach(ended, stream => stream.End(StreamEnd.RightExpired));
        return ended.Length;
    }

    public void Dispose()
    {
        _rate.Dispose();
        _tools.Dispose();
    }

    private TenantDispatcher Of(short tenant, LogPosition position) =>
        _tenants.GetOrAdd(tenant, (key, at) => new TenantDispatcher(key, at, _rows, _tools), position);
}

/// <summary>Counts subscriptions by the shares of clients, and the positions of the polygons that they hold.</summary>
internal sealed class StreamCounts
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _byShare = new(StringComparer.Ordinal);
    private int _positions;
    private int _open;

    /// <summary>How many are open.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Counts one, unless there are too many.</summary>
    public bool TryEnter(ClientShare share, int positions)
    {
        int max = share.Name == ClientShare.Everybody.Name ? Limits.StreamsOfDefaultMax : Limits.StreamsOfClientMax;
        lock (_gate)
        {
            int ofShare = _byShare.GetValueOrDefault(share.Name);
            if (_open >= Limits.StreamsMax || ofShare >= max || _positions + positions > Limits.SubscriptionPositionsOfAllMax)
            {
                return false;
            }

            _byShare[share.Name] = ofShare + 1;
            _positions += positions;
            _open++;
        }

        EngineTelemetry.Streams.Add(1);
        return true;
    }

    /// <summary>Counts one less.</summary>
    public void Leave(ClientShare share, int positions)
    {
        lock (_gate)
        {
            _positions -= positions;
            _open--;
            if (--_byShare[share.Name] == 0)
            {
                _byShare.Remove(share.Name);
            }
        }

        EngineTelemetry.Streams.Add(-1);
    }
}
