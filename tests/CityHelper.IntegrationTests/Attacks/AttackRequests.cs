using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using CityHelper.Engine.Clients;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// One attack of each kind, which <see cref="AttackMemoryTests"/> sends one by one to a server in production and to one in development. Add
/// one for each kind of attack that could leave memory behind: it sends the worst case, waits for its answers, and reports them.
/// </summary>
internal static class AttackRequests
{
    private const string Map = "{ west: -73.9912, south: 40.7423, east: -73.9734, north: 40.7545 }";

    private const string Boundaries =
        "query($g: Geometry!) { boundaries(city: \"nyc\", first: 100, where: { geometry: { touches: { geometry: $g } } }) { nodes { id } "
            + "} }";
    private const string Within = "query($g: Geometry!) { serviceRequests(city: \"nyc\", within: { polygon: $g }) { nodes { id } } }";

    public static IReadOnlyList<AttackRequest> All { get; } =
    [
        AttackRequest.Text(
            "nesting", "400 OPERATION_TOO_LARGE", $"{{ {AttackedServer.Repeat(60, "cities { ")} slug {AttackedServer.Repeat(60, "}")} }}"),
        AttackRequest.Text("aliases", "400 OPERATION_TOO_LARGE", $"{{ {AttackedServer.Repeat(2_000, i => $"a{i}: cities {{ slug }} ")} }}"),
        AttackRequest.Text("introspection", "200", "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }"),
        AttackRequest.Text(
            "large pages",
            "200",
            "{ serviceRequests(city: \"nyc\", first: 100) { nodes { id title description address resolution updates(last: 10) { note } } "
                + "} }",
            times: 100,
            atOnce: 10),
        AttackRequest.Texts(
            "shapes",
            "200",
            i =>
                $"{{ serviceRequests(city: \"nyc\", first: 1, within: {{ viewport: {Map} }}, where: {{ or: "
                    + $"[{AttackedServer.Repeat(40, "{ title: { eq: \"T\" } }, ")}] }}) {{ nodes {{ a{i}: id }} }} }}",
            times: 20,
            atOnce: 4),
        AttackRequest.Texts(
            "statements", "200", i => Attack34PreparedStatementTests.ShapeOf(i, conditions: 1 + i % 6, first: 1), times: 200, atOnce: 4),
        AttackRequest.Published(
            "maps of everything",
            "200",
            "ServiceRequestMap",
            new
            {
                city = "nyc",
                viewport = new
                {
                    west = -180,
                    south = -85,
                    east = 180,
                    north = 85,
                },
            },
            times: 50,
            atOnce: 10),
        AttackRequest.Body(
            "a body that is too large", "413 HC0010", new string(' ', 4_000_000) + "{}", times: 10, atOnce: 10, mayEnd: true),
        AttackRequest.Text(
            "crossing lines", "200 GEOMETRY_TOO_COMPLEX", Boundaries, new { g = AttackShapes.Grid(1_000) }, times: 20, atOnce: 4),
        AttackRequest.Text("stars", "200 GEOMETRY_TOO_COMPLEX", Within, new { g = AttackShapes.Star(9_900) }, times: 20, atOnce: 10),
        AttackRequest.Text("large areas", "200", Within, new { g = AttackShapes.Outline(9_900) }, times: 20, atOnce: 10),
        AttackRequest.Text(
            "many conditions on one geometry",
            "200",
            OneGeometry(conditions: 15),
            new { g = AttackShapes.Outline(500) },
            times: 4,
            atOnce: 4),
        AttackRequest.Text(
            "counts", "200", "{ serviceRequests(city: \"nyc\", first: 1) { totalCount nodes { id } } }", times: 200, atOnce: 50),
        AttackRequest.Leaving("readers that leave", "200", "ServiceRequestList", """{"city":"nyc","first":100}""", readers: 60),
    ];

    private static string OneGeometry(int conditions) =>
        $"query($g: Geometry!) {{ serviceRequests(city: \"nyc\", where: {{ category: {{ code: {{ eq: \"rodent\" }} }}, location: {{ or: "
            + $"[{AttackedServer.Repeat(conditions, "{ within: { geometry: $g } }, ")}] }} }}) {{ nodes {{ id }} }} }}";
}

/// <summary>An attack.</summary>
/// <param name="Name">Its name in a failure.</param>
/// <param name="Expected">The answer of a server that takes text: <c>200</c>, <c>400 HC0047</c>.</param>
/// <param name="SendAsync">Sends it through a client of the server, waits for all answers and reports them, in the same
/// format.</param>
internal sealed record AttackRequest(string Name, string Expected, Func<HttpClient, Task<IReadOnlyCollection<string>>> SendAsync)
{
    /// <summary>No answer: a server may close a connection whose data it does not read.</summary>
    private const string Ended = "ended";

    /// <summary>
    /// Whether some requests may get no answer: a client that still sends notices the closed connection before it reads the refusal. Every
    /// other one waits until it may send (<c>Expect: 100-continue</c>), and so reads it.
    /// </summary>
    private bool MayEnd { get; init; }

    /// <summary>A text, which a server in production refuses.</summary>
    public static AttackRequest Text(string name, string expected, string query, object? variables = null, int times = 1, int atOnce = 1) =>
        Body(name, expected, JsonSerializer.Serialize(new { query, variables }), times, atOnce);

    public static AttackRequest Texts(string name, string expected, Func<int, string> query, int times, int atOnce = 1) =>
        Bodies(name, expected, i => JsonSerializer.Serialize(new { query = query(i) }), times, atOnce);

    /// <summary>A published operation, which every server runs.</summary>
    public static AttackRequest Published(
        string name,
        string expected,
        string operation,
        object variables,
        int times = 1,
        int atOnce = 1) => Body(name, expected, JsonSerializer.Serialize(new { id = IdOf(operation), variables }), times, atOnce);

    public static AttackRequest Body(string name, string expected, string body, int times = 1, int atOnce = 1, bool mayEnd = false) =>
        Bodies(name, expected, _ => body, times, atOnce, waits: mayEnd) with { MayEnd = mayEnd };

    /// <summary>Readers of a published operation that read the head of the response and leave.</summary>
    public static AttackRequest Leaving(string name, string expected, string operation, string variables, int readers) =>
        new(
            name,
            expected,
            async client =>
            {
                string target = $"/graphql/persisted/{IdOf(operation)}/{operation}?variables={Uri.EscapeDataString(variables)}";
                return await Task.WhenAll(
                    Enumerable
                        .Repeat(target, readers)
                        .Select(async path =>
                        {
                            using SlowConnection reader = await SlowConnection.GetAsync(client.BaseAddress!, path);
                            (int status, _) = await reader.ReadHeadAsync();
                            return $"{status}";
                        }));
            }
        );

    /// <summary>
    /// The unexpected answers of a server that takes text; empty when all is as expected. A busy server may refuse some, but never all.
    /// </summary>
    public IEnumerable<string> Unexpected(IReadOnlyCollection<string> answers)
    {
        string[] others = [.. answers.Except([Expected, "503", "503 OVERLOADED", .. MayEnd ? [Ended] : Array.Empty<string>()])];
        return others.Length == 0 && answers.Contains(Expected)
            ? []
            : [$"{Name}: {Expected} is expected, and what came is {string.Join(", ", answers.Distinct())}"];
    }

    private static AttackRequest Bodies(string name, string expected, Func<int, string> body, int times, int atOnce, bool waits = false) =>
        new(
            name,
            expected,
            async client =>
            {
                var answers = new ConcurrentBag<string>();
                await Parallel.ForEachAsync(
                    Enumerable.Range(0, times),
                    new ParallelOptions { MaxDegreeOfParallelism = atOnce },
                    async (i, cancellation) => answers.Add(await PostAsync(client, body(i), waits && i % 2 == 0, cancellation)));
                return answers;
            }
        );

    private static async Task<string> PostAsync(HttpClient client, string body, bool waits, CancellationToken cancellation)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/graphql", UriKind.Relative))
            {
                Content = new StringContent(body, Encoding.UTF8, "application/json"),
            };
            request.Headers.ExpectContinue = waits;
            request.Headers.TryAddWithoutValidation("Accept", "application/graphql-response+json");
            using HttpResponseMessage response = await client.SendAsync(request, cancellation);
            byte[] answer = await response.Content.ReadAsByteArrayAsync(cancellation);
            if (response.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.Ordinal) != true)
            {
                return $"{(int)response.StatusCode}";
            }

            using JsonDocument json = JsonDocument.Parse(answer);
            return AttackedServer.CodeOf(json.RootElement) is { } code
                ? $"{(int)response.StatusCode} {code}"
                : $"{(int)response.StatusCode}";
        }
        catch (HttpRequestException)
        {
            return Ended;
        }
    }

    private static string IdOf(string operation)
    {
        using JsonDocument manifest = JsonDocument.Parse(
            File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "persisted-queries", OperationManifest.FileName)));
        return manifest
            .RootElement.GetProperty("operations")
            .EnumerateArray()
            .Single(o => o.GetProperty("name").GetString() == operation)
            .GetProperty("id")
            .GetString()!;
    }
}
