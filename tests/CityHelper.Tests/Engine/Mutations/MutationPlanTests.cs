using CityHelper.Checks.Contracts;
using CityHelper.Checks.Manifests;
using CityHelper.Checks.TestCases;
using CityHelper.Engine;
using CityHelper.Engine.Cost;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Schema;
using GraphQL;
using GraphQL.Types;
using Xunit;

namespace CityHelper.Tests.Engine.Mutations;

public sealed class MutationPlanTests : IDisposable
{
    private const string Input = "input: {id: \"7\", status: OPEN}";

    private readonly MutationFixture _engine = new();

    public void Dispose() => _engine.Dispose();

    /// <summary>One statement for all selections of the row; nested lists come before it.</summary>
    [Fact]
    public async Task The_row_is_read_by_its_key_however_often_it_is_selected()
    {
        MutationPlan plan = await MutationAsync(
            "serviceRequest { title category { name } } other: serviceRequest { id updates(last: 2) { note } } cursor");
        Assert.Equal(2, plan.StatementCount);
        Assert.IsType<NestedStatement>(plan.Row!.Statements[0]);
        Assert.Equal(2, Assert.IsType<RootStatement>(plan.Row.Statements[1]).Outputs.Count);
        Assert.Equal(
            """
            select r.title, t1.name, r.id
            from (select s.category_id, s.id, s.title from service_request s where s.city_id = $1 and s.id = $2) r
            left join category t1 on t1.city_id = $1 and t1.id = r.category_id
            """,
            plan.Row.Statements[1].Compile(AccessPath.Only).Sql);
    }

    [Theory]
    [InlineData("cursor errors { __typename }")]
    [InlineData("__typename")]
    [InlineData("cursor serviceRequest @include(if: false) { title }")]
    public async Task Without_the_row_nothing_is_read(string payload)
    {
        MutationPlan plan = await MutationAsync(payload);
        Assert.Equal((null, 0), (plan.Row, plan.StatementCount));
    }

    [Theory]
    [InlineData("serviceRequest { title }", "service_request")]
    [InlineData("serviceRequest { updates { note } category { agency { name } } }", "agency category service_request status_update")]
    [InlineData("cursor", "")]
    public async Task The_tables_are_those_of_the_payload(string payload, string tables)
    {
        string text = $"mutation {{ changeRow({Input}) {{ {payload} }} }}";
        Assert.Equal(tables, string.Join(' ', (await _engine.PlanAsync(text)).Tables));
        Assert.Equal(tables, string.Join(' ', OperationReads.Of(
            _engine.Get<ISchema>(), await _engine.CompileAsync(text), VariableValues.None)));
    }

    [Theory]
    [InlineData("cursor", 10, 2)]
    [InlineData("errors { ... on Error { message } }", 11, 3)]
    [InlineData("serviceRequest { title category { name } }", 12, 4)]
    [InlineData("serviceRequest { updates { note } } errors { ... on Error { code } }", 13, 9)]
    public async Task A_mutation_costs_ten_and_its_payload(string payload, double fieldCost, double typeCost)
    {
        (CostAnalysis? analysis, _) = new CostAnalyser(_engine.Get<ISchema>()).Analyse(
            await _engine.CompileAsync($"mutation {{ changeRow({Input}) {{ {payload} }} }}"));
        Assert.Equal(new CostMetrics(fieldCost, typeCost), analysis!.Cost);
    }

    [Fact]
    public async Task Nothing_of_a_mutation_is_cached()
    {
        const string Text = "mutation { addRow(input: {title: \"a\"}) { serviceRequest { title } } }";
        Assert.Equal(CachePolicy.None, (await _engine.PlanAsync(Text)).Cache);
        Assert.Equal("no-store", new CostAnalyser(_engine.Get<ISchema>()).Analyse(await _engine.CompileAsync(Text)).Analysis!.Cache.Header);
    }

    [Theory]
    [InlineData("{ cities { slug } }", WriteAccess.None)]
    [InlineData("mutation { __typename }", WriteAccess.None)]
    [InlineData("mutation { addRow(input: {title: \"a\"}) { cursor } }", WriteAccess.Report)]
    [InlineData(
        "mutation { addRow(input: {title: \"a\"}) { cursor } changeRow(input: {id: 1, status: OPEN}) { cursor } }", WriteAccess.All)]
    public async Task An_operation_needs_the_most_that_its_mutations_need(string text, WriteAccess access) =>
        Assert.Equal(access, (await _engine.PlanAsync(text)).Writes);

    [Fact]
    public void The_schema_has_the_conventions_names()
    {
        string schema = SchemaText.Of(_engine.Get<ISchema>());
        foreach (string line in new[]
        {
            "changeRow(",
            "input: ChangeRowInput!): ChangeRowPayload! @cost(weight: \"10\")",
            "union ChangeRowError = RowGoneError | StatusNotAllowedError",
            "type RowGoneError implements Error {",
            "type StatusNotAllowedError implements Error {",
            "  allowed: [ServiceRequestStatus!]!",
            "  current: ServiceRequestStatus\n",
            "  errors: [ChangeRowError!]",
            "  serviceRequest: ServiceRequest\n",
            "interface Error {",
            "input AddRowInput {",
            "type AddRowPayload {",
        })
        {
            Assert.Contains(line, schema, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("AddRowError", schema, StringComparison.Ordinal);
        Assert.DoesNotContain("internal", schema, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_schema_with_mutations_can_be_compared()
    {
        SchemaDefinitions before = SchemaDefinitions.Parse(
            File.ReadAllText(Repository.PathOf("schema", "schema.graphql")), "old.graphql");
        SchemaDefinitions after = SchemaDefinitions.Parse(SchemaText.Of(_engine.Get<ISchema>()), "new.graphql");
        IReadOnlyList<SchemaChange> changes = SchemaComparison.Compare(before, after);
        Assert.Contains(changes, change => change.Coordinate == "ChangeRowPayload");

        // The server's own mutations are not in the other schema.
        Assert.All(
            changes.Where(change => change.Coordinate.StartsWith("ChangeRow", StringComparison.Ordinal)),
            change => Assert.Equal(ChangeRisk.Safe, change.Risk));
        Assert.Contains(changes, change => change.Risk == ChangeRisk.Breaking);
        Assert.Contains(SchemaComparison.Compare(after, before), change =>
            change.Coordinate == "ChangeRowPayload" && change.Risk == ChangeRisk.Breaking);
        Assert.Empty(await SchemaOfText.Of(after, "new.graphql").ValidateAsync(
            "mutation($input: ChangeRowInput!) { changeRow(input: $input) { serviceRequest { id } errors { __typename ... on Error { "
                + "code } ... on StatusNotAllowedError { allowed } } } }",
            CancellationToken.None));
    }

    /// <summary>A check runs no handler, so ids alone matter: they are rows of the payload's table.</summary>
    [Fact]
    public async Task A_check_knows_values_for_the_input()
    {
        Operation operation = await _engine.CompileAsync(
            "mutation($input: ChangeRowInput!, $id: ID!, $note: String) { changeRow(input: $input) { cursor } b: changeRow(input: "
                + "{id: $id, status: OPEN, note: $note}) { cursor } }");
        var values = new MutationInputValues(new RowIds());
        Assert.Equal(
            ["{\"id\":\"an id of service_request\",\"status\":\"OPEN\"}", "\"an id of service_request\"", "\"\""],
            OperationVariable.Of(operation, _engine.Get<ISchema>()).Select(v => Assert.Single(values.Of(v)).Value!.ToJsonString()));
    }

    private sealed class RowIds : IWorstCaseValues
    {
        public string Data => "";

        public string WhyNone => "";

        public IReadOnlyList<WorstCaseValue> Of(OperationVariable variable) => variable.Type.GetNamedType() is IdGraphType
            ? [.. variable.Uses[0].SelectedRows.Select(row => new WorstCaseValue("a row", $"an id of {row.Table}"))]
            : [];
    }

    private async Task<MutationPlan> MutationAsync(string payload) => Assert.IsType<MutationPlan>(
        Assert.Single((await _engine.PlanAsync($"mutation {{ changeRow({Input}) {{ {payload} }} }}")).Roots));
}
