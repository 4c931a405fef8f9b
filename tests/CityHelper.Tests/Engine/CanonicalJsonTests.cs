using System.Globalization;
using System.Text.Json;
using CityHelper.Engine.Documents;
using FsCheck;
using FsCheck.Xunit;
using Xunit;

namespace CityHelper.Tests.Engine;

/// <summary>Canonical JSON (RFC 8785), with the examples of its appendix B.</summary>
public sealed class CanonicalJsonTests
{
    [Theory]
    [InlineData("0000000000000000", "0")]
    [InlineData("8000000000000000", "0")]
    [InlineData("0000000000000001", "5e-324")]
    [InlineData("8000000000000001", "-5e-324")]
    [InlineData("7fefffffffffffff", "1.7976931348623157e+308")]
    [InlineData("ffefffffffffffff", "-1.7976931348623157e+308")]
    [InlineData("4340000000000000", "9007199254740992")]
    [InlineData("c340000000000000", "-9007199254740992")]
    [InlineData("4430000000000000", "295147905179352830000")]
    [InlineData("44b52d02c7e14af5", "9.999999999999997e+22")]
    [InlineData("44b52d02c7e14af6", "1e+23")]
    [InlineData("44b52d02c7e14af7", "1.0000000000000001e+23")]
    [InlineData("444b1ae4d6e2ef4e", "999999999999999700000")]
    [InlineData("444b1ae4d6e2ef4f", "999999999999999900000")]
    [InlineData("444b1ae4d6e2ef50", "1e+21")]
    [InlineData("3eb0c6f7a0b5ed8c", "9.999999999999997e-7")]
    [InlineData("3eb0c6f7a0b5ed8d", "0.000001")]
    [InlineData("41b3de4355555553", "333333333.3333332")]
    [InlineData("41b3de4355555557", "333333333.33333343")]
    [InlineData("becbf647612f3696", "-0.0000033333333333333333")]
    [InlineData("43143ff3c1cb0959", "1424953923781206.2")]
    public void Numbers_are_as_ECMAScript_writes_them(string bits, string expected)
    {
        double number = BitConverter.UInt64BitsToDouble(ulong.Parse(bits, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
        Assert.Equal(expected, Of(number.ToString("R", CultureInfo.InvariantCulture)));
        Assert.Equal(expected, Of(number.ToString("E20", CultureInfo.InvariantCulture)));
    }

    [Theory]
    [InlineData("""{ "b" : 2 , "a" : [ true , null , { "d" : 1.0 , "c" : 1e2 } ] }""", """{"a":[true,null,{"c":100,"d":1}],"b":2}""")]
    [InlineData(
        """{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}""",
        "{\"\\r\":2,\"1\":4,\"\u0080\":6,\"\u00f6\":7,\"\u20ac\":1,\"\U0001F600\":5,\"\ufb33\":3}")]
    [InlineData("""["\u0008\u0009\u000a\u000c\u000d\u0022\u005c\u001F\u007f\/"]""", "[\"\\b\\t\\n\\f\\r\\\"\\\\\\u001f\u007f/\"]")]
    [InlineData("""{"a":{"b":1,"b":2}}""", null)]
    [InlineData("1e400", null)]
    public void Members_are_sorted_and_texts_are_escaped_no_more_than_needed(string json, string? expected) =>
        Assert.Equal(expected, Of(json));

    [Property(MaxTest = 1_000)]
    public bool A_canonical_number_reads_back_and_stays_as_it_is(NormalFloat number)
    {
        string canonical = Of(number.Get.ToString("R", CultureInfo.InvariantCulture))!;
        return double.Parse(canonical, CultureInfo.InvariantCulture).Equals(number.Get + 0.0) && Of(canonical) == canonical;
    }

    private static string? Of(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return CanonicalJson.TryWrite(document.RootElement, out string? canonical) ? canonical : null;
    }
}
