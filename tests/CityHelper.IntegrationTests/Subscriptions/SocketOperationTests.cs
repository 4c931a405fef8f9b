using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using CityHelper.Engine;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Subscriptions;
using CityHelper.Engine.Transport.WebSockets;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using CityHelper.IntegrationTests.Writing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CityHelper.IntegrationTests.Subscriptions;

/// <summary>Queries, mutations and subscriptions over a WebSocket, and how sockets end.</summary>
[Collection(PostgresCollection.Name)]
public sealed class SocketOperationTests(SocketFixture fixture, PostgresFixture postgres) : IClassFixture<SocketFixture>
{
    [Fact]
    public async Task A_query_is_answered_as_over_HTTP()
    {
        const string Query = "query Newest($first: Int!) { serviceRequests(city: \"nyc\", first: $first) { nodes { id title } } }";
        await using RawSocket socket = await RawSocket.OpenKnownAsync(fixture.Server);
        await socket.SubscribeAsync("q", Query, new { first = 40 });
        Assert.Equal((await fixture.Server.QueryAsync(Query, new { first = 40 })).GetRawText(), (await socket.NextAsync("q")).GetRawText());
        Assert.Equal("""{"id":"q","type":"complete"}""", (await socket.ReadAsync()).GetRawText());

        // The id is free again.
        await socket.SubscribeAsync("q", "{ mayor }");
        JsonElement refused = await socket.ReadAsync();
        Assert.Equal(("error", "q"), (refused.GetProperty("type").GetString(), refused.GetProperty("id").GetString()));
        Assert.Equal(
            (await fixture.Server.QueryAsync("{ mayor }")).GetProperty("errors").GetRawText(), refused.GetProperty("payload").GetRawText());
        await socket.SubscribeAsync("q", "{ serviceRequests(city: \"atlantis\") { nodes { id } } }");
        JsonElement half = await socket.NextAsync("q");
        Assert.Equal(JsonValueKind.Null, half.GetProperty("data").GetProperty("serviceRequests").ValueKind);
        Assert.Equal("CITY_NOT_FOUND", half.GetProperty("errors")[0].GetProperty("extensions").GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_large_answer_is_one_message()
    {
        const string Query = "query Introspect { __schema { types { name description fields { name description type { name kind } "
            + "args { name description type { name kind } } } inputFields { name description type { name kind } } "
            + "enumValues { name } } } }";
        await using RawSocket socket = await RawSocket.OpenKnownAsync(fixture.Server);
        await socket.SubscribeAsync("q", Query);
        string answer = (await socket.NextAsync("q")).GetRawText();
        Assert.True(answer.Length > 2 * Limits.ResponsePieceBytes);
        Assert.Equal((await fixture.Server.QueryAsync(Query)).GetRawText(), answer);
        Assert.Equal("complete", (await socket.ReadAsync()).GetProperty("type").GetString());
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    public async Task A_published_operation_runs_by_its_id_or_hash(string? query)
    {
        string id = fixture.Server.Services.GetRequiredService<OperationRegistry>().Published.Single(o => o.Name == "Cities").Id;
        await using RawSocket socket = await RawSocket.OpenKnownAsync(fixture.Server, new { apiKey = SocketFixture.Key });
        foreach (object payload in new object[]
        {
            new { query, id },
            new { query, documentId = id, operationName = "Cities" },
            new { query, extensions = new { persistedQuery = new { version = 1, sha256Hash = id } } },
        })
        {
            await socket.SendAsync(new { id = "p", type = "subscribe", payload });
            Assert.NotEmpty((await socket.NextAsync("p")).GetProperty("data").GetProperty("cities").EnumerateArray());
            Assert.Equal("complete", (await socket.ReadAsync()).GetProperty("type").GetString());
        }

        await socket.SendAsync(new { id = "p", type = "subscribe", payload = new { query, extensions = new { persistedQuery = 7 } } });
        Assert.Equal("error", (await socket.ReadAsync()).GetProperty("type").GetString());
    }

    [Fact]
    public async Task A_subscription_hears_of_a_mutation_and_goes_on_where_it_was()
    {
        await fixture.CursorAsync();
        await using RawSocket first = await RawSocket.OpenKnownAsync(fixture.Server);
        JsonElement began = await SocketFixture.BeginAsync(first, "s");
        Assert.Equal("RESYNC", began.GetProperty("kind").GetString());
        (string id, string status) = await fixture.RequestAsync();
        JsonElement changed = SocketFixture.Change((await WriteAsync(first, id, status, events: 1)).Single());
        Assert.Equal(
            ("UPDATED", id, status),
            (changed.GetProperty("kind").GetString(), changed.GetProperty("id").GetString(), changed.GetProperty("status").GetString()));

        // Two more changes while the client is away.
        string after = changed.GetProperty("cursor").GetString()!;
        await first.DisposeAsync();
        await using RawSocket second = await RawSocket.OpenKnownAsync(fixture.Server);
        string other = status == "OPEN" ? "IN_PROGRESS" : "OPEN";
        await WriteAsync(second, id, other, events: 0);
        await WriteAsync(second, id, status, events: 0);
        Assert.Equal("RESUMED", (await SocketFixture.BeginAsync(second, "s", new { after })).GetProperty("kind").GetString());
        Assert.Equal(other, SocketFixture.Change(await second.NextAsync("s")).GetProperty("status").GetString());
        Assert.Equal(status, SocketFixture.Change(await second.NextAsync("s")).GetProperty("status").GetString());

        // Its end is heard by nobody, and its id is free.
        await second.SendAsync(new { id = "s", type = "complete" });
        await WriteAsync(second, id, other, events: 0);
        await second.SubscribeAsync("s", "{ cities { slug } }");
        Assert.True((await second.NextAsync("s")).GetProperty("data").TryGetProperty("cities", out _));
        await Patience.UntilAsync(() => fixture.Server.Services.GetRequiredService<EventStreams>().Count == 0 ? "none" : null);
    }

    [Fact]
    public async Task The_client_of_dotnet_reads_it_too()
    {
        await fixture.CursorAsync();
        using var client = new ClientWebSocket();
        client.Options.AddSubProtocol(RawSocket.Protocol);
        var address = new UriBuilder(fixture.Server.Client.BaseAddress!) { Scheme = "ws", Path = "/graphql" };
        await client.ConnectAsync(address.Uri, CancellationToken.None);
        await SendAsync("""{"type":"connection_init"}""");
        Assert.Equal("""{"type":"connection_ack"}""", await ReadAsync());
        await SendAsync(JsonSerializer.Serialize(new { id = "1", type = "subscribe", payload = new { query = SocketFixture.Changes } }));
        Assert.Contains("RESYNC", await ReadAsync(), StringComparison.Ordinal);
        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, "enough", CancellationToken.None);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, client.CloseStatus);

        Task SendAsync(string text) =>
            client.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);

        async Task<string> ReadAsync()
        {
            byte[] buffer = new byte[64 * 1024];
            WebSocketReceiveResult got = await client.ReceiveAsync(buffer, CancellationToken.None);
            return Encoding.UTF8.GetString(buffer, 0, got.Count);
        }
    }

    /// <summary>Attack 18: a client that opens all that it can.</summary>
    [Fact]
    public async Task A_socket_has_a_hundred_subscriptions_and_all_hear_of_a_change()
    {
        await fixture.CursorAsync();
        await using RawSocket socket = await RawSocket.OpenKnownAsync(fixture.Server);
        for (int i = 0; i < Limits.SocketOperationsMax; i++)
        {
            await SocketFixture.BeginAsync(socket, $"{i}");
        }

        await socket.SubscribeAsync("more", "{ cities { slug } }");
        JsonElement refused = await socket.ReadAsync();
        Assert.Equal(("error", "more"), (refused.GetProperty("type").GetString(), refused.GetProperty("id").GetString()));
        Assert.Equal("TOO_MANY_OPERATIONS", refused.GetProperty("payload")[0].GetProperty("extensions").GetProperty("code").GetString());
        (string id, string status) = await fixture.RequestAsync();
        await fixture.Server.DataAsync(
            WritingServer.TextOf("updateServiceRequestStatus"), new { input = new { id, status } });
        HashSet<string> heard = [];
        while (heard.Count < Limits.SocketOperationsMax)
        {
            JsonElement message = await socket.ReadAsync();
            Assert.Equal(id, SocketFixture.Change(message.GetProperty("payload")).GetProperty("id").GetString());
            Assert.True(heard.Add(message.GetProperty("id").GetString()!));
        }
    }

    [Fact]
    public async Task A_right_that_has_expired_ends_the_socket()
    {
        await fixture.CursorAsync();
        await using RawSocket socket = await RawSocket.OpenKnownAsync(fixture.Server);
        await SocketFixture.BeginAsync(socket, "s");
        Assert.Equal(1, fixture.Server.Services.GetRequiredService<EventStreams>().EndRights(client => client == "default"));
        Assert.Equal((4403, "Forbidden"), await socket.ReadEndAsync());
    }

    [Fact]
    public async Task A_server_that_stops_ends_sockets_with_and_without_subscriptions_and_takes_no_more()
    {
        await using TestServer server = await SocketFixture.StartAsync(await ReadingFixture.CreateDatabaseAsync(postgres));
        await SocketFixture.CursorAsync(server);
        await using RawSocket subscribed = await RawSocket.OpenKnownAsync(server);
        await SocketFixture.BeginAsync(subscribed, "s");
        await using RawSocket quiet = await RawSocket.OpenKnownAsync(server);
        await using RawSocket unknown = await RawSocket.OpenAsync(server);
        var register = server.Services.GetRequiredService<SocketRegister>();
        await Patience.UntilAsync(() => register.Count == 3 ? "three" : null);
        Task drained = register.DrainAsync(TimeSpan.FromSeconds(1), CancellationToken.None);
        Assert.Equal((1012, "Service restart"), await subscribed.ReadEndAsync());
        Assert.Equal((1012, "Service restart"), await quiet.ReadEndAsync());
        Assert.Equal((1012, "Service restart"), await unknown.ReadEndAsync());
        await drained;
        await using RawSocket late = await RawSocket.OpenAsync(server);
        Assert.Equal(503, late.Status);
        Assert.Contains("Retry-After:", late.Head, StringComparison.Ordinal);
        await Patience.UntilAsync(() => register.Count == 0 ? "none" : null);
    }

    /// <summary>The first of a hundred subscriptions that ends would end its socket, and all sockets would end at once.</summary>
    [Fact]
    public async Task The_subscriptions_of_sockets_end_with_their_sockets_when_the_server_stops()
    {
        await using TestServer server = await SocketFixture.StartAsync(await ReadingFixture.CreateDatabaseAsync(postgres));
        await SocketFixture.CursorAsync(server);
        await using RawSocket socket = await RawSocket.OpenKnownAsync(server);
        await SocketFixture.BeginAsync(socket, "1");
        await SocketFixture.BeginAsync(socket, "2");
        await server.Services.GetRequiredService<EventStreams>().DrainAsync(CancellationToken.None);
        await socket.SubscribeAsync("q", "{ cities { slug } }");
        await socket.NextAsync("q");

        // A subscription that comes too late is sent elsewhere, with its socket; a query is not.
        await using RawSocket late = await RawSocket.OpenKnownAsync(server);
        await late.SubscribeAsync("q", "{ cities { slug } }");
        await late.NextAsync("q");
        await late.ReadAsync();
        await late.SubscribeAsync("s", SocketFixture.Changes);
        Assert.Equal((1013, "Try again later"), await late.ReadEndAsync());

        await server.Services.GetRequiredService<SocketRegister>().DrainAsync(TimeSpan.Zero, CancellationToken.None);
        await socket.ReadAsync();
        Assert.Equal((1012, "Service restart"), await socket.ReadEndAsync());
        await socket.ReadConnectionEndAsync();
    }

    /// <summary>An EventSource takes any status but 200 for the end, and a broken stream for a pause.</summary>
    [Fact]
    public async Task A_stream_that_comes_too_late_is_begun_and_broken()
    {
        await using TestServer server = await SocketFixture.StartAsync(await ReadingFixture.CreateDatabaseAsync(postgres));
        await SocketFixture.CursorAsync(server);
        await server.Services.GetRequiredService<EventStreams>().DrainAsync(CancellationToken.None);
        await using SseStream late = await SseStream.PostAsync(server.Client, SocketFixture.Changes);
        Assert.Equal(HttpStatusCode.OK, late.Response.StatusCode);
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            while (true)
            {
                Assert.NotNull((await late.ReadAsync())?.Retry);
            }
        });

        using var both = new HttpRequestMessage(HttpMethod.Get, $"/graphql?query={Uri.EscapeDataString(SocketFixture.Changes)}");
        both.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        using HttpResponseMessage refused = await server.Client.SendAsync(both);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter);
    }

    /// <summary>Attack 18: what a client does not read waits at its operations, which are few, and then its connection ends.</summary>
    [Fact]
    public async Task A_client_that_reads_nothing_is_cut_off()
    {
        const string Large = "query Introspect { __schema { types { name description fields { name description args { name } } } } }";
        await using RawSocket socket = await RawSocket.OpenKnownAsync(fixture.Server);
        for (int i = 0; i < Limits.SocketOperationsMax; i++)
        {
            await socket.SubscribeAsync($"{i}", Large);
        }

        await Patience.UntilAsync(() => fixture.Server.Warnings.Any(w => w.Contains("has taken nothing", StringComparison.Ordinal))
            ? "cut off" : null);
        await socket.ReadConnectionEndAsync();
        var register = fixture.Server.Services.GetRequiredService<SocketRegister>();
        await Patience.UntilAsync(() => register.Count == 0 ? "none" : null);
    }

    // A mutation over the socket, and as many events as it causes: they come before or after its answer.
    private static async Task<IReadOnlyList<JsonElement>> WriteAsync(RawSocket socket, string id, string status, int events)
    {
        await socket.SubscribeAsync("m", WritingServer.TextOf("updateServiceRequestStatus"), new { input = new { id, status } });
        List<JsonElement> heard = [];
        bool isDone = false;
        while (!isDone || heard.Count < events)
        {
            JsonElement message = await socket.ReadAsync();
            string type = message.GetProperty("type").GetString()!;
            if (message.GetProperty("id").GetString() != "m")
            {
                heard.Add(message.GetProperty("payload"));
            }
            else if (type == "complete")
            {
                isDone = true;
            }
            else
            {
                JsonElement payload = message.GetProperty("payload").GetProperty("data").GetProperty("updateServiceRequestStatus");
                Assert.Empty(WritingServer.Codes(payload));
                Assert.Equal(status, payload.GetProperty("serviceRequest").GetProperty("status").GetString());
            }
        }

        Assert.Equal(events, heard.Count);
        return heard;
    }
}
