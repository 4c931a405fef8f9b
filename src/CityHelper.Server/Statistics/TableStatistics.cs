using CityHelper.Engine.Planning;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Server.Telemetry;
using GraphQL.Types;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Npgsql;

namespace CityHelper.Server.Statistics;

/// <summary>
/// PostgreSQL's own statistics of the partitioned tables, read at start and every five minutes. What ANALYZE sampled is enough to choose an
/// access path, and reading it touches no row.
/// </summary>
internal sealed class TableStatistics(NpgsqlDataSource database, ISchema schema, TimeProvider time, ILogger<TableStatistics> logger)
    : BackgroundService, ITableStatistics
{
    private readonly IReadOnlyList<string> _columns = StatisticsColumns.Of(schema, StatisticsReader.Table);

    private IReadOnlyDictionary<(string Table, short Tenant), TenantStatistics> _known =
        new Dictionary<(string, short), TenantStatistics>();

    public TenantStatistics? Of(string table, short tenant) => _known.GetValueOrDefault((table, tenant));

    /// <summary>Reads the statistics again.</summary>
    /// <exception cref="NpgsqlException">The database does not answer.</exception>
    public async Task RefreshAsync(CancellationToken cancellation)
    {
        _known = await StatisticsReader.ReadAsync(database, _columns, cancellation);
        LogMessages.StatisticsRead(logger, _known.Count);
    }

    /// <summary>Reads once before the server listens; a database that is not there yet must not stop it from starting.</summary>
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
        // Catches everything: missing estimates are no reason to stop the server.
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

/// <summary>Registers the statistics.</summary>
internal static class StatisticsServices
{
    public static IServiceCollection AddTableStatistics(this IServiceCollection services)
    {
        services.AddSingleton<TableStatistics>();
        services.TryAddSingleton<ITableStatistics>(s => s.GetRequiredService<TableStatistics>());
        services.AddHostedService(s => s.GetRequiredService<TableStatistics>());
        return services;
    }

    /// <summary>Registers the compaction.</summary>
    public static IServiceCollection AddCounterCompaction(this IServiceCollection services)
    {
        services.AddSingleton<CounterCompaction>();
        services.AddHostedService(s => s.GetRequiredService<CounterCompaction>());
        return services;
    }
}

/// <summary>The log messages of the statistics.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(EventIds.StatisticsRead, LogLevel.Debug, "Read the statistics of {Partitions} partitions")]
    public static partial void StatisticsRead(ILogger logger, int partitions);

    [LoggerMessage(EventIds.StatisticsNotRead, LogLevel.Warning,
        "The statistics cannot be read, access paths are chosen by the last ones or without")]
    public static partial void StatisticsNotRead(ILogger logger, Exception cause);

    [LoggerMessage(EventIds.CountersCompacted, LogLevel.Debug, "Compacted {Deltas} deltas of city {City}")]
    public static partial void CountersCompacted(ILogger logger, int deltas, short city);

    [LoggerMessage(EventIds.BoundariesCounted, LogLevel.Debug, "Counted {Months} months of boundaries of city {City}")]
    public static partial void BoundariesCounted(ILogger logger, int months, short city);

    [LoggerMessage(EventIds.BlocksPacked, LogLevel.Debug, "Rebuilt {Blocks} packed blocks of city {City}")]
    public static partial void BlocksPacked(ILogger logger, int blocks, short city);

    [LoggerMessage(EventIds.CountersNotCompacted, LogLevel.Warning,
        "The counters' deltas cannot be compacted; it is tried again every few seconds")]
    public static partial void CountersNotCompacted(ILogger logger, Exception cause);

    [LoggerMessage(EventIds.CityNotCompacted, LogLevel.Warning,
        "The counters of city {City} cannot be written; those of the others are, and it is tried again every few seconds")]
    public static partial void CityNotCompacted(ILogger logger, short city, Exception cause);
}
