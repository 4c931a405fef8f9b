using CityHelper.Data.Changes;
using CityHelper.Data.Model;
using CityHelper.Data.ServiceRequests;
using CityHelper.IntegrationTests.Postgres;
using Xunit;

namespace CityHelper.IntegrationTests.Writing;

/// <summary>A write with a key is done once, however often and from wherever it is sent.</summary>
public sealed class IdempotencyTests(PostgresFixture postgres) : WritingFixture(postgres)
{
    private static readonly byte[] s_input = [1, 2, 3];
    private static readonly byte[] s_other = [1, 2, 4];

    [Fact]
    public async Task The_same_key_and_input_answer_the_same_and_write_nothing_more()
    {
        await AddReferencesAsync();
        WriteOutcome.Done first = AssertDone(await WriteAsync(Report("staff", "a", s_input)));
        long request = first.RequestId;
        AssertDone(await SetStatusAsync(request, ServiceRequestStatus.Closed));
        string before = await RowAsync(request);
        WriteOutcome.Done again = AssertDone(await WriteAsync(Report("staff", "a", s_input)));

        // Also the place in the log, although others wrote since.
        Assert.Equal(first with { IsRepetition = true }, again);
        Assert.Equal(before, await RowAsync(request));
        Assert.Equal(2, (await EventsAsync()).Count);
        await AssertLogAsync();
    }

    [Fact]
    public async Task A_write_that_changed_nothing_is_remembered_as_such()
    {
        await AddReferencesAsync();
        long request = await ReportAsync();
        RequestWrite nothing = StatusOf(request, ServiceRequestStatus.Open) with { Key = new("staff", "a", s_input) };
        Assert.Null(AssertDone(await WriteAsync(nothing)).EventId);

        // Done later, the same write would change something; it was answered already.
        AssertDone(await SetStatusAsync(request, ServiceRequestStatus.Pending));
        Assert.Equal(new WriteOutcome.Done(request, null) { IsRepetition = true }, await WriteAsync(nothing));
        Assert.Equal("PENDING|2", await ColumnsAsync(request, "status::text, version::text"));
    }

    [Fact]
    public async Task The_key_of_another_input_or_another_mutation_is_refused()
    {
        await AddReferencesAsync();
        long request = AssertDone(await WriteAsync(Report("staff", "a", s_input))).RequestId;
        AssertRefused<WriteRefusal.KeyReused>(await WriteAsync(Report("staff", "a", s_other)));
        AssertRefused<WriteRefusal.KeyReused>(await WriteAsync(
            StatusOf(request, ServiceRequestStatus.Closed) with { Key = new("staff", "a", s_input) }));
        Assert.Single(await EventsAsync());
        Assert.Equal(["OPEN|1"], await RowsAsync("select status::text, version::text from service_request"));
    }

    [Fact]
    public async Task Keys_of_two_clients_are_two_keys()
    {
        await AddReferencesAsync();
        long first = AssertDone(await WriteAsync(Report("staff", "a", s_input))).RequestId;
        long second = AssertDone(await WriteAsync(Report("civic", "a", s_other))).RequestId;
        Assert.NotEqual(first, second);
        Assert.Equal(first, AssertDone(await WriteAsync(Report("staff", "a", s_input))).RequestId);
        Assert.Equal(second, AssertDone(await WriteAsync(Report("civic", "a", s_other))).RequestId);
        Assert.Equal(2, (await EventsAsync()).Count);
    }

    [Fact]
    public async Task Twenty_at_once_with_one_key_are_one_write()
    {
        await AddReferencesAsync();
        WriteOutcome[] outcomes = await Task.WhenAll(
            Enumerable.Range(0, 20).Select(_ => Task.Run(() => WriteAsync(Report("staff", "a", s_input)))));
        ChangeEvent reported = Assert.Single(await EventsAsync());
        Assert.All(outcomes, outcome =>
        {
            WriteOutcome.Done done = AssertDone(outcome);
            Assert.Equal((reported.ServiceRequestId!.Value, reported.EventId), (done.RequestId, done.EventId!.Value));

            // Null where others held the city's lock for too long.
            Assert.True(done.Position is null || done.Position == (reported.Epoch, reported.Number));
        });
        Assert.Equal(["1"], await RowsAsync("select count(*)::text from service_request"));
        await AssertCountedAsync();
    }

    [Fact]
    public async Task After_a_refusal_the_key_is_free_again()
    {
        await AddReferencesAsync();
        long request = await ReportAsync();
        var key = new IdempotencyKey("staff", "a", s_input);
        AssertRefused<WriteRefusal.VersionStale>(
            await WriteAsync(StatusOf(request, ServiceRequestStatus.Closed, version: 7) with { Key = key }));
        Assert.Equal(["0"], await RowsAsync("select count(*)::text from idempotency_key"));
        AssertDone(await WriteAsync(
            StatusOf(request, ServiceRequestStatus.Closed, version: 1) with { Key = key with { InputHash = s_other } }));
        Assert.Equal("CLOSED|2", await ColumnsAsync(request, "status::text, version::text"));
    }

    /// <summary>The second waits for the first one's key. Whether the first refuses or fails, the second then writes.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task When_the_first_is_rolled_back_the_second_proceeds(bool refused)
    {
        await AddReferencesAsync();
        var isIn = new TaskCompletionSource();
        var mayEnd = new TaskCompletionSource();
        RequestWrite first = Report("staff", "a", s_input);
        first = first with
        {
            RunAsync = async (transaction, cancellation) =>
            {
                await Report("staff", "a", s_input).RunAsync(transaction, cancellation);
                isIn.SetResult();
                await mayEnd.Task;
                return refused
                    ? new WriteOutcome.Refused(new WriteRefusal.Redacted())
                    : throw new InvalidOperationException("The writer's process is about to end.");
            },
        };
        Task<WriteOutcome> firstOutcome = WriteAsync(first);
        await isIn.Task;
        Task<WriteOutcome> second = WriteAsync(Report("staff", "a", s_input));
        await LockWaits.UntilAsync(ConnectionString, TimeSpan.Zero, second);
        Assert.False(second.IsCompleted);
        mayEnd.SetResult();

        if (refused)
        {
            AssertRefused<WriteRefusal.Redacted>(await firstOutcome);
        }
        else
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => firstOutcome);
        }

        long request = AssertDone(await second).RequestId;
        Assert.Equal(request, Assert.Single(await EventsAsync()).ServiceRequestId);
        Assert.Equal(["1"], await RowsAsync("select count(*)::text from service_request"));
        await AssertLogAsync();
        await AssertCountedAsync();
    }

    private RequestWrite Report(string client, string key, byte[] input) =>
        RequestWrites.Report(City.Id, "noise", ReportOf(), "reportServiceRequest") with { Key = new(client, key, input) };
}
