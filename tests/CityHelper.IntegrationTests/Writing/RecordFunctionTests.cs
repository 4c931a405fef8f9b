using CityHelper.Data.ServiceRequests;
using CityHelper.IntegrationTests.Postgres;
using Xunit;

namespace CityHelper.IntegrationTests.Writing;

/// <summary>The function for other services, whose body a migration has copied.</summary>
public sealed class RecordFunctionTests(PostgresFixture postgres) : WritingFixture(postgres)
{
    /// <summary>When the shared text changes, a new migration replaces the function.</summary>
    [Fact]
    public async Task The_databases_function_is_the_text_that_importer_and_mutations_are_made_from() => Assert.Equal(
        $"\n{RequestSql.RecordFunction}\n",
        Assert.Single(await RowsAsync("select prosrc from pg_proc where proname = 'record_service_request_change'")));

    [Fact]
    public async Task A_service_tells_of_a_new_a_changed_and_a_removed_request()
    {
        await AddReferencesAsync();
        await ExecuteAsync(
            """
            with made as (
                insert into service_request as r (city_id, id, category_id, status, location, created_at, updated_at)
                values (1, id_floor('2026-11-23 12:00Z'), 2, 'OPEN', st_setsrid(st_makepoint(-73.98, 40.75), 4326),
                        '2026-11-23 12:00Z', '2026-11-23 12:00Z')
                returning r as whole
            )
            select record_service_request_change(null, whole, 'intake') from made
            """);
        await AssertCountedAsync();
        long request = long.Parse(Assert.Single(await RowsAsync("select id::text from service_request")),
            System.Globalization.CultureInfo.InvariantCulture);
        await PutAsync(request, "status = 'CLOSED', closed_at = '2026-11-23 13:00Z', updated_at = '2026-11-23 13:00Z'");
        await AssertLogAsync();
        await AssertCountedAsync();
        await ExecuteAsync(
            """
            with gone as (delete from service_request r returning r as whole)
            select record_service_request_change(whole, null, 'archive', 'Too old.') from gone
            """);
        Assert.Equal(
            ["1|intake|-|OPEN|2|POINT(-73.98 40.75)", "2|service|OPEN|CLOSED|2|POINT(-73.98 40.75)", "3|archive|CLOSED|-|-|-"],
            (await EventsAsync()).Select(e =>
                $"{e.Version}|{e.Cause}|{(e.Before is null ? "-" : EnumLabel(e.Before.Status))}|"
                    + (Text(e.After) is { } after ? after.Replace("||", "|", StringComparison.Ordinal) : "-|-|-")));
        await AssertCountedAsync();

        // Its history went with it, and a note about a removed request has no row to belong to.
        Assert.Empty(await RowsAsync("select status::text from status_update"));
    }

    [Theory]
    [InlineData("record_service_request_change(null, null)")]
    [InlineData("number_changes(1::smallint)")]
    [InlineData("change_pulse()")]
    [InlineData("announce_change(1::smallint)")]
    [InlineData("trim_changes('1 day', 5)")]
    [InlineData("raise_change_epoch(1, 'test')")]
    [InlineData("redact_changes(1::smallint, 5)")]
    [InlineData("check_change_witness(1::smallint, 1, 1, gen_random_uuid(), now())")]
    public async Task Functions_of_the_log_are_run_by_grant(string call)
    {
        string role = $"nobody_{Guid.NewGuid():N}";
        await ExecuteAsync($"create role {role}; grant select on all tables in schema public to {role}");
        try
        {
            var refused = await Assert.ThrowsAsync<Npgsql.PostgresException>(() => ExecuteAsync($"set role {role}; select {call}"));
            Assert.Equal("42501", refused.SqlState);
        }
        finally
        {
            await ExecuteAsync($"drop owned by {role}; drop role {role}");
        }
    }
}
