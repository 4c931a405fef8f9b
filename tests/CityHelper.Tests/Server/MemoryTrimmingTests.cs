using CityHelper.Engine.Admission;
using CityHelper.Server.Http;
using Xunit;
using Limits = CityHelper.Server.Limits;

namespace CityHelper.Tests.Server;

public sealed class MemoryTrimmingTests
{
    [Fact]
    public void Memory_is_given_back_once_when_what_held_much_is_gone()
    {
        var memory = new ResponseMemory();
        using var trimming = new MemoryTrimming(memory, TimeProvider.System);
        Assert.False(trimming.IsDue());
        using (MemoryLease ordinary = memory.OpenConnection().TryBegin()!)
        {
            ordinary.Take(Limits.MemoryTrimBytes / 4);
            Assert.False(trimming.IsDue());
        }

        Assert.False(trimming.IsDue());
        MemoryLease large = memory.OpenConnection().TryBegin()!;
        large.Take(Limits.MemoryTrimBytes);
        Assert.False(trimming.IsDue());
        Assert.False(trimming.IsDue());
        large.Dispose();

        // Until the last look it was held.
        Assert.True(trimming.IsDue());
        Assert.False(trimming.IsDue());

        // Between two looks.
        using (MemoryLease quick = memory.OpenConnection().TryBegin()!)
        {
            quick.Take(Limits.MemoryTrimBytes);
        }

        Assert.False(trimming.IsDue());
        Assert.True(trimming.IsDue());
    }
}
