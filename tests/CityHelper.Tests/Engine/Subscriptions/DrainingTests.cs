using CityHelper.Engine.Subscriptions;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace CityHelper.Tests.Engine.Subscriptions;

/// <summary>How a server that stops ends what is long-lived, in virtual time.</summary>
public sealed class DrainingTests
{
    private const int Count = 200;
    private static readonly TimeSpan s_span = TimeSpan.FromSeconds(20);

    private readonly FakeTimeProvider _time = new();
    private readonly List<(int One, TimeSpan At)> _ended = [];

    [Fact]
    public async Task All_end_once_in_random_order_spread_evenly()
    {
        long start = _time.GetTimestamp();
        Task draining = Draining.EndAsync(
            [.. Enumerable.Range(0, Count)], one => _ended.Add((one, _time.GetElapsedTime(start))), s_span, _time, CancellationToken.None);

        // Without the context of a test, what was waited for goes on within Advance.
        await Task.Run(() =>
        {
            while (!draining.IsCompleted)
            {
                _time.Advance(s_span / Count / 2);
            }
        });
        await draining;
        Assert.Equal(Enumerable.Range(0, Count), _ended.Select(ended => ended.One).Order());
        Assert.NotEqual(Enumerable.Range(0, Count), _ended.Select(ended => ended.One));
        TimeSpan step = s_span / Count;
        Assert.All(_ended.Index(), ended => Assert.InRange(ended.Item.At, step * ended.Index, step * (ended.Index + 0.6)));
    }

    [Fact]
    public async Task All_that_are_left_end_at_once_when_the_time_is_over()
    {
        using var over = new CancellationTokenSource();
        Task draining = Draining.EndAsync([.. Enumerable.Range(0, Count)], one => _ended.Add((one, default)), s_span, _time, over.Token);
        Assert.Single(_ended);
        await over.CancelAsync();
        await draining;
        Assert.Equal(Count, _ended.Count);
    }
}
