using CityHelper.Data.Statistics;
using CityHelper.Server.Database;
using Npgsql;

namespace CityHelper.Server.Statistics;

/// <summary>
/// Compacts counter deltas of writers other than the importer, rebuilds stale blocks from the rows, and counts the months of changed
/// boundaries. Several servers may do so at once: one that meets another leaves the work to it, and nothing is counted twice.
/// </summary>
internal sealed class CounterCompaction(WritingConnections writing, TimeProvider time, ILogger<CounterCompaction> logger)
    : BackgroundService
{
    private readonly NpgsqlDataSource _database = writing.Database;

    // A failure is logged once, not every few seconds.
    private readonly HashSet<(short City, string Work)> _failedWork = [];
    private bool _failed;

    /// <summary>Does all of this for all cities. One whose counters cannot be written does not stop the others.</summary>
    /// <exception cref="NpgsqlException">The database does not answer, or lacks the tables.</exception>
    public async Task CompactAsync(CancellationToken cancellation)
    {
        var counters = new RequestCounters(_database, time);
        foreach (short city in await counters.CitiesToCompactAsync(cancellation))
        {
            await TryAsync("compaction", city, async () =>
            {
                if (await counters.TryCompactAsync(city, cancellation) is { } compacted)
                {
                    LogMessages.CountersCompacted(logger, compacted, city);
                }
            });
        }

        PackedBlocks blocks = new PackedBlocks(_database, time);
        foreach (short city in await blocks.CitiesToBackfillAsync(cancellation))
        {
            await TryAsync("blocks", city, async () =>
            {
                if (await blocks.TryBackfillAsync(city, cancellation) is { } packed)
                {
                    LogMessages.BlocksPacked(logger, packed, city);
                }
            });
        }

        var boundaries = new BoundaryCounters(_database, time);
        foreach (short city in await boundaries.CitiesToBackfillAsync(cancellation))
        {
            await TryAsync("backfill", city, async () =>
            {
                if (await boundaries.TryBackfillAsync(city, cancellation) is { } months)
                {
                    LogMessages.BoundariesCounted(logger, months, city);
                }
            });
        }
    }

    // A failure in one city does not stop the others.
    private async Task TryAsync(string work, short city, Func<Task> act)
    {
        try
        {
            await act();
            _failedWork.Remove((city, work));
        }
        catch (PostgresException cause)
        {
            if (_failedWork.Add((city, work)))
            {
                LogMessages.CityNotCompacted(logger, city, cause);
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Data.Limits.CompactionInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await TryCompactAsync(stoppingToken);
        }
    }

    private async Task TryCompactAsync(CancellationToken cancellation)
    {
        // Catches everything: readers add up the deltas meanwhile, and the server has other things to do.
        try
        {
            await CompactAsync(cancellation);
            _failed = false;
        }
        catch (Exception cause) when (cause is not OperationCanceledException)
        {
            if (!_failed)
            {
                LogMessages.CountersNotCompacted(logger, cause);
            }

            _failed = true;
        }
    }
}
