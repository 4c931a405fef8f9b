using CityHelper.Data.Changes;
using CityHelper.IntegrationTests.Postgres;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Changes;

/// <summary>
/// <c>announce_change</c>, which other services in the database call. That an id is one event: <see cref="ChangeLogTests"/>.
/// </summary>
public sealed class AnnouncementTests(PostgresFixture postgres) : ChangeLogFixture(postgres)
{
    [Fact]
    public async Task A_cause_is_cut()
    {
        await ExecuteAsync("select announce_change(1::smallint, null, repeat('é', 200))");
        await ExecuteAsync("select announce_change(1::smallint, null, repeat('x', 201))");
        await NumberAsync();
        Assert.Equal([new string('é', 200), new string('x', 200)], (await ReadAsync()).Select(e => e.Cause));
    }

    /// <summary>More cells than an event names touch everything, and none at all are none.</summary>
    [Theory]
    [InlineData(0, 0, false)]
    [InlineData(1, 1, false)]
    [InlineData(256, 256, false)]
    [InlineData(257, 0, true)]
    [InlineData(5_000, 0, true)]
    public async Task So_many_cells_are_kept(int cells, int kept, bool isAll)
    {
        await ExecuteAsync($"select announce_change(1::smallint, array(select g::bigint from generate_series(1, {cells}) g), 'crm')");
        await NumberAsync();
        ChangeEvent change = Assert.Single(await ReadAsync());
        Assert.Equal((kept, isAll, ChangeKind.Bulk), (change.Cells.Count, change.IsAll, change.Kind));
        Assert.Equal(Enumerable.Range(1, kept).Select(cell => (long)cell), change.Cells);
    }

    /// <summary>Every server follows every event: what one cannot read would stop them all.</summary>
    [Theory]
    [InlineData("announce_change(1::smallint, array[7, null]::bigint[])", PostgresErrorCodes.CheckViolation)]
    [InlineData("announce_change(1::smallint, array[[1, 2], [3, 4]]::bigint[])", PostgresErrorCodes.CheckViolation)]
    [InlineData("announce_change(7::smallint)", PostgresErrorCodes.ForeignKeyViolation)]
    [InlineData("announce_change((-1)::smallint)", PostgresErrorCodes.ForeignKeyViolation)]
    [InlineData("announce_change(1::smallint, null, null)", PostgresErrorCodes.NotNullViolation)]
    public async Task What_no_server_could_read_is_refused(string call, string state)
    {
        PostgresException refused = await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync($"select {call}"));
        Assert.Equal(state, refused.SqlState);
        Assert.Equal(0, await CountAsync("change_outbox"));
    }

    [Fact]
    public async Task City_0_is_for_what_belongs_to_no_city()
    {
        await ExecuteAsync("select announce_change(0::smallint, null, 'crm')");
        Assert.Equal(["1 crm"], await NumberedAsync(0));
    }

    [Fact]
    public async Task A_role_needs_the_right_to_execute_it_and_no_other()
    {
        string role = $"service_{Guid.NewGuid():N}";
        await ExecuteAsync($"create role {role}");
        try
        {
            const string Call = "select announce_change(1::smallint, array[7]::bigint[], 'crm')";
            await RefusedAsync(role, Call);
            await ExecuteAsync($"grant execute on function announce_change(smallint, bigint[], text, uuid) to {role}");
            await ExecuteAsync($"set role {role}; {Call}");
            await RefusedAsync(role, Appending("direct"));
            await RefusedAsync(role, "select * from change");
            await RefusedAsync(role, "select number_changes(1::smallint)");
            Assert.Equal(["crm"], (await NumberedAsync()).Select(told => told[2..]));
        }
        finally
        {
            await ExecuteAsync($"drop owned by {role}; drop role {role}");
        }
    }

    private async Task RefusedAsync(string role, string sql)
    {
        PostgresException refused = await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync($"set role {role}; {sql}"));
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
    }
}
