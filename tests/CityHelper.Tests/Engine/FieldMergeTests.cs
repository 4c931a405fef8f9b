using CityHelper.Engine.Documents;
using CityHelper.Server.Schema;
using GraphQL;
using GraphQL.Types;
using GraphQL.Validation;
using GraphQL.Validation.Rules;
using GraphQLParser;
using GraphQLParser.AST;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CityHelper.Tests.Engine;

/// <summary>Fields merge in linear time, with the same verdict as GraphQL.NET's rule, which compares all pairs.</summary>
public sealed class FieldMergeTests : IDisposable
{
    private const int Documents = 3_000;

    private readonly ServiceProvider _services = SchemaServices.CreateOffline();

    public void Dispose() => _services.Dispose();

    [Fact]
    public async Task Random_documents_are_judged_as_by_comparing_all_pairs()
    {
        ISchema schema = _services.GetRequiredService<ISchema>();
        schema.Initialize();
        int conflicts = 0;
        for (int seed = 0; seed < Documents; seed++)
        {
            string text = new RandomDocument(new Random(seed)).ToString();
            GraphQLDocument document = Parser.Parse(text);
            string? pairs = await ConflictInPairsAsync(schema, document);
            string? merged = FieldMerge.Check(document, text, schema)?.Message;
            Assert.True(pairs is null == merged is null, $"Seed {seed}: pairs say {pairs}, merging {merged}\n{text}");
            conflicts += merged is null ? 0 : 1;
        }

        // Both verdicts must be common, else the comparison says little.
        Assert.InRange(conflicts, Documents / 10, Documents * 9 / 10);
    }

    [Theory]
    [InlineData("{ node(id: 1) { ... on City { a: slug } ... on Category { a: name } } }", null)]
    [InlineData("{ node(id: 1) { ... on City { a: slug } ... on City { a: name } } }", "they are `slug` and `name`")]
    [InlineData("{ node(id: 1) { a: id ... on City { a: name } } }", "they are `id` and `name`")]
    [InlineData(
        "{ node(id: 1) { ... on City { a: centre { type } } ... on Category { a: name } } }",
        "they are of types GeoJSONPointType! and String!")]
    [InlineData(
        "{ node(id: 1) { ... on ServiceRequest { a: category { x: code } } ... on Category { a: agency { x: code } } } }",
        "they are of types Category! and Agency")]
    [InlineData("{ node(id: 1) { ... on ServiceRequest { a: agency { x: code } } ... on Category { a: agency { x: name } } } }", null)]
    [InlineData(
        "{ node(id: 1) { ... on ServiceRequest { a: agency { x: code } } ... on Category { a: agency { x: serviceRequests(first: 1) { "
            + "totalCount } } } } }",
        "they are of types String! and ServiceRequestsConnection")]
    [InlineData(
        "{ city(slug: \"a\") { categories { nodes { ...N a: agency { id } } } } } fragment N on Node { ... on City { a: centre { type } "
            + "} }",
        "they are of types GeoJSONPointType! and Agency")]
    [InlineData(
        "{ city(slug: \"a\") { categories { nodes { ...N a: agency { id } } } } } fragment N on Node { ... on City { a: categories { "
            + "totalCount } } }",
        null)]
    [InlineData("{ city(slug: \"a\") { name } city(slug: \"b\") { name } }", "their arguments differ")]
    [InlineData("{ city(slug: \"a\") { name } city(slug : \"a\", ) { id } }", null)]
    [InlineData("query($a: String = \"a\") { city(slug: $a) { name } city(slug: \"a\") { id } }", "their arguments differ")]
    [InlineData("{ cities { ...A ...B } } fragment A on City { x: slug } fragment B on City { x: name }", "they are `slug` and `name`")]
    [InlineData("{ a: __typename a: __schema { queryType { name } } }", "they are `__typename` and `__schema`")]
    [InlineData("query A { cities { slug } } query B { cities { a: slug a: name } }", "they are `slug` and `name`")]
    public void Fields_that_meet_are_one_field_and_others_are_of_one_shape(string text, string? why)
    {
        ISchema schema = _services.GetRequiredService<ISchema>();
        schema.Initialize();
        CityHelper.Engine.RequestError? error = FieldMerge.Check(Parser.Parse(text), text, schema);
        Assert.Equal(why is null, error is null);
        Assert.Contains(why ?? "", error?.Message ?? "", StringComparison.Ordinal);
    }

    /// <summary>Fields nested in an interface that leads to interfaces: each level is visited once per type.</summary>
    [Fact]
    public void What_takes_too_long_to_tell_is_refused()
    {
        Schema schema = Schema.For(
            "interface I { i: I a: Int } type A implements I { i: I a: Int b: I } type B implements I { i: I a: Int b: I } type Query { "
                + "i: I }",
            builder =>
            {
                builder.Types.For("I").ResolveType = _ => null!;
                builder.Types.For("A").IsTypeOfFunc = _ => true;
                builder.Types.For("B").IsTypeOfFunc = _ => true;
            });
        schema.Initialize();
        string nested = "a";
        for (int level = 0; level < 17; level++)
        {
            nested = $"i {{ {nested} }} ... on A {{ i {{ a }} }} ... on B {{ i {{ a }} }}";
        }

        string text = $"{{ i {{ {nested} }} }}";
        Assert.Equal("HC0107", FieldMerge.Check(Parser.Parse(text), text, schema)?.Code);
    }

    private static async Task<string?> ConflictInPairsAsync(ISchema schema, GraphQLDocument document)
    {
        IValidationResult result = await new DocumentValidator().ValidateAsync(new ValidationOptions
        {
            Schema = schema,
            Document = document,
            Operation = document.Definitions.OfType<GraphQLOperationDefinition>().First(),
            Rules = [OverlappingFieldsCanBeMerged.Instance],
            Variables = Inputs.Empty,
        });
        return result.Errors.FirstOrDefault(e => e is not InvalidVariableError)?.Message;
    }

    /// <summary>Valid except for field merging: few names, many fragments, and types that do and do not overlap.</summary>
    private sealed class RandomDocument
    {
        private static readonly Dictionary<string, (string Field, string? Type)[]> s_fields = new()
        {
            ["City"] =
            [
                ("slug", null), ("name", null), ("id", null), ("bounds", "Bounds"), ("categories(first: 1)", "CategoriesConnection"),
                ("categories(first: 2)", "CategoriesConnection"),
            ],
            ["Bounds"] = [("west", null), ("south", null)],
            ["CategoriesConnection"] = [("totalCount", null), ("nodes", "Category")],
            ["Category"] =
            [
                ("code", null),
                ("name", null),
                ("id", null),
                ("agency", "Agency"),
                ("serviceRequests(first: 1)", "ServiceRequestsConnection"),
            ],
            ["Agency"] = [("code", null), ("name", null), ("id", null)],
            ["ServiceRequestsConnection"] = [("totalCount", null), ("nodes", "ServiceRequest")],
            ["ServiceRequest"] = [("title", null), ("status", null), ("id", null), ("agency", "Agency"), ("category", "Category")],
            ["Node"] = [("id", null)],
        };

        private static readonly string[] s_nodes = ["City", "Category", "Agency", "ServiceRequest"];

        private readonly Random _random;
        private readonly List<(string Name, string Type, string Body)> _fragments = [];

        public RandomDocument(Random random)
        {
            _random = random;

            // Each fragment may spread only earlier ones, so there are no cycles.
            foreach (string type in new[] { "Agency", "Category", "ServiceRequest", "City", "Category", "Node" })
            {
                _fragments.Add(($"F{_fragments.Count}", type, ""));
                _fragments[^1] = _fragments[^1] with { Body = Selections(type, 2) };
            }
        }

        // Leaves out unused fragments: another rule refuses those.
        public override string ToString()
        {
            string text = $"{{ node(id: 1) {{ {Selections("Node", 3)} }} city(slug: \"a\") {{ {Selections("City", 3)} }} }}";
            foreach ((string name, string type, string body) in Enumerable.Reverse(_fragments))
            {
                text += text.Contains($"...{name}", StringComparison.Ordinal) ? $" fragment {name} on {type} {{ {body} }}" : "";
            }

            return text;
        }

        private string Selections(string type, int depth, bool isList = false) =>
            string.Join(' ', Enumerable.Range(0, _random.Next(1, 4)).Select(_ => Selection(type, depth, isList)));

        private string Selection(string type, int depth, bool isList)
        {
            // Does not spread fragments on an interface in a list: there GraphQL.NET misses that objects of two types never overlap, and
            // reports false conflicts.
            string[] spreads =
            [
                .. _fragments
                    .Where(f =>
                        f.Body.Length > 0 && (f.Type == type || type == "Node" || (!isList && f.Type == "Node" && s_nodes.Contains(type))))
                    .Select(f => f.Name),
            ];
            if (spreads.Length > 0 && _random.Next(5) == 0)
            {
                return $"...{spreads[_random.Next(spreads.Length)]}";
            }

            if (type == "Node" && depth > 0 && _random.Next(4) > 0)
            {
                string narrowed = s_nodes[_random.Next(s_nodes.Length)];
                return $"... on {narrowed} {{ {Selections(narrowed, depth - 1)} }}";
            }

            (string Field, string? Type)[] fields = [.. s_fields[type].Where(f => depth > 0 || f.Type is null)];
            (string field, string? below) = fields[_random.Next(fields.Length)];
            string alias = _random.Next(8) == 0 ? $"{(char)('a' + _random.Next(2))}: " : "";
            return alias + field + (below is null ? "" : $" {{ {Selections(below, depth - 1, field == "nodes")} }}");
        }
    }
}
