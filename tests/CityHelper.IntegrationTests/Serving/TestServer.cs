using System.Globalization;
using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using CityHelper.Data;
using CityHelper.Engine.Binding;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Planning;
using CityHelper.Server;
using CityHelper.Server.Cities;
using CityHelper.Server.Redis;
using CityHelper.Server.Security;
using CityHelper.Server.Statistics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>The real server on a free port of this process, with a client.</summary>
public sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly StatementLog _statements;
    private readonly string _home;

    private readonly int _askedMax;

    private TestServer(WebApplication app, StatementLog statements, string home, int askedMax)
    {
        _askedMax = askedMax;
        _app = app;
        _statements = statements;
        _home = home;
        string address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        Client = new HttpClient(RequestTimes.Handler()) { BaseAddress = new Uri(address) };
    }

    public HttpClient Client { get; }

    public IServiceProvider Services => _app.Services;

    /// <summary>
    /// The statements sent to PostgreSQL since the last call, without the first of each batch (<see cref="ReadsLog"/>).
    /// </summary>
    public IReadOnlyList<string> TakeStatements() => [.. TakeAllStatements().Where(sql => !ReadsLog(sql))];

    /// <summary>Whether a statement reads log positions: every batch begins with one that does, and has no other.</summary>
    public static bool ReadsLog(string sql) => sql == CityLog.Log.Sql || ReadsLogOfOne(sql);

    /// <summary>Whether a statement reads the log position of one city, which stands in its text.</summary>
    public static bool ReadsLogOfOne(string sql) =>
        sql.Split('(', ':') is ["", var first, ..]
        && short.TryParse(first["select ".Length..], CultureInfo.InvariantCulture, out short city)
        && new[] { true, false }.Any(withAreas => sql == CityLog.Log.SqlOfOne(city, withAreas));

    /// <summary>All statements sent to PostgreSQL since the last call.</summary>
    public IReadOnlyList<string> TakeAllStatements() => _statements.Take();

    /// <summary>
    /// Called before a statement is sent to PostgreSQL, with its text: what a test commits here is committed between the batch before it
    /// and its own.
    /// </summary>
    public Action<string>? Sending
    {
        set => _statements.Sending = value;
    }

    /// <summary>Warnings so far, with their exceptions.</summary>
    public IReadOnlyCollection<string> Warnings => _statements.Warnings;

    /// <summary>Messages of level error and above so far.</summary>
    public IReadOnlyCollection<string> Errors => _statements.Errors;

    /// <summary>
    /// Reads packed blocks for the fewest rows, where a server would count the rows: a test's cities are too small for it otherwise.
    /// </summary>
    public static void BlocksForFewRows(IServiceCollection services) => services.AddSingleton(new BlockOptions(RowsMin: 0));

    /// <summary>Starts a server.</summary>
    /// <param name="database">The connection string of its database.</param>
    /// <param name="environment">Its environment.</param>
    /// <param name="statistics">Replaces PostgreSQL's table statistics, which it receives; unchanged when left out.</param>
    /// <param name="time">Its clock; the system's when left out.</param>
    /// <param name="settings">Further configuration: <c>Clients:civic:Mode</c>.</param>
    /// <param name="redis">The connection string of its Redis; none when left out.</param>
    /// <param name="services">Changes its services, after everything else.</param>
    /// <param name="askedMax">
    /// How often a query is sent that is refused for the rows that its filter leaves: more than once where the table statistics differ each
    /// time.
    /// </param>
    public static async Task<TestServer> StartAsync(
        string database,
        string environment = "Development",
        Func<ITableStatistics, ITableStatistics>? statistics = null,
        TimeProvider? time = null,
        IReadOnlyDictionary<string, string?>? settings = null,
        string? redis = null,
        Action<IServiceCollection>? services = null,
        int askedMax = 1)
    {
        var statements = new StatementLog();
        string home = Directory.CreateTempSubdirectory("cityhelper-home-").FullName;
        WebApplication app = await ServerApplication.BuildAsync(
            new WebApplicationOptions { Args = ["--urls", "http://127.0.0.1:0"], EnvironmentName = environment, ContentRootPath = home },
            builder =>
            {
                builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
                {
                    [CityHelperDatabase.ConnectionStringKey] = database,
                    [ServerApplication.HomeKey] = home,
                    [RedisConnection.ConnectionStringKey] = redis,

                    // Tests of other limits must not meet the cost limit first; tests of cost have their own clients.
                    ["Clients:default:Mode"] = environment == "Development" ? "FreeText" : "PersistedOnly",
                    ["Clients:default:MaxFieldCost"] = "1000000",
                    ["Clients:default:MaxTypeCost"] = "1000000",

                    // The same for load limits: a machine that runs tests may be busy, and a refusal then proves nothing.
                    ["Clients:default:CheapAtOnce"] = "10",
                    ["Clients:default:DearAtOnce"] = "3",
                    ["Admission:CheapQueued"] = "1000",
                    ["Admission:DearQueued"] = "1000",
                    ["Admission:QueueMs"] = "4000",

                    // Fixed, so that cursors in snapshots are the same every time.
                    [CursorKeyStore.CurrentKey] = Convert.ToBase64String(new byte[32]),
                }).AddInMemoryCollection(settings ?? new Dictionary<string, string?>());
                if (statistics is not null)
                {
                    builder.Services.AddSingleton(services => statistics(services.GetRequiredService<TableStatistics>()));
                }

                builder.Services.AddSingleton(time ?? TimeProvider.System);
                builder.Logging.ClearProviders().AddProvider(statements).AddFilter("CityHelper", LogLevel.Debug);
                services?.Invoke(builder.Services);
            });
        await app.StartAsync();
        return new TestServer(app, statements, home, askedMax);
    }

    public async Task<JsonElement> QueryAsync(string query, object? variables = null)
    {
        string body = JsonSerializer.Serialize(new { query, variables });
        (_, JsonElement json) = await PostAsync(body);
        for (int asked = 1; asked < _askedMax && IsRefusedForRows(json); asked++)
        {
            (_, json) = await PostAsync(body);
        }

        return json;
    }

    private static bool IsRefusedForRows(JsonElement json) => json.TryGetProperty("errors", out JsonElement errors)
        && errors[0].GetProperty("extensions").GetProperty("code").GetString() == "FILTER_NOT_INDEXED";

    /// <summary>Posts a query whose answer must have no errors.</summary>
    /// <returns>The answer's data.</returns>
    public async Task<JsonElement> DataAsync(string query, object? variables = null)
    {
        JsonElement json = await QueryAsync(query, variables);
        return json.TryGetProperty("errors", out JsonElement errors)
            ? throw new InvalidOperationException($"The query failed: {errors}\n{string.Join('\n', Errors)}")
            : json.GetProperty("data");
    }

    /// <summary>Posts a hash, with its text or alone, which must be answered without errors.</summary>
    public async Task DataOfHashAsync(string hash, string? query = null)
    {
        (_, JsonElement json) = await PostAsync(
            JsonSerializer.Serialize(new { query, extensions = new { persistedQuery = new { version = 1, sha256Hash = hash } } }));
        if (json.TryGetProperty("errors", out JsonElement errors))
        {
            throw new InvalidOperationException($"The hash failed: {errors}");
        }
    }

    public async Task<(HttpResponseMessage Response, JsonElement Json)> PostAsync(
        string body, string accept = "application/graphql-response+json", string contentType = "application/json")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/graphql")
        {
            Content = new StringContent(body, Encoding.UTF8, contentType),
        };
        request.Headers.TryAddWithoutValidation("Accept", accept);
        return await SendAsync(request);
    }

    /// <summary>Sends any request; the body of the response must be JSON.</summary>
    public async Task<(HttpResponseMessage Response, JsonElement Json)> SendAsync(HttpRequestMessage request)
    {
        HttpResponseMessage response = await Client.SendAsync(request);
        byte[] bytes = await response.Content.ReadAsByteArrayAsync();
        return (response, bytes.Length == 0 ? default : JsonDocument.Parse(bytes).RootElement);
    }

    /// <summary>A POST of a published operation by its id: it is executed each time, whatever is cached.</summary>
    public HttpRequestMessage PersistedPost(string operation, object? variables = null) => new(HttpMethod.Post, "/graphql")
    {
        Content = System.Net.Http.Json.JsonContent.Create(new
        {
            id = Services.GetRequiredService<OperationRegistry>().Published.Single(o => o.Name == operation).Id,
            variables = JsonSerializer.SerializeToElement(variables ?? new { }),
        }),
    };

    /// <summary>The canonical URL of a published operation.</summary>
    public string PersistedUrl(string operation, object? variables = null) => PersistedAddress.Of(
        Services.GetRequiredService<OperationRegistry>().Published.Single(o => o.Name == operation).Id, operation, variables);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        Directory.Delete(_home, recursive: true);
    }

    /// <summary>Keeps the engine's log of its statements, and every error.</summary>
    private sealed class StatementLog : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<string> _statements = new();
        private readonly ConcurrentQueue<string> _errors = new();

        private readonly ConcurrentQueue<string> _warnings = new();

        public IReadOnlyCollection<string> Errors => _errors;

        public IReadOnlyCollection<string> Warnings => _warnings;

        public Action<string>? Sending { get; set; }

        public IReadOnlyList<string> Take()
        {
            List<string> taken = [];
            while (_statements.TryDequeue(out string? statement))
            {
                taken.Add(statement);
            }

            return taken;
        }

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel >= LogLevel.Error)
            {
                _errors.Enqueue($"{formatter(state, exception)} {exception}");
            }

            if (logLevel == LogLevel.Warning)
            {
                _warnings.Enqueue(exception is null ? formatter(state, exception) : $"{formatter(state, exception)} {exception}");
            }

            if (state is IReadOnlyList<KeyValuePair<string, object?>> values
                && values.FirstOrDefault(v => v.Key == "Sql").Value is string sql)
            {
                _statements.Enqueue(sql);
                Sending?.Invoke(sql);
            }
        }

        public void Dispose()
        {
        }
    }
}
