using CityHelper.Engine;
using FsCheck;
using FsCheck.Xunit;
using Xunit;

namespace CityHelper.Tests.Engine;

public sealed class GlobalIdTests
{
    [Fact]
    public void The_layout_is_that_of_the_conventions()
    {
        Assert.Equal("UHJvZHVjdDox", new GlobalId("Product", null, 1).ToString());
        Assert.Equal(
            Convert.ToBase64String("ServiceRequest:1:-42"u8),
            new GlobalId("ServiceRequest", 1, -42).ToString());
    }

    [Property]
    public bool Any_id_reads_back(NonNegativeInt partition, long row)
    {
        var id = new GlobalId("ServiceRequest", (short)(partition.Get % short.MaxValue), row);
        return GlobalId.Parse(id.ToString()) == id && GlobalId.Parse(id.ToString().TrimEnd('=')) == id;
    }

    [Theory]
    [InlineData("")]
    [InlineData("!")]
    [InlineData("U2VydmljZVJlcXVlc3Q=")] // ServiceRequest
    [InlineData("U2VydmljZVJlcXVlc3Q6MTp4")] // ServiceRequest:1:x
    [InlineData("U2VydmljZVJlcXVlc3Q6LTE6MQ==")] // ServiceRequest:-1:1
    [InlineData("U2VydmljZVJlcXVlc3Q6MToyOjM=")] // ServiceRequest:1:2:3
    public void Other_texts_are_no_ids(string text) => Assert.Null(GlobalId.Parse(text));

    [Fact]
    public void Very_long_texts_are_no_ids() => Assert.Null(GlobalId.Parse(new string('A', Limits.GlobalIdCharsMax + 4)));
}
