using System.Globalization;
using CityHelper.Engine;
using CityHelper.Engine.Binding;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Cost;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Schema;
using CityHelper.Server.Schema;
using GraphQL.Types;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace CityHelper.Tests.Engine;

/// <summary>Caches that clients can fill are bounded, and still find what they hold.</summary>
public sealed class CacheBoundTests : IDisposable
{
    private readonly ServiceProvider _services = SchemaServices.CreateOffline();

    public void Dispose() => _services.Dispose();

    [Fact]
    public async Task Plans_are_cached_by_operation_and_signature_and_no_more_than_allowed()
    {
        using var plans = new PlanCache();
        Operation operation = (await Compiler().CompileAsync("{ cities { slug } }", null, CancellationToken.None)).Operation!;
        int compiled = 0;
        CostedPlan Compile()
        {
            compiled++;
            var plan = new OperationPlan([], CachePolicy.None, [], Fields: 1) { Tables = [], Further = [] };
            return new CostedPlan(plan, new CostFormula([]));
        }

        CostedPlan first = await plans.GetOrAddAsync(operation, "a", Compile, CancellationToken.None);
        Assert.Same(first, await plans.GetOrAddAsync(operation, "a", Compile, CancellationToken.None));
        Assert.Equal(1, compiled);

        int plansMax = Limits.CachedPlanWeightMax / Limits.PlanWeightMin;
        int shapes = 3 * plansMax;
        for (int pass = 0; pass < 2; pass++)
        {
            compiled = 0;
            for (int i = 0; i < shapes; i++)
            {
                await plans.GetOrAddAsync(
                    operation, i.ToString(CultureInfo.InvariantCulture), Compile, CancellationToken.None);
            }
        }

        Assert.InRange(shapes - compiled, 0, plansMax);
    }

    [Fact]
    public async Task Free_texts_are_kept_and_no_more_of_them_than_allowed()
    {
        using var registry = new OperationRegistry(
            Compiler(), new CostAnalyser(_services.GetRequiredService<ISchema>()), NullLogger<OperationRegistry>.Instance);
        string Text(int i) => $"{{ cities {{ a{i}: slug }} }}{new string(' ', 10_000)}";
        CompiledOperation first = await registry.CompileAsync(Text(0), null, CancellationToken.None);
        Assert.Same(first, await registry.CompileAsync(Text(0), null, CancellationToken.None));

        int texts = 3 * Limits.CachedTextCharsMax / 10_000;
        var seen = new CompiledOperation[texts];
        for (int i = 0; i < texts; i++)
        {
            seen[i] = await registry.CompileAsync(Text(i), null, CancellationToken.None);
        }

        int kept = 0;
        for (int i = 0; i < texts; i++)
        {
            kept += ReferenceEquals(seen[i], await registry.CompileAsync(Text(i), null, CancellationToken.None)) ? 1 : 0;
        }

        Assert.InRange(kept, 0, Limits.CachedTextCharsMax / 10_000);
    }

    /// <summary>
    /// An operation has one plan per variable signature; all share one copy of a polygon of ten thousand positions in its text.
    /// </summary>
    [Fact]
    public async Task Plans_of_one_text_share_its_literals()
    {
        const string Text =
            "query($b: Boolean) { serviceRequests(city: \"nyc\", within: {polygon: {type: Polygon, coordinates: "
                + "[[[0,0],[1,0],[1,1],[0,0]]]}}) { nodes { id @include(if: $b) } } }";
        Operation operation = (
            await Compiler()
                .CompileAsync(Text.Replace("$b: Boolean", "$b: Boolean = true", StringComparison.Ordinal), null, CancellationToken.None)
        ).Operation!;
        var schema = _services.GetRequiredService<ISchema>();
        GraphQLParser.AST.GraphQLValue polygon = ((GraphQLParser.AST.GraphQLField)operation.Definition.SelectionSet.Selections[0])
            .Arguments!.Single(a => a.Name.StringValue == "within")
            .Value;
        IGraphType area = schema.Query.Fields.Find("serviceRequests")!.Arguments!.Find("within")!.ResolvedType!;
        object? Geometry(string variables)
        {
            using var json = System.Text.Json.JsonDocument.Parse(variables);
            VariableValues values = VariableValues.Coerce(operation.Variables, json.RootElement).Values!;
            return ((ObjectNode)InputNode.Build(polygon, area, values)!).Members["polygon"].Evaluate(values);
        }

        Assert.IsType<NetTopologySuite.Geometries.Polygon>(Geometry("{}"));
        Assert.Same(Geometry("""{"b":true}"""), Geometry("""{"b":false}"""));
    }

    [Fact]
    public void Statements_are_cached_by_access_path_and_no_more_of_their_text_than_allowed()
    {
        using var cache = new StatementCache();
        var values = new RootValues(VariableValues.None);
        RootValues late = values with { Access = new AccessPath(AccessPathKind.DeferredJoin, 1, 6) };
        var statement = new LongStatement();
        Assert.Same(cache.For(statement, values, CancellationToken.None), cache.For(statement, values, CancellationToken.None));
        Assert.NotSame(cache.For(statement, values, CancellationToken.None), cache.For(statement, late, CancellationToken.None));

        for (int i = 0; i < 3 * Limits.CachedStatementCharsMax / LongStatement.Chars; i++)
        {
            cache.For(new LongStatement(), values, CancellationToken.None);
        }

        Assert.InRange(cache.Chars, 1, Limits.CachedStatementCharsMax);
    }

    private OperationCompiler Compiler() => new(_services.GetRequiredService<ISchema>());

    private sealed class LongStatement : StatementPlan
    {
        public const int Chars = 50_000;

        protected override CompiledStatement Compile(StatementBuilder statement) => new(new string(' ', Chars), []);
    }
}
