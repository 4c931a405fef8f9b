using System.Text.Json;
using System.Text.Json.Nodes;
using CityHelper.Engine;
using CityHelper.IntegrationTests.Clients;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using Xunit;

namespace CityHelper.IntegrationTests.Writing;

/// <summary>Inputs that cannot be written: each has an error with a code, and writes nothing.</summary>
[Collection(PostgresCollection.Name)]
public sealed class BadWriteTests(WritingServer fixture) : IClassFixture<WritingServer>
{
    private const string Report = "reportServiceRequest";
    private const string Correct = "correctServiceRequest";
    private const string Status = "updateServiceRequestStatus";
    private const string Note = "addServiceRequestNote";

    private static readonly string s_id = ReadingFixture.Id(1);

    /// <summary>A mutation, members of its input beside the right ones, and the codes.</summary>
    public static TheoryData<string, string, string> Inputs => new()
    {
        { Report, """{"category": "no-such"}""", "CATEGORY_UNKNOWN" },
        { Report, """{"category": ""}""", "CATEGORY_UNKNOWN" },
        { Report, """{"category": "NOISE-RESIDENTIAL"}""", "CATEGORY_UNKNOWN" },
        { Report, """{"city": "atlantis"}""", "CITY_UNKNOWN" },
        { Report, """{"city": ""}""", "CITY_UNKNOWN" },
        { Report, """{"location": {"longitude": 0, "latitude": 0}}""", "LOCATION_OUTSIDE_CITY" },
        { Report, """{"location": {"longitude": 40.75, "latitude": -73.98}}""", "LOCATION_OUTSIDE_CITY" },
        { Report, """{"location": {"longitude": -73.68999999999, "latitude": 40.75}}""", "LOCATION_OUTSIDE_CITY" },
        { Report, """{"location": {"longitude": 180.0000001, "latitude": 40.75}}""", "LOCATION_INVALID" },
        { Report, """{"location": {"longitude": -73.98, "latitude": -90.5}}""", "LOCATION_INVALID" },
        { Report, """{"location": {"longitude": 1e300, "latitude": 40.75}}""", "LOCATION_INVALID" },
        { Report, """{"location": null, "address": null}""", "LOCATION_MISSING" },
        { Report, """{"location": null, "address": " \t"}""", "TEXT_INVALID" },
        { Report, """{"idempotencyKey": ""}""", "IDEMPOTENCY_KEY_INVALID" },
        { Report, """{"idempotencyKey": "LONG 201"}""", "IDEMPOTENCY_KEY_INVALID" },
        { Report, """{"title": "LONG 501"}""", "TEXT_TOO_LONG" },
        { Report, """{"description": "LONG 8001"}""", "TEXT_TOO_LONG" },
        { Report, """{"address": "LONG 501"}""", "TEXT_TOO_LONG" },
        { Report, """{"title": ""}""", "TEXT_INVALID" },
        {
            Report,
            """{"city": "atlantis", "title": "", "description": "LONG 8001", """
                + "\"location\": " + """{"longitude": 200, "latitude": 0}, "idempotencyKey": ""}""",
            "IDEMPOTENCY_KEY_INVALID CITY_UNKNOWN TEXT_INVALID TEXT_TOO_LONG LOCATION_INVALID"
        },
        { Correct, """{"category": "no-such"}""", "CATEGORY_UNKNOWN" },
        { Correct, """{"location": {"longitude": 2.35, "latitude": 48.85}}""", "LOCATION_OUTSIDE_CITY" },
        { Correct, """{"location": {"longitude": -1e200, "latitude": 48.85}}""", "LOCATION_INVALID" },
        { Correct, """{"title": ""}""", "TEXT_INVALID" },
        { Correct, """{"address": "LONG 501"}""", "TEXT_TOO_LONG" },
        { Status, """{"note": ""}""", "TEXT_INVALID" },
        { Status, """{"note": "LONG 8001"}""", "TEXT_TOO_LONG" },
        { Status, """{"resolution": " "}""", "TEXT_INVALID" },
        { Status, """{"version": 99}""", "VERSION_STALE" },
        { Status, """{"version": -1}""", "VERSION_STALE" },
        { Status, """{"status": "DUPLICATE"}""", "TRANSITION_NOT_ALLOWED" },
        { Status, """{"id": ""}""", "REQUEST_ID_INVALID" },
        { Status, """{"id": "1"}""", "REQUEST_ID_INVALID" },
        { Status, """{"id": "ID Category 1 1"}""", "REQUEST_ID_INVALID" },
        { Status, """{"id": "ID City 0 1"}""", "REQUEST_ID_INVALID" },
        { Status, """{"id": "ID ServiceRequest 0 1"}""", "REQUEST_ID_INVALID" },
        { Status, """{"id": "ID ServiceRequest 1 1"}""", "SERVICE_REQUEST_NOT_FOUND" },
        { Status, """{"id": "ID ServiceRequest 2 OTHER"}""", "SERVICE_REQUEST_NOT_FOUND" },
        { Status, """{"id": "ID ServiceRequest 32767 OTHER"}""", "SERVICE_REQUEST_NOT_FOUND" },
        { Note, """{"note": ""}""", "TEXT_INVALID" },
        { Note, """{"note": "LONG 8001"}""", "TEXT_TOO_LONG" },
        { "assignServiceRequest", """{"agency": "no-such"}""", "AGENCY_UNKNOWN" },
        { "assignServiceRequest", """{"agency": ""}""", "AGENCY_UNKNOWN" },
        { "linkServiceRequest", """{"externalId": ""}""", "TEXT_INVALID" },
        { "linkServiceRequest", """{"externalId": "LONG 201"}""", "TEXT_TOO_LONG" },
        { "linkServiceRequest", """{"externalId": "no-such"}""", "ALREADY_LINKED" },
        { "mergeDuplicate", """{"duplicateOf": "SAME"}""", "DUPLICATE_CIRCLE" },
        { "mergeDuplicate", """{"duplicateOf": "ID Category 1 1"}""", "REQUEST_ID_INVALID" },
        { "mergeDuplicate", """{"duplicateOf": "ID ServiceRequest 1 1"}""", "SERVICE_REQUEST_NOT_FOUND" },
        { "mergeDuplicate", """{"duplicateOf": "ID ServiceRequest 2 OTHER"}""", "REQUEST_ID_INVALID" },
        { "redactServiceRequest", """{"id": "ID Agency 1 1"}""", "REQUEST_ID_INVALID" },
        { "redactServiceRequest", """{"version": 0}""", "VERSION_STALE" },
    };

    [Theory]
    [MemberData(nameof(Inputs))]
    public async Task Each_is_a_named_error_and_writes_nothing(string mutation, string members, string codes)
    {
        string before = await fixture.ContentAsync();
        int errors = fixture.Server.Errors.Count;
        (HttpResponseMessage response, JsonElement json) = await fixture.SendAsync(BodyOf(mutation, Filled(members)));
        Assert.True(response.IsSuccessStatusCode, json.ToString());
        Assert.False(json.TryGetProperty("errors", out _), json.ToString());
        JsonElement payload = json.GetProperty("data").GetProperty(mutation);
        Assert.Equal(codes.Split(' '), WritingServer.Codes(payload));
        Assert.Equal("null null", $"{payload.GetProperty("serviceRequest").GetRawText()} {payload.GetProperty("cursor").GetRawText()}");
        Assert.All(payload.GetProperty("errors").EnumerateArray(), e => Assert.NotEqual("", e.GetProperty("message").GetString()));
        Assert.Equal(before, await fixture.ContentAsync());
        Assert.Equal(errors, fixture.Server.Errors.Count);
    }

    /// <summary>What GraphQL's own types or JSON exclude is an error of the request.</summary>
    [Theory]
    [InlineData(Report, """{"location": {"longitude": 1e400, "latitude": 40.75}}""")]
    [InlineData(Report, """{"location": {"longitude": "NaN", "latitude": 40.75}}""")]
    [InlineData(Report, """{"location": {"longitude": NaN, "latitude": 40.75}}""")]
    [InlineData(Report, """{"location": {"longitude": -73.98}}""")]
    [InlineData(Report, """{"idempotencyKey": null}""")]
    [InlineData(Report, """{"title": "\ud800"}""")]
    [InlineData(Report, """{"description": "a\udc00b"}""")]
    [InlineData(Report, """{"category": "\ud800"}""")]
    [InlineData(Report, """{"idempotencyKey": "\ud83d"}""")]
    [InlineData(Report, """{"title": "a\u0000b"}""")]
    [InlineData(Report, """{"idempotencyKey": "a\u0000"}""")]
    [InlineData(Report, """{"category": "a\u0000"}""")]
    [InlineData(Report, """{"city": "nyc\u0000"}""")]
    [InlineData(Correct, """{"category": "\u0000"}""")]
    [InlineData(Note, """{"note": "\u0000"}""")]
    [InlineData("assignServiceRequest", """{"agency": "\u0000"}""")]
    [InlineData("linkServiceRequest", """{"externalId": "\u0000"}""")]
    [InlineData(Status, """{"id": "\u0000"}""")]
    [InlineData(Report, """{"noSuch": 1}""")]
    [InlineData(Report, """{"category": null}""")]
    [InlineData(Status, """{"status": "OPENED"}""")]
    [InlineData(Status, """{"status": null}""")]
    [InlineData(Status, """{"version": 2147483648}""")]
    [InlineData(Status, """{"version": 1.5}""")]
    [InlineData(Note, """{"note": null}""")]
    [InlineData(Note, """{"note": 5}""")]
    [InlineData("assignServiceRequest", """{"agency": "\udc00"}""")]
    public async Task Each_is_an_error_of_the_request_and_writes_nothing(string mutation, string members)
    {
        string before = await fixture.ContentAsync();
        int errors = fixture.Server.Errors.Count;
        string right = BodyOf(mutation, "{}");
        string input = members.TrimStart('{').TrimEnd();
        int at = right.LastIndexOf("\"input\":{", StringComparison.Ordinal) + "\"input\":{".Length;
        string member = input[..input.IndexOf(':', StringComparison.Ordinal)];

        // The last of two members with one name counts, and a JSON library would not write these values.
        string body = right[..at] + Without(right[at..], member, input[..^1]);
        (HttpResponseMessage response, JsonElement json) = await fixture.SendAsync(body);
        string? code = ClientFixture.Code(json);
        Assert.True(code is not null and not "UNEXPECTED" and not "DATABASE_UNAVAILABLE", $"{(int)response.StatusCode} {json}");
        Assert.Equal(before, await fixture.ContentAsync());
        Assert.Equal(errors, fixture.Server.Errors.Count);
    }

    /// <summary>The same in the text of the operation, where other code reads it.</summary>
    [Theory]
    [InlineData("reportServiceRequest(input: {city: \"nyc\", category: \"X\", address: \"a\", idempotencyKey: \"literal\"})")]
    [InlineData("reportServiceRequest(input: {city: \"nyc\", category: \"rodent\", address: \"X\", idempotencyKey: \"literal\"})")]
    [InlineData("reportServiceRequest(input: {city: \"nyc\", category: \"rodent\", address: \"a\", idempotencyKey: \"X\"})")]
    [InlineData("reportServiceRequest(input: {city: \"X\", category: \"rodent\", address: \"a\", idempotencyKey: \"literal\"})")]
    [InlineData("assignServiceRequest(input: {id: \"ID\", agency: \"X\"})")]
    [InlineData("linkServiceRequest(input: {id: \"ID\", externalId: \"X\"})")]
    [InlineData("correctServiceRequest(input: {id: \"ID\", category: \"X\"})")]
    [InlineData("addServiceRequestNote(input: {id: \"X\", note: \"a\"})")]
    [InlineData("addServiceRequestNote(input: {id: \"ID\", note: \"X\"})")]
    public async Task What_no_text_holds_is_refused_as_a_literal_too(string mutation)
    {
        string before = await fixture.ContentAsync();
        int errors = fixture.Server.Errors.Count;
        foreach (string text in new[] { "\\u0000", "a\\ud800", "\\udc00a" })
        {
            string query = mutation.Replace("ID", s_id, StringComparison.Ordinal).Replace("\"X\"", $"\"{text}\"", StringComparison.Ordinal);
            JsonElement json = await fixture.Server.QueryAsync($"mutation {{ a: {query} {{ errors {{ ... on Error {{ code }} }} }} }}");
            IReadOnlyList<string> codes =
                ClientFixture.Code(json) is { } code ? [code] : WritingServer.Codes(json.GetProperty("data").GetProperty("a"));
            Assert.NotEmpty(codes);
            Assert.DoesNotContain(codes, named => named is "UNEXPECTED" or "DATABASE_UNAVAILABLE");
        }

        Assert.Equal(before, await fixture.ContentAsync());
        Assert.Equal(errors, fixture.Server.Errors.Count);
    }

    /// <summary>The longest texts are stored, counted in UTF-16, and so is what looks odd and is text.</summary>
    [Fact]
    public async Task The_longest_and_the_strangest_texts_are_written()
    {
        foreach (string text in new[]
        {
            new string('x', 8_000), string.Concat(Enumerable.Repeat("🐀", 4_000)), "'; drop table change; --", "\u202eltr", "\uffff",
            "{\"a\": [1]}", "\\u0000", "%s%n${jndi:ldap}", "\r\n\t",
        })
        {
            IReadOnlyList<string> codes = await fixture.CodesAsync(Note, new { id = ReadingFixture.Id(2), note = text });
            Assert.Equal(string.IsNullOrWhiteSpace(text) ? ["TEXT_INVALID"] : [], codes);
            if (codes.Count == 0)
            {
                long key = GlobalId.Parse(ReadingFixture.Id(2))!.Row;
                Assert.Equal(
                    [text],
                    await fixture.RowsAsync($"select note from status_update where service_request_id = {key} order by id desc limit 1"));
            }
        }
    }

    private static string BodyOf(string mutation, string members)
    {
        JsonObject input = mutation switch
        {
            Report => new()
            {
                ["city"] = "nyc",
                ["category"] = "rodent",
                ["location"] = new JsonObject { ["longitude"] = -73.98, ["latitude"] = 40.75 },
                ["idempotencyKey"] = Guid.NewGuid().ToString(),
            },
            Status => new() { ["id"] = s_id, ["status"] = "PENDING" },
            Note => new() { ["id"] = s_id, ["note"] = "Seen." },
            "assignServiceRequest" => new() { ["id"] = s_id, ["agency"] = "HPD" },
            "linkServiceRequest" => new() { ["id"] = s_id, ["externalId"] = "1" },
            "mergeDuplicate" => new() { ["id"] = s_id, ["duplicateOf"] = ReadingFixture.Id(2) },
            _ => new() { ["id"] = s_id },
        };
        foreach ((string name, JsonNode? value) in JsonNode.Parse(members)!.AsObject())
        {
            input[name] = value?.DeepClone();
        }

        return new JsonObject
        {
            ["query"] = WritingServer.TextOf(mutation),
            ["variables"] = new JsonObject { ["input"] = input },
        }.ToJsonString();
    }

    private static string Without(string rest, string member, string wrong)
    {
        JsonObject input = JsonNode.Parse("{" + rest[..^2])!.AsObject();
        input.Remove(member.Trim('"'));
        string others = input.ToJsonString();
        return $"{wrong}{(others == "{}" ? "" : ",")}{others[1..]}}}}}";
    }

    /// <summary><c>LONG 5</c> is a text of five characters, <c>ID City 0 1</c> a global id, <c>OTHER</c> the key of a request.</summary>
    private static string Filled(string members)
    {
        JsonObject input = JsonNode.Parse(members)!.AsObject();
        foreach ((string name, JsonNode? value) in input.ToArray())
        {
            if (value is JsonValue text && text.TryGetValue(out string? word))
            {
                string[] words = word.Split(' ');
                input[name] = words[0] switch
                {
                    "LONG" => new string('x', int.Parse(words[1], System.Globalization.CultureInfo.InvariantCulture)),
                    "SAME" => s_id,
                    "ID" => new GlobalId(
                        words[1],
                        words[2] == "0" ? null : short.Parse(words[2], System.Globalization.CultureInfo.InvariantCulture),
                        words[3] == "OTHER" ? GlobalId.Parse(ReadingFixture.Id(2))!.Row : 1).ToString(),
                    _ => word,
                };
            }
        }

        return input.ToJsonString();
    }
}
