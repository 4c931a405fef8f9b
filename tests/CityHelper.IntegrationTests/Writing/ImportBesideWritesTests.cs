using System.Globalization;
using CityHelper.Data;
using CityHelper.Data.Import;
using CityHelper.Data.Import.NewYork;
using CityHelper.Data.ServiceRequests;
using CityHelper.IntegrationTests.Postgres;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Writing;

/// <summary>An import goes on when staff change its requests in the middle of a batch.</summary>
public sealed class ImportBesideWritesTests(PostgresFixture postgres) : WritingFixture(postgres)
{
    private const string Columns = "Status,Resolution Action Updated Date";

    // Who finds the deadlock is who gives way: the import, which looks for it long before the other does.
    private const string OfImport = "-c deadlock_timeout=2s";
    private const string OfOther = "set local deadlock_timeout = '10min'";

    /// <summary>
    /// The batch finds the key unknown and inserts a request. Before it records the key, a link does: the batch is repeated, and updates
    /// the linked request.
    /// </summary>
    [Fact]
    public async Task A_key_that_is_linked_in_the_middle_of_a_batch_is_found_by_the_next_attempt()
    {
        await AddReferencesAsync();
        long request = await ReportAsync();

        // Whoever inserts a row with the id of this one waits until it is known whether that stays.
        long wanted = ImportedIds.Wanted(new DateTime(2026, 11, 23, 11, 50, 0, DateTimeKind.Utc), "A-1");
        await using NpgsqlConnection connection = await OpenAsync();
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync();
        await using var insert = new NpgsqlCommand(
            $"""
            insert into service_request (city_id, id, category_id, status, created_at, updated_at)
            values ({City.Id}, {wanted}, 1, 'OPEN', '2026-11-23 11:50:00Z', '2026-11-23 11:50:00Z')
            """, connection);
        await insert.ExecuteNonQueryAsync();
        Task<ImportSummary> import = Task.Run(() => ImportAsync(
            WriteRows(Columns, "A-1,11/23/26 6:50,Noise,Started,11/23/26 8:30", "A-2,11/23/26 6:51,Noise,Open,11/23/26 8:30")));
        await LockWaits.UntilAsync(ConnectionString, TimeSpan.Zero, import);
        AssertDone(await WriteAsync(RequestWrites.Link(City.Id, request, null, "A-1", "linkServiceRequest")));
        await transaction.RollbackAsync();

        ImportSummary summary = await import;
        Assert.Equal((1, 1), (summary.Inserted, summary.Updated));
        Assert.Equal("IN_PROGRESS|A-1|3", await ColumnsAsync(request, "status::text, external_id, version::text"));
        Assert.Equal(["A-1", "A-2"], await RowsAsync("select external_id from service_request order by 1"));
        Assert.Equal(["2"], await RowsAsync("select count(*)::text from service_request_external_id"));
        await AssertLogAsync();
        await AssertCountedAsync();
    }

    /// <summary>Another writer has the second request and wants the first, which the batch has: the import gives way.</summary>
    [Fact]
    public async Task A_batch_that_meets_a_deadlock_is_repeated()
    {
        long[] r = await ImportTwoAsync("1", "2");
        await using NpgsqlConnection connection = await OpenAsync();
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync();
        await LockAsync(connection, r[1], OfOther);
        Task<ImportOutcome> import = ImportLaterAsync("1", "2");
        await LockWaits.UntilAsync(ConnectionString, TimeSpan.Zero, import);
        await LockAsync(connection, r[0]);
        await ChangeAsync(connection, "2", "title = 'Held'");
        await transaction.CommitAsync();

        await AssertImportedAsync(await import, r);
        Assert.Equal("Held|3", await ColumnsAsync(r[1], "title, version::text"));
    }

    /// <summary>As merges of duplicates do. The keys of the file are in the opposite order, and so are the rows of the batch.</summary>
    [Fact]
    public async Task A_batch_locks_its_requests_in_the_order_of_their_ids()
    {
        long[] r = await ImportTwoAsync("2", "1");
        await using NpgsqlConnection connection = await OpenAsync();
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync();
        await LockAsync(connection, r[0]);
        Task<ImportOutcome> import = ImportLaterAsync("2", "1");
        await LockWaits.UntilAsync(ConnectionString, TimeSpan.Zero, import);

        // The batch waits for the first, and does not have the second yet.
        await LockAsync(connection, r[1], "set local lock_timeout = '1s'");
        await transaction.CommitAsync();
        await AssertImportedAsync(await import, r);
    }

    /// <summary>The repetitions end: what stays refused is a failure of the import, as before.</summary>
    [Fact]
    public async Task A_batch_that_is_always_refused_fails_after_some_attempts()
    {
        await ExecuteAsync(
            """
            create sequence attempts;
            create function refuse() returns trigger language plpgsql as
            $$
            begin
                perform nextval('attempts');
                raise exception 'always' using errcode = 'deadlock_detected';
            end
            $$;
            create trigger refuse before insert on service_request_external_id execute function refuse()
            """);
        await Assert.ThrowsAsync<PostgresException>(() => ImportAsync(WriteRows(Columns, "1,6/1/24 8:00,Noise,Open,6/1/24 9:00")));
        Assert.Equal([$"{Limits.BatchAttemptsMax}"], await RowsAsync("select last_value::text from attempts"));
        await ExecuteAsync("drop trigger refuse on service_request_external_id");
        Assert.Equal(1, (await ImportAsync(WriteRows(Columns, "1,6/1/24 8:00,Noise,Open,6/1/24 9:00"))).Inserted);
        await AssertLogAsync();
    }

    /// <summary>Imports two requests, one a minute after the other.</summary>
    /// <returns>Their ids, in this order.</returns>
    private async Task<long[]> ImportTwoAsync(string first, string second)
    {
        await ImportAsync(WriteRows(
            Columns, $"{first},6/1/24 8:00,Noise,Open,6/1/24 9:00", $"{second},6/1/24 8:01,Noise,Open,6/1/24 9:00"));
        return [.. (await RowsAsync("select id::text from service_request order by id"))
            .Select(id => long.Parse(id, CultureInfo.InvariantCulture))];
    }

    private Task<ImportOutcome> ImportLaterAsync(string first, string second)
    {
        string path = WriteRows(
            Columns, $"{first},6/1/24 8:00,Noise,Started,11/24/26 9:00", $"{second},6/1/24 8:01,Noise,Started,11/24/26 9:00");
        Time.Advance(TimeSpan.FromDays(2));
        return Task.Run(async () =>
        {
            await using NpgsqlDataSource database = CityHelperDatabase.CreateDataSource(
                new NpgsqlConnectionStringBuilder(ConnectionString) { Options = OfImport }.ConnectionString);
            return await new Importer(database, Time, RejectsFolder).ImportFileAsync(City, new NewYorkSource(), path);
        });
    }

    private async Task LockAsync(NpgsqlConnection connection, long request, string first = "select")
    {
        await using var command = new NpgsqlCommand(
            $"{first}; select from service_request where city_id = {City.Id} and id = {request} for no key update", connection);
        await command.ExecuteNonQueryAsync();
    }

    private async Task AssertImportedAsync(ImportOutcome outcome, long[] requests)
    {
        Assert.Null(outcome.Failure);
        Assert.Equal((0, 2), (outcome.Summary!.Inserted, outcome.Summary.Updated));
        foreach (long request in requests)
        {
            Assert.Equal("IN_PROGRESS", await ColumnsAsync(request, "status::text"));
        }

        await AssertLogAsync();
        await AssertCountedAsync();
    }
}
