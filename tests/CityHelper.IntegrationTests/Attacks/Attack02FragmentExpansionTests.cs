using System.Globalization;
using System.Text;
using CityHelper.Engine;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using Xunit;
using static CityHelper.IntegrationTests.Attacks.AttackedServer;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>Attack 2: fragments spread many times over, or in cycles (CVE-2025-32380 of Apollo's router).</summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack02FragmentExpansionTests(ReadingFixture fixture) : IClassFixture<ReadingFixture>, IDisposable
{
    public void Dispose() => Assert.Empty(fixture.Server.Errors);

    /// <summary>Selections count as expanded: 1 + 99 spreads of 100.</summary>
    [Fact]
    public async Task An_operation_expands_to_as_many_selections_as_allowed()
    {
        string Spreads(string more) => $"{{ cities {{ {more}{Repeat(99, "...F ")}}} }} fragment F on City {{ {Repeat(100, "slug ")}}}";
        Assert.Equal(10_000, Limits.ExpandedSelectionsMax);
        await fixture.Server.AllowsAsync(Spreads(""));
        await fixture.Server.RefusesAsync(Spreads("slug "), "OPERATION_TOO_LARGE");
    }

    [Fact]
    public async Task Spreads_that_double_with_each_fragment_are_refused()
    {
        foreach (int fragments in new[] { 14, 50, 99 })
        {
            await fixture.Server.RefusesAsync(
                "{ cities { ...F0 } }"
                    + Repeat(fragments, i => $" fragment F{i} on City {{ {(i < fragments - 1 ? $"...F{i + 1} ...F{i + 1}" : "slug")} }}"),
                "OPERATION_TOO_LARGE");
        }

        // Skipped selections count too: the server visits them as often.
        await fixture.Server.RefusesAsync(
            $"{{ serviceRequests(city: \"nyc\") {{ nodes {{ {Repeat(100, i => $"a{i}: category {{ ...F }} ")}}} }} }} fragment F on "
                + $"Category {{ name {Repeat(500, "id @include(if: false) ")}}}",
            "OPERATION_TOO_LARGE");
    }

    /// <summary>
    /// Comparing all fields of one name in pairs, and recursively their subfields, takes half a minute for these six kilobytes.
    /// </summary>
    [Fact]
    public async Task Fields_that_would_be_compared_in_ever_more_pairs_are_refused()
    {
        string deep = Repeat(14, "ofType {") + " name " + Repeat(14, "}");
        var text = new StringBuilder("{ __type(name: \"City\") { ...F0 } }");
        for (int level = 0; level < 12; level++)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $" fragment F{level} on __Type {{ {(level < 11 ? Repeat(4, $"ofType {{ {deep} ...F{level + 1} }} ") : "name")} }}");
        }

        await fixture.Server.RefusesAsync(text.ToString(), "OPERATION_TOO_LARGE");
        await fixture.Server.RefusesAsync(
            $"{{ serviceRequests(city: \"nyc\") {{ nodes {{ {Repeat(400, "category { name ...F0 } ")}}} }} "
                + $"}}{Repeat(99, i => $" fragment F{i} on Category {{ name {Repeat(Math.Min(7, 98 - i), j => $"...F{i + j + 1} ")}}}")}",
            "OPERATION_TOO_LARGE");
    }

    [Theory]
    [InlineData("{ cities { ...A } } fragment A on City { ...A }")]
    [InlineData("{ cities { ...A } } fragment A on City { ...B } fragment B on City { ...A }")]
    [InlineData("{ cities { ...A } } fragment A on City { slug ... { ...B } } fragment B on City { ... @include(if: false) { ...A } }")]
    [InlineData(
        "{ cities { ...A } } fragment A on City { categories { nodes { ...B } } } fragment B on Category { serviceRequests(first: 1) { "
            + "nodes { category { ...B } } } }")]
    [InlineData("{ __schema { types { ...A } } } fragment A on __Type { fields { type { ...A } } }")]
    [InlineData("query A { cities { slug } } query B { cities { ...A } } fragment A on City { ...A }", "A")]
    public async Task Fragments_in_circles_are_refused(string text, string? operation = null) =>
        await fixture.Server.AnswersAsync(
            System.Text.Json.JsonSerializer.Serialize(new { query = text, operationName = operation }),
            "NO_FRAGMENT_CYCLES",
            System.Net.HttpStatusCode.BadRequest);

    [Fact]
    public async Task Many_circles_are_refused_as_one_is()
    {
        string Circles(int fragments, int spreads) =>
            $"{{ cities {{ ...F0 }} "
                + $"}}{Repeat(fragments, i => $" fragment F{i} on City {{ {Repeat(spreads, j => $"...F{(i + j + 1) % fragments} ")}}}")}";
        await fixture.Server.RefusesAsync(Circles(50, 1), "NO_FRAGMENT_CYCLES");
        await fixture.Server.RefusesAsync(Circles(8, 8), "NO_FRAGMENT_CYCLES");
        await fixture.Server.RefusesAsync(Circles(99, 19), "OPERATION_TOO_LARGE");
    }

    [Fact]
    public async Task A_document_has_as_many_fragments_and_operations_as_allowed()
    {
        string Fragments(int count) =>
            $"{{ cities {{ {Repeat(count, i => $"...F{i} ")}}} }}{Repeat(count, i => $" fragment F{i} on City {{ slug }}")}";
        await fixture.Server.AllowsAsync(Fragments(Limits.DocumentFragmentsMax));
        await fixture.Server.RefusesAsync(Fragments(Limits.DocumentFragmentsMax + 1), "OPERATION_TOO_LARGE");

        string Operations(int count) => System.Text.Json.JsonSerializer.Serialize(
            new { query = Repeat(count, i => $"query q{i} {{ cities {{ slug }} }} "), operationName = "q1" });
        await fixture.Server.AnswersAsync(Operations(Limits.DocumentOperationsMax), null, System.Net.HttpStatusCode.OK);
        await fixture.Server.AnswersAsync(
            Operations(Limits.DocumentOperationsMax + 1), "OPERATION_TOO_LARGE", System.Net.HttpStatusCode.BadRequest);
    }
}
