using System.Text;
using System.Text.Json;
using CityHelper.Engine;
using CityHelper.IntegrationTests.Postgres;
using Xunit;

namespace CityHelper.IntegrationTests.Subscriptions;

/// <summary>
/// Who may open a WebSocket and say what on it. Attack 16: no operation without <c>connection_init</c>, by whatever subprotocol. Attack 17:
/// no page of another host.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class SocketHandshakeTests(SocketFixture fixture) : IClassFixture<SocketFixture>
{
    private const string Init = """{"type":"connection_init"}""";
    private const string Ask = """{"id":"1","type":"subscribe","payload":{"query":"{ cities { slug } }"}}""";

    [Theory]
    [InlineData(null)]
    [InlineData("graphql-ws")]
    [InlineData("subscriptions-transport-ws")]
    [InlineData("GRAPHQL-TRANSPORT-WS")]
    [InlineData("graphql-ws, chat")]
    public async Task Another_subprotocol_is_told_so_and_runs_nothing(string? protocol)
    {
        await using RawSocket socket = await RawSocket.OpenAsync(fixture.Server, protocol);
        Assert.Equal(101, socket.Status);
        Assert.DoesNotContain("Sec-WebSocket-Protocol", socket.Head, StringComparison.OrdinalIgnoreCase);
        await socket.SendTextAsync(Init);
        await socket.SendTextAsync("""{"id":"1","type":"start","payload":{"query":"{ cities { slug } }"}}""");
        await socket.SendTextAsync(Ask);
        Assert.Equal((4406, "Subprotocol not acceptable"), await socket.ReadEndAsync());
        await socket.ReadConnectionEndAsync();
    }

    [Fact]
    public async Task The_subprotocol_is_found_among_others()
    {
        await using RawSocket socket = await RawSocket.OpenAsync(fixture.Server, "graphql-ws, graphql-transport-ws");
        Assert.Contains("Sec-WebSocket-Protocol: graphql-transport-ws", socket.Head, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData(4401, Ask)]
    [InlineData(4429, Init, Init)]
    [InlineData(4401, """{"type":"connection_init","payload":{"apiKey":"nobody's"}}""", Ask)]
    [InlineData(4400, """{"type":"connection_init","payload":{"apiKey":7}}""")]
    [InlineData(4400, Init, "{")]
    [InlineData(4400, Init, """{"type":"subscribe","id":"1","payload":{"query":7}}""")]
    [InlineData(4400, Init, """{"type":"subscribe","payload":{"query":"{ cities { slug } }"}}""")]
    public async Task What_breaks_the_protocol_ends_the_socket(int code, params string[] messages)
    {
        await using RawSocket socket = await RawSocket.OpenAsync(fixture.Server);
        foreach (string message in messages)
        {
            await socket.SendTextAsync(message);
        }

        (int told, string reason) = await socket.ReadEndAsync();
        Assert.Equal(code, told);
        Assert.InRange(reason.Length, 1, Limits.CloseReasonBytesMax);
        await socket.ReadConnectionEndAsync();
    }

    [Fact]
    public async Task An_id_that_is_in_use_ends_the_socket()
    {
        await fixture.CursorAsync();
        await using RawSocket socket = await RawSocket.OpenKnownAsync(fixture.Server);
        await SocketFixture.BeginAsync(socket, "1");
        await socket.SubscribeAsync("1", SocketFixture.Changes);
        Assert.Equal((4409, "Subscriber for 1 already exists"), await socket.ReadEndAsync());
    }

    [Fact]
    public async Task Bytes_and_too_large_messages_end_the_socket_also_in_fragments()
    {
        await using RawSocket bytes = await RawSocket.OpenKnownAsync(fixture.Server);
        await bytes.SendFrameAsync(opcode: 2, [1]);
        Assert.Equal(4400, (await bytes.ReadEndAsync()).Code);

        await using RawSocket large = await RawSocket.OpenKnownAsync(fixture.Server);
        await large.SendTextAsync(new string(' ', Limits.RequestBytesMax + 1));
        Assert.Equal(1009, (await large.ReadEndAsync()).Code);

        await using RawSocket pieces = await RawSocket.OpenKnownAsync(fixture.Server);
        byte[] half = Encoding.UTF8.GetBytes(new string(' ', Limits.RequestBytesMax / 2 + 1));
        await pieces.SendFrameAsync(opcode: 1, half, isLast: false);
        await pieces.SendFrameAsync(opcode: 0, half, isLast: false);
        Assert.Equal(1009, (await pieces.ReadEndAsync()).Code);
    }

    [Fact]
    public async Task A_message_in_fragments_is_read_and_pings_of_frames_are_answered()
    {
        await using RawSocket socket = await RawSocket.OpenKnownAsync(fixture.Server);
        byte[] ask = Encoding.UTF8.GetBytes(Ask);
        await socket.SendFrameAsync(opcode: 1, ask[..7], isLast: false);
        await socket.SendFrameAsync(opcode: 0, ask[7..20], isLast: false);
        await socket.SendFrameAsync(opcode: 0, ask[20..]);
        Assert.NotEmpty((await socket.NextAsync("1")).GetProperty("data").GetProperty("cities").EnumerateArray());
        Assert.Equal("complete", (await socket.ReadAsync()).GetProperty("type").GetString());
        await socket.SendTextAsync("""{"type":"ping","payload":{"a":1}}""");
        Assert.Equal("""{"type":"pong","payload":{"a":1}}""", (await socket.ReadAsync()).GetRawText());
    }

    [Fact]
    public async Task A_client_may_close_it()
    {
        await using RawSocket socket = await RawSocket.OpenKnownAsync(fixture.Server);
        await socket.SendCloseAsync(1000);
        Assert.Equal(1000, (await socket.ReadEndAsync()).Code);
        await socket.ReadConnectionEndAsync();
    }

    /// <summary>The key of the payload, or of the header; the payload wins.</summary>
    [Theory]
    [InlineData(null, null, true)]
    [InlineData(SocketFixture.Key, null, false)]
    [InlineData(null, SocketFixture.Key, false)]
    [InlineData(SocketFixture.Key, "nobody's", false)]
    public async Task The_client_is_known_by_its_key(string? payload, string? header, bool mayAskAnything)
    {
        string[] headers = header is null ? [] : [$"X-API-Key: {header}"];
        await using RawSocket socket = await RawSocket.OpenKnownAsync(fixture.Server, new { apiKey = payload }, headers);
        await socket.SendTextAsync(Ask);
        JsonElement answer = await socket.ReadAsync();
        Assert.Equal(mayAskAnything ? "next" : "error", answer.GetProperty("type").GetString());
        if (!mayAskAnything)
        {
            Assert.Equal("HC0067", answer.GetProperty("payload")[0].GetProperty("extensions").GetProperty("code").GetString());
        }
    }

    [Fact]
    public async Task A_key_of_nobody_in_the_header_is_told_too()
    {
        await using RawSocket socket = await RawSocket.OpenAsync(fixture.Server, RawSocket.Protocol, "X-API-Key: nobody's");
        await socket.SendTextAsync(Init);
        Assert.Equal(4401, (await socket.ReadEndAsync()).Code);
    }

    [Fact]
    public async Task A_client_is_known_by_the_name_of_the_payload()
    {
        await using RawSocket socket = await RawSocket.OpenKnownAsync(fixture.Server, new { clientId = "named" });
        await socket.SendTextAsync(Ask);
        Assert.Equal("error", (await socket.ReadAsync()).GetProperty("type").GetString());
    }

    [Theory]
    [InlineData(null, 101)]
    [InlineData("http://map.example", 101)]
    [InlineData("https://map.example:80", 101)]
    [InlineData(SocketFixture.Origin, 101)]
    [InlineData("HTTPS://CIVIC.example", 101)]
    [InlineData("https://map.example", 403)]
    [InlineData("http://civic.example", 403)]
    [InlineData("https://civic.example:8443", 403)]
    [InlineData("https://civic.example.evil.example", 403)]
    [InlineData("https://evil.example", 403)]
    [InlineData("http://map.example@evil.example", 403)]
    [InlineData("null", 403)]
    [InlineData("", 403)]
    public async Task Pages_of_the_host_and_of_known_clients_may_open_one(string? origin, int status)
    {
        string[] headers = origin is null ? ["Host: map.example:80"] : ["Host: map.example:80", $"Origin: {origin}"];
        await using RawSocket socket = await RawSocket.OpenAsync(fixture.Server, RawSocket.Protocol, headers);
        Assert.Equal(status, socket.Status);
        if (status == 403)
        {
            JsonElement error = (await socket.ReadBodyAsync()).GetProperty("errors")[0];
            Assert.Equal("ORIGIN_NOT_ALLOWED", error.GetProperty("extensions").GetProperty("code").GetString());
        }
    }

    [Fact]
    public async Task Two_origins_are_none()
    {
        await using RawSocket socket = await RawSocket.OpenAsync(
            fixture.Server, RawSocket.Protocol, $"Origin: {SocketFixture.Origin}", $"Origin: {SocketFixture.Origin}");
        Assert.Equal(403, socket.Status);
    }
}
