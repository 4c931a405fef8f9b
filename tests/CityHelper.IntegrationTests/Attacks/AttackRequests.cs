using System.Text;
using System.Text.Json;
using CityHelper.Engine.Operations;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// One attack of each kind, as <see cref="AttackMemoryTests"/> sends them one after the other to a server of production and to one of development. Add one for each kind
/// of attack that could leave memory behind: it sends what is worst and waits for its answers; what these are, other tests assert.
/// </summary>
internal static class AttackRequests
{
    private const string Map = "{ west: -74.0512, south: 40.6123, east: -73.8534, north: 40.7845 }";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<AttackRequest> All { get; } =
    [
        AttackRequest.Text("nesting", $"{{ {AttackedServer.Repeat(60, "cities { ")} slug {AttackedServer.Repeat(60, "}")} }}"),
        AttackRequest.Text("aliases", $"{{ {AttackedServer.Repeat(2_000, i => $"a{i}: cities {{ slug }} ")} }}"),
        AttackRequest.Text("introspection", "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }"),
        AttackRequest.Text("large pages", "{ serviceRequests(city: \"nyc\", first: 100) { nodes { id title description address resolution updates(first: 10) { nodes { note } } } } }", times: 100, atOnce: 10),
        AttackRequest.Texts(
            "shapes",
            i => $"{{ serviceRequests(city: \"nyc\", first: 1, within: {{ viewport: {Map} }}, where: {{ or: [{AttackedServer.Repeat(40, "{ title: { eq: \"T\" } }, ")}] }}) {{ nodes {{ a{i}: id }} }} }}",
            times: 20,
            atOnce: 4),
        AttackRequest.Published("maps of everything", "ServiceRequestMap", new { city = "nyc", viewport = new { west = -180, south = -85, east = 180, north = 85 } }, times: 50, atOnce: 10),
        AttackRequest.Body("a body that is too large", new string(' ', 4_000_000) + "{}", times: 10, atOnce: 10),
    ];
}

/// <summary>An attack.</summary>
/// <param name="Name">What it is called when it fails.</param>
/// <param name="SendAsync">Sends it to a server, given a client of it, and waits for all answers. Answers that do not come, because the server ends the connection, are no failure.</param>
internal sealed record AttackRequest(string Name, Func<HttpClient, Task> SendAsync)
{
    /// <summary>A text, which a server of production refuses.</summary>
    public static AttackRequest Text(string name, string query, object? variables = null, int times = 1, int atOnce = 1) =>
        Body(name, JsonSerializer.Serialize(new { query, variables }), times, atOnce);

    /// <summary>Texts that differ.</summary>
    public static AttackRequest Texts(string name, Func<int, string> query, int times, int atOnce = 1) =>
        Bodies(name, i => JsonSerializer.Serialize(new { query = query(i) }), times, atOnce);

    /// <summary>A published operation, which every server runs.</summary>
    public static AttackRequest Published(string name, string operation, object variables, int times = 1, int atOnce = 1) =>
        Body(name, JsonSerializer.Serialize(new { id = IdOf(operation), variables }), times, atOnce);

    /// <summary>Any body.</summary>
    public static AttackRequest Body(string name, string body, int times = 1, int atOnce = 1) => Bodies(name, _ => body, times, atOnce);

    private static AttackRequest Bodies(string name, Func<int, string> body, int times, int atOnce) => new(name, client => Parallel.ForEachAsync(
        Enumerable.Range(0, times),
        new ParallelOptions { MaxDegreeOfParallelism = atOnce },
        async (i, cancellation) =>
        {
            try
            {
                using var content = new StringContent(body(i), Encoding.UTF8, "application/json");
                using HttpResponseMessage response = await client.PostAsync(new Uri("/graphql", UriKind.Relative), content, cancellation);
                await response.Content.ReadAsByteArrayAsync(cancellation);
            }
            catch (HttpRequestException)
            {
                // A server may end the connection of who sends what it does not read.
            }
        }));

    private static string IdOf(string operation)
    {
        using JsonDocument manifest = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "persisted-queries", OperationManifest.FileName)));
        return manifest.RootElement.GetProperty("operations").EnumerateArray().Single(o => o.GetProperty("name").GetString() == operation).GetProperty("id").GetString()!;
    }
}
