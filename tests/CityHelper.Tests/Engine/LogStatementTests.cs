using System.Security.Cryptography;
using System.Text.Json;
using CityHelper.Engine.Binding;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Tags;
using CityHelper.Engine.Writing;
using CityHelper.Server.Cities;
using CityHelper.Server.Schema;
using GraphQL.Types;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CityHelper.Tests.Engine;

/// <summary>Every batch begins with the statement that reads the log positions of its tenants.</summary>
public sealed class LogStatementTests : IDisposable
{
    private static readonly LogPositionCursors s_cursors =
        new(new CursorKeys(new CursorKey(SHA256.HashData("one"u8)), Previous: null));

    private static readonly LogStatements s_log = new(CityLog.Log, new TagTables(TimeProvider.System));

    private readonly ServiceProvider _services = SchemaServices.CreateOffline();

    private ISchema Schema => _services.GetRequiredService<ISchema>();

    public void Dispose() => _services.Dispose();

    [Theory]
    [InlineData("{ city(slug: \"x\") { name cursor } }", 2)]
    [InlineData("{ city(slug: \"x\") { c: cursor d: cursor ... { cursor } } }", 2)]
    [InlineData("{ cities { cursor } }", 2)]
    [InlineData("{ cities { slug } a: city(slug: \"x\") { cursor } b: city(slug: \"y\") { cursor } }", 4)]
    [InlineData("{ city(slug: \"x\") { cursor categories { totalCount nodes { code } } agencies { nodes { code } } } }", 4)]
    public async Task The_positions_of_all_tenants_are_read_where_rows_show_those_of_unknown_ones(string text, int statements)
    {
        RootExecution[] roots = await RootsAsync(text);
        List<(StatementPlan Statement, RootExecution Root)> reads = ReadsOf(roots);
        Assert.Equal(statements, reads.Count);
        CompiledStatement first = reads[0].Statement.Compile(reads[0].Statement.AccessOf(reads[0].Root.Values));
        Assert.Equal(CityLog.Log.Sql, first.Sql);
        Assert.Equal(DBNull.Value, first.Parameters.Single()(reads[0].Root.Values).Value);
        Assert.DoesNotContain(reads.Skip(1), read => read.Statement is LogStatement);
    }

    [Theory]
    [InlineData("{ city(slug: \"x\") { id name } }", 2)]
    [InlineData("{ cities { slug cursor @skip(if: true) } }", 2)]
    [InlineData("{ cities { slug } serviceRequests(city: \"x\") { edges { cursor } pageInfo { endCursor } } }", 3)]
    public async Task Without_the_field_those_of_the_named_tenants_are_read(string text, int statements)
    {
        RootExecution[] roots = await RootsAsync(text);
        List<(StatementPlan Statement, RootExecution Root)> reads = ReadsOf(roots);
        Assert.Equal(statements, reads.Count);
        Assert.Single(reads, read => read.Statement is LogStatement);
        Assert.Equal(new short[] { 0 }, reads[0].Statement.Compile(AccessPath.Only).Parameters.Single()(reads[0].Root.Values).Value);
    }

    /// <summary>
    /// Without a parameter it is planned once for each connection. Clients may ask for any number of tenants that are not there.
    /// </summary>
    [Fact]
    public void A_followed_tenant_stands_in_the_text_of_its_own_statement()
    {
        var followed = new TagTables(TimeProvider.System);
        followed.Open(7);
        var statements = new LogStatements(CityLog.Log, followed);
        CompiledStatement one = statements.Of([7], withAreas: false).Compile(AccessPath.Only);
        Assert.Empty(one.Parameters);
        Assert.Equal(
            "(select 7::smallint, epoch, n, null::bigint from change where city_id = 7 order by n desc limit 1) union all "
                + "(select 7::smallint, epoch, 0, null::bigint from change_epoch order by epoch desc limit 1) limit 1",
            one.Sql);
        string withAreas = statements.Of([7], withAreas: true).Compile(AccessPath.Only).Sql;
        Assert.Contains("from boundary_revision where city_id = 7", withAreas, StringComparison.Ordinal);
        Assert.Same(statements.Of([7], withAreas: false), statements.Of([7], withAreas: false));
        short[]?[] others = [[8], [7, 8], null];
        Assert.All(others, tenants => Assert.Equal(
            CityLog.Log.Sql, statements.Of(tenants, withAreas: false).Compile(AccessPath.Only).Sql));
    }

    [Fact]
    public async Task All_roots_of_an_answer_share_its_positions()
    {
        RootExecution[] roots = await RootsAsync("{ a: city(slug: \"x\") { cursor } b: cities { slug } c: cities { cursor } }");
        ReadsOf(roots);
        Assert.NotNull(roots[0].Rows.Log);
        Assert.All(roots, root => Assert.Same(roots[0].Rows.Log, root.Rows.Log));
    }

    /// <summary>Rows that a loader reads later show the positions of the first batch, which therefore reads them.</summary>
    [Fact]
    public async Task A_batch_reads_the_positions_that_rows_of_a_later_batch_show()
    {
        OperationPlan plan = await PlanAsync("{ cities { slug } node(id: \"x\") { ... on City { id cursor } } }");
        RowsByKeyPlan city = Assert.IsType<NodePlan>(plan.Roots[1]).Types["City"];
        BoundRoot cities = new(plan.Roots[0], Values(tenant: 0));
        LogRead Log(params AskedNode[] nodes) =>
            LogRead.Of([cities, new BoundRoot(plan.Roots[1], Values(tenant: 0)) { Nodes = nodes }], s_log, s_cursors);

        LogRead log = Log(new AskedNode(null, new NodeKey(city, 3, 3)), new AskedNode(null, new NodeKey(city, 2, 2)));
        Assert.Equal([0, 3, 2], log.Tenants!);
        RootExecution first = new(cities, MemoryLease.Uncounted, CancellationToken.None);
        var (statement, root) = BatchRunner.FirstReads([first], [], log)[0];
        Assert.Equal([0, 3, 2], (short[])statement.Compile(AccessPath.Only).Parameters.Single()(root.Values).Value!);
        Assert.Same(log.Positions, first.Rows.Log);

        // Ids that are none are of no tenant.
        Assert.Equal([0], Log(new AskedNode(new CityHelper.Engine.NodeIdInvalidError(), default)).Tenants!);
    }

    [Fact]
    public void The_position_of_an_answer_is_that_of_its_first_batch_and_none_where_batches_contradict_it()
    {
        LogPositions Of(params LogPosition[] read)
        {
            var positions = new LogPositions(s_cursors);
            positions.Add(2, new(9, 1), areas: 3);
            Array.ForEach(read, position => positions.Add(1, position, areas: position.Number));
            return positions;
        }

        LogPositions later = Of(new(5, 7), new(5, 7), new(5, 8));
        Assert.Equal((new LogPosition(5, 7), false), (later.Of(1), later.IsTorn));
        Assert.Equal(new LogPosition(9, 1), later.Of(2));
        Assert.Null(later.Of(3));
        Assert.Equal((3, null, null), (later.AreasOf(2), later.AreasOf(1), later.AreasOf(3)));
        Assert.True(Of(new(5, 7), new(6, 8)).IsTorn);
        Assert.True(Of(new(6, 7), new(5, 8)).IsTorn);
        Assert.True(Of(new(5, 7), new(5, 6), new(5, 8)).IsTorn);
    }

    [Theory]
    [InlineData(new short[] { 3 }, new short[] { 3 })]
    [InlineData(new short[] { 3, 1, 3 }, new short[] { 3, 1 })]
    [InlineData(new short[] { 3, 0 }, null)]
    public async Task Known_tenants_are_asked_for_and_all_when_one_is_not_known(short[] tenants, short[]? asked)
    {
        OperationPlan plan = await PlanAsync("{ node(id: \"x\") { ... on City { id cursor } } }");
        RootPlan city = Assert.IsType<NodePlan>(plan.Roots[0]).Types["City"];
        RootExecution[] roots = [.. tenants.Select(tenant => Execution(city, tenant))];
        var (statement, root) = ReadsOf(roots)[0];
        Assert.IsType<TenantsLogStatement>(statement);
        Assert.Equal(asked, statement.Compile(AccessPath.Only).Parameters.Single()(root.Values).Value as short[]);
    }

    /// <summary>Nothing is read for it, so it must not lead the batch of the others.</summary>
    [Fact]
    public async Task A_root_that_is_not_read_asks_for_no_position()
    {
        OperationPlan plan = await PlanAsync("{ a: city(slug: \"x\") { cursor } b: city(slug: \"y\") { cursor } }");
        RootExecution absent = new(new BoundRoot(plan.Roots[0], Values(tenant: 0)) { IsAbsent = true }, MemoryLease.Uncounted, default);
        RootExecution read = Execution(plan.Roots[1], tenant: 2);
        Assert.Empty(ReadsOf([absent]));
        Assert.Same(read, ReadsOf([absent, read])[0].Root);
    }

    /// <summary>The key is read once, for the id and for the cursor.</summary>
    [Theory]
    [InlineData("{ city(slug: \"x\") { id cursor } }")]
    [InlineData("{ city(slug: \"x\") { cursor } }")]
    public async Task A_row_reads_its_key_alone(string text)
    {
        StatementPlan rows = (await PlanAsync(text)).Roots[0].Statements.Single();
        Assert.Equal("select r.id::bigint\nfrom (select s.id from city s where s.slug = $1) r", rows.Compile(AccessPath.Only).Sql);
    }

    [Fact]
    public async Task The_statement_counts_towards_the_limit_of_a_batch()
    {
        int lists = CityHelper.Engine.Limits.BatchStatementsMax - 1;
        string Text(string fields) => $"{{ city(slug: \"x\") {{ {fields} "
            + string.Concat(Enumerable.Range(0, lists).Select(i => $"c{i}: categories(first: {i + 1}) {{ nodes {{ code }} }} ")) + "} }";
        lists--;
        Assert.Equal(lists + 1, (await PlanAsync(Text("slug"))).Roots[0].StatementCount);
        lists++;
        await Assert.ThrowsAsync<PlanException>(() => PlanAsync(Text("slug")));
    }

    private static List<(StatementPlan Statement, RootExecution Root)> ReadsOf(RootExecution[] roots) =>
        BatchRunner.FirstReads(roots, [], LogRead.Of(roots.Select(root => root.Bound), s_log, s_cursors));

    private static RootValues Values(short tenant) => new(VariableValues.Coerce([], JsonDocument.Parse("{}").RootElement).Values!)
    {
        Tenant = tenant,
    };

    private static RootExecution Execution(RootPlan plan, short tenant) =>
        new(new BoundRoot(plan, Values(tenant)), MemoryLease.Uncounted, CancellationToken.None);

    // As bound without a database: tenants are not known. Nested roots stand behind their root, as in a batch.
    private async Task<RootExecution[]> RootsAsync(string text) =>
        [.. (await PlanAsync(text)).Roots.SelectMany(root => root.NestedRoots.Prepend(root)).Select(root => Execution(root, tenant: 0))];

    private async Task<OperationPlan> PlanAsync(string text)
    {
        Operation operation = (
            await new OperationCompiler(Schema).CompileAsync(text, operationName: null, CancellationToken.None)).Operation!;
        return new Planner(Schema).Compile(
            operation, VariableValues.Coerce(operation.Variables, JsonDocument.Parse("{}").RootElement).Values!);
    }
}
