using CityHelper.Data.Migrations;
using CityHelper.Engine.Telemetry;
using CityHelper.Server.Telemetry;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace CityHelper.Server.Health;

/// <summary>
/// Looks every second whether the database answers and is migrated, through a connection that nothing else uses, and remembers what it saw.
/// Readiness is answered from that: a pool without a free connection, or a database that is busy, makes no server unready.
/// </summary>
/// <remarks>
/// A database that refuses, or closes the connection, is gone at once; one that lets a look run out counts as there until none has
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
    private Task _looking = Task.CompletedTask;
    private volatile Outcome _outcome = new(SucceededAt: null, Failure: null);

    // A schema never goes back, so the migrations are looked at until they are there.
    private bool _migrated;

    public DatabaseProbe(string connectionString, TimeProvider time, ILogger<DatabaseProbe> logger)
    {
        _time = time;
        _logger = logger;
        const int Seconds = Limits.HealthLookMs / 1_000;
        _database = new NpgsqlDataSourceBuilder(new NpgsqlConnectionStringBuilder(connectionString)
        {
            ApplicationName = "cityhelper health",
            Pooling = false,
            Timeout = Seconds,
            CommandTimeout = Seconds,

            // A look that ran out is given up with its connection, and nobody waits to hear that it was cancelled.
            CancellationTimeout = -1,
        }.ConnectionString)
        {
            Name = "health",
        }.Build();
        _connection = _database.CreateConnection();
    }

    /// <summary>
    /// What is known. Where that is not good, a look is waited for, but not longer than <see cref="Limits.HealthAskMs"/>.
    /// </summary>
    public async ValueTask<HealthCheckResult> AskAsync(CancellationToken cancellation)
    {
        if (Judge() is { Status: HealthStatus.Healthy } healthy)
        {
            return healthy;
        }

        try
        {
            await LookAsync().WaitAsync(TimeSpan.FromMilliseconds(Limits.HealthAskMs), _time, cancellation);
        }
        catch (TimeoutException)
        {
            // What was known before is what is known.
        }

        return Judge();
    }

    /// <summary>The first look is done before the server listens; it takes no longer than a look may.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await LookAsync();
        await base.StartAsync(cancellationToken);
    }

    /// <summary>Ends the look that is under way too.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await _stopping.CancelAsync();
        await LastLook().WaitAsync(cancellationToken);
    }

    public override void Dispose()
    {
        // A server that could not start was not stopped either; a connection that is being opened cannot be closed.
        _stopping.Cancel();
        if (LastLook().IsCompleted)
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
            await LookAsync();
        }
    }

    private HealthCheckResult Judge()
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

    // One at a time, for all who ask and for the timer.
    private Task LookAsync()
    {
        lock (_lock)
        {
            if (_looking.IsCompleted && !_stopping.IsCancellationRequested)
            {
                _looking = Task.Run(LookOnceAsync);
            }

            return _looking;
        }
    }

    private Task LastLook()
    {
        lock (_lock)
        {
            return _looking;
        }
    }

    private async Task LookOnceAsync()
    {
        Outcome before = _outcome;
        bool wasOpen = _connection.FullState == System.Data.ConnectionState.Open;
        Outcome seen = await TryAsync(before);
        if (wasOpen && seen.Failure is not null && _connection.FullState != System.Data.ConnectionState.Open)
        {
            // A connection that was closed, by a restart or by an administrator, says nothing of the next one.
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
        catch (NpgsqlException cause) when (cause is { InnerException: TimeoutException } or PostgresException { SqlState: PostgresErrorCodes.TooManyConnections })
        {
            // It says nothing: what was there before is there still, and so is what was not.
            return before;
        }
        catch (Exception cause)
        {
            // Whatever it is, the next look is a second away.
            return before with { Failure = cause is NpgsqlException ? "The database does not answer." : $"The database cannot be looked at: {cause.Message}" };
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

    /// <summary>What was seen last.</summary>
    /// <param name="SucceededAt">When a look last succeeded; null for never.</param>
    /// <param name="Failure">Why the server is not ready, by the last look that did not run out; null when that succeeded.</param>
    private sealed record Outcome(long? SucceededAt, string? Failure);
}

/// <summary>The log messages of health.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(EventIds.DatabaseNotReady, LogLevel.Warning, "Not ready: {Reason}")]
    public static partial void DatabaseNotReady(ILogger logger, LogText reason);

    [LoggerMessage(EventIds.DatabaseReady, LogLevel.Information, "Ready again: the database answers")]
    public static partial void DatabaseReady(ILogger logger);

    [LoggerMessage(EventIds.IndexNotAsRequired, LogLevel.Warning, "{Problem} Operations that count on it read more than they should")]
    public static partial void IndexNotAsRequired(ILogger logger, LogText problem);
}
