using System.Globalization;
using CityHelper.Engine;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Attack 34: ever different filters, each a statement that a backend keeps prepared, until the backends run out of memory.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack34PreparedStatementTests(PostgresFixture postgres) : IAsyncLifetime
{
    private const string Within = "within: { viewport: { west: -73.9912, south: 40.7423, east: -73.9734, north: 40.7545 } }";

    private static readonly string[] s_conditions =
    [
        "{ title: { eq: \"T\" } }", "{ status: { eq: OPEN } }", "{ postalCode: { in: [\"10001\", \"10002\"] } }",
        "{ address: { neq: \"A\" } }", "{ district: { in: [\"1\"] } }", "{ category: { code: { eq: \"rodent\" } } }",
        "{ agency: { code: { neq: \"NYPD\" } } }", "{ status: { nin: [CLOSED] } }",
    ];

    private string _database = "";
    private TestServer _server = null!;

    public async Task InitializeAsync()
    {
        _database = await AttackFixture.CreateDatabaseAsync(postgres);
        // A client that sends one request after another uses one connection.
        _server = await TestServer.StartAsync(_database);
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    /// <summary>
    /// More short ones than may be prepared and fifty of the longest, each sent until it would be prepared, all over one connection.
    /// </summary>
    [Fact]
    public async Task Hundreds_of_filters_leave_a_backend_small()
    {
        for (int i = 0; i < 400; i++)
        {
            await SendTwiceAsync(ShapeOf(i, conditions: 1 + i % 6, first: 1));
        }

        // More than fit, so that some were evicted.
        string[] worthIt =
        [
            .. _server.TakeStatements().Distinct(StringComparer.Ordinal).Where(sql => sql.Length <= Limits.PreparedStatementCharsMax),
        ];
        Assert.InRange(worthIt.Sum(sql => sql.Length), 2 * Limits.PreparedConnectionCharsMax, int.MaxValue);
        for (int i = 0; i < 50; i++)
        {
            await SendTwiceAsync(ShapeOf(i, Limits.FilterConditionsMax - 1, first: 1));
        }

        (int backend, List<string> prepared) = await PreparedAsync();
        Assert.InRange(prepared.Count, 1, worthIt.Length - 1);
        Assert.InRange(prepared.Sum(sql => sql.Length), 1, Limits.PreparedConnectionCharsMax);
        Assert.All(prepared, sql => Assert.InRange(sql.Length, 1, Limits.PreparedStatementCharsMax));

        // The memory of processes on another machine cannot be read.
        if (postgres.IsPrivate)
        {
            long megabytes = ProcessMemory.AnonymousBytes(backend)!.Value >> 20;
            Assert.True(megabytes < 64, $"The backend keeps {megabytes} MB.");
        }
    }

    /// <summary>After sorting and grouping up to the limits, a backend returns its memory, up to what the allocator keeps.</summary>
    [Fact]
    public async Task The_largest_groups_leave_a_backend_small()
    {
        await using BackendWatch backends = await BackendWatch.StartAsync(_database, postgres.IsPrivate);
        foreach (int zoom in new[] { 11, 13, 14, 16, 18, 20, 22 })
        {
            await _server.QueryAsync(
                "query ($zoom: Int!) { serviceRequestClusters(city: \"nyc\", zoom: $zoom, within: { viewport: { west: -74.3, south: 40.4, "
                    + "east: -73.6, north: 41 } }) { count } }",
                new { zoom });
        }

        for (int i = 0; i < 20; i++)
        {
            await SendTwiceAsync(ShapeOf(i, conditions: 6, first: 100));
        }

        Assert.Empty(await backends.EndAsync());
    }

    /// <summary>Statements of published operations are prepared on their second use, even after those texts, and stay prepared.</summary>
    [Fact]
    public async Task Published_operations_are_prepared()
    {
        for (int i = 0; i < 50; i++)
        {
            await SendTwiceAsync(ShapeOf(i, conditions: 6, first: 1));
        }

        foreach ((string operation, object variables) in new (string, object)[]
        {
            ("ServiceRequestList", new { city = "nyc" }),
            ("CityFilters", new { city = "nyc" }),
            ("Cities", new { }),
        })
        {
            IReadOnlyList<string> sent = [];
            for (int i = 0; i < 3; i++)
            {
                _server.TakeStatements();
                (HttpResponseMessage response, _) = await _server.SendAsync(_server.PersistedPost(operation, variables));
                Assert.True(response.IsSuccessStatusCode);
                sent = _server.TakeStatements();
            }

            Assert.NotEmpty(sent);
            Assert.Subset((await PreparedAsync()).Statements.ToHashSet(), sent.ToHashSet());
        }
    }

    /// <summary>A text with its own statement: random fields and random conditions.</summary>
    internal static string ShapeOf(int number, int conditions, int first)
    {
        var random = new Random(number);
        string where = string.Join(", ", Enumerable.Range(0, conditions).Select(_ => s_conditions[random.Next(s_conditions.Length)]));
        string[] fields = ["id", "title", "status", "postalCode", "address", "createdAt", "updatedAt", "district"];
        string chosen = string.Join(' ', fields.Where((_, i) => (number >> i & 1) == 1).Prepend("id"));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{{ serviceRequests(city: \"nyc\", first: {first}, {Within}, where: {{ or: [{where}] }}) {{ nodes {{ {chosen} }} }} }}");
    }

    private async Task SendTwiceAsync(string query)
    {
        for (int i = 0; i < 2; i++)
        {
            await _server.DataAsync(query);
        }
    }

    private async Task<(int Backend, List<string> Statements)> PreparedAsync()
    {
        await using NpgsqlConnection connection = await _server.Services.GetRequiredService<NpgsqlDataSource>().OpenConnectionAsync();
        await using var command = new NpgsqlCommand("select statement from pg_prepared_statements", connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        var statements = new List<string>();
        while (await reader.ReadAsync())
        {
            statements.Add(reader.GetString(0));
        }

        return (connection.ProcessID, statements);
    }
}
