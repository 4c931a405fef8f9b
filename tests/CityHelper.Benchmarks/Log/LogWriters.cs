using System.Collections.Concurrent;
using System.Diagnostics;
using CityHelper.Data.Changes;
using CityHelper.Data.Model;
using CityHelper.Data.ServiceRequests;
using CityHelper.Server.Database;
using Npgsql;

namespace CityHelper.Benchmarks.Log;

/// <summary>A change that was sent; the moments are those of <see cref="Stopwatch.GetTimestamp"/>.</summary>
/// <param name="Due">When it was to be sent.</param>
/// <param name="Sent">When it was sent: later than due when all is busy.</param>
/// <param name="EventId">Its event.</param>
/// <param name="Request">The request that it changed.</param>
internal sealed record SentChange(long Due, long Sent, Guid EventId, long Request);

/// <summary>What became of a load.</summary>
/// <param name="Changes">The changes that were made.</param>
/// <param name="IsComplete">False when too many waited for their turn, or one failed: the rate is too high.</param>
/// <param name="Took">From the first to the answer of the last.</param>
internal sealed record WriterLoad(IReadOnlyList<SentChange> Changes, bool IsComplete, TimeSpan Took);

/// <summary>
/// The writers of two servers: each has the pool of a server and sets the status of requests, to a drawn one that may follow theirs.
/// </summary>
internal sealed class LogWriters : IAsyncDisposable
{
    private const int Servers = 2;

    /// <summary>Changes of so many seconds that may wait; with more the load ends, because it grows without end.</summary>
    private const double WaitingSecondsMax = 2;

    private readonly WritingConnections[] _connections;
    private readonly RequestWriter[] _writers;
    private readonly Random _dice;

    /// <param name="database">The database.</param>
    /// <param name="seed">Of what is drawn.</param>
    /// <param name="numbered">Told each city's position when a writer learns it.</param>
    public LogWriters(LogDatabase database, int seed, Action<short, ChangePosition> numbered)
    {
        _dice = new Random(seed);
        _connections = [.. Enumerable.Range(0, Servers).Select(_ => database.OpenWriting())];
        _writers = [.. _connections.Select(c => new RequestWriter(
            c.Database, new ChangeNumbering(new CommitClock(new ChangeLog(c.Database), Committed, numbered)), TimeProvider.System))];
    }

    /// <summary>When the commit of each event returned.</summary>
    public ConcurrentDictionary<Guid, long> Committed { get; } = new();

    /// <summary>Changes requests in turn at a rate, each once before one comes again.</summary>
    public async Task<WriterLoad> RunAsync(IReadOnlyList<(short City, long Request)> requests, double perSecond, TimeSpan length)
    {
        var changes = new ConcurrentQueue<SentChange>();
        var dice = new Random(_dice.Next());
        int failed = 0;
        int next = 0;
        (bool isComplete, TimeSpan took) = await OpenLoop.RunAsync(
            perSecond, length, _dice, SendAsync, waiting => waiting > perSecond * WaitingSecondsMax || failed > 0);
        return new([.. changes], isComplete && failed == 0, took);

        async Task SendAsync(long due)
        {
            RequestWriter writer;
            RequestWrite write;
            (short city, long request) = requests[(Interlocked.Increment(ref next) - 1) % requests.Count];
            lock (dice)
            {
                (writer, write) = (_writers[dice.Next(Servers)], WriteOf(city, request, dice.Next()));
            }

            try
            {
                long sent = Stopwatch.GetTimestamp();
                if (await writer.WriteAsync(write, CancellationToken.None) is WriteOutcome.Done { EventId: { } eventId })
                {
                    changes.Enqueue(new(due, sent, eventId, request));
                }
            }
            catch (NpgsqlException)
            {
                // No connection in time, or a statement that took too long: too much was asked.
                Interlocked.Increment(ref failed);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (WritingConnections connections in _connections)
        {
            await connections.DisposeAsync();
        }
    }

    private static RequestWrite WriteOf(short city, long request, int draw) =>
        RequestWrite.OfOne(city, request, version: null, "updateServiceRequestStatus", (known, at) =>
        {
            IReadOnlyList<ServiceRequestStatus> next = StatusTransitions.From(known.Status);
            return RequestDecisions.SetStatus(known, at, next[draw % next.Count]);
        });

    /// <summary>Notes the moment before an event is numbered, which is that at which its commit returned.</summary>
    private sealed class CommitClock(
        ChangeLog log, ConcurrentDictionary<Guid, long> committed, Action<short, ChangePosition> numbered) : IChangeDatabase
    {
        public async Task<Numbering?> NumberAsync(short cityId, Guid? eventId, TimeSpan? wait, CancellationToken cancellation)
        {
            if (eventId is { } id)
            {
                committed.TryAdd(id, Stopwatch.GetTimestamp());
            }

            Numbering? numbering = await log.NumberAsync(cityId, eventId, wait, cancellation);
            if (numbering is not null)
            {
                numbered(cityId, new(numbering.Epoch, numbering.Head));
            }

            return numbering;
        }

        public Task<IReadOnlyList<CityHead>> HeadsAsync(CancellationToken cancellation) => log.HeadsAsync(cancellation);

        public Task<IReadOnlyList<ChangeEvent>> ReadAsync(short cityId, long from, int max, CancellationToken cancellation) =>
            log.ReadAsync(cityId, from, max, cancellation);

        public Task<IReadOnlyList<ChangeEvent>> ReadRecentAsync(short cityId, TimeSpan age, int max, CancellationToken cancellation) =>
            log.ReadRecentAsync(cityId, age, max, cancellation);

        public Task<WitnessFinding> CheckAsync(Witness witness, CancellationToken cancellation) => log.CheckAsync(witness, cancellation);

        public Task<int> RaiseEpochAsync(int known, string reason, Witness? witness, CancellationToken cancellation) =>
            log.RaiseEpochAsync(known, reason, witness, cancellation);
    }
}
