using CityHelper.Engine.Lookups;
using Xunit;

namespace CityHelper.Tests.Engine;

public sealed class CoalescerTests
{
    private readonly Coalescer<string, int> _coalescer = new();
    private readonly TaskCompletionSource<int> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationToken _token;
    private int _looks;

    [Fact]
    public async Task Callers_who_come_while_a_lookup_runs_share_it()
    {
        Task<int>[] asked = [.. Enumerable.Range(0, 200).Select(_ => AskAsync("a"))];
        _answer.SetResult(7);
        Assert.All(await Task.WhenAll(asked), found => Assert.Equal(7, found));
        Assert.Equal(1, _looks);
    }

    [Fact]
    public async Task Each_key_has_a_lookup_of_its_own_and_each_lookup_its_end()
    {
        Task<int>[] asked = [AskAsync("a"), AskAsync("b")];
        _answer.SetResult(7);
        await Task.WhenAll(asked);
        await AskAsync("a");
        Assert.Equal(3, _looks);
    }

    [Fact]
    public async Task A_caller_who_stops_waiting_cancels_no_one_elses_lookup()
    {
        using var impatient = new CancellationTokenSource();
        Task<int> first = AskAsync("a", impatient.Token);
        Task<int> second = AskAsync("a");
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.False(_token.IsCancellationRequested);
        _answer.SetResult(7);
        Assert.Equal(7, await second);
        Assert.Equal(1, _looks);
    }

    /// <summary>A lookup without callers would hold a connection for nobody; a later caller starts a new one.</summary>
    [Fact]
    public async Task The_last_caller_who_stops_waiting_cancels_the_lookup()
    {
        using var impatient = new CancellationTokenSource();
        Task<int>[] asked = [AskAsync("a", impatient.Token), AskAsync("a", impatient.Token)];
        CancellationToken ofFirst = _token;
        await impatient.CancelAsync();
        foreach (Task<int> one in asked)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one);
        }

        Assert.True(ofFirst.IsCancellationRequested);
        Task<int> later = AskAsync("a");
        Assert.False(_token.IsCancellationRequested);
        _answer.SetResult(7);
        Assert.Equal(7, await later);
        Assert.Equal(2, _looks);
    }

    /// <summary>Cancelling may take seconds, such as that of a statement in a database that is silent.</summary>
    [Fact]
    public async Task Who_leaves_does_not_wait_for_the_end_of_the_lookup()
    {
        // Far beyond what is tested: it only keeps a broken test from hanging.
        var patience = TimeSpan.FromSeconds(10);
        using var impatient = new CancellationTokenSource();
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var goesOn = new ManualResetEventSlim();
        Task<int> asked = AskAsync("a", impatient.Token);
        await using CancellationTokenRegistration slow = _token.Register(() =>
        {
            cancelled.SetResult();
            goesOn.Wait(2 * patience);
        });
        try
        {
            Task leaving = impatient.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked.WaitAsync(patience));
            await leaving.WaitAsync(patience);
            await cancelled.Task.WaitAsync(patience);
            Assert.False(goesOn.IsSet);
        }
        finally
        {
            goesOn.Set();
        }
    }

    /// <summary>Many threads come and go: a caller that stays gets a result, never the cancellation of a lookup that others left.</summary>
    [Fact]
    public async Task Whoever_stays_is_answered_however_others_come_and_go()
    {
        static async Task<int> LookAsync(CancellationToken ending)
        {
            await Task.Yield();
            ending.ThrowIfCancellationRequested();
            return 7;
        }

        await Parallel.ForAsync(0, 5_000, async (i, _) =>
        {
            using var leaving = new CancellationTokenSource();
            Task<int> asked = _coalescer.AskAsync("a", (_, ending) => LookAsync(ending), leaving.Token);
            if (i % 3 == 0)
            {
                await leaving.CancelAsync();
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked).ContinueWith(_ => { }, TaskScheduler.Default);
            }
            else
            {
                Assert.Equal(7, await asked);
            }
        });
    }

    [Fact]
    public async Task A_failure_is_everybodys_and_is_not_kept()
    {
        Task<int>[] asked = [AskAsync("a"), AskAsync("a")];
        _answer.SetException(new InvalidOperationException("It failed."));
        foreach (Task<int> one in asked)
        {
            Assert.Equal("It failed.", (await Assert.ThrowsAsync<InvalidOperationException>(() => one)).Message);
        }

        Assert.Equal(8, await _coalescer.AskAsync("a", (_, _) => Task.FromResult(8)));
    }

    private Task<int> AskAsync(string key, CancellationToken cancellation = default) => _coalescer.AskAsync(
        key,
        (_, ending) =>
        {
            _token = ending;
            Interlocked.Increment(ref _looks);
            return _answer.Task;
        },
        cancellation);
}
