using CityHelper.Engine.Writing;
using CityHelper.Server.Http;
using Limits = CityHelper.Server.Limits;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace CityHelper.Tests.Server;

public sealed class MemoryTrimmingTests
{
    [Fact]
    public void Memory_is_given_back_once_when_what_held_much_is_gone()
    {
        var memory = new ResponseMemory();
        using var trimming = new MemoryTrimming(memory, TimeProvider.System, NullLogger<MemoryTrimming>.Instance);
        Assert.False(trimming.IsFloodOver());
        using (MemoryLease ordinary = memory.OpenConnection().TryBegin()!)
        {
            ordinary.Take(Limits.MemoryTrimBytes / 4);
            Assert.False(trimming.IsFloodOver());
        }

        Assert.False(trimming.IsFloodOver());
        MemoryLease large = memory.OpenConnection().TryBegin()!;
        large.Take(Limits.MemoryTrimBytes);
        Assert.False(trimming.IsFloodOver());
        Assert.False(trimming.IsFloodOver());
        large.Dispose();

        // The memory was held until the check before this one.
        Assert.True(trimming.IsFloodOver());
        Assert.False(trimming.IsFloodOver());

        // Taken and returned between two checks.
        using (MemoryLease quick = memory.OpenConnection().TryBegin()!)
        {
            quick.Take(Limits.MemoryTrimBytes);
        }

        Assert.False(trimming.IsFloodOver());
        Assert.True(trimming.IsFloodOver());
    }

    [Fact]
    public void What_the_load_needs_is_looked_at_ever_less_often()
    {
        const long Quiet = 40_000_000;
        var time = new FakeTimeProvider();
        using var trimming = new MemoryTrimming(new ResponseMemory(), time, NullLogger<MemoryTrimming>.Instance);
        Assert.False(trimming.HasGrown(Quiet));
        Assert.False(trimming.HasGrown(Quiet + Limits.MemoryTrimGrowthBytes - 1));

        // Due as soon as it has grown.
        Assert.True(trimming.HasGrown(Quiet + Limits.MemoryTrimGrowthBytes));
        trimming.NoteTrimmed(Quiet);

        // It grows back each time, so the wait doubles: 15 s, 30 s, a minute, up to an hour.
        TimeSpan[] waits =
        [
            .. Enumerable.Range(0, 12).Select(_ => UntilDue(trimming, time, Quiet + 2 * Limits.MemoryTrimGrowthBytes, Quiet)),
        ];
        Assert.Equal([15, 30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600], waits.Take(10).Select(w => w.TotalSeconds));

        // It stayed small for a while, so the wait is short again: a later attack is soon over.
        time.Advance(2 * Limits.MemoryTrimWaitMax);
        Assert.False(trimming.HasGrown(Quiet));
        Assert.True(trimming.HasGrown(Quiet + Limits.MemoryTrimGrowthBytes));
        trimming.NoteTrimmed(Quiet);
        Assert.Equal(Limits.MemoryTrimInterval, UntilDue(trimming, time, Quiet + Limits.MemoryTrimGrowthBytes, Quiet));
    }

    /// <summary>The memory left after a trim is the new baseline.</summary>
    [Fact]
    public void What_cannot_be_given_back_is_kept()
    {
        var time = new FakeTimeProvider();
        using var trimming = new MemoryTrimming(new ResponseMemory(), time, NullLogger<MemoryTrimming>.Instance);
        Assert.False(trimming.HasGrown(40_000_000));
        Assert.True(trimming.HasGrown(100_000_000));
        trimming.NoteTrimmed(95_000_000);
        time.Advance(2 * Limits.MemoryTrimWaitMax);
        Assert.False(trimming.HasGrown(100_000_000));
        Assert.True(trimming.HasGrown(95_000_000 + Limits.MemoryTrimGrowthBytes));
    }

    private static TimeSpan UntilDue(MemoryTrimming trimming, FakeTimeProvider time, long grown, long left)
    {
        DateTimeOffset start = time.GetUtcNow();
        do
        {
            time.Advance(Limits.MemoryTrimInterval);
        }
        while (!trimming.HasGrown(grown));
        trimming.NoteTrimmed(left);
        return time.GetUtcNow() - start;
    }
}
