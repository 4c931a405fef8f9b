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
        ReportRate rate = Rate(("app", WithHost(max: 2)));
        Assert.Equal([null, null, 40, 40], Enumerable.Range(0, 4).Select(_ => rate.Take("app").WaitSeconds));
        _time.Advance(TimeSpan.FromSeconds(39));
        Assert.Equal(1, rate.Take("app").WaitSeconds);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([null, null, 60], Enumerable.Range(0, 3).Select(_ => rate.Take("app").WaitSeconds));
    }

    [Fact]
    public void Clients_do_not_use_up_each_others_and_none_is_none()
    {
        ReportRate rate = Rate(("silent", WithHost(max: 0)), ("other", WithHost(max: null)));
        Assert.Equal(40, rate.Take("silent").WaitSeconds);
        Assert.Equal(Limits.ReportsPerMinute, Granted(rate, "default"));
        Assert.Null(rate.Take("other").WaitSeconds);
    }

    /// <summary>Anybody can send a name: with a bound for each, whoever knows the names would have all of them.</summary>
    [Fact]
    public void Who_is_known_by_a_name_alone_reports_from_the_turns_of_default()
    {
        ReportRate rate = Rate(
            ("default", new() { ReportsPerMinute = 3 }), ("a", new() { ReportsPerMinute = 100 }), ("none", new() { ReportsPerMinute = 0 }));
        Assert.Equal(40, rate.Take("none").WaitSeconds);
        Assert.Null(rate.Take("default").WaitSeconds);
        Assert.Equal(2, Granted(rate, "a"));
        Assert.Equal(40, rate.Take("default").WaitSeconds);
    }

    [Fact]
    public void A_turn_that_is_given_back_is_there_again_in_its_own_minute_only()
    {
        ReportRate rate = Rate(("app", WithHost(max: 1)));
        ReportTurn turn = rate.Take("app");
        Assert.Equal(40, rate.Take("app").WaitSeconds);
        rate.GiveBack(turn);
        turn = rate.Take("app");
        Assert.Null(turn.WaitSeconds);

        _time.Advance(TimeSpan.FromSeconds(40));
        Assert.Null(rate.Take("app").WaitSeconds);
        rate.GiveBack(turn);
        Assert.Equal(60, rate.Take("app").WaitSeconds);
    }

    private static int Granted(ReportRate rate, string client) =>
        Enumerable.Range(0, 2 * Limits.ReportsPerMinute).Count(_ => rate.Take(client).WaitSeconds is null);

    private static ClientSettings WithHost(int? max) => new() { ReportsPerMinute = max, Hosts = ["a.example"] };

    private ReportRate Rate(params (string Name, ClientSettings Settings)[] clients) =>
        new(clients.ToDictionary(client => client.Name, client => client.Settings, StringComparer.Ordinal), _time);
}
