using CityHelper.IntegrationTests.Postgres;
using Xunit;
using static CityHelper.IntegrationTests.Attacks.AttackShapes;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Attack 29: geometries that keep the server itself busy. The validity check of a star of 9,900 positions took 1.3 s on a thread that
/// answers requests, before any other check; 16 connections made a list of cities take 10 s.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack29GeometryOfTheServerTests(AttackFixture fixture) : IClassFixture<AttackFixture>, IDisposable
{
    private const string Within =
        "query($polygon: Geometry!, $first: Int, $after: String) { serviceRequests(city: \"nyc\", first: $first, after: $after, within: "
            + "{polygon: $polygon}) { nodes { id } } }";
    private const string Stats = "query($polygon: Geometry!) { serviceRequestStats(city: \"nyc\", within: {polygon: $polygon}) { total } }";
    private const string TooComplex = "GEOMETRY_TOO_COMPLEX";

    public void Dispose() => Assert.Empty(fixture.Server.Errors);

    [Fact]
    public async Task Sixteen_connections_that_send_stars_hold_nobody_up()
    {
        AttackAnswer[] answers = await fixture.AttackAsync(async () =>
        {
            List<AttackAnswer> all = [];
            for (int round = 0; round < 3; round++)
            {
                all.AddRange(
                    await AttackFixture.ConcurrentlyAsync(
                        16, i => fixture.SendWithoutCostLimitAsync(i % 2 == 0 ? Within : Stats, new { polygon = Star(9_900) })));
            }

            return all.ToArray();
        });
        Assert.All(answers, answer => Assert.True(answer.Code is TooComplex or "OVERLOADED", answer.Json.ToString()));
    }

    /// <summary>The largest accepted areas: checked, covered and split one at a time, on no thread that answers requests.</summary>
    [Fact]
    public async Task Sixteen_connections_that_send_large_areas_hold_nobody_up()
    {
        AttackAnswer[] answers = await fixture.AttackAsync(() =>
            AttackFixture.ConcurrentlyAsync(
                16,
                i => fixture.SendWithoutCostLimitAsync(
                    i % 2 == 0 ? Within : Stats, new { polygon = i % 4 < 2 ? Outline(9_900) : Comb(9_900, 0) }))
        );
        Assert.All(
            answers, answer => Assert.True(answer.Code is null or "OVERLOADED" or "HC0045", answer.Json.ToString()));
    }

    [Theory]
    [InlineData(45)]
    [InlineData(1)]
    public async Task Combs_whose_boxes_all_overlap_are_not_judged(double degrees)
    {
        AttackAnswer answer = await fixture.AttackAsync(() =>
            fixture.SendWithoutCostLimitAsync(Within, new { polygon = Comb(9_900, degrees) }));
        Assert.Equal(TooComplex, answer.Code);
    }

    /// <summary>Cheap refusals come first: the server does not examine a star when the page is too large or the cursor invalid.</summary>
    [Fact]
    public async Task Cheaper_refusals_come_first()
    {
        Assert.Equal("HC0051", (await fixture.SendWithoutCostLimitAsync(Within, new { polygon = Star(9_900), first = 1_000 })).Code);
        Assert.Equal("HC0078", (await fixture.SendWithoutCostLimitAsync(Within, new { polygon = Star(9_900), after = "nonsense" })).Code);
        Assert.Equal(TooComplex, (await fixture.SendWithoutCostLimitAsync(Within, new { polygon = Star(9_900) })).Code);
    }
}
