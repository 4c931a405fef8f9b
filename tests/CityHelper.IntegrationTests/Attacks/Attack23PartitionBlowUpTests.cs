using System.Text.Json;
using System.Text.RegularExpressions;
using CityHelper.Engine;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Transport;
using CityHelper.IntegrationTests.Oracle;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Microsoft.Extensions.DependencyInjection;
using Xunit;
using static CityHelper.IntegrationTests.Attacks.AttackedServer;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Attack 23: a question without the partition key, which reads all partitions. Requests are partitioned by city, and within a city by
/// year. A question must name its city, and cannot reach another.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed partial class Attack23PartitionBlowUpTests(OracleFixture fixture) : IClassFixture<OracleFixture>, IDisposable
{
    public void Dispose() => Assert.Empty(fixture.Server.Errors);

    [Theory]
    [InlineData("{ serviceRequests { totalCount } }")]
    [InlineData("{ serviceRequests(first: 1) { nodes { id } } }")]
    [InlineData("{ serviceRequestStats { total } }")]
    [InlineData("{ boundaries { nodes { id } } }")]
    [InlineData("{ serviceRequest(externalId: \"1\") { id } }")]
    [InlineData("{ serviceRequestClusters(within: {viewport: {west: -180, south: -85, east: 180, north: 85}}, zoom: 0) { count } }")]
    [InlineData("{ nearbyServiceRequests(to: {longitude: 0, latitude: 0}, withinMetres: 1) { nodes { id } } }")]
    public async Task A_question_without_a_city_is_refused(string text)
    {
        fixture.Server.TakeStatements();
        await fixture.Server.RefusesAsync(text, "PROVIDED_NON_NULL_ARGUMENTS");
        Assert.Single(fixture.Server.TakeStatements());
    }

    /// <summary>A list nested in a list of cities would be one statement over all of them.</summary>
    [Theory]
    [InlineData("cities { serviceRequests(first: 1) { nodes { id } } }")]
    [InlineData("cities { stats { total } }")]
    [InlineData("cities { categories(first: 1) { nodes { serviceRequests(first: 1) { nodes { id } } } } }")]
    [InlineData("cities { boundaries(first: 1) { nodes { id } } }")]
    public async Task Lists_of_all_cities_are_refused_where_they_stand(string field)
    {
        JsonElement json = await fixture.Server.QueryAsync($"{{ {field} }}");
        Assert.Equal("ONE_PARTITION", CodeOf(json));
        Assert.All(
            fixture.Server.TakeStatements(), statement => Assert.DoesNotContain("service_request", statement, StringComparison.Ordinal));
    }

    /// <summary>Every statement reads a city's rows by its key.</summary>
    [Fact]
    public async Task Every_statement_keeps_to_one_city()
    {
        fixture.Server.TakeStatements();
        string ids = string.Join(
            ", ",
            new[] { OracleRows.NycId, OracleRows.SpringfieldId }.SelectMany(city =>
                new[] { "ServiceRequest", "Category", "Agency" }.Select(type => $"\"{new GlobalId(type, city, 1)}\"")));
        await fixture.Server.AllowsAsync(
            $"{{ nodes(ids: [{ids}]) {{ id ... on Category {{ serviceRequests(first: 5) {{ totalCount nodes {{ updates(last: 1) {{ note "
                + $"}} }} }} }} }} }}");
        await fixture.Server.AllowsAsync(
            "{ a: serviceRequests(city: \"nyc\", first: 100) { totalCount nodes { category { agency { name } } boundaries { name } } } b: "
                + "serviceRequestStats(city: \"springfield\") { total byCategory { count } } }");
        IReadOnlyList<string> statements = fixture.Server.TakeStatements();
        Assert.NotEmpty(statements);
        Assert.Empty(statements.Select(StatementRules.Unbound).OfType<string>());
    }

    /// <summary>PostgreSQL itself reports the partitions it opens: of one city, and of no year outside the bounds.</summary>
    [Theory]
    [InlineData("{ serviceRequests(city: \"nyc\", first: 100) { totalCount nodes { id } } }", "1")]
    [InlineData(
        "{ serviceRequests(city: \"nyc\", first: 10, where: {createdAt: {gte: \"2024-02-01T00:00:00Z\", lt: \"2024-03-01T00:00:00Z\"}}) { "
            + "totalCount nodes { title } } }",
        "1_2024")]
    [InlineData(
        "{ serviceRequests(city: \"springfield\", first: 10, where: {or: [{createdAt: {eq: \"2024-02-01T00:00:00Z\"}}, {createdAt: {eq: "
            + "\"2024-03-01T00:00:00Z\"}}]}) { totalCount nodes { title } } }",
        "2_2024")]
    [InlineData(
        "{ city(slug: \"springfield\") { categories(first: 5) { nodes { serviceRequests(first: 3) { nodes { title } totalCount } } } } }",
        "2")]
    [InlineData(
        "{ serviceRequests(city: \"nyc\", within: {viewport: {west: -180, south: -90, east: 180, north: 90}}, order: [{createdAt: ASC}]) "
            + "{ nodes { title } totalCount } }",
        "1")]
    public async Task No_partition_is_opened_that_the_question_does_not_need(string text, string partitions)
    {
        CompiledOperation compiled = await fixture
            .Server.Services.GetRequiredService<OperationRegistry>()
            .CompileAsync(text, null, CancellationToken.None);
        IReadOnlyList<StatementExplanation> explanations = await fixture
            .Server.Services.GetRequiredService<OperationExplainer>()
            .ExplainAsync(compiled.Operation!, default, CancellationToken.None);
        string[] opened = [.. explanations.SelectMany(e => Relation().Matches(e.Json).Select(m => m.Groups[1].Value)).Distinct()];
        Assert.NotEmpty(opened);
        Assert.All(opened, name => Assert.StartsWith($"service_request_{partitions}_", name + "_", StringComparison.Ordinal));
    }

    [GeneratedRegex(@"""Relation Name"": ""(service_request_[0-9_]+)""")]
    private static partial Regex Relation();
}
