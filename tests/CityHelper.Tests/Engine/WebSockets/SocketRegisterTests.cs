using CityHelper.Engine;
using CityHelper.Engine.Admission;
using CityHelper.Engine.Transport.WebSockets;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace CityHelper.Tests.Engine.WebSockets;

/// <summary>How many WebSockets there may be.</summary>
public sealed class SocketRegisterTests
{
    private readonly SocketRegister _register = new(TimeProvider.System, NullLogger<SocketRegister>.Instance);

    [Fact]
    public void Sockets_are_counted_by_server_and_by_client()
    {
        var known = new ClientShare("civic", 1, 1);
        SocketSlot[] slots = [.. Enumerable.Range(0, Limits.SocketsMax).Select(_ => _register.TryEnter()!)];
        Assert.Null(_register.TryEnter());
        Assert.Equal(Limits.StreamsOfClientMax, slots.Count(slot => slot.TryCount(known)));
        SocketSlot other = slots[Limits.StreamsOfClientMax];
        Assert.Null(other.Share);
        Assert.True(other.TryCount(ClientShare.Everybody));

        slots[0].Dispose();
        Assert.True(slots[Limits.StreamsOfClientMax + 1].TryCount(known));
        Assert.False(slots[Limits.StreamsOfClientMax + 2].TryCount(known));
        using SocketSlot? again = _register.TryEnter();
        Assert.NotNull(again);
    }
}
