using System.Globalization;
using System.Text.Json.Nodes;
using CityHelper.Engine;
using CityHelper.IntegrationTests.Oracle;

namespace CityHelper.IntegrationTests.Fuzzing;

/// <summary>A mutation, and the query that asks for the same of its request.</summary>
/// <param name="Name">The mutation.</param>
/// <param name="Text">The document. Its input is the variable <c>input</c>, the response name of the mutation <c>done</c>.</param>
/// <param name="Variables">A JSON object.</param>
/// <param name="Query">Asks for the same selection of the request whose id is the variable <c>id</c>, as <c>read</c>.</param>
/// <param name="QueryVariables">The variables of the query but <c>id</c>.</param>
internal sealed record GeneratedMutation(string Name, string Text, JsonObject Variables, string Query, JsonObject QueryVariables);

/// <summary>
/// Random valid mutations over the whole of <see cref="SchemaFile"/>: inputs mostly right, some that are refused, and any selection of the
/// row. Each has its own seed.
/// </summary>
/// <param name="rows">Rows whose values arguments of lists take.</param>
/// <param name="schema">The schema.</param>
/// <param name="requests">Ids of requests, and some that are none.</param>
/// <param name="categories">Codes of categories.</param>
/// <param name="agencies">Codes of agencies.</param>
/// <param name="seed">Selects the mutations.</param>
internal sealed class MutationGenerator(
    OracleRows rows,
    SchemaFile schema,
    IReadOnlyList<string> requests,
    IReadOnlyList<string> categories,
    IReadOnlyList<string> agencies,
    int seed)
{
    private static readonly string[] s_texts =
    [
        "Rats in the cellar", "é🚮", "'; drop table city --", "", " ", "%_\\", new('x', 501), "a\nb",
    ];

    public GeneratedMutation Mutation(int index)
    {
        var dice = new Dice(unchecked(seed * 1_000_003 + index));
        SchemaField mutation = dice.Pick(schema.Fields("Mutation"));
        var draft = new OperationDraft();
        string selection = new SelectionGenerator(rows, schema, draft, dice).Row("ServiceRequest");
        SchemaTypeUse input = mutation.Arguments.Single(a => a.Name == "input").Type;
        JsonObject given = Input(input.Name, dice);
        string declarations = string.Concat(draft.Variables.Select(v => $", {v.Declaration}"));
        string fragments = string.Concat(draft.Fragments.Select(fragment => "\n" + fragment));
        var generated = new GeneratedOperation(
            $"mutation($input: {input}{declarations}) {{ done: {mutation.Name}(input: $input) {{ __typename serviceRequest {selection} "
                + "row: serviceRequest { id version redactedAt } cursor errors { __typename ... on Error { code message } } } }"
                + fragments,
            OperationGenerator.Given(draft.Variables), draft.Slots, draft.Variables);
        var read = generated with
        {
            Document = $"query($id: ID!{declarations}) {{ read: serviceRequest(city: \"nyc\", id: $id) {selection} "
                + $"row: serviceRequest(city: \"nyc\", id: $id) {{ id version redactedAt }} }}{fragments}",
        };
        var noCursors = draft.Slots.ToDictionary(slot => slot.Token, _ => (string?)null);
        (string text, JsonObject variables) = generated.With(noCursors);
        (string query, JsonObject queryVariables) = read.With(noCursors);
        variables["input"] = given;
        return new GeneratedMutation(mutation.Name, text, variables, query, queryVariables);
    }

    private JsonObject Input(string type, Dice dice) => new(schema.Members(type)
        .Where(member => member.Type.IsNonNull || dice.Chance(member.Name is "version" ? 20 : 70))
        .Select(member => KeyValuePair.Create(
            member.Name, member.Type.IsNonNull || dice.Chance(93) ? Value(member, dice) : null)));

    // A new member has no value here, so that a new test fails until somebody thinks of one.
    private JsonNode Value(SchemaInput member, Dice dice) => member.Name switch
    {
        "id" or "duplicateOf" => dice.Pick(requests),
        "version" => dice.Between(1, 3),
        "idempotencyKey" => dice.Chance(90) ? Guid.CreateVersion7().ToString() : $"key {dice.Below(20)}",
        "city" => dice.Chance(97) ? OracleRows.Nyc : "atlantis",
        "category" => dice.Chance(95) ? dice.Pick(categories) : "no-such-code",
        "agency" => dice.Chance(95) ? dice.Pick(agencies) : "NOBODY",
        "status" => dice.Pick(schema.Values(member.Type.Name)),
        "externalId" => $"E{dice.Below(1_000).ToString(CultureInfo.InvariantCulture)}",
        "location" => new JsonObject
        {
            ["longitude"] = dice.Chance(85) ? -74 + (0.1 * dice.Fraction()) : 12.5, ["latitude"] = 40.7 + (0.1 * dice.Fraction()),
        },
        "note" or "resolution" or "address" or "title" or "description" => dice.Chance(85) ? $"Text {dice.Below(100)}" : dice.Pick(s_texts),
        _ => throw new InvalidOperationException($"No value for the member {member.Name} of a mutation's input."),
    };

    /// <summary>Ids of requests of New York, among them one of another city, of another type and of none.</summary>
    public static IReadOnlyList<string> Ids(IEnumerable<long> requests) =>
    [
        .. requests.Select(id => new GlobalId("ServiceRequest", OracleRows.NycId, id).ToString()),
        new GlobalId("ServiceRequest", OracleRows.SpringfieldId, 7).ToString(),
        new GlobalId("Category", OracleRows.NycId, 1).ToString(),
        new GlobalId("ServiceRequest", OracleRows.NycId, 7).ToString(),
        "none",
    ];
}
