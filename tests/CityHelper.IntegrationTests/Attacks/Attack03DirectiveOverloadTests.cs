using CityHelper.Engine;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using Xunit;
using static CityHelper.IntegrationTests.Attacks.AttackedServer;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>Attack 3: thousands of directives, each validated and each with its error (CVE-2022-37734 of graphql-java).</summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack03DirectiveOverloadTests(ReadingFixture fixture) : IClassFixture<ReadingFixture>, IDisposable
{
    public void Dispose() => Assert.Empty(fixture.Server.Errors);

    [Theory]
    [InlineData("{ cities # { slug } }")]
    [InlineData("{ cities { slug # } }")]
    [InlineData("query # { cities { slug } }")]
    [InlineData("query($a: Boolean = true #) { cities @include(if: $a) { slug } }")]
    [InlineData("{ cities { ...F # } } fragment F on City { slug }")]
    [InlineData("{ cities { ... # { slug } } }")]
    [InlineData("{ cities { ...F } } fragment F on City # { slug }")]
    [InlineData("{ cities { ...F } } fragment F on City { slug # }")]
    public async Task A_location_has_as_many_directives_as_allowed(string place)
    {
        foreach (string directive in new[] { "@include(if: true) ", "@unknown ", "@deprecated " })
        {
            string With(int count) => place.Replace("#", Repeat(count, directive), StringComparison.Ordinal);
            Assert.NotEqual("OPERATION_TOO_LARGE", CodeOf(await fixture.Server.QueryAsync(With(Limits.LocationDirectivesMax))));
            await fixture.Server.RefusesAsync(With(Limits.LocationDirectivesMax + 1), "OPERATION_TOO_LARGE");
            await fixture.Server.RefusesAsync(With(60_000 / directive.Length), "OPERATION_TOO_LARGE");
        }
    }

    [Fact]
    public async Task A_document_has_as_many_directives_as_allowed()
    {
        string With(int count) => $"{{ cities {{ {Repeat(count, "slug @include(if: true) ")}}} }}";
        await fixture.Server.AllowsAsync(With(Limits.DocumentDirectivesMax));
        await fixture.Server.RefusesAsync(With(Limits.DocumentDirectivesMax + 1), "OPERATION_TOO_LARGE");
    }

    [Fact]
    public async Task Arguments_of_one_directive_are_refused_in_the_time_of_their_text() =>
        await fixture.Server.RefusesAsync($"{{ cities @include({Repeat(3_700, "if: true ")}) {{ slug }} }}", "UNIQUE_ARGUMENT_NAMES");

    /// <summary>Tokens are counted before parsing; comments are tokens.</summary>
    [Fact]
    public async Task A_text_has_as_many_tokens_as_allowed()
    {
        string Padded(int tokens) => "{ cities { slug } }" + Repeat(tokens - 6, "#\n");
        await fixture.Server.AllowsAsync(Padded(Limits.DocumentTokensMax));
        await fixture.Server.RefusesAsync(Padded(Limits.DocumentTokensMax + 1), "OPERATION_TOO_LARGE");
        await fixture.Server.RefusesAsync($"{{ city(slug: [{Repeat(30_000, "1 ")}]) {{ id }} }}", "OPERATION_TOO_LARGE");
    }

    /// <summary>An error message repeats only a short part of the text.</summary>
    [Theory]
    [InlineData("{ city(slug: \"nyc\") { # } }", "a")]
    [InlineData("{ # { id } }", "é")]
    [InlineData("query($a: #) { cities { slug } }", "a")]
    [InlineData("{ serviceRequests(city: \"nyc\", where: {status: {in: [#]}}) { totalCount } }", "OPE ")]
    [InlineData("{ serviceRequests(city: \"nyc\", where: {postalCode: {in: [#]}}) { totalCount } }", "1 ")]
    public async Task A_message_is_short_whatever_was_sent(string text, string repeated)
    {
        (_, System.Text.Json.JsonElement json) = await fixture.Server.PostAsync(
            System.Text.Json.JsonSerializer.Serialize(new { query = text.Replace("#", Repeat(10_000, repeated), StringComparison.Ordinal) })
        );
        Assert.All(
            json.GetProperty("errors").EnumerateArray(),
            e => Assert.InRange(e.GetProperty("message").GetString()!.Length, 1, Limits.ErrorMessageCharsMax));
    }
}
