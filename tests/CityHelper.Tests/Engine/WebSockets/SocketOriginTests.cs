using CityHelper.Engine.Transport.WebSockets;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace CityHelper.Tests.Engine.WebSockets;

/// <summary>Which origins are the host's own.</summary>
public sealed class SocketOriginTests
{
    [Theory]
    [InlineData("https://map.example", "map.example", true)]
    [InlineData("https://MAP.example", "map.EXAMPLE", true)]
    [InlineData("https://map.example", "map.example:443", true)]
    [InlineData("http://map.example", "map.example", true)]
    [InlineData("http://localhost:5000", "localhost:5000", true)]
    [InlineData("http://[::1]:5000", "[::1]:5000", true)]
    [InlineData("https://xn--bcher-kva.example", "bücher.example", true)]
    [InlineData("https://xn--bcher-kva.example:8443", "bücher.example:8443", true)]
    [InlineData("https://xn--bcher-kva.example", "bucher.example", false)]
    [InlineData("https://map.example:8443", "map.example", false)]
    [InlineData("https://map.example", "map.example:8443", false)]
    [InlineData("http://map.example", "map.example:443", false)]
    [InlineData("https://evil.example", "map.example", false)]
    [InlineData("https://map.example.evil.example", "map.example", false)]
    [InlineData("https://map.example@evil.example", "map.example", false)]
    [InlineData("https://notmap.example", "map.example", false)]
    [InlineData("ftp://map.example", "map.example", false)]
    [InlineData("chrome-extension://map.example", "map.example", false)]
    [InlineData("file://", "map.example", false)]
    [InlineData("null", "map.example", false)]
    [InlineData("map.example", "map.example", false)]
    [InlineData("", "", false)]
    public void It_is_own_by_host_and_port(string origin, string host, bool isOwn) =>
        Assert.Equal(isOwn, SocketOrigin.IsOwn(origin, new HostString(host)));
}
