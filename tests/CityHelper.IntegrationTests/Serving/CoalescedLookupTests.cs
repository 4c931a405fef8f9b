using System.Collections.Concurrent;
using System.Text.Json;
using CityHelper.Engine;
using CityHelper.IntegrationTests.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>The first request for a city, its days, an area and a plan does the lookup for all concurrent ones.</summary>
[Collection(PostgresCollection.Name)]
public sealed class CoalescedLookupTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Two_hundred_equal_first_requests_look_everything_up_once()
    {
        string database = await postgres.CreateDatabaseAsync();
        await RequestRows.AddCityAsync(database, 2026);
        await BoundaryRows.AddAsync(database, BoundaryRows.Manhattan);
        var log = new MessageLog();

        // The clock stands still: a lookup that is made once a second is made once.
        await using TestServer server = await TestServer.StartAsync(
            database,
            time: new StoppedClock(new DateTime(2026, 6, 15, 12, 0, 0, DateTimeKind.Utc)),
            settings: new Dictionary<string, string?> { ["Clients:default:DearAtOnce"] = "10" },
            services: services => services.AddLogging(logging => logging.AddProvider(log)
                .AddFilter<MessageLog>("Npgsql.Command", LogLevel.Debug).AddFilter<MessageLog>("CityHelper", LogLevel.Debug)));
        string area = new GlobalId("Boundary", RequestRows.City, 3).ToString();
        string body = JsonSerializer.Serialize(
            new
            {
                query = "query($area: ID!) { serviceRequestStats(city: \"nyc\", within: { boundary: $area }) { total byDay { count } } }",
                variables = new { area },
            }
        );
        (HttpResponseMessage Response, JsonElement Json)[] answers = await Task.WhenAll(
            Enumerable.Range(0, 200).Select(_ => server.PostAsync(body)));
        Assert.All(
            answers,
            answer => Assert.Equal(0, answer.Json.GetProperty("data").GetProperty("serviceRequestStats").GetProperty("total").GetInt32()));

        Assert.Equal(
            "1 cities, 1 calendars, 1 revisions, 1 areas, 1 plans",
            $"{log.Count("select slug, id from city")} cities, {log.Count("select time_zone, counted_at is not null")} calendars, "
                + $"{log.Count("select revision, counted_revision = revision")} revisions, "
                + $"{log.Count("select b.id::bigint, b.geometry, b.revision")} areas, "
                + $"{log.Count("Compiled a plan")} plans");
    }

    private sealed class MessageLog : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<string> _messages = [];

        /// <summary>The number of commands or plans: Npgsql logs each command at its start, and again at its end.</summary>
        public int Count(string part) => _messages.Count(message =>
            message.Contains(part, StringComparison.Ordinal) && !message.StartsWith("Executing", StringComparison.Ordinal));

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter) => _messages.Enqueue(formatter(state, exception));

        public void Dispose()
        {
        }
    }
}
