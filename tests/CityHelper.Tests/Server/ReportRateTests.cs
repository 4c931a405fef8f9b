using CityHelper.Server;
using CityHelper.Server.Clients;
using CityHelper.Server.ServiceRequests.Writing;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace CityHelper.Tests.Server;

public sealed class ReportRateTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 20, TimeSpan.Zero));

    [Fact]
    public void A_client_reports_so_often_in_a_minute_and_again_in_the_next()
    {
        var rate = new ReportRate(new Dictionary<string, ClientSettings> { ["app"] = new() { ReportsPerMinute = 2 } }, _time);
        Assert.Equal([null, null, 40, 40], Enumerable.Range(0, 4).Select(_ => rate.TryReport("app")));
        _time.Advance(TimeSpan.FromSeconds(39));
        Assert.Equal(1, rate.TryReport("app"));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([null, null, 60], Enumerable.Range(0, 3).Select(_ => rate.TryReport("app")));
    }

    [Fact]
    public void Clients_do_not_use_up_each_others_and_none_is_none()
    {
        var rate = new ReportRate(new Dictionary<string, ClientSettings> { ["silent"] = new() { ReportsPerMinute = 0 } }, _time);
        Assert.Equal(40, rate.TryReport("silent"));
        Assert.Equal(
            Limits.ReportsPerMinute, Enumerable.Range(0, 2 * Limits.ReportsPerMinute).Count(_ => rate.TryReport("default") is null));
        Assert.Null(rate.TryReport("other"));
    }
}
