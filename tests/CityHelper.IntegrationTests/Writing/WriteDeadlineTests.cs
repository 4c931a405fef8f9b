using CityHelper.Data;
using CityHelper.Data.Changes;
using CityHelper.Data.Model;
using CityHelper.Data.ServiceRequests;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Writing;

/// <summary>A write is over in time, whatever it waits for; what was committed is answered although its number is late.</summary>
public sealed class WriteDeadlineTests(PostgresFixture postgres) : WritingFixture(postgres)
{
    [Fact]
    public async Task A_write_that_waits_for_a_row_is_given_up_and_not_done_later()
    {
        await AddReferencesAsync();
        long request = await ReportAsync();
        string before = await RowAsync(request);
        await using NpgsqlConnection holder = await Database.OpenConnectionAsync();
        await using NpgsqlTransaction held = await holder.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand($"select 1 from service_request where id = {request} for update", holder))
        {
            await hold.ExecuteScalarAsync();
        }

        Task<WriteOutcome> write = SetStatusAsync(request, ServiceRequestStatus.Closed);
        await Patience.UntilAsync(async () => (await WaitingAsync("relation", "transactionid", "tuple")).Count == 1 ? "waits" : null);
        Time.Advance(Limits.WriteTimeMax);
        NpgsqlException late = await Assert.ThrowsAnyAsync<NpgsqlException>(() => write);
        Assert.IsType<TimeoutException>(late.InnerException);
        await held.CommitAsync();
        Assert.Equal(before, await RowAsync(request));
        Assert.Single(await EventsAsync());
    }

    [Fact]
    public async Task The_wait_for_a_connection_counts()
    {
        await using NpgsqlDataSource narrow = CityHelperDatabase.CreateDataSource(
            new NpgsqlConnectionStringBuilder(ConnectionString) { MaxPoolSize = 1 }.ConnectionString);
        await using NpgsqlConnection only = await narrow.OpenConnectionAsync();
        var writer = new RequestWriter(narrow, new ChangeNumbering(new ChangeLog(narrow)), Time);
        Task<WriteOutcome> write = writer.WriteAsync(StatusOf(1, ServiceRequestStatus.Closed), CancellationToken.None);
        Time.Advance(Limits.WriteTimeMax);
        NpgsqlException late = await Assert.ThrowsAnyAsync<NpgsqlException>(() => write);
        Assert.IsType<TimeoutException>(late.InnerException);
    }

    [Fact]
    public async Task A_number_that_is_late_is_not_waited_for()
    {
        await AddReferencesAsync();
        long request = await ReportAsync();

        // Whatever the numbering waits for: the log's pool has no connection.
        await using NpgsqlDataSource narrow = CityHelperDatabase.CreateDataSource(
            new NpgsqlConnectionStringBuilder(ConnectionString) { MaxPoolSize = 1 }.ConnectionString);
        await using NpgsqlConnection only = await narrow.OpenConnectionAsync();
        var writer = new RequestWriter(Database, new ChangeNumbering(new ChangeLog(narrow)), Time);
        Task<WriteOutcome> write = writer.WriteAsync(StatusOf(request, ServiceRequestStatus.Closed), CancellationToken.None);
        await Patience.UntilAsync(async () => await RowsAsync("select cause from change_outbox") is [var written] ? written : null);
        while (!write.IsCompleted)
        {
            // As often as it takes: the wait begins at some time after the commit.
            Time.Advance(Limits.NumberingWaitMax);
            await Task.Yield();
        }

        WriteOutcome.Done done = AssertDone(await write);
        Assert.Equal((request, null), (done.RequestId, done.Position));
        Assert.NotNull(done.EventId);
        Assert.Equal(["CLOSED"], await RowsAsync("select status::text from service_request"));
    }

    private Task<IReadOnlyList<string>> WaitingAsync(params string[] locks) => RowsAsync(
        $"""
        select pid::text from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and wait_event in ('{string.Join("','", locks)}')
        """);
}
