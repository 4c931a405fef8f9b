using System.Globalization;
using CityHelper.Data.Changes;
using CityHelper.Data.Model;
using CityHelper.Data.ServiceRequests;
using CityHelper.IntegrationTests.Postgres;
using Xunit;

namespace CityHelper.IntegrationTests.Writing;

/// <summary>Duplicates point at the last of a chain, never in a circle, whoever merges at once.</summary>
public sealed class MergeTests(PostgresFixture postgres) : WritingFixture(postgres)
{
    [Fact]
    public async Task A_chain_ends_at_its_last_request()
    {
        await AddReferencesAsync();
        long[] r = await ReportManyAsync(4);
        AssertDone(await MergeAsync(r[1], r[0], note: "The same."));
        AssertDone(await MergeAsync(r[2], r[1]));
        Assert.Equal([$"DUPLICATE|{r[0]}", $"DUPLICATE|{r[0]}"], await MergedAsync(r[1], r[2]));

        // Now what all of them point at is merged itself: they follow, each with a version and an event.
        AssertDone(await MergeAsync(r[0], r[3]));
        Assert.Equal([$"DUPLICATE|{r[3]}", $"DUPLICATE|{r[3]}", $"DUPLICATE|{r[3]}"], await MergedAsync(r[0], r[1], r[2]));
        Assert.Equal("OPEN|-|1", await ColumnsAsync(r[3], "status::text, duplicate_of::text, version::text"));
        Assert.Equal(["2", "3", "3"], await RowsAsync("select version::text from service_request where version > 1 order by 1"));
        IReadOnlyList<ChangeEvent> merged = (await EventsAsync()).TakeLast(3).ToArray();
        Assert.All(merged, e => Assert.Equal("mergeDuplicate", e.Cause));
        Assert.Equal(r[0], merged[^1].ServiceRequestId);

        // A member that only points elsewhere has no new row of history, and stays closed since its own merge.
        Assert.Equal([$"DUPLICATE|The same.|{Moment(Now)}"], await HistoryAsync(r[1]));
        await AssertLogAsync();
        await AssertCountedAsync();
    }

    [Fact]
    public async Task A_merge_closes_the_request_and_reopening_forgets_the_other()
    {
        await AddReferencesAsync();
        long[] r = await ReportManyAsync(2);
        AssertDone(await MergeAsync(r[0], r[1]));
        Assert.Equal(
            $"DUPLICATE|{r[1]}|{Moment(Now)}",
            await ColumnsAsync(
                r[0], "status::text, duplicate_of::text, to_char(closed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS')"));
        Time.Advance(TimeSpan.FromMinutes(1));
        AssertDone(await SetStatusAsync(r[0], ServiceRequestStatus.Open));
        Assert.Equal("OPEN|-|-|3", await ColumnsAsync(r[0], "status::text, duplicate_of::text, closed_at::text, version::text"));

        // It is nobody's duplicate now, and does not follow.
        long last = await ReportAsync();
        AssertDone(await MergeAsync(r[1], last));
        Assert.Equal("OPEN|-", await ColumnsAsync(r[0], "status::text, duplicate_of::text"));
        await AssertLogAsync();
        await AssertCountedAsync();
    }

    [Fact]
    public async Task The_same_merge_again_changes_nothing()
    {
        await AddReferencesAsync();
        long[] r = await ReportManyAsync(3);
        AssertDone(await MergeAsync(r[1], r[0]));
        AssertDone(await MergeAsync(r[2], r[0]));
        Assert.Null(AssertDone(await MergeAsync(r[1], r[0])).EventId);

        // By way of another duplicate of the same one.
        Assert.Null(AssertDone(await MergeAsync(r[1], r[2])).EventId);
        Assert.Equal(5, (await EventsAsync()).Count);
    }

    [Fact]
    public async Task Circles_are_refused()
    {
        await AddReferencesAsync();
        long[] r = await ReportManyAsync(3);
        AssertRefused<WriteRefusal.DuplicateCircle>(await MergeAsync(r[0], r[0]));
        AssertRefused<WriteRefusal.DuplicateCircle>(await MergeAsync(7, 7));
        AssertDone(await MergeAsync(r[0], r[1]));
        AssertRefused<WriteRefusal.DuplicateCircle>(await MergeAsync(r[1], r[0]));
        AssertDone(await MergeAsync(r[1], r[2]));
        AssertRefused<WriteRefusal.DuplicateCircle>(await MergeAsync(r[2], r[0]));
        AssertRefused<WriteRefusal.DuplicateCircle>(await MergeAsync(r[2], r[1]));
        AssertRefused<WriteRefusal.VersionStale>(await MergeAsync(r[2], r[1], version: 9));
        await AssertNoChainsAsync();
    }

    [Theory]
    [InlineData(100)]
    [InlineData(101)]
    public async Task At_most_a_hundred_duplicates_follow(int members)
    {
        await AddReferencesAsync();
        long[] r = await ReportManyAsync(2);
        await ExecuteAsync(
            $"""
            insert into service_request (city_id, id, category_id, status, created_at, updated_at, closed_at, duplicate_of)
            select 1, {r[0]} + n, 1, 'DUPLICATE', r.created_at, r.created_at, r.created_at, r.id
            from service_request r, generate_series(1, {members}) n where r.id = {r[0]}
            """);
        await Counters().RebuildAsync(City.Id);
        WriteOutcome outcome = await MergeAsync(r[0], r[1]);
        if (members > 100)
        {
            Assert.Equal(101, AssertRefused<WriteRefusal.TooManyDuplicates>(outcome).Number);
            Assert.Equal(2, (await EventsAsync()).Count);
            return;
        }

        AssertDone(outcome);
        Assert.Equal(103, (await EventsAsync()).Count);
        Assert.Equal(["101"], await RowsAsync($"select count(*)::text from service_request where duplicate_of = {r[1]} and version = 2"));
        await AssertNoChainsAsync();
        await AssertCountedAsync();
    }

    [Fact]
    public async Task Two_crosswise_merges_at_once_leave_no_circle()
    {
        await AddReferencesAsync();
        for (int i = 0; i < 10; i++)
        {
            long[] r = await ReportManyAsync(2);
            WriteOutcome[] outcomes = await Task.WhenAll(
                Task.Run(() => MergeAsync(r[0], r[1])), Task.Run(() => MergeAsync(r[1], r[0])));
            Assert.Single(outcomes.OfType<WriteOutcome.Done>());
            AssertRefused<WriteRefusal.DuplicateCircle>(Assert.Single(outcomes.OfType<WriteOutcome.Refused>()));
            await AssertNoChainsAsync();
        }

        await AssertLogAsync();
        await AssertCountedAsync();
    }

    [Fact]
    public async Task Many_merges_and_reopenings_at_once_leave_no_chain()
    {
        await AddReferencesAsync();
        long[] r = await ReportManyAsync(6);
        await Task.WhenAll(Enumerable.Range(0, 6).Select(seed => Task.Run(async () =>
        {
            var random = new Random(seed);
            for (int i = 0; i < 8; i++)
            {
                await (random.Next(4) == 0
                    ? SetStatusAsync(r[random.Next(6)], ServiceRequestStatus.Open)
                    : MergeAsync(r[random.Next(6)], r[random.Next(6)]));
            }
        })));
        await AssertNoChainsAsync();
        await AssertLogAsync();
        await AssertCountedAsync();
    }

    /// <summary>
    /// A merge locks its two requests and then finds a duplicate with a smaller id. Whoever has that one and wants the request meets a
    /// deadlock: PostgreSQL ends one of them, and neither client hears of it.
    /// </summary>
    [Fact]
    public async Task A_deadlock_is_repeated()
    {
        await AddReferencesAsync();
        long[] r = await ReportManyAsync(3);
        AssertDone(await MergeAsync(r[0], r[1]));
        int attempts = 0;
        var hasMember = new TaskCompletionSource();
        var mayGoOn = new TaskCompletionSource();
        Task<WriteOutcome> holder = WriteAsync(new RequestWrite(City.Id, "holder", async (transaction, cancellation) =>
        {
            attempts++;
            (RequestState? member, _) = await transaction.LockAsync(r[0], null, cancellation);
            hasMember.TrySetResult();
            await mayGoOn.Task;
            await transaction.LockAsync(r[1], null, cancellation);
            return await transaction.ApplyAsync(member!, RequestDecisions.AddNote(member!, "Held."), cancellation);
        }));
        await hasMember.Task;
        Task<WriteOutcome> merge = MergeAsync(r[1], r[2]);
        await LockWaits.UntilAsync(ConnectionString, TimeSpan.Zero, merge);
        mayGoOn.SetResult();

        AssertDone(await holder);
        AssertDone(await merge);
        Assert.InRange(attempts, 1, 2);
        Assert.Equal([$"DUPLICATE|{r[2]}", $"DUPLICATE|{r[2]}"], await MergedAsync(r[0], r[1]));
        await AssertLogAsync();
        await AssertCountedAsync();
    }

    /// <summary>A source that reopens a duplicate ends the merge: only duplicates name another request.</summary>
    [Fact]
    public async Task An_import_that_gives_a_duplicate_another_status_forgets_the_other()
    {
        const string Columns = "Status,Resolution Action Updated Date";
        await ImportAsync(WriteRows(Columns, "1,6/1/24 8:00,Noise,Open,6/1/24 9:00", "2,6/1/24 8:00,Noise,Open,6/1/24 9:00"));
        long[] r = [.. (await RowsAsync("select id::text from service_request order by external_id")).Select(IdOf)];
        AssertDone(await MergeAsync(r[0], r[1]));
        Time.Advance(TimeSpan.FromDays(2));
        await ImportAsync(WriteRows(Columns, "1,6/1/24 8:00,Noise,Started,11/24/26 9:00"));
        Assert.Equal("IN_PROGRESS|-|3", await ColumnsAsync(r[0], "status::text, duplicate_of::text, version::text"));
        await AssertNoChainsAsync();
    }

    private static long IdOf(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    private async Task<long[]> ReportManyAsync(int count)
    {
        var ids = new List<long>();
        for (int i = 0; i < count; i++)
        {
            ids.Add(await ReportAsync());

            // Ids of one moment are in random order; these are in the order of the reports.
            Time.Advance(TimeSpan.FromMilliseconds(1));
        }

        return [.. ids];
    }

    private async Task<IReadOnlyList<string>> MergedAsync(params long[] requests) => await RowsAsync(
        $"""
        select status::text, duplicate_of::text from service_request
        where id in ({string.Join(',', requests)}) and closed_at is not null order by id
        """);

    private async Task AssertNoChainsAsync() => Assert.Equal(["0"], await RowsAsync(
        """
        select count(*)::text
        from service_request r left join service_request o on o.city_id = r.city_id and o.id = r.duplicate_of
        where (r.status = 'DUPLICATE') <> (r.duplicate_of is not null)
           or r.duplicate_of is not null and (o.id is null or o.duplicate_of is not null)
        """));
}
