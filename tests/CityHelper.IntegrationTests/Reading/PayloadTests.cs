using System.Text.Json;
using CityHelper.Engine;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Transport;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using CityHelper.Server.Boundaries;
using CityHelper.Server.Cities;
using CityHelper.Server.Schema;
using CityHelper.Server.ServiceRequests;
using GraphQL.Types;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CityHelper.IntegrationTests.Reading;

/// <summary>The row of a mutation's payload is what <c>node</c> reads of it. The handlers of these mutations write nothing.</summary>
[Collection(PostgresCollection.Name)]
public sealed class PayloadTests(PostgresFixture postgres) : IAsyncLifetime
{
    private TestServer _server = null!;

    public async Task InitializeAsync() => _server = await TestServer.StartAsync(
        await ReadingFixture.DatabaseAsync(postgres),
        services: services => services
            .AddSingleton<TouchInputType<ServiceRequestType>>().AddSingleton<TouchInputType<CityType>>()
            .AddSingleton<TouchInputType<BoundaryType>>()
            .AddSingleton<ISchema>(s =>
            {
                CityHelperSchema schema = ActivatorUtilities.CreateInstance<CityHelperSchema>(s);
                // Beside the server's own, which its published operations need.
                var fields = new MutationFields(schema.Mutation!, s.GetRequiredService<DatabaseModel>());
                Add<ServiceRequestType>(fields, "touchServiceRequest");
                Add<CityType>(fields, "touchCity");
                Add<BoundaryType>(fields, "touchBoundary");
                return schema;
            }));

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData("ServiceRequest", "id title status createdAt location { coordinates bbox } category { name agency { code } }")]
    [InlineData("ServiceRequest", "__typename updates(last: 2) { status note } first: updates(last: 1) { note } title @skip(if: true)")]
    [InlineData("ServiceRequest", "id updates(last: 101) { note }")]
    [InlineData("ServiceRequest", "boundaries { name kind }")]
    [InlineData("City", "slug bounds { west } serviceRequests(first: 3) { totalCount nodes { id } } categories { nodes { code } }")]
    [InlineData("Boundary", "name kind")]
    public async Task The_row_of_a_payload_is_that_of_a_node(string type, string selection)
    {
        string id = await IdAsync(type);
        string field = char.ToLowerInvariant(type[0]) + type[1..];
        JsonElement node = await _server.QueryAsync(
            $"query($id: ID!) {{ node(id: $id) {{ ... on {type} {{ {selection} }} }} }}", new { id });
        JsonElement touched = await _server.QueryAsync(
            $"mutation($id: ID!) {{ touch{type}(input: {{id: $id}}) {{ {field} {{ {selection} }} again: {field} {{ id ...f }} }} }} "
                + $"fragment f on {type} {{ {selection} }}",
            new { id });
        JsonElement payload = touched.GetProperty("data").GetProperty($"touch{type}");
        Assert.Equal(node.GetProperty("data").GetProperty("node").GetRawText(), payload.GetProperty(field).GetRawText());
        Assert.Equal(node.TryGetProperty("errors", out _), touched.TryGetProperty("errors", out _));
    }

    /// <summary>Three roots, and a batch for each of the two that select the row.</summary>
    [Fact]
    public async Task Each_mutation_reads_its_row_in_a_batch_of_its_own()
    {
        string id = await IdAsync("ServiceRequest");
        _server.TakeStatements();
        await _server.DataAsync(
            "mutation($id: ID!) { a: touchServiceRequest(input: {id: $id}) { serviceRequest { id } } b: touchServiceRequest(input: {id: "
                + "$id}) { cursor } c: touchServiceRequest(input: {id: $id}) { serviceRequest { id } other: serviceRequest { title } } }",
            new { id });
        Assert.Equal(2, _server.TakeStatements().Count);
    }

    [Fact]
    public async Task A_row_that_is_gone_is_null() => Assert.Equal(
        """{"touchServiceRequest":{"serviceRequest":null}}""",
        (await _server.DataAsync(
            "mutation($id: ID!) { touchServiceRequest(input: {id: $id}) { serviceRequest { id } } }",
            new { id = new GlobalId("ServiceRequest", RequestRows.City, 5).ToString() })).GetRawText());

    [Fact]
    public async Task The_statements_of_a_payload_are_explained_without_a_handler()
    {
        Operation operation = (await _server.Services.GetRequiredService<OperationCompiler>().CompileAsync(
            "mutation($id: ID!) { touchServiceRequest(input: {id: $id}) { serviceRequest { title updates { note } } } }",
            null,
            CancellationToken.None)).Operation!;
        int before = TouchHandler.Calls;
        IReadOnlyList<StatementExplanation> statements = await _server.Services.GetRequiredService<OperationExplainer>().ExplainAsync(
            operation, JsonSerializer.SerializeToElement(new { id = await IdAsync("ServiceRequest") }), CancellationToken.None);
        Assert.Equal(2, statements.Count);
        Assert.Equal(1, statements[1].Rows);
        Assert.Equal(before, TouchHandler.Calls);
    }

    private static void Add<TRow>(MutationFields fields, string name) => fields.Add(
        name, typeof(TouchInputType<TRow>), typeof(TRow), WriteAccess.All, "Touches a row.", [], new TouchHandler());

    private async Task<string> IdAsync(string type) => type switch
    {
        "ServiceRequest" => ReadingFixture.Id(3),
        "City" => (await _server.DataAsync("{ city(slug: \"nyc\") { id } }")).GetProperty("city").GetProperty("id").GetString()!,
        _ => (await _server.DataAsync("{ city(slug: \"nyc\") { boundaries(first: 1) { nodes { id } } } }")).GetProperty("city")
            .GetProperty("boundaries").GetProperty("nodes")[0].GetProperty("id").GetString()!,
    };

    private sealed record TouchInput(string Id);

    private sealed class TouchInputType<TRow> : MutationInputType<TouchInput>
    {
        public TouchInputType()
        {
            Name = $"Touch{typeof(TRow).Name[..^4]}Input";
            Field<NonNullGraphType<IdGraphType>>("id");
        }
    }

    private sealed class TouchHandler : IMutationHandler<TouchInput>
    {
        public static int Calls { get; private set; }

        public Task<MutationOutcome> HandleAsync(TouchInput input, MutationCaller caller, CancellationToken cancellation)
        {
            Calls++;
            GlobalId id = GlobalId.Parse(input.Id)!;
            return Task.FromResult(MutationOutcome.Done(id.Tenant ?? (short)id.Row, id.Row, position: null));
        }
    }
}
