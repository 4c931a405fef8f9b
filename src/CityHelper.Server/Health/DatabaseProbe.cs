using CityHelper.Data.Migrations;
using CityHelper.Engine.Telemetry;
using CityHelper.Server.Telemetry;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace CityHelper.Server.Health;

/// <summary>
/// Checks every second, over its own connection, whether the database answers and is migrated, and remembers the result. Readiness is
/// answered from it: neither a pool without a free connection nor a busy database makes a server unready.
/// </summary>
/// <remarks>
/// A database that refuses or closes the connection is gone at once. One that lets a check time out counts as present until no check has
/// succeeded for <see cref="Limits.HealthUnansweredMs"/>.
/// </remarks>
internal sealed class DatabaseProbe : BackgroundService
{
    private readonly NpgsqlDataSource _database;
    private readonly NpgsqlConnection _connection;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stopping = new();
    private Task _checking = Task.CompletedTask;
    private volatile Outcome _outcome = new(SucceededAt: null, Failure: null);

    // A schema never goes back, so migrations are checked only until all have run.
    private bool _migrated;

    public DatabaseProbe(string connectionString, TimeProvider time, ILogger<DatabaseProbe> logger)
    {
        _time = time;
        _logger = logger;
        const int Seconds = Limits.HealthCheckMs / 1_000;
        _database = new NpgsqlDataSourceBuilder(new NpgsqlConnectionStringBuilder(connectionString)
        {
            ApplicationName = "cityhelper health",
            Pooling = false,
            Timeout = Seconds,
            CommandTimeout = Seconds,

            // A check that timed out gives up its connection, and does not wait for its cancellation to be confirmed.
            CancellationTimeout = -1,
        }.ConnectionString)
        {
            Name = "health",
        }.Build();
        _connection = _database.CreateConnection();
    }

    /// <summary>The last result. Unless it is healthy, a check is awaited, but no longer than <see cref="Limits.HealthWaitMs"/>.</summary>
    public async ValueTask<HealthCheckResult> AskAsync(CancellationToken cancellation)
    {
        if (Evaluate() is { Status: HealthStatus.Healthy } healthy)
        {
            return healthy;
        }

        try
        {
            await CheckAsync().WaitAsync(TimeSpan.FromMilliseconds(Limits.HealthWaitMs), _time, cancellation);
        }
        catch (TimeoutException)
        {
            // The last result stands.
        }

        return Evaluate();
    }

    /// <summary>Runs the first check before the server listens; it takes no longer than a check may.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await CheckAsync();
        await base.StartAsync(cancellationToken);
    }

    /// <summary>Also ends the running check.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await _stopping.CancelAsync();
        await LastCheck().WaitAsync(cancellationToken);
    }

    public override void Dispose()
    {
        // A server that failed to start was not stopped either. A connection that is being opened cannot be closed.
        _stopping.Cancel();
        if (LastCheck().IsCompleted)
        {
            _connection.Dispose();
            _database.Dispose();
        }

        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(Limits.HealthEveryMs), _time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await CheckAsync();
        }
    }

    private HealthCheckResult Evaluate()
    {
        Outcome outcome = _outcome;
        if (outcome.Failure is { } failure)
        {
            return HealthCheckResult.Unhealthy(failure);
        }

        return outcome.SucceededAt is { } at && _time.GetElapsedTime(at).TotalMilliseconds < Limits.HealthUnansweredMs
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy("The database does not answer.");
    }

    // One check at a time, shared by all callers and the timer.
    private Task CheckAsync()
    {
        lock (_lock)
        {
            if (_checking.IsCompleted && !_stopping.IsCancellationRequested)
            {
                _checking = Task.Run(CheckOnceAsync);
            }

            return _checking;
        }
    }

    private Task LastCheck()
    {
        lock (_lock)
        {
            return _checking;
        }
    }

    private async Task CheckOnceAsync()
    {
        Outcome before = _outcome;
        bool wasOpen = _connection.FullState == System.Data.ConnectionState.Open;
        Outcome seen = await TryAsync(before);
        if (wasOpen && seen.Failure is not null && _connection.FullState != System.Data.ConnectionState.Open)
        {
            // A connection that a restart or an administrator closed says nothing about the next one.
            seen = await TryAsync(before);
        }

        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        _outcome = seen;
        if (before.Failure is null && seen.Failure is { } failure)
        {
            LogMessages.DatabaseNotReady(_logger, failure);
        }
        else if (before.Failure is not null && seen.Failure is null)
        {
            LogMessages.DatabaseReady(_logger);
        }
    }

    private async Task<Outcome> TryAsync(Outcome before)
    {
        try
        {
            if (_connection.FullState != System.Data.ConnectionState.Open)
            {
                await _connection.CloseAsync();
                await _connection.OpenAsync(_stopping.Token);
            }

            string? lacking = await LackingAsync();
            return new Outcome(_time.GetTimestamp(), lacking);
        }
        catch (NpgsqlException cause)
            when (cause is { InnerException: TimeoutException } or PostgresException { SqlState: PostgresErrorCodes.TooManyConnections })
        {
            // A timeout or a full PostgreSQL proves nothing: the last result stands, good or bad.
            return before;
        }
        catch (Exception cause)
        {
            // Catches everything: the next check is a second away.
            return before with
            {
                Failure = cause is NpgsqlException ? "The database does not answer." : $"The health check could not run: {cause.Message}",
            };
        }
    }

    private async Task<string?> LackingAsync()
    {
        if (_migrated)
        {
            await using var ping = new NpgsqlCommand("select 1", _connection);
            await ping.ExecuteScalarAsync(_stopping.Token);
            return null;
        }

        IReadOnlyList<string> pending = await Migrator.PendingAsync(_connection, _stopping.Token);
        _migrated = pending.Count == 0;
        return _migrated ? null : $"The database lacks {string.Join(", ", pending)}: run `cityhelper migrate`.";
    }

    /// <summary>The last result.</summary>
    /// <param name="SucceededAt">When the database last answered a check; null for never.</param>
    /// <param name="Failure">Why the server is not ready, by the last check that did not time out; null when that succeeded.</param>
    private sealed record Outcome(long? SucceededAt, string? Failure);
}

/// <summary>The log messages of the probe.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(EventIds.DatabaseNotReady, LogLevel.Warning, "Not ready: {Reason}")]
    public static partial void DatabaseNotReady(ILogger logger, LogText reason);

    [LoggerMessage(EventIds.DatabaseReady, LogLevel.Information, "Ready again: the database answers")]
    public static partial void DatabaseReady(ILogger logger);
}
