using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using CityHelper.Checks.PlanAudits;
using CityHelper.Data;
using CityHelper.Engine;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Transport;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using GraphQL.Types;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Reading;

/// <summary><c>City.cursor</c>: the log's head, read by the first statement of the batch.</summary>
[Collection(PostgresCollection.Name)]
public sealed class CityCursorTests(ReadingFixture fixture) : IClassFixture<ReadingFixture>
{
    private static readonly string s_node = new GlobalId("City", null, RequestRows.City).ToString();

    private TestServer Server => fixture.Server;

    [Theory]
    [InlineData("{ city(slug: \"nyc\") { cursor } }", "city", 2)]
    [InlineData("{ city(slug: \"nyc\") { serviceRequests(first: 1) { nodes { id } } c: cursor cursor } }", "city", 3)]
    [InlineData("{ a: cities { slug } city(slug: \"nyc\") { cursor } b: cities { cursor } }", "city", 4)]
    [InlineData("{ node(id: \"NODE\") { ... on City { cursor } } }", "node", 2)]
    public async Task A_cursor_is_the_head_of_the_log(string query, string root, int statements)
    {
        Server.TakeAllStatements();
        JsonElement data = await Server.DataAsync(query.Replace("NODE", s_node, StringComparison.Ordinal));
        IReadOnlyList<string> sent = Server.TakeAllStatements();
        Assert.True(TestServer.ReadsLog(sent[0]), sent[0]);
        Assert.Equal(statements, sent.Count);
        Assert.Equal(await HeadAsync(), Opened(data.GetProperty(root).GetProperty("cursor")));
    }

    [Fact]
    public async Task Every_city_has_its_own_cursor()
    {
        JsonElement city = (await Server.DataAsync("{ cities { slug cursor } }")).GetProperty("cities")[0];
        Assert.Equal("nyc", city.GetProperty("slug").GetString());
        Assert.Equal(await HeadAsync(), Opened(city.GetProperty("cursor")));
    }

    [Fact]
    public async Task A_report_counts_the_statement_and_its_row()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/graphql");
        request.Content = JsonContent.Create(new { query = "{ city(slug: \"nyc\") { cursor } }" });
        request.Headers.Add("GraphQL-Cost", "report");
        JsonElement cost = (await Server.SendAsync(request)).Json.GetProperty("extensions").GetProperty("cost");
        Assert.Equal((2, 2), (cost.GetProperty("statements").GetInt32(), cost.GetProperty("rows").GetInt32()));
    }

    [Theory]
    [InlineData("{ city(slug: \"nyc\") { cursor } }")]
    [InlineData("{ cities { cursor } }")]
    [InlineData("{ city(slug: \"nyc\") { cursor serviceRequests(first: 1) { nodes { title } } } }")]
    [InlineData("{ node(id: \"NODE\") { ... on City { cursor } } }")]
    public async Task The_plan_audit_explains_the_statement_and_accepts_it(string query)
    {
        await using NpgsqlDataSource direct = CityHelperDatabase.CreateDataSource(fixture.Database);
        var explainer = Server.Services.GetRequiredService<OperationExplainer>();
        Operation operation = (await new OperationCompiler(Server.Services.GetRequiredService<ISchema>()).CompileAsync(
            query.Replace("NODE", s_node, StringComparison.Ordinal), operationName: null, CancellationToken.None)).Operation!;
        JsonElement none = JsonSerializer.SerializeToElement(new { });
        string first = (await explainer.ExplainAsync(operation, none, CancellationToken.None))[0].Sql;
        Assert.True(TestServer.ReadsLog(first), first);
        PlanAudit audit = await new PlanAuditor(explainer, await PlanCatalog.ReadAsync(direct, CancellationToken.None))
            .AuditAsync(operation, none, CancellationToken.None);
        Assert.Empty(audit.Findings);
        Assert.Empty(audit.Refusals);
    }

    private LogPosition? Opened(JsonElement cursor) =>
        Server.Services.GetRequiredService<LogPositionCursors>().Open(RequestRows.City, cursor.GetString()!);

    private async Task<LogPosition?> HeadAsync()
    {
        await using NpgsqlDataSource direct = CityHelperDatabase.CreateDataSource(fixture.Database);
        await using NpgsqlCommand command = direct.CreateCommand(string.Create(
            CultureInfo.InvariantCulture,
            $"select max(epoch), (select coalesce(max(n), 0) from change where city_id = {RequestRows.City}) from change_epoch"));
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return new LogPosition(reader.GetInt32(0), reader.GetInt64(1));
    }
}
