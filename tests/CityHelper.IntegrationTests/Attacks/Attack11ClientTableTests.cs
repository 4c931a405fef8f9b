using System.Net.Http.Json;
using System.Text.Json;
using CityHelper.Engine.Clients;
using CityHelper.IntegrationTests.Clients;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using CityHelper.Server;
using CityHelper.Server.Clients;
using CityHelper.Server.Http;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Attack 11: a forbidden request, sent in another way or as another client. The tables of decision 11 say which client a request belongs
/// to and what that client may send. The test combines every row of both, in every way of sending.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack11ClientTableTests(ReadingFixture fixture) : IClassFixture<ReadingFixture>, IAsyncLifetime
{
    private const string Document = "docs/decisions/0011-clients-and-costs.md";
    private const string RegisteredText = "query Registered { cities { slug } }";
    private const string OtherHost = "other.example.org";
    private const string It = "it";
    private const string Default = "default";
    private const string TheOther = "the other";

    private static readonly DocumentTable s_clients = DocumentTable.Read(Document, "the request has");
    private static readonly DocumentTable s_modes = DocumentTable.Read(Document, "it sends");

    private TestServer? _server;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    [Theory]
    [InlineData("Development")]
    [InlineData("Production")]
    public async Task Every_client_may_send_what_the_table_says_however_it_is_sent(string environment)
    {
        bool isDevelopment = environment == "Development";
        _server = await TestServer.StartAsync(fixture.Database, environment, settings: Settings(isDevelopment));
        await RegisterAsync();
        Sent[] sent = SentOf(
            _server.Services.GetRequiredService<OperationRegistry>().Manifest.Single(operation => operation.Name == "Cities"));
        Assert.Equal(s_modes.Rows.Select(row => row.Name), sent.Select(one => one.Name));
        Assert.Equal(s_clients.Rows.Select(row => row.Name), Identified("x").Select(one => one.Name));

        List<string> differences = [];
        for (int mode = 0; mode < s_modes.Columns.Count; mode++)
        {
            foreach ((Identification known, string[] cells) in Identified(Slug(mode)).Zip(s_clients.Rows.Select(row => row.Cells)))
            {
                if (known.NeedsName && !isDevelopment && s_modes.Columns[mode] != "PersistedOnly")
                {
                    // The server does not start with such a client: tested below.
                    continue;
                }

                int column = ColumnOf(cells[isDevelopment ? 0 : 1], mode, isDevelopment);
                int cached = ColumnOf(cells[2], mode, isDevelopment);
                foreach ((Sent one, string[] allowed) in sent.Zip(s_modes.Rows.Select(row => row.Cells)))
                {
                    foreach ((string way, bool isCached, Func<HttpRequestMessage> request) in WaysOf(one))
                    {
                        string expected = allowed[isCached ? cached : column];
                        string actual = await OutcomeAsync(request(), known);
                        if (actual != expected)
                        {
                            differences.Add($"{s_modes.Columns[mode]} | {known.Name} | {one.Name} | {way}: {actual}, not {expected}");
                        }
                    }
                }
            }
        }

        Assert.True(
            differences.Count == 0, $"{differences.Count} answers differ from {Document}:\n{string.Join('\n', differences.Take(20))}");
        Assert.Empty(_server.Errors);
    }

    /// <summary>The cell that says so: a server with such a client does not start in production.</summary>
    [Fact]
    public void Who_is_known_by_a_name_alone_has_published_operations_alone_in_production()
    {
        string[] cells = s_clients.Rows.Single(row => row.Name == "the name of a client without key and host").Cells;
        Assert.Equal([It, "it, PersistedOnly alone", Default], cells);
        for (int mode = 0; mode < s_modes.Columns.Count; mode++)
        {
            var clients = new Dictionary<string, ClientSettings> { ["app"] = SettingsOf(mode) };
            _ = new ClientDirectory(clients, isDevelopment: true);
            ConfigurationException? refusal =
                Record.Exception(() => new ClientDirectory(clients, isDevelopment: false)) as ConfigurationException;
            Assert.Equal(s_modes.Columns[mode] == "PersistedOnly", refusal is null);
        }
    }

    // The column of the modes table that a cell of the clients table means.
    private static int ColumnOf(string cell, int mode, bool isDevelopment) => cell switch
    {
        It or "it, PersistedOnly alone" => mode,
        Default => Index(isDevelopment ? "FreeText" : "PersistedOnly"),
        TheOther => Index("PersistedOnly"),
        _ => throw new InvalidDataException($"{Document}: nobody is called `{cell}`."),
    };

    private static int Index(string mode) => s_modes.Columns.ToList().IndexOf(mode);

    private static string Slug(int mode) => $"mode{mode}";

    private static ClientSettings SettingsOf(int mode)
    {
        string[] words = s_modes.Columns[mode].Split(", ");
        return new ClientSettings
        {
            Mode = words[0],
            LogOnly = words.Contains("LogOnly"),
            RegistrationsPerDay = words.Contains("over") ? 0 : Engine.Limits.RegistrationsPerDayMax,
        };
    }

    // For each mode a client with a key, one with a host, one with both, and one with neither.
    private static Dictionary<string, string?> Settings(bool isDevelopment)
    {
        var settings = new Dictionary<string, string?>
        {
            [HttpSettings.BatchingKey] = "1",
            ["Clients:default:RegistrationsPerDay"] = $"{Engine.Limits.RegistrationsPerDayMax}",
            ["Clients:other:Mode"] = "PersistedOnly",
            ["Clients:other:Hosts:0"] = OtherHost,
        };
        for (int mode = 0; mode < s_modes.Columns.Count; mode++)
        {
            string slug = Slug(mode);
            foreach (string kind in new[] { "key", "host", "both", "name" })
            {
                ClientSettings one = SettingsOf(mode);
                if (kind == "name" && !isDevelopment && s_modes.Columns[mode] != "PersistedOnly")
                {
                    continue;
                }

                string client = $"Clients:{slug}-{kind}";
                settings[$"{client}:Mode"] = one.Mode;
                settings[$"{client}:LogOnly"] = $"{one.LogOnly}";
                settings[$"{client}:RegistrationsPerDay"] = $"{one.RegistrationsPerDay}";

                // Requests run one at a time, so all clients can use the default client's share.
                settings[$"{client}:CheapAtOnce"] = kind == "name" ? null : "0";
                settings[$"{client}:DearAtOnce"] = kind == "name" ? null : "0";
                settings[$"{client}:ApiKeySha256:0"] = kind is "key" or "both" ? ClientFixture.Hash($"{slug}-{kind}") : null;
                settings[$"{client}:Hosts:0"] = kind is "host" or "both" ? $"{slug}-{kind}.example.org" : null;
            }
        }

        return settings.Where(setting => setting.Value is not null).ToDictionary();
    }

    private static Identification[] Identified(string slug)
    {
        string host = $"{slug}-host.example.org";
        string both = $"{slug}-both.example.org";
        return
        [
            new("a client's key", Host: null, Key: $"{slug}-key"),
            new("a client's key, at the client's host", both, Key: $"{slug}-both"),
            new("a client's key twice", Host: null, Key: $"{slug}-key", IsTwice: true),
            new("the host of a client without key", host),
            new("the same in capitals, with port and a dot at its end", host.ToUpperInvariant() + ".:8443"),
            new("the host of a client with a key", both),
            new("the name of a client without key and host", Host: null, ClientName: $"{slug}-name") { NeedsName = true },
            new("the name of a client with a key", Host: null, ClientName: $"{slug}-key"),
            new("the name of a client, at the host of another", OtherHost, ClientName: $"{slug}-name") { NeedsName = true },
            new("a key that nobody has", Host: null, Key: "nobody's"),
            new("a key that nobody has, at a client's host", host, Key: "nobody's"),
            new("nothing", Host: null),
        ];
    }

    private static Sent[] SentOf(ManifestOperation published)
    {
        string registered = ClientFixture.Hash(RegisteredText);
        string wrong = ClientFixture.Hash("no text at all");
        return
        [
            new("the id of a published operation", Id: published.Id, OperationName: published.Name),
            new("its hash", Hash: published.Id),
            new("its text with its hash", Text: published.Body, Hash: published.Id),
            new("its text with a wrong hash", Text: published.Body, Hash: wrong),
            new("its text", Text: published.Body),
            new("another text with its hash", Hash: published.Id) { Draft = "cities { slug }" },
            new("another text and its id", Id: published.Id) { Draft = "cities { slug }" },
            new("the id of a registered text", Id: registered, OperationName: "Registered"),
            new("its hash", Hash: registered),
            new("its text with its hash", Text: RegisteredText, Hash: registered),
            new("its text with a wrong hash", Text: RegisteredText, Hash: wrong),
            new("its text", Text: RegisteredText),
            new("a new text with its hash", Hash: "") { Draft = "cities { slug }" },
            new("a new text with a wrong hash", Hash: wrong) { Draft = "cities { slug }" },
            new("a new text") { Draft = "cities { slug }" },
            new("a new text and an unknown id", Id: "unknown") { Draft = "cities { slug }" },
            new("a question to the schema with its hash", Hash: "") { Draft = "__schema { queryType { name } }" },
            new("a question to the schema") { Draft = "__schema { queryType { name } }" },
            new("an unknown id", Id: wrong, OperationName: "Unknown"),
            new("an unknown hash", Hash: wrong),
        ];
    }

    // POST, GET and an array; for an id also its URL. A new text differs each time.
    private static IEnumerable<(string Way, bool IsCached, Func<HttpRequestMessage> Request)> WaysOf(Sent sent)
    {
        yield return ("POST", false, () => Post("/graphql", sent.Body()));
        yield return ("array", false, () => Post("/graphql", new[] { sent.Body() }));
        yield return ("GET", false, () => new HttpRequestMessage(HttpMethod.Get, "/graphql?" + sent.Query()));
        if (sent.OperationName is { } name)
        {
            yield return ("POST to the id's address", false, () => Post($"/graphql/persisted/{sent.Id}", new { }));
            yield return ("POST to the id's address with its name", false, () => Post($"/graphql/persisted/{sent.Id}/{name}", new { }));
            yield return ("GET of the id's address", false, () => new HttpRequestMessage(HttpMethod.Get, $"/graphql/persisted/{sent.Id}"));
            yield return (
                "GET of the id's address with its name",
                true,
                () => new HttpRequestMessage(HttpMethod.Get, $"/graphql/persisted/{sent.Id}/{name}"));
            yield return (
                "the same, spelled otherwise",
                true,
                () => new HttpRequestMessage(HttpMethod.Get, $"/GraphQL/Persisted/{sent.Id}/{name}?more="));
        }
    }

    private static HttpRequestMessage Post(string target, object body) =>
        new(HttpMethod.Post, target) { Content = JsonContent.Create(body) };

    private async Task RegisterAsync()
    {
        using HttpRequestMessage request = Post(
            "/graphql", new Sent("", Text: RegisteredText, Hash: ClientFixture.Hash(RegisteredText)).Body());
        Assert.Equal("kept", await OutcomeAsync(request, new Identification("", Host: null, Key: $"{Slug(Index("FreeText"))}-key")));
    }

    private async Task<string> OutcomeAsync(HttpRequestMessage request, Identification known)
    {
        using (request)
        {
            known.AddTo(request);
            int before = _server!.Warnings.Count;
            (_, JsonElement json) = await _server.SendAsync(request);
            JsonElement answer = json.ValueKind == JsonValueKind.Array ? json[0] : json;
            if (ClientFixture.Code(answer) is { } code)
            {
                return code == "REGISTRATION_QUOTA_EXCEEDED" ? "quota" : code;
            }

            bool isKept =
                answer.TryGetProperty("extensions", out JsonElement extensions)
                && extensions.TryGetProperty("persistedQuery", out JsonElement persisted)
                && persisted.GetProperty("persisted").GetBoolean();
            bool isLogged = _server.Warnings.Skip(before).Any(warning => warning.Contains(" may not ", StringComparison.Ordinal));
            return (isKept ? "kept" : "runs") + (isLogged ? ", logged" : "");
        }
    }

    /// <summary>How a request identifies its client.</summary>
    private sealed record Identification(string Name, string? Host, string? Key = null, bool IsTwice = false, string? ClientName = null)
    {
        /// <summary>Whether such a client exists only where a name is enough.</summary>
        public bool NeedsName { get; init; }

        public void AddTo(HttpRequestMessage request)
        {
            request.Headers.Host = Host;
            for (int i = 0; Key is not null && i < (IsTwice ? 2 : 1); i++)
            {
                // One header line with a comma, as HttpClient joins them; ClientDirectoryTests covers two lines.
                request.Headers.TryAddWithoutValidation(ClientDirectory.KeyHeader, Key);
            }

            if (ClientName is not null)
            {
                request.Headers.TryAddWithoutValidation(ClientDirectory.NameHeader, ClientName);
            }
        }
    }

    /// <summary>What a request asks for.</summary>
    private sealed record Sent(string Name, string? Text = null, string? Id = null, string? Hash = null, string? OperationName = null)
    {
        private static int s_drafts;

        /// <summary>A field for a text that was never sent before; an empty hash then stands for that text's hash.</summary>
        public string? Draft { get; init; }

        public Dictionary<string, object> Body()
        {
            string? text = Draft is null ? Text : $"query Draft{Interlocked.Increment(ref s_drafts)} {{ {Draft} }}";
            var body = new Dictionary<string, object>();
            if (text is not null)
            {
                body["query"] = text;
            }

            if (Id is not null)
            {
                body["id"] = Id;
            }

            if (Hash is not null)
            {
                body["extensions"] = ClientFixture.Persisted(Hash.Length > 0 ? Hash : ClientFixture.Hash(text!));
            }

            return body;
        }

        public string Query() => string.Join('&', Body().Select(member =>
            $"{member.Key}={Uri.EscapeDataString(member.Value as string ?? JsonSerializer.Serialize(member.Value))}"));
    }
}
