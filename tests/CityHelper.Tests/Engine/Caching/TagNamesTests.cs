using CityHelper.Engine.Space;
using CityHelper.Engine.Tags;
using Xunit;

namespace CityHelper.Tests.Engine.Caching;

public sealed class TagNamesTests
{
    public static TheoryData<Tag, string> Names => new()
    {
        { Tag.All, "all" },
        { new(TagKind.Rows), "rows" },
        { new(TagKind.Bulk), "bulk" },
        { new(TagKind.Reference), "ref" },
        { new(TagKind.Boundary), "boundary" },
        { new(TagKind.Row, -5), "r/-5" },
        { new(TagKind.Row, long.MaxValue), "r/9223372036854775807" },
        { new(TagKind.Cell, GridCells.Of(-73.98, 40.75, 14)), "c/14/4825/6157" },
        { new(TagKind.Cell, GridCells.Of(0, 0, 0)), "c/0/0/0" },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void A_tag_has_one_name(Tag tag, string name)
    {
        Assert.Equal(name, TagNames.Of(tag));
        Assert.Equal($"nyc/{name}", TagNames.Of("nyc", tag));
        Assert.Equal(tag, TagNames.Parse(name));
    }

    [Theory]
    [InlineData("")]
    [InlineData("rowz")]
    [InlineData("ALL")]
    [InlineData("r/")]
    [InlineData("r/+5")]
    [InlineData("r/05")]
    [InlineData("r/9223372036854775808")]
    [InlineData("c/14/4825")]
    [InlineData("c/14/16384/0")]
    [InlineData("c/30/0/0")]
    [InlineData("c/14/4825/6158/")]
    [InlineData("c/014/4825/6158")]
    [InlineData("nyc/rows")]
    public void Other_texts_are_none(string text) => Assert.Null(TagNames.Parse(text));
}
