using System.Globalization;
using CityHelper.Data.Import;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Xunit;

namespace CityHelper.Tests.Data;

public sealed class SourceTimeTests
{
    private static readonly TimeZoneInfo NewYork = TimeZoneInfo.FindSystemTimeZoneById("America/New_York");

    [Theory]
    [InlineData("10/21/18 0:00", "2018-10-21T00:00:00.000")]
    [InlineData("1/2/05 23:59", "2005-01-02T23:59:00.000")]
    [InlineData("05/01/2022 12:00:03 AM", "2022-05-01T00:00:03.000")]
    [InlineData("05/01/2022 12:00:03 PM", "2022-05-01T12:00:03.000")]
    [InlineData("12/31/2021 02:51:30 PM", "2021-12-31T14:51:30.000")]
    [InlineData("2025-10-14T01:51:17.000", "2025-10-14T01:51:17.000")]
    [InlineData("2025-10-14T01:51:17.25", "2025-10-14T01:51:17.250")]
    [InlineData("2025-10-14T01:51:17", "2025-10-14T01:51:17.000")]
    public void The_forms_of_the_portals_are_read(string text, string expected)
    {
        Assert.True(SourceTimes.TryRead(text, out DateTime local));
        Assert.Equal(expected, local.ToString("yyyy-MM-dd'T'HH:mm:ss.fff", CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("")]
    [InlineData("yesterday")]
    [InlineData("13/01/18 0:00")]
    [InlineData("02/29/19 0:00")]
    [InlineData("02/30/2020 01:00:00 AM")]
    [InlineData("10/21/18 24:00")]
    [InlineData("10/21/18 0:00 ")]
    [InlineData("10/21/018 0:00")]
    [InlineData("10/21/2018 0:00")]
    [InlineData("05/01/2022 00:00:03 AM")]
    [InlineData("05/01/2022 13:00:03 PM")]
    [InlineData("05/01/2022 12:00:03")]
    [InlineData("2025-10-14T01:51:17.")]
    [InlineData("2025-10-14T01:51:17Z")]
    [InlineData("2025-10-14 01:51:17")]
    [InlineData("2025-1-14T01:51:17")]
    public void Anything_else_is_refused(string text) => Assert.False(SourceTimes.TryRead(text, out _));

    [Property]
    public void No_text_makes_it_throw(string? text) => SourceTimes.TryRead(text ?? "", out _);

    [Property]
    public Property Every_minute_survives_each_form(DateTime any)
    {
        DateTime local = new(2000 + (any.Year % 100), any.Month, Math.Min(any.Day, 28), any.Hour, any.Minute, 0, DateTimeKind.Unspecified);
        string[] forms = ["M/d/yy H:mm", "MM/dd/yyyy hh:mm:ss tt", "yyyy-MM-dd'T'HH:mm:ss.fff"];
        return forms.All(form =>
            SourceTimes.TryRead(local.ToString(form, CultureInfo.InvariantCulture), out DateTime read) && read == local).ToProperty();
    }

    [Theory]
    [InlineData("2018-10-21T00:00:00", "2018-10-21T04:00:00")]
    [InlineData("2018-12-21T00:00:00", "2018-12-21T05:00:00")]
    // 1:30 occurs twice on the morning when the clocks go back: the first is daylight time.
    [InlineData("2018-11-04T01:30:00", "2018-11-04T05:30:00")]
    [InlineData("2018-11-04T02:00:00", "2018-11-04T07:00:00")]
    // 2:30 does not exist on the morning when the clocks go forward: it is read as 3:30.
    [InlineData("2019-03-10T02:30:00", "2019-03-10T07:30:00")]
    [InlineData("2019-03-10T03:00:00", "2019-03-10T07:00:00")]
    public void Wall_clock_times_are_New_Yorks(string local, string utc) =>
        Assert.Equal(Moment(utc), LocalTimes.ToUtc(Moment(local), NewYork));

    [Property]
    public Property A_time_that_comes_once_is_what_the_zone_says(DateTime any)
    {
        DateTime local = new(2000 + (any.Year % 100), any.Month, Math.Min(any.Day, 28), any.Hour, any.Minute, 0, DateTimeKind.Unspecified);
        return (NewYork.IsAmbiguousTime(local) || NewYork.IsInvalidTime(local)
            || LocalTimes.ToUtc(local, NewYork) == TimeZoneInfo.ConvertTimeToUtc(local, NewYork)).ToProperty();
    }

    private static DateTime Moment(string text) => DateTime.Parse(text, CultureInfo.InvariantCulture);
}
