using System.Text.Json;
using CityHelper.Checks.Manifests;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning;
using CityHelper.Server.Schema;
using GraphQL.Types;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CityHelper.Tests.Engine;

/// <summary>The tables of an operation's plans, each for one variable signature, and those of the manifest, for any signature.</summary>
public sealed class TablesReadTests : IDisposable
{
    private const string Filtered = "query($w: ServiceRequestFilterInput) { serviceRequests(city: \"x\", where: $w) { nodes { title } } }";
    private const string OfFilter = "agency category service_request service_request_external_id status_update";
    private const string Area = "query($a: AreaInput) { serviceRequests(city: \"x\", within: $a) { nodes { title } } }";
    private const string Statistics = "query($a: AreaInput) { serviceRequestStats(city: \"x\", within: $a) { total } }";
    private const string Counters = "service_request service_request_closing_count service_request_count service_request_delta";
    private const string OfStatistics =
        "boundary service_request service_request_boundary_count service_request_boundary_month service_request_closing_count "
            + "service_request_count service_request_delta service_request_pack";

    private const string Keyed = "query($e: String) { serviceRequest(city: \"x\", externalId: $e) { title } }";
    private const string Outline = "query($z: Int) { boundary(id: \"x\") { geometry(zoom: $z) { coordinates } } }";
    private const string Ordered = "query($o: [ServiceRequestSortInput!]) { serviceRequests(city: \"x\", order: $o) { nodes { title } } }";

    private readonly ServiceProvider _services = SchemaServices.CreateOffline();

    private ISchema Schema => _services.GetRequiredService<ISchema>();

    public void Dispose() => _services.Dispose();

    [Theory]
    [InlineData(Filtered, "{}", "service_request", OfFilter)]
    [InlineData(Filtered, """{"w": null}""", "service_request", OfFilter)]
    [InlineData(Filtered, """{"w": {"status": {"eq": "OPEN"}}}""", "service_request", OfFilter)]
    [InlineData(Filtered, """{"w": {"externalId": {"eq": "1"}}}""", "service_request service_request_external_id", OfFilter)]
    [InlineData(
        Filtered, """{"w": {"or": [{"category": {"code": {"eq": "1"}}}, {"title": {"eq": "1"}}]}}""", "category service_request", OfFilter)]
    [InlineData(Filtered, """{"w": {"category": {"agency": {"code": {"eq": "1"}}}}}""", "agency category service_request", OfFilter)]
    [InlineData(Filtered, """{"w": {"updates": {"any": true}}}""", "service_request status_update", OfFilter)]
    [InlineData(Ordered, "{}", "service_request", "category service_request")]
    [InlineData(Ordered, """{"o": [{"createdAt": "ASC"}]}""", "service_request", "category service_request")]
    [InlineData(Ordered, """{"o": [{"category": {"name": "ASC"}}]}""", "category service_request", "category service_request")]
    [InlineData(
        Area, """{"a": {"viewport": {"west": 1, "south": 1, "east": 2, "north": 2}}}""", "service_request", "boundary service_request")]
    [InlineData(Area, """{"a": {"boundary": "x"}}""", "boundary service_request", "boundary service_request")]
    [InlineData(Statistics, "{}", Counters, OfStatistics)]
    [InlineData(Statistics, """{"a": null}""", Counters, OfStatistics)]
    [InlineData(Statistics, """{"a": {"boundary": "x"}}""", OfStatistics, OfStatistics)]
    [InlineData(Keyed, """{"e": "1"}""", "service_request service_request_external_id", "service_request service_request_external_id")]
    [InlineData(Outline, "{}", "boundary", "boundary boundary_outline")]
    [InlineData(Outline, """{"z": 9}""", "boundary boundary_outline", "boundary boundary_outline")]
    [InlineData(
        "{ node(id: \"x\") { id } }",
        "{}",
        "agency boundary category city service_request",
        "agency boundary category city service_request")]
    [InlineData("{ cities { cursor } }", "{}", "boundary_revision change change_epoch city", "boundary_revision change change_epoch city")]
    [InlineData(
        "query($c: Boolean = false) { city(slug: \"x\") { name cursor @include(if: $c) } }",
        """{"c": false}""", "city", "city")]
    [InlineData(
        "{ serviceRequests(city: \"x\", where: {category: {code: {eq: \"1\"}}}) { nodes { boundaries { name } } } }",
        "{}", "boundary boundary_part category service_request", "boundary boundary_part category service_request")]
    [InlineData(
        "query($c: Boolean = false) { serviceRequest(city: \"x\", id: \"x\") { title updates { note } category @include(if: $c) { name } "
            + "} }",
        """{"c": true}""", "category service_request status_update", "service_request status_update")]
    public async Task A_plan_reads_what_its_variables_ask_for_and_the_manifest_names_what_any_may_ask_for(
        string text, string variables, string ofPlan, string ofManifest)
    {
        Operation operation = (
            await new OperationCompiler(Schema).CompileAsync(text, operationName: null, CancellationToken.None)).Operation!;
        VariableValues values = VariableValues.Coerce(operation.Variables, JsonDocument.Parse(variables).RootElement).Values!;
        VariableValues none = VariableValues.Coerce(operation.Variables, JsonDocument.Parse("{}").RootElement).Values!;
        OperationPlan plan = new Planner(Schema).Compile(operation, values);
        Assert.Equal(ofPlan, string.Join(' ', plan.Tables));
        Assert.Equal(ofManifest, string.Join(' ', OperationReads.Of(Schema, operation, none)));
    }
}
