using System.Collections.Concurrent;
using CityHelper.Server.Operations;
using CityHelper.Server.Redis;
using Microsoft.Extensions.Logging;

namespace CityHelper.IntegrationTests.Redis;

/// <summary>The store of one server, with a log that can be counted.</summary>
internal sealed class StoreFixture : IAsyncDisposable
{
    private readonly RedisConnection _connection;

    private StoreFixture(string redis, TimeProvider time, TimeProvider? rests)
    {
        _connection = new RedisConnection(redis, rests ?? TimeProvider.System, Log.For<RedisConnection>());
        Store = new RedisOperationStore(_connection, time, Log.For<RedisOperationStore>());
    }

    public LogLines Log { get; } = new();

    public RedisOperationStore Store { get; }

    /// <param name="redis">The connection string.</param>
    /// <param name="time">The clock of the quotas' days.</param>
    /// <param name="rests">The clock of the connection's pauses; the system's when left out.</param>
    public static async Task<StoreFixture> OpenAsync(string redis, TimeProvider time, TimeProvider? rests = null)
    {
        StoreFixture fixture = new StoreFixture(redis, time, rests);
        await fixture._connection.StartAsync(CancellationToken.None);
        return fixture;
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    /// <summary>Keeps every message.</summary>
    internal sealed class LogLines
    {
        private readonly ConcurrentQueue<string> _lines = new();

        /// <summary>The number of messages that contain a text.</summary>
        public int Count(string text) => _lines.Count(line => line.Contains(text, StringComparison.Ordinal));

        public ILogger<T> For<T>() => new Logger<T>(_lines);

        private sealed class Logger<T>(ConcurrentQueue<string> lines) : ILogger<T>
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(
                LogLevel logLevel,
                EventId eventId,
                TState state,
                Exception? exception,
                Func<TState, Exception?, string> formatter) => lines.Enqueue(formatter(state, exception));
        }
    }
}
