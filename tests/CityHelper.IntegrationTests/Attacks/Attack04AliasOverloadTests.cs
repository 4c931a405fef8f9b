using System.Text.Json;
using CityHelper.Engine;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using Xunit;
using static CityHelper.IntegrationTests.Attacks.AttackedServer;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>Attack 4: one field under many aliases, or repeated until comparing all copies is the work (graphql-cop).</summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack04AliasOverloadTests(ReadingFixture fixture) : IClassFixture<ReadingFixture>, IDisposable
{
    public void Dispose() => Assert.Empty(fixture.Server.Errors);

    [Fact]
    public async Task An_operation_has_as_many_aliases_as_allowed()
    {
        string Aliases(int count) => $"{{ cities {{ {Repeat(count, i => $"a{i}: slug ")}}} }}";
        JsonElement data = await fixture.Server.AllowsAsync(Aliases(Limits.AliasesMax));
        Assert.Equal(Limits.AliasesMax, data.GetProperty("cities")[0].EnumerateObject().Count());
        await fixture.Server.RefusesAsync(Aliases(Limits.AliasesMax + 1), "OPERATION_TOO_LARGE");
    }

    [Fact]
    public async Task Aliases_are_counted_where_fragments_put_them()
    {
        string Spread(int times, string more) =>
            $"{{ serviceRequests(city: \"nyc\") {{ nodes {{ {Repeat(times, i => $"a{i}: category {{ ...F }} ")}{more}}} }} }} fragment F "
                + $"on Category {{ {Repeat(19, i => $"b{i}: code ")}}}";
        await fixture.Server.AllowsAsync(Spread(Limits.AliasesMax / 20, ""));
        await fixture.Server.RefusesAsync(Spread(Limits.AliasesMax / 20, "one: title "), "OPERATION_TOO_LARGE");
    }

    [Fact]
    public async Task An_operation_has_as_many_root_fields_as_allowed()
    {
        string Roots(int count) => $"{{ {Repeat(count, i => $"r{i}: cities {{ slug }} ")}}}";
        await fixture.Server.AllowsAsync(Roots(Limits.RootFieldsMax));
        await fixture.Server.RefusesAsync(Roots(Limits.RootFieldsMax + 1), "OPERATION_TOO_LARGE");
        await fixture.Server.RefusesAsync($"{{ {Repeat(Limits.RootFieldsMax + 1, i => $"r{i}: __typename ")}}}", "OPERATION_TOO_LARGE");
        await fixture.Server.RefusesAsync(
            $"{{ {Repeat(3, i => $"...F{i} ")}}}"
                + Repeat(3, f => $" fragment F{f} on Query {{ {Repeat(7, i => $"r{f}_{i}: cities {{ slug }} ")}}}"),
            "OPERATION_TOO_LARGE");
    }

    /// <summary>Equal fields are one field: one statement, and no work beyond finding them equal.</summary>
    [Theory]
    [InlineData("{ cities { # } }", "slug ", 1_990, 1)]
    [InlineData("{ # }", "cities { slug } ", 990, 1)]
    [InlineData("{ # }", "serviceRequests(city: \"nyc\", first: 1) { nodes { id } } ", 660, 1)]
    [InlineData(
        "{ # }",
        "serviceRequests(city: \"nyc\", first: 1, where: {or: [{status: {eq: OPEN}}, {status: {eq: CLOSED}}, {category: {code: {eq: "
            + "\"rodent\"}}}]}) { nodes { id } } ",
        200,
        1)]
    [InlineData("{ # }", "__typename ", 1_990, 0)]
    public async Task Equal_fields_are_one(string text, string field, int times, int statements)
    {
        await fixture.Server.AllowsAsync("{ cities { slug } }");
        fixture.Server.TakeStatements();
        string document = text.Replace("#", Repeat(times, field), StringComparison.Ordinal);
        await fixture.Server.AllowsAsync(document);

        // One statement belongs to the question asked afterwards.
        Assert.Equal(statements, fixture.Server.TakeStatements().Count - 1);
    }

    [Fact]
    public async Task Fields_of_one_name_that_differ_are_a_conflict()
    {
        await fixture.Server.RefusesAsync(
            $"{{ {Repeat(600, i => $"serviceRequests(city: \"nyc\", first: {i % 2}) {{ totalCount }} ")}}}",
            "OVERLAPPING_FIELDS_CAN_BE_MERGED");
        await fixture.Server.RefusesAsync($"{{ cities {{ {Repeat(900, "slug ")}slug: name }} }}", "OVERLAPPING_FIELDS_CAN_BE_MERGED");
    }
}
