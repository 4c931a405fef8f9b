using System.Text.Json;
using System.Text.Json.Nodes;
using CityHelper.Engine;
using CityHelper.IntegrationTests.Oracle;

namespace CityHelper.IntegrationTests.Fuzzing;

/// <summary>A valid operation, which the generator then corrupts.</summary>
/// <param name="Text">The document.</param>
/// <param name="Variables">A JSON object.</param>
/// <param name="Id">The id under which it is published; null for others.</param>
internal sealed record FuzzSeed(string Text, string Variables, string? Id);

/// <summary>The published operations, random operations and mutations over the whole schema, and words of all.</summary>
internal sealed class FuzzCorpus
{
    private const int NotPublished = 3;

    private static readonly string s_request = new GlobalId("ServiceRequest", OracleRows.NycId, 7).ToString();

    private readonly OperationGenerator _generator;
    private readonly FuzzSeed[] _published;

    public FuzzCorpus(OracleRows rows, SchemaFile schema, int seed)
    {
        _generator = new OperationGenerator(rows, schema, seed);
        using var manifest = JsonDocument.Parse(File.ReadAllBytes(Repository.PathOf("persisted-queries", "manifest.json")));
        _published =
        [
            .. manifest
                .RootElement.GetProperty("operations")
                .EnumerateArray()
                .Select(o => new FuzzSeed(
                    o.GetProperty("body").GetString()!, VariablesOf(o.GetProperty("body").GetString()!), o.GetProperty("id").GetString())),
            new FuzzSeed(
                "query($deep: Boolean! = true) { __schema { types { kind name fields @include(if: $deep) { name args { name type { name "
                    + "ofType { name } } } } } } }",
                "{}",
                null),
            new FuzzSeed(
                "subscription($city: String!, $within: AreaInput, $after: String) { onServiceRequestChanged(city: $city, within: $within, "
                    + "where: {status: {in: [OPEN, CLOSED]}, category: {code: {eq: \"rodent\"}}}, after: $after) { kind cursor at id "
                    + "status previousStatus serviceRequest { id title updates(last: 2) { status } } } }",
                VariablesOf("($city: $within:{"),
                null),
            new FuzzSeed(
                "subscription($id: ID!, $after: String) { onServiceRequestUpdated(id: $id, after: $after) { kind cursor } }",
                VariablesOf("($id:{"),
                null),
        ];
        Words = WordsOfSchema();
        Mutations = new MutationGenerator(
            rows,
            schema,
            MutationGenerator.Ids(rows.Requests.Where(r => r.CityId == OracleRows.NycId).Select(r => r.Id).Take(40)),
            [.. rows.Categories.Select(category => category.Code)],
            [.. rows.Agencies.Select(agency => agency.Code)],
            seed);
    }

    /// <summary>The names of the schema.</summary>
    public IReadOnlyList<string> Words { get; }

    /// <summary>Valid mutations.</summary>
    public MutationGenerator Mutations { get; }

    /// <summary>The names of the schema.</summary>
    public static IReadOnlyList<string> WordsOfSchema() =>
    [
        .. FuzzTokens.Of(File.ReadAllText(Repository.PathOf("schema", "schema.graphql")))
            .Where(t => char.IsLetter(t[0]) && t.Length < 40)
            .Distinct(),
    ];

    /// <summary>A valid operation.</summary>
    public FuzzSeed Pick(Dice dice)
    {
        if (dice.Chance(15))
        {
            GeneratedMutation mutation = Mutations.Mutation(dice.Below(100_000));
            return new FuzzSeed(mutation.Text, mutation.Variables.ToJsonString(), null);
        }

        if (dice.Chance(40))
        {
            return dice.Pick(_published);
        }

        GeneratedOperation operation = _generator.Operation(dice.Below(100_000));
        (string text, JsonObject variables) = operation.With(operation.Slots.ToDictionary(slot => slot.Token, _ => (string?)null));
        return new FuzzSeed(text, variables.ToJsonString(), null);
    }

    public FuzzSeed PickPublished(Dice dice) => _published[dice.Below(_published.Length - NotPublished)];

    // By name: published operations use the same name for the same thing.
    private static string VariablesOf(string text)
    {
        var values = new JsonObject
        {
            ["city"] = OracleRows.Nyc,
            ["id"] = s_request,
            ["externalId"] = "40000007",
            ["category"] = "rodent",
            ["description"] = "Rats in the cellar",
            ["kind"] = "community-district",
            ["zoom"] = 13,
            ["first"] = 5,
            ["last"] = 5,
            ["withinMetres"] = 800.5,
            ["to"] = JsonNode.Parse("""{"longitude":-73.99,"latitude":40.74}"""),
            ["location"] = JsonNode.Parse("""{"longitude":-73.99,"latitude":40.74}"""),
            ["viewport"] = JsonNode.Parse("""{"west":-74.05,"south":40.68,"east":-73.9,"north":40.8}"""),
            ["within"] = JsonNode.Parse(
                """{"polygon":{"type":"Polygon","coordinates":[[[-74.0,40.7],[-73.9,40.7],[-73.9,40.8],[-74.0,40.7]]]}}"""),
            ["where"] = JsonNode.Parse(
                """{"status":{"in":["OPEN","CLOSED"]},"and":[{"createdAt":{"gte":"2024-01-01T00:00:00Z"}}"""
                    + """,{"or":[{"category":{"code":{"eq":"rodent"}}},{"agency":{"code":{"neq":"HPD"}}}]}]}"""),
            ["order"] = JsonNode.Parse("""[{"createdAt":"ASC"}]"""),
        };
        string head = text[..text.IndexOf('{', StringComparison.Ordinal)];
        return new JsonObject(values
            .Where(v => head.Contains($"${v.Key}:", StringComparison.Ordinal))
            .Select(v => KeyValuePair.Create(v.Key, v.Value?.DeepClone()))).ToJsonString();
    }
}
