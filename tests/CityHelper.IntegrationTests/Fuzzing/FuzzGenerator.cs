using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using CityHelper.Engine;
using CityHelper.IntegrationTests.Oracle;

namespace CityHelper.IntegrationTests.Fuzzing;

/// <summary>
/// Inputs with a corrupted document, variables, bytes or URL. Each has its own seed, so that a failing one can be generated alone.
/// </summary>
internal sealed class FuzzGenerator(FuzzCorpus corpus, int seed)
{
    private const string Path = "/graphql";

    private static readonly (string, string)[] s_json =
    [
        ("Content-Type", "application/json"),
        ("Accept", "application/graphql-response+json"),
    ];

    private static readonly string[] s_contentTypes =
    [
        "application/json", "application/json; charset=utf-8", "application/json;charset=\"UTF-8\"", "application/json; charset=utf-16",
        "application/json; charset=iso-8859-1", "application/graphql", "application/graphql-response+json", "text/plain",
        "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json,application/json", "application/",
        "/json", "json", ";", "application/json; charset", "application/json; a=\"", "APPLICATION/JSON",
    ];

    private static readonly string[] s_accepts =
    [
        "application/json", "application/graphql-response+json", "*/*", "application/*", "", "application/json;q=0", "application/json;q=2",
        "text/plain", "application/graphql-response+json;q=0.1,application/json", ",", ";", "a", "application/json;charset=latin1",
        "multipart/mixed", "text/event-stream", "*/json", "q=1", "application/json;q=\"1\"",
    ];

    private static readonly string[] s_encodings =
    [
        "gzip", "br", "deflate", "identity", "gzip, gzip", "zstd", "", "GZIP", "x-gzip", "gzip;q=1",
    ];

    private static readonly string[] s_extensions =
    [
        "null",
        "[]",
        "7",
        "{}",
        """{"persistedQuery":null}""",
        """{"persistedQuery":[]}""",
        """{"persistedQuery":{"version":1,"sha256Hash":"0"}}""",
        """{"persistedQuery":{"version":1,"sha256Hash":""}}""",
        """{"persistedQuery":{"version":1e0,"sha256Hash":"a"}}""",
        """{"persistedQuery":{"version":"1","sha256Hash":"a"}}""",
        """{"persistedQuery":{"version":1,"version":2,"sha256Hash":"a"}}""",
        """{"a":{"persistedQuery":1}}""",
        """{"persistedQuery":{"version":1,"sha256Hash":"\u0000"}}""",
        """{"persistedQuery":{"version":9223372036854775808,"sha256Hash":"a"}}""",
    ];

    private readonly FuzzTokens _tokens = new(corpus.Words);

    /// <summary>The input with a number.</summary>
    public FuzzRequest Input(int index)
    {
        var dice = new Dice(unchecked(seed * 1_000_003 + index));
        FuzzSeed operation = corpus.Pick(dice);
        return dice.Below(20) switch
        {
            < 7 => Post(Body(_tokens.Document(operation.Text, dice), operation.Variables)),
            < 15 => Post(Body(operation.Text, _tokens.Json(operation.Variables, dice))),
            < 16 => Post(Body(_tokens.Document(operation.Text, dice), _tokens.Json(operation.Variables, dice))),
            < 18 => Raw(operation, dice),
            _ => Get(operation, dice),
        };
    }

    /// <summary>A mutation with a number, which nothing corrupted.</summary>
    public FuzzRequest Mutation(int index)
    {
        GeneratedMutation mutation = corpus.Mutations.Mutation(index);
        return Post(Body(mutation.Text, mutation.Variables.ToJsonString()));
    }

    // The server refuses a larger body unread and closes the connection; a client may see only the close.
    private static FuzzRequest Post(string body)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(body);
        return new FuzzRequest("POST", Path, s_json, bytes.Length <= Limits.RefusedBytesMax ? bytes : bytes[..Limits.RefusedBytesMax]);
    }

    private static string Body(string text, string variables) =>
        $$"""{"query":{{JsonSerializer.Serialize(text)}},"variables":{{variables}}}""";

    // Odd members, then odd bytes, then odd headers.
    private FuzzRequest Raw(FuzzSeed operation, Dice dice)
    {
        string text = Body(operation.Text, operation.Variables);
        for (int members = dice.Below(3); members > 0; members--)
        {
            string member = dice.Pick<string>([
                "extensions", "operationName", "id", "documentId", "query", "variables", "onError", "", "\\u0000", "\\uD800",
            ]);
            string value = dice.Chance(50) ? dice.Pick(s_extensions) : JsonSerializer.Serialize(operation.Id ?? dice.Pick(corpus.Words));
            text = dice.Chance(50) ? $"{text[..^1]},\"{member}\":{value}}}" : $"{{\"{member}\":{value},{text[1..]}";
        }

        text = dice.Below(12) switch
        {
            0 => $"[{text}]",
            1 => $"[{text},{text}]",
            2 => _tokens.Json(text, dice),
            _ => text,
        };
        byte[] body = dice.Chance(60) ? Spoilt(Encoding.UTF8.GetBytes(text), dice) : Encoding.UTF8.GetBytes(text);
        return WithHeaders(new FuzzRequest("POST", Path, s_json, body), dice);
    }

    private static FuzzRequest WithHeaders(FuzzRequest request, Dice dice)
    {
        List<(string, string)> headers = [.. request.Headers];
        byte[] body = request.Body;
        if (dice.Chance(20))
        {
            headers[0] = ("Content-Type", dice.Pick(s_contentTypes));
        }

        if (dice.Chance(20))
        {
            headers[^1] = ("Accept", dice.Pick(s_accepts));
        }

        if (dice.Chance(15))
        {
            string encoding = dice.Pick(s_encodings);
            headers.Add(("Content-Encoding", encoding));
            body = dice.Chance(70) ? Spoilt(Encoded(encoding, body), dice) : body;
        }

        if (dice.Chance(10))
        {
            headers.Add(("GraphQL-Cost", dice.Pick<string>(["report", "validate", "REPORT", "", "x"])));
        }

        return request with { Headers = headers, Body = body };
    }

    private static byte[] Encoded(string encoding, byte[] body)
    {
        using var target = new MemoryStream();
        using (Stream coder = encoding.StartsWith("br", StringComparison.Ordinal) ? new BrotliStream(target, CompressionLevel.Fastest)
            : encoding.StartsWith("deflate", StringComparison.Ordinal) ? new ZLibStream(target, CompressionLevel.Fastest)
            : new GZipStream(target, CompressionLevel.Fastest))
        {
            coder.Write(body);
        }

        return target.ToArray();
    }

    private static byte[] Spoilt(byte[] bytes, Dice dice)
    {
        List<byte> spoilt = [.. bytes];
        for (int changes = dice.Between(1, 3); changes > 0 && spoilt.Count > 0; changes--)
        {
            int at = dice.Below(spoilt.Count);
            int length = Math.Min(dice.Between(1, 40), spoilt.Count - at);
            switch (dice.Below(7))
            {
                case 0:
                    spoilt.RemoveRange(at, spoilt.Count - at);
                    break;
                case 1:
                    spoilt[at] ^= (byte)(1 << dice.Below(8));
                    break;
                case 2:
                    spoilt.InsertRange(
                        at,
                        dice.Pick<byte[]>([
                            [0xFF],
                            [0xC0, 0x80],
                            [0xED, 0xA0, 0x80],
                            [0xF4, 0x90, 0x80, 0x80],
                            [0xE2, 0x82],
                            [0],
                            [0xEF, 0xBB, 0xBF],
                            [0xFE, 0xFF],
                            [(byte)'\\', (byte)'u'],
                        ]));
                    break;
                case 3:
                    spoilt.InsertRange(at, spoilt.GetRange(at, length));
                    break;
                case 4:
                    spoilt.RemoveRange(at, length);
                    break;
                case 5:
                    spoilt.InsertRange(0, [0xEF, 0xBB, 0xBF]);
                    break;
                default:
                    spoilt[at] = (byte)dice.Below(256);
                    break;
            }
        }

        return [.. spoilt];
    }

    private FuzzRequest Get(FuzzSeed operation, Dice dice)
    {
        string variables = dice.Chance(60) ? _tokens.Json(operation.Variables, dice) : operation.Variables;
        string path = Path;
        List<string> parameters = [];
        if (dice.Chance(40))
        {
            FuzzSeed published = corpus.PickPublished(dice);
            variables = dice.Chance(70) ? _tokens.Json(published.Variables, dice) : published.Variables;
            string? id = dice.Chance(90) ? published.Id : dice.Pick<string>(["0", "%00", "a b", "..", "%2F", "é", new string('a', 200)]);
            path += $"/persisted/{id}";
        }
        else
        {
            parameters.Add("query=" + Escaped(dice.Chance(60) ? _tokens.Document(operation.Text, dice) : operation.Text, dice));
        }

        parameters.Add("variables=" + Escaped(variables, dice));
        if (dice.Chance(20))
        {
            parameters.Add("extensions=" + Escaped(dice.Pick(s_extensions), dice));
        }

        if (dice.Chance(20))
        {
            parameters.Add(
                dice.Pick<string>([
                    "operationName=a", "id=0", "documentId=", "query=", "variables", "&", "=", "%", "%zz=1", "%ff=%fe", "a=b;c=d",
                    "query=%ED%A0%80", "+", "\u007f",
                ]));
        }

        string target = $"{path}?{string.Join('&', dice.Shuffled(parameters))}";

        // The request line has 8 kB at most; beyond that Kestrel answers by itself.
        return new FuzzRequest(
            dice.Chance(90) ? "GET" : "HEAD",
            target.Length < 8_000 ? target : target[..8_000],
            [("Accept", dice.Chance(80) ? "application/json" : dice.Pick(s_accepts))],
            []);
    }

    private static string Escaped(string text, Dice dice)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return string.Concat((dice.Chance(20) ? Spoilt(bytes, dice) : bytes).Select(b =>
            char.IsAsciiLetterOrDigit((char)b) ? ((char)b).ToString() : $"%{b.ToString("X2", CultureInfo.InvariantCulture)}"));
    }
}
