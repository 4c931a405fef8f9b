using System.Net;
using CityHelper.Server.Telemetry;
using StackExchange.Redis;

namespace CityHelper.Server.Redis;

/// <summary>The kind of a call to Redis. One kind can fail without the other: a full Redis still reads.</summary>
public enum RedisUse
{
    Read,

    Write,
}

/// <summary>
/// The Redis that the servers of a site share. It may be down, slow or full: then a call fails within a bound, and its caller goes on
/// without Redis. Each outage and each return is logged once.
/// </summary>
public sealed class RedisConnection : IHostedService, IAsyncDisposable
{
    /// <summary>
    /// The connection string, in StackExchange.Redis's format: <c>127.0.0.1:6379,password=…</c>. Without it there is no Redis.
    /// </summary>
    public const string ConnectionStringKey = "CITYHELPER_REDIS";

    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly TimeSpan _bound;
    private readonly Task<ConnectionMultiplexer> _connecting;
    private readonly int[] _failing = new int[2];
    private long _restingSince;
    private volatile bool _resting;

    /// <summary>Starts to connect, and retries until it is disposed.</summary>
    /// <param name="connectionString">As <see cref="ConnectionStringKey"/>.</param>
    /// <param name="time">Measures the pauses after calls that timed out.</param>
    /// <param name="logger">Logs when Redis goes down and comes back.</param>
    /// <param name="callMs">
    /// Milliseconds that a call may take: <see cref="Limits.RedisCallMs"/> for a server, <see cref="Limits.RedisCommandMs"/> for a command,
    /// which cannot do without the answer.
    /// </param>
    /// <exception cref="ConfigurationException">The connection string is wrong.</exception>
    public RedisConnection(
        string connectionString, TimeProvider time, ILogger<RedisConnection> logger, int callMs = Limits.RedisCallMs)
    {
        _time = time;
        _logger = logger;
        _bound = TimeSpan.FromMilliseconds(callMs);
        ConfigurationOptions options = Parse(connectionString);
        options.AbortOnConnectFail = false;
        options.ConnectTimeout = Math.Max(callMs, Limits.RedisConnectMs);
        options.ConnectRetry = 1;
        options.AsyncTimeout = callMs;
        options.ReconnectRetryPolicy = new LinearRetry(Limits.RedisReconnectMs);

        // A call without a connection must fail at once, not wait in a queue.
        options.BacklogPolicy = BacklogPolicy.FailFast;
        _connecting = ConnectionMultiplexer.ConnectAsync(options);
    }

    /// <summary>Connects for a command, or throws with the reason.</summary>
    /// <exception cref="ConfigurationException">The connection string is wrong, or Redis does not answer.</exception>
    public static async Task<ConnectionMultiplexer> ConnectAsync(string connectionString)
    {
        ConfigurationOptions options = Parse(connectionString);
        options.AbortOnConnectFail = true;
        options.ConnectTimeout = Limits.RedisCommandMs;
        options.ConnectRetry = 1;
        options.AsyncTimeout = Limits.RedisCommandMs;
        try
        {
            return await ConnectionMultiplexer.ConnectAsync(options);
        }
        catch (RedisConnectionException cause)
        {
            string where = string.Join(", ", options.EndPoints.Select(Name));
            string why = cause.FailureType == ConnectionFailureType.AuthenticationFailure ? "accepts no such password" : "does not answer";
            throw new ConfigurationException($"Redis {why} at {where}. Is {ConnectionStringKey} right?");
        }
    }

    /// <summary>Makes a call, unless one timed out a moment ago.</summary>
    /// <param name="use">Whether it reads or writes.</param>
    /// <param name="call">The call; it may go on after the wait has ended.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>Whether Redis answered, and its answer.</returns>
    public async ValueTask<(bool Answered, T? Value)> TryAsync<T>(
        RedisUse use, Func<IDatabase, Task<T>> call, CancellationToken cancellation)
    {
        if (IsResting())
        {
            return (false, default);
        }

        try
        {
            ConnectionMultiplexer redis = await _connecting.WaitAsync(_bound, cancellation);
            T value = await call(redis.GetDatabase()).WaitAsync(_bound, cancellation);
            Succeeded(use);
            return (true, value);
        }
        catch (TimeoutException cause)
        {
            _restingSince = _time.GetTimestamp();
            _resting = true;
            Failed(use, cause);
        }
        catch (Exception cause) when (cause is RedisException or ObjectDisposedException)
        {
            Failed(use, cause);
        }

        return (false, default);
    }

    /// <summary>Waits until the first connection succeeds or fails: otherwise the first requests would find none.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _connecting.WaitAsync(TimeSpan.FromMilliseconds(2 * Limits.RedisConnectMs), cancellationToken);
        }
        catch (TimeoutException)
        {
            // The first call reports it.
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async ValueTask DisposeAsync() => await (await _connecting).DisposeAsync();

    /// <summary>The problem of a connection string, in a sentence that repeats no part of it; null for none.</summary>
    internal static string? Problem(string connectionString)
    {
        try
        {
            return ConfigurationOptions.Parse(connectionString).EndPoints.Count > 0
                ? null
                : $"{ConnectionStringKey} names no server: it looks like 127.0.0.1:6379,password=….";
        }
        catch (Exception cause) when (cause is ArgumentException or FormatException)
        {
            // The library's own message may repeat part of a password.
            return $"{ConnectionStringKey} is not a connection string: it looks like 127.0.0.1:6379,password=….";
        }
    }

    private static ConfigurationOptions Parse(string connectionString)
    {
        if (Problem(connectionString) is { } problem)
        {
            throw new ConfigurationException(problem);
        }

        ConfigurationOptions options = ConfigurationOptions.Parse(connectionString);
        options.ClientName = "cityhelper";
        return options;
    }

    private static string Name(EndPoint point) => point is DnsEndPoint dns ? $"{dns.Host}:{dns.Port}" : point.ToString()!;

    private bool IsResting()
    {
        if (_resting && _time.GetElapsedTime(_restingSince).TotalMilliseconds >= Limits.RedisRestMs)
        {
            _resting = false;
        }

        return _resting;
    }

    private void Succeeded(RedisUse use)
    {
        if (Interlocked.Exchange(ref _failing[(int)use], 0) == 1)
        {
            LogMessages.RedisBack(_logger, use);
        }
    }

    private void Failed(RedisUse use, Exception cause)
    {
        if (Interlocked.Exchange(ref _failing[(int)use], 1) == 0)
        {
            LogMessages.RedisAway(_logger, use, cause);
        }
    }
}

/// <summary>The log messages of Redis.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(EventIds.RedisAway, LogLevel.Warning, "Redis fails to {Use}; the server goes on without it, and says when it is back")]
    public static partial void RedisAway(ILogger logger, RedisUse use, Exception cause);

    [LoggerMessage(EventIds.RedisBack, LogLevel.Information, "Redis is back to {Use}")]
    public static partial void RedisBack(ILogger logger, RedisUse use);
}
