using System.Text.Json;
using CityHelper.Checks.Contracts;
using CityHelper.IntegrationTests.Serving;
using Xunit;

namespace CityHelper.IntegrationTests.Checks;

/// <summary>Our schema comparison beside that of graphql-js, whose rules it follows, over random changes of the real schema.</summary>
public sealed class SchemaDiffOracleTests
{
    private const int Pairs = 250;

    // Definitions that the server's schema lacks.
    private const string Oddities =
        """
        union Thing = City | Agency | Category
        scalar Odd
        directive @odd(a: Int, b: Int = 3, c: [Int!]) repeatable on FIELD | FRAGMENT_SPREAD | OBJECT
        """;

    private static readonly string[] s_known =
    [
        "TYPE_REMOVED",
        "TYPE_CHANGED_KIND",
        "TYPE_REMOVED_FROM_UNION",
        "VALUE_REMOVED_FROM_ENUM",
        "REQUIRED_INPUT_FIELD_ADDED",
        "IMPLEMENTED_INTERFACE_REMOVED",
        "FIELD_REMOVED",
        "FIELD_CHANGED_KIND",
        "REQUIRED_ARG_ADDED",
        "ARG_REMOVED",
        "ARG_CHANGED_KIND",
        "DIRECTIVE_REMOVED",
        "DIRECTIVE_ARG_REMOVED",
        "REQUIRED_DIRECTIVE_ARG_ADDED",
        "DIRECTIVE_REPEATABLE_REMOVED",
        "DIRECTIVE_LOCATION_REMOVED",
        "VALUE_ADDED_TO_ENUM",
        "TYPE_ADDED_TO_UNION",
        "OPTIONAL_INPUT_FIELD_ADDED",
        "OPTIONAL_ARG_ADDED",
        "IMPLEMENTED_INTERFACE_ADDED",
        "ARG_DEFAULT_VALUE_CHANGE",
    ];

    /// <summary>Kinds that graphql-js does not check.</summary>
    private static readonly HashSet<string> s_beyond =
    [
        "DEFAULT_VALUE_ADDED", "INPUT_FIELD_DEFAULT_VALUE_CHANGE", "OPTIONAL_DIRECTIVE_ARG_ADDED", "DIRECTIVE_ARG_CHANGED_KIND",
        "DIRECTIVE_ARG_DEFAULT_VALUE_CHANGE", "ROOT_TYPE_CHANGED", "ONE_OF_ADDED", "SPECIFICATION_CHANGED",
    ];

    [Fact]
    public async Task Both_find_the_same_breaking_and_dangerous_changes()
    {
        string real = await File.ReadAllTextAsync(Repository.PathOf("schema", "schema.graphql")) + Oddities;
        string[][] pairs =
        [
            .. Enumerable.Range(0, Pairs).Select(seed => Pair(real, seed)),

            // Kinds that random changes of so large a schema rarely make.
            [WithDefault(real, 1), WithDefault(real, 2)],
            [real, real.Replace("directive @odd(a: Int,", "directive @odd(d: Int!, a: Int,", StringComparison.Ordinal)],
        ];
        string file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, JsonSerializer.Serialize(pairs));
            string[][] expected = JsonSerializer.Deserialize<string[][]>(await NodeScript.RunAsync("schema-changes.mjs", file))!;
            Assert.All(Enumerable.Range(0, pairs.Length), seed => Assert.Equal(expected[seed], Found(pairs[seed][0], pairs[seed][1])));

            // The changes included every kind that graphql-js knows.
            Assert.Equal("", string.Join(' ', s_known.Except(expected.SelectMany(kinds => kinds))));
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static string WithDefault(string real, int zoom) =>
        real.Replace("zoom: Int)", $"zoom: Int = {zoom})", StringComparison.Ordinal);

    // Half of them are reversed: a removal becomes an addition.
    private static string[] Pair(string real, int seed)
    {
        string changed = new SchemaMutations(seed).Change(real);
        return seed % 2 == 0 ? [real, changed] : [changed, real];
    }

    private static string[] Found(string old, string now) =>
    [
        .. SchemaComparison.Compare(SchemaDefinitions.Parse(old, "old"), SchemaDefinitions.Parse(now, "new"))
            .Where(c => c.Risk != ChangeRisk.Safe && !s_beyond.Contains(c.Code))
            .Select(c => c.Code)
            .Order(StringComparer.Ordinal),
    ];
}
