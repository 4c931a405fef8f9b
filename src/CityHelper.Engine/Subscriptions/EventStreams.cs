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
    private volatile bool _isDraining;

    /// <param name="rows">The rows that the log tells.</param>
    /// <param name="tools">What all tenants share.</param>
    /// <param name="replenishes">Whether <see cref="Rate"/> goes by the clock; tests do it themselves.</param>
    internal EventStreams(LoggedRows rows, EventTools tools, bool replenishes = true)
    {
        (_rows, _tools) = (rows, tools);
        Rate = new TokenBucketRateLimiter(new TokenBucketRateLimiterOptions
        {
            TokenLimit = Limits.StreamsBurst,
            TokensPerPeriod = Limits.StreamsPerSecond / 10,
            ReplenishmentPeriod = TimeSpan.FromMilliseconds(100),
            QueueLimit = Limits.StreamsWaitingMax,
            AutoReplenishment = replenishes,
        });
    }

    /// <summary>Admits new subscriptions.</summary>
    internal TokenBucketRateLimiter Rate { get; }

    /// <summary>Whether the server stops: it takes no more subscriptions.</summary>
    public bool IsDraining => _isDraining;

    /// <summary>How many there are.</summary>
    public int Count => _counts.Open;

    /// <summary>The next change of a tenant's log. Does not wait.</summary>
    public void Apply(short tenant, RowChange change) => Of(tenant, change.Position).Apply(change);

    /// <summary>A tenant's log is followed from a position on: what was before may have been missed. Does not wait.</summary>
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
    /// <param name="subscriber">Who subscribes.</param>
    /// <param name="cancellation">The subscriber has left.</param>
    /// <returns>The stream, whose first event is ready; the caller disposes it. Or why it is refused.</returns>
    internal async Task<(EventStream? Stream, RequestError? Refused)> OpenAsync(
        BoundSubscription bound, JsonElement variables, Subscriber subscriber, CancellationToken cancellation)
    {
        if (!_tenants.TryGetValue(bound.Tenant, out TenantDispatcher? dispatcher))
        {
            // The server has just started, or the tenant is new: its log is not followed yet.
            return (null, new OverloadedError(Limits.StreamRetrySeconds));
        }

        if (Selection.TryOf(bound, variables) is not { } selection)
        {
            return (null, new SubscriptionInvalidError(
                $"The variables in the selection have more than {Limits.SelectionCharsMax} characters: send shorter ones."));
        }

        using RateLimitLease admitted = await Rate.AcquireAsync(1, cancellation);
        if (_isDraining)
        {
            return (null, new ServerStopsError());
        }

        var held = new HeldByStream(subscriber.Share, selection, PositionsOf(bound));
        if (!admitted.IsAcquired || !_counts.TryEnter(held))
        {
            EngineTelemetry.StreamRefusals.Add(1);
            return (null, new OverloadedError(Limits.StreamRetrySeconds));
        }

        var stream = new EventStream(dispatcher, Topic.Of(bound), selection, subscriber, _tools.Time);
        stream.OnLeft(() =>
        {
            _open.TryRemove(stream, out _);
            _counts.Leave(held);
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
    /// Takes no more subscriptions, and ends those that have a connection of their own, in random order, spread over
    /// <see cref="Limits.DrainTimeMax"/>. Those of WebSockets end with them: the first of a hundred would end its socket at once.
    /// </summary>
    /// <param name="cancellation">Ends all that are left at once.</param>
    public async Task DrainAsync(CancellationToken cancellation)
    {
        TimeSpan time = _tools.Settings.DrainTime;
        _isDraining = true;
        EventStream[] all = [.. _open.Keys.Where(stream => !stream.Subscriber.IsOnSocket)];
        LogMessages.Draining(_tools.Logger, all.Length, time.TotalSeconds);
        await Draining.EndAsync(all, stream => stream.End(StreamEnd.ServerStops), time, _tools.Time, cancellation);
    }

    /// <summary>Ends the subscriptions of clients whose right has expired. They may come back, and are asked for it anew.</summary>
    /// <param name="client">Whether the right of a client of this name has expired.</param>
    /// <returns>How many.</returns>
    public int EndRights(Func<string, bool> client)
    {
        EventStream[] ended = [.. _open.Keys.Where(stream => client(stream.Subscriber.Client))];
        Array.ForEach(ended, stream => stream.End(StreamEnd.RightExpired));
        return ended.Length;
    }

    public void Dispose()
    {
        Rate.Dispose();
        _tools.Dispose();
    }

    // What a stream holds in memory because its client sent it, in positions of a polygon, of about 100 bytes each.
    private static int PositionsOf(BoundSubscription bound) =>
        (bound.Area?.Sent?.NumPoints ?? 0)
        + bound.Where.Sum(filter => filter.Values.Sum(value => 1 + ((value?.Length ?? 0) / Limits.CharsPerPosition)));

    private TenantDispatcher Of(short tenant, LogPosition position) =>
        _tenants.GetOrAdd(tenant, (key, at) => new TenantDispatcher(key, at, _rows, _tools), position);
}

/// <summary>Who subscribes.</summary>
/// <param name="Client">The client's name.</param>
/// <param name="Share">The share that it counts in.</param>
/// <param name="IsOnSocket">Whether its stream ends with a WebSocket when the server stops, and not by itself.</param>
internal sealed record Subscriber(string Client, ClientShare Share, bool IsOnSocket = false);
