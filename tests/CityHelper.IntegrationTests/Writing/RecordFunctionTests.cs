using System.Text.RegularExpressions;
using CityHelper.Data.Changes;
using CityHelper.Data.Model;
using CityHelper.Data.ServiceRequests;
using CityHelper.IntegrationTests.Postgres;
using Xunit;

namespace CityHelper.IntegrationTests.Writing;

/// <summary>The function for other services, whose body a migration has copied.</summary>
public sealed partial class RecordFunctionTests(PostgresFixture postgres) : WritingFixture(postgres)
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

    /// <summary>A copier could not write them, and no index of times holds them.</summary>
    [Theory]
    [InlineData("location = st_geomfromtext('POINT EMPTY', 4326)", "23514")]
    [InlineData("location = st_setsrid(st_makepoint(200, 40), 4326)", "23514")]
    [InlineData("location = st_setsrid(st_makepoint('NaN', 40), 4326)", "23514")]
    [InlineData("updated_at = 'infinity'", "22023")]
    [InlineData("closed_at = '-infinity'", "22023")]
    public async Task What_no_event_can_tell_is_refused(string change, string state)
    {
        await AddReferencesAsync();
        long request = await ReportAsync();
        string content = await WritingServer.ContentAsync(Database);
        var refused = await Assert.ThrowsAsync<Npgsql.PostgresException>(() => PutAsync(request, change));
        Assert.True(refused.SqlState == state, $"{refused.SqlState} {refused.MessageText}");
        Assert.Equal(content, await WritingServer.ContentAsync(Database));
    }

    /// <summary>The examples of docs/events.md, by the role that they make.</summary>
    [Fact]
    public async Task The_examples_of_the_manual_do_what_it_says()
    {
        await AddReferencesAsync();
        long request = await ReportAsync();
        string[] examples = [.. SqlBlock().Matches(await File.ReadAllTextAsync(Repository.PathOf("docs", "events.md")))
            .Select(match => match.Groups[1].Value)];
        string role = $"crm_{Guid.NewGuid():N}";
        Assert.Equal(3, examples.Length);
        await ExecuteAsync(Regex.Replace(examples[2], @"\bcrm\b", role));
        try
        {
            string record = examples[0].Replace("641245328185491457", $"{request}", StringComparison.Ordinal);
            Assert.Contains($"{request}", record, StringComparison.Ordinal);
            await ExecuteAsync($"set role {role}; {record}");
            string announce = examples[1].Replace("[...]", "[14::bigint << 58 | 4825 << 29 | 6160]", StringComparison.Ordinal);
            await ExecuteAsync($"set role {role}; {announce}");
        }
        finally
        {
            await ExecuteAsync($"drop owned by {role}; drop role {role}");
        }

        ChangeEvent[] told = [.. (await EventsAsync()).Skip(1)];
        Assert.Equal([("crm", ChangeKind.Request), ("crm", ChangeKind.Bulk)], told.Select(e => (e.Cause, e.Kind)));
        Assert.Equal((ServiceRequestStatus.Closed, false), (told[0].After!.Status, told[1].IsAll));
        Assert.Contains("Done by the crew.", (await HistoryAsync(request))[^1], StringComparison.Ordinal);
        await AssertCountedAsync();
    }

    /// <summary>What it says is counted and told for ever.</summary>
    [Fact]
    public async Task What_is_not_what_is_stored_is_refused()
    {
        await AddReferencesAsync();
        long request = await ReportAsync();
        long other = await ReportAsync();
        string row = $"(select r from service_request r where r.id = {request})";
        (string Before, string After, string State)[] wrong =
        [
            ("null", "null", "22004"),
            (row, $"(select r from service_request r where r.id = {other})", "22023"),
            (row, "null", "22023"),
            (row, With("status", "\"CLOSED\""), "22023"),
            (row, With("id", "7"), "22023"),
            ("null", With("id", "7"), "22023"),
            (With("version", "0"), row, "40001"),
        ];
        string With(string column, string json) =>
            $"(select jsonb_populate_record(r, '{{\"{column}\": {json}}}') from service_request r where r.id = {request})";
        string content = await WritingServer.ContentAsync(Database);
        foreach ((string before, string after, string state) in wrong)
        {
            var refused = await Assert.ThrowsAsync<Npgsql.PostgresException>(
                () => ExecuteAsync($"select record_service_request_change({before}, {after})"));
            Assert.True(refused.SqlState == state, $"{before}, {after}: {refused.SqlState} {refused.MessageText}");
        }

        // Twice with the same row, in one transaction: the second would be counted and told again.
        var again = await Assert.ThrowsAsync<Npgsql.PostgresException>(() => ExecuteAsync(
            $"""
            do $$
            declare was service_request; now service_request;
            begin
                select r.* into was from service_request r where r.id = {request} for no key update;
                update service_request r set status = 'PENDING' where r.id = {request} returning r.* into now;
                perform record_service_request_change(was, now);
                update service_request r set status = 'CLOSED' where r.id = {request} returning r.* into now;
                perform record_service_request_change(was, now);
            end $$
            """));
        Assert.Equal("40001", again.SqlState);
        Assert.Equal(content, await WritingServer.ContentAsync(Database));
    }

    [Fact]
    public async Task A_new_external_id_is_one_that_imports_find()
    {
        await AddReferencesAsync();
        long first = await ReportAsync();
        await PutAsync(first, "external_id = 'P-1'");
        Assert.Equal(
            [$"P-1|{first}"], await RowsAsync("select external_id, service_request_id::text from service_request_external_id"));
        long second = await ReportAsync();
        var taken = await Assert.ThrowsAsync<Npgsql.PostgresException>(() => PutAsync(second, "external_id = 'P-1'"));
        Assert.Equal("23505", taken.SqlState);
        await PutAsync(first, "title = 'Again'");
        await AssertLogAsync();
    }

    [Fact]
    public async Task A_cause_that_servers_would_keep_uncounted_is_refused()
    {
        await AddReferencesAsync();
        long request = await ReportAsync();
        string Recorded(int characters) =>
            $"select record_service_request_change(r, r, repeat('é', {characters})) from service_request r where r.id = {request}";
        await ExecuteAsync(Recorded(200));
        var refused = await Assert.ThrowsAsync<Npgsql.PostgresException>(() => ExecuteAsync(Recorded(201)));
        Assert.Equal(("23514", "change_outbox_cause"), (refused.SqlState, refused.ConstraintName));
        Assert.Equal(2, (await EventsAsync()).Count);
    }

    [GeneratedRegex("```sql\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex SqlBlock();

    [Theory]
    [InlineData("record_service_request_change(null, null)")]
    [InlineData("number_changes(1::smallint)")]
    [InlineData("change_pulse()")]
    [InlineData("announce_change(1::smallint)")]
    [InlineData("trim_changes(1::smallint, '1 day', 5)")]
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
