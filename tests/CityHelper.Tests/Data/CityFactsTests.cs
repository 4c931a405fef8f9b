using CityHelper.Data.Import.NewYork;
using Xunit;

namespace CityHelper.Tests.Data;

public sealed class CityFactsTests
{
    [Fact]
    public void New_York_can_be_added() => Assert.Empty(NewYork.Facts.Problems());

    [Theory]
    [InlineData("")]
    [InlineData("Boston")]
    [InlineData("2nd-city")]
    [InlineData("new_york")]
    [InlineData("a-slug-that-is-longer-than-forty-characters")]
    public void A_slug_that_cannot_be_one_is_refused(string slug) => Assert.Single((NewYork.Facts with { Slug = slug }).Problems());

    [Theory]
    [InlineData("EST5EDT-and-more")]
    [InlineData("")]
    public void A_zone_nobody_knows_is_refused(string zone) => Assert.Single((NewYork.Facts with { TimeZone = zone }).Problems());

    [Fact]
    public void Bounds_and_centre_must_make_sense()
    {
        Assert.Single((NewYork.Facts with { West = 10 }).Problems());
        Assert.Single((NewYork.Facts with { South = double.NaN }).Problems());
        Assert.Single((NewYork.Facts with { CentreLatitude = 0 }).Problems());
        Assert.Equal(2, (NewYork.Facts with { West = 10, Name = " " }).Problems().Count);
    }
}
