using System.Text.Json;
using CityHelper.Engine.Operations;
using CityHelper.Engine.Pricing;
using CityHelper.Server.Schema;
using GraphQL.Types;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CityHelper.Tests.Engine;

/// <summary>Prices computed by hand from the conventions' weights (§11): a read 10, an object 1, a condition 10, one that looks into a text 20.</summary>
public sealed class PriceTests : IDisposable
{
    private readonly ServiceProvider _services = SchemaServices.CreateOffline();

    public void Dispose() => _services.Dispose();

    [Theory]
    [InlineData("{ __typename }", "{}", 0, 1)]
    [InlineData("{ city(slug: \"nyc\") { name } }", "{}", 10, 2)]
    [InlineData("{ city(slug: \"nyc\") { name bounds { west } } }", "{}", 11, 3)]
    [InlineData("{ nodes(ids: [\"a\", \"b\", \"c\"]) { id ... on City { bounds { west } } } }", "{}", 13, 7)]
    [InlineData("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", """{"ids":["a","b"]}""", 10, 3)]
    [InlineData("{ cities { slug } }", "{}", 10, 51)]
    [InlineData("{ serviceRequests(city: \"nyc\") { nodes { id } } }", "{}", 11, 12)]
    [InlineData("{ serviceRequests(city: \"nyc\", first: 3) { nodes { id category { name } } edges { cursor } pageInfo { endCursor } } }", "{}", 16, 12)]
    [InlineData("query($n: Int) { serviceRequests(city: \"nyc\", last: $n) { edges { node { id } } } }", """{"n":20}""", 31, 42)]
    [InlineData("query($n: Int) { serviceRequests(city: \"nyc\", first: $n) { nodes { id } } }", """{"n":null}""", 11, 12)]
    [InlineData("query($n: Int) { serviceRequests(city: \"nyc\", first: $n) { nodes { id } } }", """{"n":-5}""", 11, 2)]
    [InlineData("query($n: Int) { serviceRequests(city: \"nyc\", first: $n) { nodes { id } } }", """{"n":2147483647}""", 11, 102)]
    [InlineData("{ serviceRequests(city: \"nyc\", where: {status: {eq: OPEN}}) { nodes { id } } }", "{}", 31, 12)]
    [InlineData("{ serviceRequests(city: \"nyc\", where: {or: [{status: {eq: OPEN}}, {title: {contains: \"a\"}}]}, order: {createdAt: ASC}) { nodes { id } } }", "{}", 71, 12)]
    [InlineData("query($w: ServiceRequestFilterInput) { serviceRequests(city: \"nyc\", where: $w) { nodes { id } } }", """{"w":{"status":{"eq":"OPEN"}}}""", 31, 12)]
    [InlineData("query($w: ServiceRequestFilterInput) { serviceRequests(city: \"nyc\", where: $w) { nodes { id } } }", "{}", 11, 12)]
    [InlineData("query($b: Boolean!) { serviceRequests(city: \"nyc\") { nodes { id category @include(if: $b) { name } } } }", """{"b":false}""", 11, 12)]
    [InlineData("query($b: Boolean!) { serviceRequests(city: \"nyc\") { nodes { id category @include(if: $b) { name } } } }", """{"b":true}""", 21, 22)]
    [InlineData("{ node(id: \"x\") { id ... on City { bounds { west } } ... on ServiceRequest { category { name agency { code } } } } }", "{}", 12, 4)]
    [InlineData("{ serviceRequestStats(city: \"nyc\") { total byCategory(first: 4) { count category { code } } } }", "{}", 15, 10)]
    public async Task An_operation_costs_what_its_weights_say(string text, string variables, double fieldCost, double typeCost) =>
        Assert.Equal(new Price(fieldCost, typeCost), await PriceAsync(text, variables));

    /// <summary>Fragments and repeated selections of one name are one field of the answer.</summary>
    [Fact]
    public async Task What_is_selected_twice_under_one_name_counts_once() => Assert.Equal(
        await PriceAsync("{ serviceRequests(city: \"nyc\") { nodes { category { name code } } } }", "{}"),
        await PriceAsync(
            "{ serviceRequests(city: \"nyc\") { nodes { category { name } ...f ... on ServiceRequest { category { code } } } } } fragment f on ServiceRequest { category { name } }", "{}"));

    [Fact]
    public void A_price_is_held_against_both_limits()
    {
        var limit = new PriceLimit(100, 200);
        Assert.Null(limit.Check(new Price(100, 200)));
        Assert.IsType<FieldCostExceededError>(limit.Check(new Price(100.5, 0)));
        Assert.IsType<TypeCostExceededError>(limit.Check(new Price(0, 201)));
    }

    private async Task<Price> PriceAsync(string text, string variables)
    {
        var schema = _services.GetRequiredService<ISchema>();
        Operation operation = (await new OperationCompiler(schema).CompileAsync(text, null, CancellationToken.None)).Operation!;
        using var json = JsonDocument.Parse(variables);
        VariableValues values = VariableValues.Coerce(operation.Variables, json.RootElement).Values!;
        return new PricePlanner(schema, operation, values).Compile().Of(values);
    }
}
