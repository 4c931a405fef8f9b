using CityHelper.Data;
using CityHelper.Data.Statistics;
using Npgsql;

namespace CityHelper.Server.Statistics;

/// <summary>
/// Folds the deltas of counters that other writers than the importer append. Several servers may do so at once: who meets another at a city leaves it
/// to that one.
/// </summary>
internal sealed class CounterFolding(string connectionString, TimeProvider time, ILogger<CounterFolding> logger) : BackgroundService
{
    // Connections that answers are read through are read only. Two, so that a fold that was cut off at one does not stop the next.
    private readonly NpgsqlDataSource _database = CityHelperDatabase.CreateDataSource(new NpgsqlConnectionStringBuilder(connectionString)
    {
        ApplicationName = "cityhelper statistics",
        MinPoolSize = 0,
        MaxPoolSize = 2,
    }.ConnectionString);

    // What is wrong is said once, not every few seconds.
    private readonly HashSet<short> _failedCities = [];
    private bool _failed;

    /// <summary>Folds what there is in all cities. One whose counters cannot be written does not keep the others from it.</summary>
    /// <exception cref="NpgsqlException">The database does not answer, or lacks the tables.</exception>
    public async Task FoldAsync(CancellationToken cancellation)
    {
        var counters = new RequestCounters(_database, time);
        foreach (short city in await counters.CitiesToFoldAsync(cancellation))
        {
            try
            {
                if (await counters.TryFoldAsync(city, cancellation) is { } folded)
                {
                    LogMessages.CountersFolded(logger, folded, city);
                }

                _failedCities.Remove(city);
            }
            catch (PostgresException cause)
            {
                if (_failedCities.Add(city))
                {
                    LogMessages.CityNotFolded(logger, city, cause);
                }
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
        using var timer = new PeriodicTimer(Limits.FoldEvery, time);
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
