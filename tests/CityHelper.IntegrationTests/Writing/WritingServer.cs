using System.Text.Json;
using CityHelper.Data;
using CityHelper.Engine;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Writing;

/// <summary>A server in development, whose keyless client may send all mutations, over forty requests of its own.</summary>
public sealed class WritingServer(PostgresFixture postgres) : IAsyncLifetime
{
    /// <summary>The clock: after the last of the forty requests, in a year that has a partition.</summary>
    public static DateTime Now { get; } = ReadingFixture.Moment("2025-06-01T12:00:00Z");

    public TestServer Server { get; private set; } = null!;

    public NpgsqlDataSource Database { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        string database = await ReadingFixture.CreateDatabaseAsync(postgres);
        Database = CityHelperDatabase.CreateDataSource(database);
        Server = await TestServer.StartAsync(database, time: new StoppedClock(Now));
    }

    public async Task DisposeAsync()
    {
        await Server.DisposeAsync();
        await Database.DisposeAsync();
    }

    /// <summary>The text of an operation with one mutation, whose input is the variable <c>input</c>.</summary>
    /// <param name="mutation">The mutation.</param>
    /// <param name="selection">What is selected of its payload.</param>
    public static string TextOf(string mutation, string selection = "serviceRequest { id version status } cursor errors { ...e }")
    {
        string input = $"{char.ToUpperInvariant(mutation[0])}{mutation[1..]}Input!";
        string errors = selection.Contains("...e", StringComparison.Ordinal)
            ? " fragment e on Error { __typename code message }"
            : "";
        return $"mutation Write($input: {input}) {{ {mutation}(input: $input) {{ {selection} }} }}{errors}";
    }

    /// <summary>Sends a mutation, which must be answered with a payload.</summary>
    public async Task<JsonElement> WriteAsync(string mutation, object input, string? selection = null) =>
        (await Server.DataAsync(selection is null ? TextOf(mutation) : TextOf(mutation, selection), new { input })).GetProperty(mutation);

    /// <summary>The codes of a mutation's errors; empty when it was done.</summary>
    public async Task<IReadOnlyList<string>> CodesAsync(string mutation, object input) => Codes(await WriteAsync(mutation, input));

    public static IReadOnlyList<string> Codes(JsonElement payload)
    {
        JsonElement errors = payload.GetProperty("errors");
        return errors.ValueKind == JsonValueKind.Null ? [] : [.. errors.EnumerateArray().Select(e => e.GetProperty("code").GetString()!)];
    }

    /// <summary>The number of a request's id.</summary>
    public static long KeyOf(JsonElement payload) =>
        GlobalId.Parse(payload.GetProperty("serviceRequest").GetProperty("id").GetString()!)!.Row;

    /// <summary>Sends a JSON text as it is.</summary>
    public async Task<(HttpResponseMessage Response, JsonElement Json)> SendAsync(string json, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/graphql");
        request.Content = new StringContent(json, System.Text.Encoding.UTF8, "application/json");
        foreach ((string name, string value) in headers)
        {
            request.Headers.Add(name, value);
        }

        return await Server.SendAsync(request);
    }

    /// <summary>Everything that a mutation may write, to verify that nothing did.</summary>
    public static async Task<string> ContentAsync(NpgsqlDataSource database)
    {
        await using NpgsqlCommand command = database.CreateCommand(
            """
            select string_agg(line, E'\n' order by line) from (
                select r::text as line from service_request r
                union all select u::text from status_update u
                union all select d::text from service_request_delta d
                union all select o::text from change_outbox o
                union all select c::text from change c
                union all select k::text from idempotency_key k
                union all select e::text from service_request_external_id e) everything
            """);
        return (string)(await command.ExecuteScalarAsync())!;
    }

    public Task<string> ContentAsync() => ContentAsync(Database);

    public async Task<IReadOnlyList<string>> RowsAsync(string sql)
    {
        await using NpgsqlCommand command = Database.CreateCommand(sql);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? "-" : reader.GetString(i))));
        }

        return rows;
    }
}
