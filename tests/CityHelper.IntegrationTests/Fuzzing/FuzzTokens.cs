using System.Text;
using System.Text.RegularExpressions;
using CityHelper.IntegrationTests.Oracle;

namespace CityHelper.IntegrationTests.Fuzzing;

/// <summary>Corrupts GraphQL and JSON token by token, so that many results are nearly valid.</summary>
internal sealed partial class FuzzTokens(IReadOnlyList<string> words)
{
    private static readonly string[] s_graphQL =
    [
        "{", "}", "(", ")", "[", "]", ":", "!", "=", "|", "&", "$", "@", "...", "on", "query", "mutation", "subscription", "fragment",
        "type", "null", "true", "false", "@include(if: true)", "@skip(if: $x)", "@include", "@unknown", "@deprecated",
        "@cost(weight: \"1\")", "... on City", "...F", "... {", "fragment F on City { slug }", "fragment F on Query { ...F }",
        "# comment\n", "#\u0000\n", "\uFEFF", "\u0000", "\u200B", "\u2028", "\uD800", "é", "🚮", "__typename", "__schema { types { name "
            + "} }",
        "__type(name: \"City\") { fields { name } }", "a: slug", "a: __typename", "where: {}", "order: []", "first: 1", "within: {}",
        "\"\"\"block \\\"\"\" \n  text\"\"\"", "\"\"\"", "\"", "'", "`", "\"\\u0000\"", "\"\\uD800\"", "\"\\uD83D\\uDE00\"",
        "\"\\u{1F600}\"", "\"\\u{110000}\"", "\"\\x\"", "\"a\nb\"", "$x", "$x: Int", "$x: [[[Int!]!]!]! = [[[1]]]", "{and: [{or: [{}]}]}",
        "{eq: null}", "{in: [null]}", "\"' or 1=1 --\"", "\"%_\\\\\"", "\"{row}\"", "\"$1\"", "\"@p0\"", "-", "--1", "1.", ".1", "01", "-0",
        "0x1F", "1e", "NaN", "Infinity",
    ];

    private static readonly string[] s_json =
    [
        "{", "}", "[", "]", ":", ",", "\"\\uD800\"", "\"\\uDC00\\uD800\"", "NaN", "Infinity", "-", "undefined", "//", "/* */", "'a'", "01",
        "1.", "+1", "\"\\x\"", "\"",
    ];

    private static readonly string[] s_values =
    [
        "null", "true", "false", "{}", "[]", "\"\"", "\"\\u0000\"", "\"\\uD83D\\uDE00\"", "\"\uFEFF\"", "\"NaN\"", "\"nyc\"", "[null]",
        "[[[[]]]]", "{\"a\":{\"a\":{}}}", "{\"\":0}", "\"' or 1=1 --\"", "\"%_\\\\\"", "\"{row}\"", "\"🚮\"", "\"2024-02-30T25:61:61Z\"",
        "\"0000-00-00T00:00:00Z\"", "\"9999-12-31T23:59:59.9999999Z\"", "\"2024-01-01\"", "{\"and\":[]}", "{\"or\":[{}]}",
        "{\"and\":[{\"and\":[{\"and\":[{\"and\":[{}]}]}]}]}", "{\"eq\":null}", "{\"in\":[null,null]}",
        "{\"status\":{\"eq\":\"OPEN\",\"neq\":\"OPEN\"}}",
    ];

    private static readonly string[] s_strings =
    [
        "\"\"", "\"nyc\"", "\"atlantis\"", "\"\\u0000\"", "\"\\uD800\"", "\"%\"", "\"_\\\\%\"", "\"' or 1=1 --\"", "\"{row}\"", "\"$1\"",
        "\"é🚮\"", "\"2024-01-01T00:00:00Z\"", "\"0001-01-01T00:00:00-14:00\"", "\"U2VydmljZVJlcXVlc3Q6MTox\"", "\"Q2l0eTox\"",
        "\"Q2F0ZWdvcnk6MToz\"", "\"\"\"a\n  b\"\"\"",
    ];

    /// <summary>Geometries with one error each, and some valid ones.</summary>
    private static readonly string[] s_geometries =
    [
        """{"type":"Point","coordinates":[-74,40.7]}""",
        """{"type":"Point","coordinates":[40.7,-174]}""",
        """{"type":"Point","coordinates":[-74,40.7,1,2]}""",
        """{"type":"Point","coordinates":[]}""",
        """{"type":"Point","coordinates":[1e308,-1e308]}""",
        """{"type":"Point","coordinates":["1","2"]}""",
        """{"type":"Point"}""",
        """{"coordinates":[1,2]}""",
        """{"type":"point","coordinates":[1,2]}""",
        """{"type":"Polygon","coordinates":[]}""",
        """{"type":"Polygon","coordinates":[[]]}""",
        """{"type":"Polygon","coordinates":[[[0,0],[1,1],[0,1],[1,0],[0,0]]]}""",
        """{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1]]]}""",
        """{"type":"Polygon","coordinates":[[[0,0],[0,0],[0,0],[0,0]]]}""",
        """{"type":"Polygon","coordinates":[[[-74,40.7],[-73.9,40.7],[-73.9,40.8],[-74,40.7]],[[0,0],[1,0],[1,1],[0,0]]]}""",
        """{"type":"Polygon","coordinates":[[[-180,-90],[180,-90],[180,90],[-180,90],[-180,-90]]]}""",
        """{"type":"Polygon","coordinates":[[[179,0],[-179,0],[-179,1],[179,0]]]}""",
        """{"type":"MultiPolygon","coordinates":[[[[-74,40.7],[-73.9,40.7],[-73.9,40.8],[-74,40.7]]]"""
            + """,[[[-74,40.7],[-73.9,40.7],[-73.9,40.8],[-74,40.7]]]]}""",
        """{"type":"MultiPolygon","coordinates":[]}""",
        """{"type":"LineString","coordinates":[[0,0],[0,0]]}""",
        """{"type":"LineString","coordinates":[[-74,40],[-73,41]],"crs":3857}""",
        """{"type":"GeometryCollection","geometries":[]}""",
        """{"type":"GeometryCollection","geometries":[{"type":"GeometryCollection","geometries":[]}]}""",
        """{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[-74,40.7]},null]}""",
        """{"type":"MultiPoint","coordinates":[[-74,40.7],[-74,40.7]]}""",
    ];

    private static readonly string[] s_numbers =
    [
        "0", "-0", "1", "-1", "100", "101", "2147483647", "2147483648", "-2147483649", "9007199254740993", "9223372036854775808", "1e400",
        "-1e400", "1e-400", "0.1", "1.0", "180.00000001", "-90.1", "22", "23", "5e-324", "1.7976931348623157e308",
        "99999999999999999999999999999999999999",
    ];

    /// <summary>The tokens of a text of either language.</summary>
    public static IReadOnlyList<string> Of(string text) => [.. Token().Matches(text).Select(m => m.Value)];

    /// <summary>A nearly valid document.</summary>
    public string Document(string text, Dice dice)
    {
        List<string> tokens = [.. Of(text)];
        bool staysGraphQL = dice.Chance(70);
        for (int changes = ChangesOf(dice); changes > 0; changes--)
        {
            // Documents that still parse reach more code than those that do not.
            if (staysGraphQL)
            {
                ChangeGently(tokens, dice);
            }
            else
            {
                Change(tokens, s_graphQL, dice);
            }
        }

        return string.Join(dice.Chance(10) ? "\r\n" : " ", tokens);
    }

    /// <summary>JSON that is nearly the original.</summary>
    public string Json(string json, Dice dice)
    {
        List<string> tokens = [.. Of(json)];
        bool staysJson = dice.Chance(85);
        for (int changes = ChangesOf(dice); changes > 0; changes--)
        {
            if (staysJson)
            {
                Replace(tokens, dice);
            }
            else
            {
                Change(tokens, s_json, dice);
            }
        }

        return string.Concat(tokens);
    }

    private static int ChangesOf(Dice dice) => dice.Chance(5) ? dice.Between(5, 40) : dice.PickWeighted([1, 2, 3], n => 4 - n);

    private void Change(List<string> tokens, IReadOnlyList<string> alphabet, Dice dice)
    {
        if (tokens.Count == 0)
        {
            tokens.Add(dice.Pick(alphabet));
            return;
        }

        int at = dice.Below(tokens.Count);
        int length = Math.Min(dice.Chance(80) ? 1 : dice.Between(2, 30), tokens.Count - at);
        switch (dice.Below(9))
        {
            case 0:
                tokens.RemoveRange(at, length);
                break;
            case 1:
                tokens.InsertRange(at, tokens.GetRange(at, length));
                break;
            case 2:
                int other = dice.Below(tokens.Count);
                (tokens[at], tokens[other]) = (tokens[other], tokens[at]);
                break;
            case 3:
                tokens.Insert(at, dice.Pick(alphabet));
                break;
            case 4:
                tokens[at] = dice.Pick(alphabet);
                break;
            case 5:
                tokens[at] = dice.Pick(words);
                break;
            case 6:
                tokens[at] = Grown(tokens[at], dice);
                break;
            case 7:
                string open = dice.Pick<string>(["{", "[", "(", "... {", "{and:[", "{a "]);
                int depth = dice.PickWeighted([1, 2, 10, 70, 300], n => n < 70 ? 10 : 1);
                tokens.InsertRange(at, Enumerable.Repeat(open, depth));
                tokens.InsertRange(
                    Math.Min(at + depth + length, tokens.Count),
                    Enumerable.Repeat(
                        open.EndsWith('[')
                            ? open.Length > 1
                                ? "]}"
                                : "]"
                            : open == "("
                                ? ")"
                                : "}",
                        depth));
                break;
            default:
                tokens[at] = dice.Pick(dice.Chance(50) ? s_numbers : s_geometries);
                break;
        }
    }

    // Replaces a value by a value, a name by a name, or adds or removes a whole group.
    private void ChangeGently(List<string> tokens, Dice dice)
    {
        if (tokens.Count == 0)
        {
            return;
        }

        int at = dice.Below(tokens.Count);
        string token = tokens[at];
        int length = LengthOf(tokens, at);
        switch (token[0])
        {
            case '{' or '[' or '(' when dice.Chance(50):
                tokens.RemoveRange(at, length);
                break;
            case '{' or '[':
                tokens.InsertRange(at + 1, tokens.GetRange(at + 1, Math.Max(0, length - 2)));
                break;
            case '"':
                tokens[at] = dice.Pick(s_strings);
                break;
            case >= '0' and <= '9' or '-':
                tokens[at] = dice.Pick(s_numbers);
                break;
            case '_' or (>= 'A' and <= 'Z') or (>= 'a' and <= 'z') when dice.Chance(60):
                tokens[at] = dice.Pick(words);
                break;
            case '_' or (>= 'A' and <= 'Z') or (>= 'a' and <= 'z'):
                tokens.Insert(
                    dice.Chance(50) ? at : at + 1,
                    dice.Pick<string>([
                        "@include(if: true)", "@skip(if: false)", "@skip(if: true)", "a:", token, "__typename", "... { __typename }", "$x",
                        "null", "[]", "{}",
                    ]));
                break;
            default:
                tokens.RemoveAt(at);
                break;
        }
    }

    private void Replace(List<string> tokens, Dice dice)
    {
        // Seldom replaces the whole, because nothing else would be left.
        int[] values = [.. Enumerable.Range(0, tokens.Count).Where(i => IsValue(tokens, i) && (i > 0 || dice.Chance(5)))];
        if (values.Length == 0)
        {
            return;
        }

        int at = dice.Pick(values);
        int length = LengthOf(tokens, at);
        string value = dice.Below(6) switch
        {
            0 => dice.Pick(s_geometries),
            1 => dice.Pick(s_numbers),
            2 => $"\"{dice.Pick(words)}\"",
            3 => Whole(tokens, dice.Pick(values)),
            4 => "["
                + string.Join(',', Enumerable.Repeat(Whole(tokens, at), dice.PickWeighted([1, 2, 60, 1_001], n => n < 60 ? 10 : 1)))
                + "]",
            _ => dice.Pick(s_values),
        };
        tokens.RemoveRange(at, length);
        tokens.Insert(at, value);
        if (dice.Chance(10) && at > 1 && tokens[at - 1] == ":")
        {
            tokens.InsertRange(at + 1, [",", tokens[at - 2], ":", dice.Pick(s_numbers)]);
        }
    }

    private static bool IsValue(List<string> tokens, int i) =>
        tokens[i] is not ("," or ":" or "]" or "}") && !(i + 1 < tokens.Count && tokens[i + 1] == ":");

    private static string Whole(List<string> tokens, int at) => string.Concat(tokens.GetRange(at, LengthOf(tokens, at)));

    // The number of tokens in the value that begins here.
    private static int LengthOf(List<string> tokens, int at)
    {
        int depth = 0;
        for (int i = at; i < tokens.Count; i++)
        {
            depth += tokens[i] is "{" or "[" or "(" ? 1 : tokens[i] is "}" or "]" or ")" ? -1 : 0;
            if (depth <= 0)
            {
                return i - at + 1;
            }
        }

        return tokens.Count - at;
    }

    private static string Grown(string token, Dice dice)
    {
        int times = dice.PickWeighted([2, 20, 500, 3_000], n => n < 500 ? 10 : 1);
        return token[0] == '"' ? $"\"{string.Concat(Enumerable.Repeat(token.Trim('"') + "a", times))}\""
            : new StringBuilder().Insert(0, token, token.Length * times > 200_000 ? 2 : times).ToString();
    }

    [GeneratedRegex(
        """\"\"\"(?:\\\"\"\"|[\s\S])*?\"\"\"|"(?:\\.|[^"\\\n])*"|\.\.\.|[A-Za-z_][A-Za-z_0-9]*|"""
            + """-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|#[^\n]*\n|[^\s]""")]
    private static partial Regex Token();
}
