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
        (Accepted? types, var error) = AcceptHeader.Choose(accept);
        Assert.Null(error);
        Assert.Equal(expected, AcceptHeader.Text(types!.Value.Json!.Value));
        Assert.False(types.Value.Stream);
    }

    [Theory]
    [InlineData("text/event-stream", null)]
    [InlineData("text/event-stream;q=0.1", null)]
    [InlineData("application/json, text/event-stream", "application/json; charset=utf-8")]
    [InlineData(
        "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed",
        "application/graphql-response+json; charset=utf-8")]
    [InlineData("text/event-stream, */*", "application/json; charset=utf-8")]
    public void A_stream_is_taken_by_name(string accept, string? expected)
    {
        Accepted types = AcceptHeader.Choose(accept).Types!.Value;
        Assert.True(types.Stream);
        Assert.Equal(expected, types.Json is { } json ? AcceptHeader.Text(json) : null);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/json;q=0")]
    [InlineData("text/event-stream;q=0")]
    [InlineData("text/*")]
    public void What_is_not_offered_is_not_acceptable(string accept) =>
        Assert.Equal((null, null), AcceptHeader.Choose(accept));

    [Fact]
    public void An_unreadable_header_is_an_error() => Assert.Equal("HC0064", AcceptHeader.Choose("unsupported").Error!.Code);
}
