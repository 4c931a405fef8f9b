using CityHelper.Engine.Lookups;
using Xunit;

namespace CityHelper.Tests.Engine;

public sealed class CoalescerTests
{
    private readonly Coalescer<string, int> _coalescer = new();
    private readonly TaskCompletionSource<int> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _looks;

    [Fact]
    public async Task Who_asks_while_somebody_looks_waits_for_the_same_look()
    {
        Task<int>[] asked = [.. Enumerable.Range(0, 200).Select(_ => AskAsync("a"))];
        _answer.SetResult(7);
        Assert.All(await Task.WhenAll(asked), found => Assert.Equal(7, found));
        Assert.Equal(1, _looks);
    }

    [Fact]
    public async Task Each_key_has_a_look_of_its_own_and_each_look_its_end()
    {
        Task<int>[] asked = [AskAsync("a"), AskAsync("b")];
        _answer.SetResult(7);
        await Task.WhenAll(asked);
        await AskAsync("a");
        Assert.Equal(3, _looks);
    }

    /// <summary>Nor begins a second one: the look is still under way.</summary>
    [Fact]
    public async Task Who_stops_waiting_ends_nobodys_look()
    {
        using var impatient = new CancellationTokenSource();
        Task<int> first = AskAsync("a", impatient.Token);
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Task<int> second = AskAsync("a");
        _answer.SetResult(7);
        Assert.Equal(7, await second);
        Assert.Equal(1, _looks);
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

        Assert.Equal(8, await _coalescer.AskAsync("a", _ => Task.FromResult(8)));
    }

    private Task<int> AskAsync(string key, CancellationToken cancellation = default) => _coalescer.AskAsync(
        key,
        _ =>
        {
            Interlocked.Increment(ref _looks);
            return _answer.Task;
        },
        cancellation);
}
