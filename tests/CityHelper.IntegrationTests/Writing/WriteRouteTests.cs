using System.Globalization;
using System.Text.Json;
using CityHelper.Data.Model;
using CityHelper.Engine.Cursors;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CityHelper.IntegrationTests.Writing;

/// <summary>Mutations as clients send them: over HTTP, with a payload, a cursor and errors.</summary>
[Collection(PostgresCollection.Name)]
public sealed class WriteRouteTests(WritingServer fixture) : IClassFixture<WritingServer>
{
    [Fact]
    public async Task All_64_pairs_of_statuses_are_answered_as_the_table_says()
    {
        string id = ReadingFixture.Id(1);
        foreach (ServiceRequestStatus from in Enum.GetValues<ServiceRequestStatus>())
        {
            foreach (ServiceRequestStatus to in Enum.GetValues<ServiceRequestStatus>())
            {
                await PutAsync(1, $"status = '{Label(from)}', duplicate_of = {(from == ServiceRequestStatus.Duplicate ? "1" : "null")}");
                JsonElement payload = await fixture.WriteAsync(
                    "updateServiceRequestStatus",
                    new { id, status = Label(to) },
                    "serviceRequest { status } cursor errors { ... on TransitionNotAllowedError { code from to allowed } }");
                string allowed = string.Join(',', TransitionTests.LegalFrom(from).Select(status => $"\"{Label(status)}\""));
                string expected = from == to
                    ? $$$"""{"serviceRequest":{"status":"{{{Label(to)}}}"},"cursor":null,"errors":null}"""
                    : TransitionTests.LegalFrom(from).Contains(to)
                    ? $$$"""{"serviceRequest":{"status":"{{{Label(to)}}}"},"cursor":"…","errors":null}"""
                    : """{"serviceRequest":null,"cursor":null,"errors":[{"code":"TRANSITION_NOT_ALLOWED",""" + "\"from\":"
                        + $$$"""
                        "{{{Label(from)}}}","to":"{{{Label(to)}}}","allowed":[{{{allowed}}}]}]}
                        """;
                string? cursor = payload.GetProperty("cursor").GetString();
                Assert.Equal(
                    expected, cursor is null ? payload.GetRawText() : payload.GetRawText().Replace(cursor, "…", StringComparison.Ordinal));
            }
        }
    }

    [Fact]
    public async Task A_payload_has_the_row_as_it_is_now_and_the_place_of_its_event()
    {
        JsonElement payload = await fixture.WriteAsync(
            "reportServiceRequest",
            new
            {
                city = "nyc",
                category = "rodent",
                location = new { longitude = -73.98, latitude = 40.75 },
                title = "Rats \"everywhere\" \\ 🐀",
                description = "In the park.\nAt night.",
                idempotencyKey = Guid.NewGuid(),
            },
            "serviceRequest { id version status title description category { code } agency { code } channel createdAt updatedAt externalId "
                + "location { coordinates } updates { status } } cursor errors { ...e }");
        Assert.Equal(
            """
            {"version":1,"status":"OPEN","title":"Rats \u0022everywhere\u0022 \\ \uD83D\uDC00","description":"In the park.\nAt night.",
            "category":{"code":"rodent"},"agency":null,"channel":"ONLINE","createdAt":"2025-06-01T12:00:00.000Z",
            "updatedAt":"2025-06-01T12:00:00.000Z","externalId":null,"location":{"coordinates":[-73.98,40.75]},"updates":[]}
            """.ReplaceLineEndings(""),
            JsonSerializer.Serialize(payload.GetProperty("serviceRequest").EnumerateObject()
                .Where(member => member.Name != "id").ToDictionary(member => member.Name, member => member.Value)));
        long key = WritingServer.KeyOf(payload);
        Assert.Equal(0, key & RequestId.ImportedBit);
        Assert.Equal(WritingServer.Now, RequestId.TimeOf(key).UtcDateTime);
        LogPosition? position = fixture.Server.Services.GetRequiredService<LogPositionCursors>()
            .Open(RequestRows.City, payload.GetProperty("cursor").GetString()!);
        Assert.Equal(
            [$"{position!.Value.Epoch}|{position.Value.Number}|reportServiceRequest"],
            await fixture.RowsAsync($"select epoch::text, n::text, cause from change where service_request_id = {key}"));
    }

    [Fact]
    public async Task Every_mutation_is_there_and_names_itself_as_the_cause()
    {
        JsonElement reported = await fixture.WriteAsync(
            "reportServiceRequest", new { city = "nyc", category = "rodent", address = "1 BROADWAY", idempotencyKey = "every-1" });
        string id = reported.GetProperty("serviceRequest").GetProperty("id").GetString()!;
        long key = WritingServer.KeyOf(reported);
        (string Mutation, object Input)[] writes =
        [
            ("updateServiceRequestStatus", new { id, status = "PENDING", note = "Waits.", version = 1 }),
            ("assignServiceRequest", new { id, agency = "HPD", version = 2 }),
            ("correctServiceRequest", new { id, category = "heat-hot-water", title = "Cold", version = 3 }),
            ("correctServiceRequest", new { id, location = new { longitude = -73.97, latitude = 40.76 }, version = 4 }),
            ("correctServiceRequest", new { id, title = (string?)null, location = (object?)null, version = 5 }),
            ("addServiceRequestNote", new { id, note = "Seen.", version = 6 }),
            ("linkServiceRequest", new { id, externalId = "every-1", version = 7 }),
            ("mergeDuplicate", new { id, duplicateOf = ReadingFixture.Id(2), note = "The same.", version = 8 }),
            ("redactServiceRequest", new { id, version = 9 }),
        ];
        foreach ((string mutation, object input) in writes)
        {
            Assert.Empty(await fixture.CodesAsync(mutation, input));
        }

        Assert.Equal(
            writes.Select((write, n) => $"{n + 2}|{write.Mutation}").Prepend("1|reportServiceRequest"),
            await fixture.RowsAsync($"select version::text, cause from change where service_request_id = {key} order by n"));
        Assert.Equal(
            ["PENDING|-", "PENDING|-", "DUPLICATE|-"],
            await fixture.RowsAsync($"select status::text, note from status_update where service_request_id = {key} order by id"));
    }

    /// <summary>Members in another order, an enum as a literal, null instead of nothing.</summary>
    [Fact]
    public async Task A_key_stands_for_the_input_and_not_for_its_spelling()
    {
        string id = ReadingFixture.Id(5);
        const string Selection = "{ serviceRequest { id version } cursor errors { ... on Error { code } } }";
        JsonElement first = await fixture.WriteAsync(
            "updateServiceRequestStatus", new { id, status = "PENDING", note = "Waits.", idempotencyKey = "spelt" },
            Selection[2..^2]);
        Assert.Equal("null", first.GetProperty("errors").GetRawText());
        string before = await fixture.ContentAsync();
        JsonElement again = (await fixture.Server.DataAsync(
            $$"""
            mutation { a: updateServiceRequestStatus(
                input: {note: "Waits.", idempotencyKey: "spelt", version: null, status: PENDING, id: "{{id}}"}) {{Selection}} }
            """)).GetProperty("a");
        Assert.Equal(first.GetRawText(), again.GetRawText());
        Assert.Equal(before, await fixture.ContentAsync());
        foreach (object other in new object[]
        {
            new { id, status = "PENDING", note = "waits.", idempotencyKey = "spelt" },
            new { id, status = "PENDING", note = "Waits.", version = 1, idempotencyKey = "spelt" },
            new { id = ReadingFixture.Id(7), status = "PENDING", note = "Waits.", idempotencyKey = "spelt" },
        })
        {
            Assert.Equal(["IDEMPOTENCY_KEY_REUSED"], await fixture.CodesAsync("updateServiceRequestStatus", other));
        }

        Assert.Equal(before, await fixture.ContentAsync());

        // A location that is left out is not one that is cleared.
        Assert.Empty(await fixture.CodesAsync("correctServiceRequest", new { id, title = "a", idempotencyKey = "left out" }));
        Assert.Equal(
            ["IDEMPOTENCY_KEY_REUSED"],
            await fixture.CodesAsync(
                "correctServiceRequest", new { id, title = "a", location = (object?)null, idempotencyKey = "left out" }));
    }

    [Fact]
    public async Task Mutations_of_one_operation_run_in_turn()
    {
        string id = ReadingFixture.Id(8);
        JsonElement data = await fixture.Server.DataAsync(
            $$"""
            mutation {
              a: addServiceRequestNote(input: {id: "{{id}}", note: "1", version: 1}) { serviceRequest { version } errors { __typename } }
              b: addServiceRequestNote(input: {id: "{{id}}", note: "2", version: 1}) { serviceRequest { version } errors { __typename } }
              c: addServiceRequestNote(input: {id: "{{id}}", note: "3", version: 2}) { serviceRequest { version } errors { __typename } }
            }
            """);
        Assert.Equal(
            """
            {"a":{"serviceRequest":{"version":2},"errors":null},
            "b":{"serviceRequest":null,"errors":[{"__typename":"VersionStaleError"}]},
            "c":{"serviceRequest":{"version":3},"errors":null}}
            """.ReplaceLineEndings(""),
            data.GetRawText());
    }

    [Fact]
    public async Task A_validated_mutation_and_one_by_GET_write_nothing()
    {
        string before = await fixture.ContentAsync();
        string text = WritingServer.TextOf("updateServiceRequestStatus");
        object variables = new { input = new { id = ReadingFixture.Id(10), status = "PENDING", idempotencyKey = "validated" } };
        (HttpResponseMessage response, JsonElement json) = await fixture.SendAsync(
            JsonSerializer.Serialize(new { query = text, variables }), ("GraphQL-Cost", "validate"));
        Assert.True(response.IsSuccessStatusCode);
        Assert.True(json.GetProperty("extensions").GetProperty("operationCost").GetProperty("fieldCost").GetDouble() >= 10);
        Assert.False(json.TryGetProperty("data", out JsonElement data) && data.ValueKind == JsonValueKind.Object);

        string query = $"query={Uri.EscapeDataString(text)}&variables={Uri.EscapeDataString(JsonSerializer.Serialize(variables))}";
        foreach (HttpMethod method in new[] { HttpMethod.Get, HttpMethod.Head })
        {
            using var request = new HttpRequestMessage(method, $"/graphql?{query}");
            using HttpResponseMessage refused = await fixture.Server.Client.SendAsync(request);
            Assert.Equal(405, (int)refused.StatusCode);
            Assert.Equal(["POST"], refused.Content.Headers.Allow);
        }

        Assert.Equal(before, await fixture.ContentAsync());
    }

    private static string Label(ServiceRequestStatus status) =>
        status == ServiceRequestStatus.InProgress ? "IN_PROGRESS" : status.ToString().ToUpperInvariant();

    private async Task PutAsync(int n, string change)
    {
        long key = Engine.GlobalId.Parse(ReadingFixture.Id(n))!.Row;
        await using Npgsql.NpgsqlCommand command = fixture.Database.CreateCommand(string.Create(
            CultureInfo.InvariantCulture, $"update service_request set {change} where city_id = 1 and id = {key}"));
        await command.ExecuteNonQueryAsync();
    }
}
