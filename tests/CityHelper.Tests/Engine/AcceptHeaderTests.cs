using CityHelper.Engine.Transport.Http;
using Xunit;

namespace CityHelper.Tests.Engine;

public sealed class AcceptHeaderTests
{
    [Theory]
    [InlineData(null, "application/json; charset=utf-8")]
    [InlineData("*/*", "application/json; charset=utf-8")]
    [InlineData("application/*", "application/json; charset=utf-8")]
    [InlineData("application/json", "application/json; charset=utf-8")]
    [InlineData("application/graphql-response+json", "application/graphql-response+json; charset=utf-8")]
    [InlineData("application/graphql-response+json, application/json", "application/graphql-response+json; charset=utf-8")]
    [InlineData("application/json, application/graphql-response+json", "application/graphql-response+json; charset=utf-8")]
    [InlineData("application/json;q=1, application/graphql-response+json;q=0.9", "application/json; charset=utf-8")]
    [InlineData("application/graphql-response+json;q=0, */*", "application/json; charset=utf-8")]
    [InlineData("text/html, application/json;q=0.5", "application/json; charset=utf-8")]
    public void The_media_type_follows_the_conventions(string? accept, string expected)
    {
        (ResponseMediaType? type, var error) = AcceptHeader.Choose(accept);
        Assert.Null(error);
        Assert.Equal(expected, AcceptHeader.Text(type!.Value));
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/json;q=0")]
    public void What_is_not_offered_is_not_acceptable(string accept) =>
        Assert.Equal((null, null), AcceptHeader.Choose(accept));

    [Fact]
    public void An_unreadable_header_is_an_error() => Assert.Equal("HC0064", AcceptHeader.Choose("unsupported").Error!.Code);
}
