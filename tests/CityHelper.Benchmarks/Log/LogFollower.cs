using System.Collections.Concurrent;
using System.Diagnostics;
using CityHelper.Data.Changes;
using CityHelper.Server.Changes;
using CityHelper.Server.Database;
using Microsoft.Extensions.Logging.Abstractions;

namespace CityHelper.Benchmarks.Log;

/// <summary>
/// A server that follows the log with a pool of its own, and notes when each event arrives. With a stream it copies the log there.
/// </summary>
internal sealed class LogFollower : IChangeObserver, IAsyncDisposable
{
    private readonly WritingConnections _connections;
    private readonly ChangeFollower _follower;
    private readonly ChangeFeed _feed;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _nudged = new(0);
    private readonly Lock _gate = new();
    private Dictionary<short, ChangePosition> _heads = [];
    private Task _running = Task.CompletedTask;

    private LogFollower(LogDatabase database, IChangeStream stream)
    {
        _connections = database.OpenWriting();
        var log = new ChangeLog(_connections.Database);
        var monitor = new ChangeMonitor(NullLogger<ChangeMonitor>.Instance);
        TimeProvider time = TimeProvider.System;
        _follower = new ChangeFollower(log, log, stream, [this], monitor, time);
        _feed = new ChangeFeed(
            new ChangePulse(log, new ChangeNumbering(log), _follower),
            _follower,
            new ChangeCopier(log, log, stream, _follower, monitor, time),
            monitor,
            time);
    }

    /// <summary>The moment of each event's arrival, as <see cref="Stopwatch.GetTimestamp"/>.</summary>
    public ConcurrentDictionary<Guid, long> Arrived { get; } = new();

    /// <summary>Whether nudges are followed; without them the pulse alone tells of heads.</summary>
    public bool IsNudged { get; set; } = true;

    /// <summary>Reads the recent events, then sends the pulse as a server does.</summary>
    /// <param name="database">The database.</param>
    /// <param name="stream">The copy of the log in Redis, which tells the other servers; none when left out.</param>
    public static async Task<LogFollower> StartAsync(LogDatabase database, IChangeStream? stream = null)
    {
        var follower = new LogFollower(database, stream ?? new NoChangeStream());
        await follower._follower.FillAsync(CancellationToken.None);
        follower._running = Task.WhenAll(follower.BeatAsync(), follower.FollowNudgesAsync());
        return follower;
    }

    /// <summary>Tells of a position, as a writer of this server does, or Redis.</summary>
    public void Nudge(short city, ChangePosition head)
    {
        if (!IsNudged)
        {
            return;
        }

        lock (_gate)
        {
            bool isFirst = _heads.Count == 0;
            _heads[city] = _heads.TryGetValue(city, out ChangePosition known) && known > head ? known : head;
            if (isFirst)
            {
                _nudged.Release();
            }
        }
    }

    public void Apply(ChangeEvent change) => Arrived.TryAdd(change.EventId, Stopwatch.GetTimestamp());

    public void Reset(short cityId, ChangePosition position, IReadOnlyList<ChangeEvent> recent)
    {
        // Only what arrives later is measured.
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _connections.DisposeAsync();
        _stop.Dispose();
        _nudged.Dispose();
    }

    private async Task BeatAsync()
    {
        using var timer = new PeriodicTimer(Data.Limits.PulseInterval);
        while (await timer.WaitForNextTickAsync(_stop.Token))
        {
            await _feed.BeatAsync(_stop.Token);
        }
    }

    // Nudges that come while one is followed are followed together.
    private async Task FollowNudgesAsync()
    {
        while (true)
        {
            await _nudged.WaitAsync(_stop.Token);
            Dictionary<short, ChangePosition> heads;
            lock (_gate)
            {
                (heads, _heads) = (_heads, []);
            }

            await _feed.NudgeAsync(heads, _stop.Token);
        }
    }
}
