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
    public bool Any_id_reads_back(NonNegativeInt tenant, long row)
    {
        var id = new GlobalId("ServiceRequest", (short)(tenant.Get % short.MaxValue), row);
        return GlobalId.Parse(id.ToString()) == id;
    }

    [Theory]
    [InlineData("")]
    [InlineData("!")]
    [InlineData("U2VydmljZVJlcXVlc3Q=")] // ServiceRequest
    [InlineData("U2VydmljZVJlcXVlc3Q6MTp4")] // ServiceRequest:1:x
    [InlineData("U2VydmljZVJlcXVlc3Q6LTE6MQ==")] // ServiceRequest:-1:1
    [InlineData("U2VydmljZVJlcXVlc3Q6MToyOjM=")] // ServiceRequest:1:2:3
    public void Other_texts_are_no_ids(string text) => Assert.Null(GlobalId.Parse(text));

    /// <summary>Each id has one spelling, in its numbers and in its Base64.</summary>
    [Theory]
    [InlineData("City:+1")]
    [InlineData("City:01")]
    [InlineData("City:-0")]
    [InlineData("City: 1")]
    [InlineData("City:1 ")]
    [InlineData("City:1.0")]
    [InlineData("City:1,000")]
    [InlineData("City:1e0")]
    [InlineData("City:\u0661")]
    [InlineData("City:\uFF11")]
    [InlineData("City:1\0")]
    [InlineData("City:9223372036854775808")]
    [InlineData("ServiceRequest:01:5")]
    [InlineData("ServiceRequest:+1:5")]
    [InlineData("ServiceRequest:1:+5")]
    [InlineData("ServiceRequest:1:-05")]
    [InlineData("ServiceRequest:32768:5")]
    [InlineData("ServiceRequest::5")]
    [InlineData("ServiceRequest\nd5")]
    public void Other_spellings_of_a_number_are_no_ids(string raw) =>
        Assert.Null(GlobalId.Parse(Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(raw))));

    [Theory]
    [InlineData("Q2l0eTox", true)] // City:1
    [InlineData("Q2l0eTox ", false)]
    [InlineData("Q2l0\neTox", false)]
    [InlineData("Q2l0eTox=", false)]
    [InlineData("Q2l0eTox====", false)]
    [InlineData("Q2l0eToxMA==", true)] // City:10
    [InlineData("Q2l0eToxMA", false)]
    [InlineData("Q2l0eToxMA=", false)]
    [InlineData("Q2l0eToxMB==", false)] // unused bits after the last byte
    [InlineData("Q2l0eToxMA==Q2l0eToxMA==", false)]
    [InlineData("Pz8_OjE=", false)] // URL-safe Base64 of ???:1
    [InlineData("Pz8/OjE=", true)]
    [InlineData("/zox", false)] // not UTF-8
    public void Other_spellings_of_the_base64_are_no_ids(string text, bool isId) => Assert.Equal(isId, GlobalId.Parse(text) is not null);

    [Fact]
    public void Very_long_texts_are_no_ids() => Assert.Null(GlobalId.Parse(new string('A', Limits.GlobalIdCharsMax + 4)));
}
