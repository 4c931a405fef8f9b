using System.Text.Json;
using System.Text.RegularExpressions;
using CityHelper.Data;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using CityHelper.Server.Changes;
using CityHelper.Server.Statistics;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Writing;

/// <summary>A server whose role has what docs/operating.md grants, and no more, does all that servers do.</summary>
[Collection(PostgresCollection.Name)]
public sealed partial class ServingRoleTests(PostgresFixture postgres)
{
    private const string Documented = "cityhelper_serving";

    /// <summary>Ten years later: nobody has made that year's partitions.</summary>
    private static readonly DateTime s_now = ReadingFixture.Moment("2035-06-01T12:00:00Z");

    private static readonly string[] s_refused =
    [
        "delete from change", "update change set cause = 'forged'", "insert into change_epoch default values",
        "delete from service_request",
        "update city set name = 'x'", "delete from status_update", "update change_outbox set cause = 'forged'", "delete from change_outbox",
        "create table public.other (id int)", "drop table public.idempotency_key", "delete from schema_version",
    ];

    [Fact]
    public async Task A_server_needs_the_documented_rights_and_has_no_others()
    {
        string role = $"serving_{Guid.NewGuid():N}";
        string owner = await ReadingFixture.CreateDatabaseAsync(postgres);
        string password = $"{Guid.NewGuid():N}";
        await ExecuteAsync(
            owner, $"{Grants().Replace(Documented, role, StringComparison.Ordinal)}; alter role {role} password '{password}'");
        string serving = new NpgsqlConnectionStringBuilder(owner) { Username = role, Password = password }.ConnectionString;
        try
        {
            await using (TestServer server = await TestServer.StartAsync(serving, time: new StoppedClock(s_now)))
            {
                await AssertServesAsync(server);
                await server.Services.GetRequiredService<ChangeTrimming>().RunAsync([0, RequestRows.City], CancellationToken.None);
                await server.Services.GetRequiredService<CounterCompaction>().CompactAsync(CancellationToken.None);
                Assert.Empty(server.Errors);
                Assert.Empty(server.Warnings);
            }

            foreach (string sql in s_refused)
            {
                PostgresException refused = await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(serving, sql));
                Assert.True(refused.SqlState == PostgresErrorCodes.InsufficientPrivilege, $"{sql}: {refused.Message}");
            }

            // Functions that it may run neither remove an event that is kept nor empty those of a request that is not redacted.
            await ExecuteAsync(serving, "select trim_changes(1::smallint, interval '-1 day', 1000000)");
            PostgresException kept = await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(
                serving, "select redact_changes(1::smallint, id) from service_request where redacted_at is null limit 1"));
            Assert.Equal(PostgresErrorCodes.ObjectNotInPrerequisiteState, kept.SqlState);
            await using NpgsqlDataSource database = CityHelperDatabase.CreateDataSource(owner);
            await using NpgsqlCommand count = database.CreateCommand(
                "select count(*) from change where city_id = 1 and kind <> 'epoch'");
            Assert.InRange((long)(await count.ExecuteScalarAsync())!, 8, 20);
        }
        finally
        {
            NpgsqlConnection.ClearAllPools();
            await ExecuteAsync(owner, $"drop owned by {role}; drop role {role}");
        }
    }

    // Every mutation, a report in a year without partitions among them, and what they are read by.
    private static async Task AssertServesAsync(TestServer server)
    {
        string id = ReadingFixture.Id(1);
        var location = new { longitude = -73.98, latitude = 40.75 };
        string reported = await WriteAsync(
            server, "reportServiceRequest", new { city = "nyc", category = "rodent", idempotencyKey = "a", location });
        (string Mutation, object Input)[] writes =
        [
            ("linkServiceRequest", new { id = reported, externalId = "77" }),
            ("updateServiceRequestStatus", new { id, status = "PENDING", note = "Seen.", idempotencyKey = "b" }),
            ("assignServiceRequest", new { id, agency = "NYPD" }),
            ("correctServiceRequest", new { id, title = "Loud" }),
            ("addServiceRequestNote", new { id, note = "Still there." }),
            ("mergeDuplicate", new { id, duplicateOf = ReadingFixture.Id(2) }),
            ("redactServiceRequest", new { id }),
        ];
        foreach ((string mutation, object input) in writes)
        {
            await WriteAsync(server, mutation, input);
        }

        JsonElement read = await server.DataAsync(
            """
            {
              city(slug: "nyc") { cursor categories { totalCount } }
              serviceRequests(city: "nyc", first: 3) { totalCount nodes { id updates(last: 2) { status } boundaries { code } } }
              serviceRequestStats(city: "nyc") { total }
            }
            """);
        Assert.Equal(JsonValueKind.String, read.GetProperty("city").GetProperty("cursor").ValueKind);
    }

    /// <returns>The id of the request.</returns>
    private static async Task<string> WriteAsync(TestServer server, string mutation, object input)
    {
        JsonElement data = await server.DataAsync(
            WritingServer.TextOf(mutation, "serviceRequest { id version } cursor errors { __typename ... on Error { message } }"),
            new { input });
        JsonElement payload = data.GetProperty(mutation);
        Assert.True(payload.GetProperty("errors").ValueKind == JsonValueKind.Null, $"{mutation}: {payload}");
        Assert.Equal(JsonValueKind.String, payload.GetProperty("cursor").ValueKind);
        return payload.GetProperty("serviceRequest").GetProperty("id").GetString()!;
    }

    private static string Grants()
    {
        Match block = SqlBlock().Match(File.ReadAllText(Repository.PathOf("docs", "operating.md")));
        Assert.True(block.Success, "docs/operating.md has no grants.");
        return block.Groups[1].Value;
    }

    private static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using NpgsqlDataSource database = CityHelperDatabase.CreateDataSource(connectionString);
        await using NpgsqlCommand command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    [GeneratedRegex("```sql\n(create role cityhelper_serving.*?)```", RegexOptions.Singleline)]
    private static partial Regex SqlBlock();
}
