using System.Net;
using CityHelper.Engine;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using Xunit;
using static CityHelper.IntegrationTests.Attacks.AttackedServer;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Attack 1: deep nesting ends a process whose parser or validation recurses (CVE-2026-40324 of HotChocolate, CVE-2023-28867 of
/// graphql-java). A stack overflow would end these tests too.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack01DeepNestingTests(ReadingFixture fixture) : IClassFixture<ReadingFixture>, IDisposable
{
    private const string Filtered =
        "query($w: ServiceRequestFilterInput) { serviceRequests(city: \"nyc\", first: 1, where: $w) { nodes { id } } }";

    public void Dispose() => Assert.Empty(fixture.Server.Errors);

    [Theory]
    [InlineData("{a", "", "")]
    [InlineData("{cities", "", "")]
    [InlineData("{...", "", "")]
    [InlineData("{...on Query", "", "")]
    [InlineData("{city(slug:", "[", "")]
    [InlineData("{city(slug:", "{a:", "")]
    [InlineData("{city(slug:", "[{a:", "")]
    [InlineData("query($a:", "[", "")]
    [InlineData("query($a:Int=", "[", "")]
    [InlineData("query($a:Int=", "{a:", "")]
    [InlineData("{cities @include(if:", "[", "")]
    [InlineData("fragment F on City ", "{a", "")]
    [InlineData("{city(slug:", "[", "]")]
    [InlineData("query($a:", "[", "]!")]
    public async Task A_text_that_is_nested_without_end_is_refused(string head, string open, string close)
    {
        foreach (int depth in new[] { Limits.DocumentDepthMax + 1, 4_000, 60_000 / Math.Max(1, (open + close).Length) })
        {
            string text =
                open.Length == 0
                    ? Repeat(Math.Min(depth, 60_000 / head.Length), head)
                    : head + Repeat(depth, open) + Repeat(close.Length == 0 ? 0 : depth, close);
            await fixture.Server.RefusesAsync(text, "OPERATION_TOO_LARGE");
        }
    }

    /// <summary>A hundred nested fragments, each as deep as the parser accepts.</summary>
    [Fact]
    public async Task Nesting_is_counted_through_fragments()
    {
        await fixture.Server.AllowsAsync(Nested(Limits.SelectionDepthMax));
        await fixture.Server.RefusesAsync(Nested(Limits.SelectionDepthMax + 1), "OPERATION_TOO_LARGE");
        await fixture.Server.RefusesAsync(Nested(1_000), "OPERATION_TOO_LARGE");
        await fixture.Server.RefusesAsync(
            "{ cities { ...F0 } }"
                + Repeat(99, i =>
                    $" fragment F{i} on City {{ {Repeat(18, "...{ ")}{(i < 98 ? $"...F{i + 1}" : "name")}{Repeat(18, " }")} }}"),
            "OPERATION_TOO_LARGE");
        await fixture.Server.RefusesAsync(
            "{ city(slug: \"nyc\") { categories { nodes { ...F0 } } } }"
                + Repeat(99, i =>
                    $" fragment F{i} on Category {{ {Repeat(4, "serviceRequests(first: 1) { nodes { category { ")}"
                        + $"{(i < 98 ? $"...F{i + 1}" : "name")}{Repeat(4, " } } }")} }}"),
            "OPERATION_TOO_LARGE");
    }

    [Fact]
    public async Task Variables_are_nested_as_deep_as_json_may_be()
    {
        // Two levels are the request's own.
        int inside = Limits.JsonDepthMax - 2;
        await fixture.Server.AnswersAsync(Body($"{{\"unknown\":{Repeat(inside, "[")}{Repeat(inside, "]")}}}"), null, HttpStatusCode.OK);
        await fixture.Server.AnswersAsync(
            Body($"{{\"unknown\":{Repeat(inside + 1, "[")}{Repeat(inside + 1, "]")}}}"), "HC0012", HttpStatusCode.BadRequest);
        await fixture.Server.AnswersAsync(Body($"{{\"w\":{Repeat(100_000, "[")}"), "HC0012", HttpStatusCode.BadRequest);
        await fixture.Server.AnswersAsync(Body($"{{\"w\":{Repeat(20_000, "{\"and\":[")}"), "HC0012", HttpStatusCode.BadRequest);

        // A filter in a filter is two levels.
        int filters = (inside - 1) / 2;
        await fixture.Server.AnswersAsync(
            Body($"{{\"w\":{Repeat(filters, "{\"and\":[")}{{}}{Repeat(filters, "]}")}}}"), null, HttpStatusCode.OK);
        await fixture.Server.AnswersAsync(
            Body($"{{\"w\":{Repeat(filters, "{\"or\":[")}{{}}{Repeat(filters, "]}")}}}"), null, HttpStatusCode.OK);
    }

    [Fact]
    public async Task Geometries_are_nested_as_deep_as_their_kind_says()
    {
        const string Area = "query($p: Geometry!) { serviceRequests(city: \"nyc\", within: {polygon: $p}) { nodes { id } } }";
        foreach (
            string geometry in new[]
            {
                $"{{\"type\":\"Polygon\",\"coordinates\":{Repeat(55, "[")}{Repeat(55, "]")}}}",
                $"{Repeat(25, "{\"type\":\"GeometryCollection\",\"geometries\":[")}{Repeat(25, "]}")}",
            }
        )
        {
            await fixture.Server.AnswersAsync(
                $"{{\"query\":{System.Text.Json.JsonSerializer.Serialize(Area)},\"variables\":{{\"p\":{geometry}}}}}",
                "HC0016",
                HttpStatusCode.BadRequest);
        }

        await fixture.Server.RefusesAsync(
            $"{{ serviceRequests(city: \"nyc\", within: {{polygon: {{type: Polygon, coordinates: {Repeat(20, "[")}{Repeat(20, "]")}}}}}) "
                + $"{{ nodes {{ id }} }} }}",
            "HC0002");
    }

    private static string Body(string variables) =>
        $"{{\"query\":{System.Text.Json.JsonSerializer.Serialize(Filtered)},\"variables\":{variables}}}";

    // Each fragment spreads the next ten levels down: the field, the levels, the name.
    private static string Nested(int depth)
    {
        var text = new System.Text.StringBuilder("{ __type(name: \"City\") { ");
        string tail = " } }";
        int fragments = 0;
        for (int level = 1; level < depth - 1; level++)
        {
            if (level % 11 == 0)
            {
                text.Append(
                    System.Globalization.CultureInfo.InvariantCulture, $"...F{fragments} {tail} fragment F{fragments++} on __Type {{ ");
                tail = " }";
            }
            else
            {
                text.Append("ofType { ");
                tail += " }";
            }
        }

        return text + "name" + tail;
    }
}
