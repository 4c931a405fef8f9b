using CityHelper.Engine.Planning;
using CityHelper.Server.Telemetry;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Npgsql;

namespace CityHelper.Server.Statistics;

/// <summary>
/// PostgreSQL's own statistics of the partitioned tables, read at start and every five minutes. What ANALYZE sampled is enough to choose a
/// form by, and reading it touches no row.
/// </summary>
internal sealed class TableStatistics(NpgsqlDataSource database, TimeProvider time, ILogger<TableStatistics> logger) : BackgroundService, ITableStatistics
{
    private IReadOnlyDictionary<(string Table, short Partition), PartitionStatistics> _known = new Dictionary<(string, short), PartitionStatistics>();

    public PartitionStatistics? Of(string table, short partition) => _known.GetValueOrDefault((table, partition));

    /// <summary>Reads the statistics anew.</summary>
    /// <exception cref="NpgsqlException">The database does not answer.</exception>
    public async Task RefreshAsync(CancellationToken cancellation)
    {
        _known = await StatisticsReader.ReadAsync(database, cancellation);
        LogMessages.StatisticsRead(logger, _known.Count);
    }

    /// <summary>
    /// The first reading is done before the server listens; a database that is not there yet must not keep it from starting.
    /// </summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await TryRefreshAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(Engine.Limits.StatisticsRefreshSeconds), time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await TryRefreshAsync(stoppingToken);
        }
    }

    private async Task TryRefreshAsync(CancellationToken cancellation)
    {
        // Whatever it is: estimates are no reason to end the server.
        try
        {
            await RefreshAsync(cancellation);
        }
        catch (Exception cause) when (cause is not OperationCanceledException)
        {
            LogMessages.StatisticsNotRead(logger, cause);
        }
    }
}

/// <summary>Wires the statistics.</summary>
internal static class StatisticsServices
{
    public static IServiceCollection AddTableStatistics(this IServiceCollection services)
    {
        services.AddSingleton<TableStatistics>();
        services.TryAddSingleton<ITableStatistics>(s => s.GetRequiredService<TableStatistics>());
        services.AddHostedService(s => s.GetRequiredService<TableStatistics>());
        return services;
    }

    /// <summary>The server writes there, so it must be the connection string of the primary.</summary>
    public static IServiceCollection AddCounterFolding(this IServiceCollection services, string connectionString)
    {
        services.AddSingleton(s => new CounterFolding(
            connectionString, s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILogger<CounterFolding>>()));
        services.AddHostedService(s => s.GetRequiredService<CounterFolding>());
        return services;
    }
}

/// <summary>The log messages of the statistics.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(EventIds.StatisticsRead, LogLevel.Debug, "Read the statistics of {Partitions} partitions")]
    public static partial void StatisticsRead(ILogger logger, int partitions);

    [LoggerMessage(EventIds.StatisticsNotRead, LogLevel.Warning,
        "The statistics cannot be read, forms are chosen by the last ones or without")]
    public static partial void StatisticsNotRead(ILogger logger, Exception cause);

    [LoggerMessage(EventIds.CountersFolded, LogLevel.Debug, "Folded {Deltas} deltas of city {City}")]
    public static partial void CountersFolded(ILogger logger, int deltas, short city);

    [LoggerMessage(EventIds.BoundariesCounted, LogLevel.Debug, "Counted {Months} months of boundaries of city {City}")]
    public static partial void BoundariesCounted(ILogger logger, int months, short city);

    [LoggerMessage(EventIds.RequestsPacked, LogLevel.Debug, "Packed {Packs} packs of city {City}")]
    public static partial void RequestsPacked(ILogger logger, int packs, short city);

    [LoggerMessage(EventIds.CountersNotFolded, LogLevel.Warning,
        "The counters' deltas cannot be folded; it is tried again every few seconds")]
    public static partial void CountersNotFolded(ILogger logger, Exception cause);

    [LoggerMessage(EventIds.CityNotFolded, LogLevel.Warning,
        "The counters of city {City} cannot be written; those of the others are, and it is tried again every few seconds")]
    public static partial void CityNotFolded(ILogger logger, short city, Exception cause);
}
