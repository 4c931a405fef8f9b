using CityHelper.Data;
using CityHelper.Data.Statistics;
using Npgsql;

namespace CityHelper.Server.Statistics;

/// <summary>
/// Folds the deltas of counters that other writers than the importer append, packs what changed, and counts the months of boundaries that
/// changed. Several servers may do so at once: who meets another at a fold leaves it to that one, and nothing is counted twice.
/// </summary>
internal sealed class CounterFolding(string connectionString, TimeProvider time, ILogger<CounterFolding> logger) : BackgroundService
{
    // Connections that answers are read through are read only.
    private readonly NpgsqlDataSource _database = CityHelperDatabase.CreateDataSource(new NpgsqlConnectionStringBuilder(connectionString)
    {
        ApplicationName = "cityhelper statistics",
        MinPoolSize = 0,
        MaxPoolSize = Limits.ConnectionsOfFolding,
    }.ConnectionString, builder => builder.Name = "statistics");

    // What is wrong is said once, not every few seconds.
    private readonly HashSet<(short City, string Work)> _failedWork = [];
    private bool _failed;

    /// <summary>Folds what there is in all cities. One whose counters cannot be written does not keep the others from it.</summary>
    /// <exception cref="NpgsqlException">The database does not answer, or lacks the tables.</exception>
    public async Task FoldAsync(CancellationToken cancellation)
    {
        var counters = new RequestCounters(_database, time);
        foreach (short city in await counters.CitiesToFoldAsync(cancellation))
        {
            await TryAsync("fold", city, async () =>
            {
                if (await counters.TryFoldAsync(city, cancellation) is { } folded)
                {
                    LogMessages.CountersFolded(logger, folded, city);
                }
            });
        }

        var packs = new RequestPacks(_database, time);
        foreach (short city in await packs.CitiesToFillAsync(cancellation))
        {
            await TryAsync("pack", city, async () =>
            {
                if (await packs.TryFillAsync(city, cancellation) is { } packed)
                {
                    LogMessages.RequestsPacked(logger, packed, city);
                }
            });
        }

        var boundaries = new BoundaryCounters(_database, time);
        foreach (short city in await boundaries.CitiesToFillAsync(cancellation))
        {
            await TryAsync("fill", city, async () =>
            {
                if (await boundaries.TryFillAsync(city, cancellation) is { } months)
                {
                    LogMessages.BoundariesCounted(logger, months, city);
                }
            });
        }
    }

    // One whose counters cannot be written does not keep the others from it.
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
                LogMessages.CityNotFolded(logger, city, cause);
            }
        }
    }

    public override void Dispose()
    {
        _database.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Data.Limits.FoldEvery, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await TryFoldAsync(stoppingToken);
        }
    }

    private async Task TryFoldAsync(CancellationToken cancellation)
    {
        // Whatever it is: readers add up the deltas, and the server has other things to do.
        try
        {
            await FoldAsync(cancellation);
            _failed = false;
        }
        catch (Exception cause) when (cause is not OperationCanceledException)
        {
            if (!_failed)
            {
                LogMessages.CountersNotFolded(logger, cause);
            }

            _failed = true;
        }
    }
}
