using System.IO.Compression;
using System.Net;
using System.Text.Json;
using CityHelper.Engine;
using CityHelper.Engine.Writing;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using static CityHelper.IntegrationTests.Attacks.SlowReaderFixture;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Attack 32: responses that are requested and not read. Their memory is limited per connection and per server; other clients are served
/// meanwhile, and slow ones are cut off in the end. Tested with published operations in production without a key, and with free text.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack32SlowReaderTests(SlowReaderFixture fixture) : IClassFixture<SlowReaderFixture>
{
    private const int Connections = 60;
    private const long AnswerBytesMin = (long)Rows * TitleBytes;

    /// <summary>
    /// Bytes in transit to a reader who reads nothing: in Kestrel's buffer, and in the socket's, which Linux makes twice as large as
    /// requested.
    /// </summary>
    private const long OnItsWayMax = Server.Limits.ConnectionBufferBytes + 2 * Server.Limits.SocketSendBytes + 64 * 1024;

    /// <summary>New connections until the server notices the end of another one.</summary>
    private const int AttemptsMax = 1_000;

    private static readonly TimeSpan s_total = TimeSpan.FromMilliseconds(Limits.ResponseTimeoutMs);

    /// <summary>The time until the end of a cut-off connection arrives, on the real clock.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData("Production")]
    [InlineData("Development")]
    public async Task Sixty_connections_hold_no_more_than_allowed_and_are_cut_off(string environment)
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using TestServer server = await fixture.StartAsync(time, environment, isHttp2: false);
        ResponseMemory memory = Memory(server);
        string target = Target(server, environment);

        SlowConnection[] readers = await Task.WhenAll(
            Enumerable.Range(0, Connections).Select(_ => SlowConnection.GetAsync(server.Client.BaseAddress!, target)));
        (int Status, IReadOnlyDictionary<string, string> Headers)[] heads = await Task.WhenAll(readers.Select(r => r.ReadHeadAsync()));
        Assert.InRange(memory.TakeRecentPeak(), AnswerBytesMin, Limits.ResponseMemoryBytes);
        Assert.All(heads, head => Assert.Contains(head.Status, new[] { 200, 503 }));
        int[] slow = [.. Enumerable.Range(0, Connections).Where(i => heads[i].Status == 200)];
        int[] refused = [.. Enumerable.Range(0, Connections).Except(slow)];
        Assert.NotEmpty(slow);

        // Refused requests get a Retry-After.
        Assert.InRange(slow.Length, 1, Limits.ResponseMemoryBytes / (AnswerBytesMin - OnItsWayMax));
        foreach (int i in refused)
        {
            Assert.InRange(int.Parse(heads[i].Headers["Retry-After"], System.Globalization.CultureInfo.InvariantCulture), 1, 60);
            Assert.Equal("no-store", heads[i].Headers["Cache-Control"]);
            Assert.Equal(
                "OVERLOADED",
                Code(
                    System.Text.Encoding.UTF8.GetString(
                        await readers[i]
                            .ReadBodyAsync(
                                long.Parse(heads[i].Headers["Content-Length"], System.Globalization.CultureInfo.InvariantCulture)))));
        }

        await AssertAnswersOthersAsync(server, environment);

        time.Advance(s_total);
        foreach (int i in slow)
        {
            await readers[i].ReadBodyAsync(long.MaxValue).WaitAsync(s_patience);
            Assert.InRange(readers[i].BodyBytes, 0, AnswerBytesMin - 1);
        }

        await AssertRecoversAsync(server, environment, slow.Length);
        foreach (SlowConnection reader in readers)
        {
            reader.Dispose();
        }
    }

    [Theory]
    [InlineData("Production")]
    [InlineData("Development")]
    public async Task A_hundred_streams_with_a_window_of_one_byte_hold_what_one_connection_may(string environment)
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using TestServer server = await fixture.StartAsync(time, environment, isHttp2: true);
        server.Client.DefaultRequestVersion = HttpVersion.Version20;
        server.Client.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        ResponseMemory memory = Memory(server);
        string target = Target(server, environment);

        await using Http2Connection reader = await Http2Connection.OpenAsync(server.Client.BaseAddress!, windowBytes: 1);
        for (int i = 0; i < Server.Limits.Http2StreamsMax; i++)
        {
            await reader.GetAsync(target);
        }

        IReadOnlyList<int> statuses = await reader.ReadStatusesAsync(Server.Limits.Http2StreamsMax);
        Assert.All(statuses, status => Assert.Contains(status, new[] { 200, 503 }));
        Assert.InRange(statuses.Count(s => s == 200), 1, (int)(Limits.ConnectionMemoryBytes / AnswerBytesMin));
        Assert.InRange(memory.TakeRecentPeak(), AnswerBytesMin, Limits.ConnectionMemoryBytes);
        await AssertAnswersOthersAsync(server, environment);

        time.Advance(s_total);
        await reader.ReadToEndAsync().WaitAsync(s_patience);
        Assert.InRange(reader.BodyBytes, 1, Server.Limits.Http2StreamsMax);
        await AssertRecoversAsync(server, environment, connections: 1);
    }

    /// <summary>A proxy sends the responses of many readers over one connection, and one of them may be slow.</summary>
    [Fact]
    public async Task The_first_stream_that_is_not_read_is_reset_and_the_second_ends_the_connection()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using TestServer server = await fixture.StartAsync(time, "Production", isHttp2: true);
        server.Client.DefaultRequestVersion = HttpVersion.Version20;
        server.Client.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        await using Http2Connection proxy = await Http2Connection.OpenAsync(server.Client.BaseAddress!, windowBytes: 1);
        int slow = await proxy.GetAsync(Target(server, "Production"));
        Assert.Equal([200], await proxy.ReadStatusesAsync(1));
        Assert.InRange(Memory(server).Held, 1, Limits.ConnectionMemoryBytes);
        time.Advance(s_total);
        Assert.Equal(slow, await proxy.ReadResetAsync().WaitAsync(s_patience));
        await UntilAsync(() => Memory(server).Held == 0, () => "The answer is held though its stream was reset.");
        Assert.Single(server.Warnings, w => w.Contains("it was reset", StringComparison.Ordinal));
        Assert.DoesNotContain(server.Warnings, w => w.Contains("had not read its answer", StringComparison.Ordinal));

        // The connection serves the others, until a second stream is not read.
        await proxy.GetAsync(server.PersistedUrl("Cities"));
        await proxy.GetAsync(Target(server, "Production"));
        Assert.Equal([200, 200], await proxy.ReadStatusesAsync(2).WaitAsync(s_patience));
        time.Advance(s_total);
        await proxy.ReadToEndAsync().WaitAsync(s_patience);
        Assert.Single(server.Warnings, w => w.Contains("it was reset", StringComparison.Ordinal));
        await AssertRecoversAsync(server, "Production", connections: 1);
    }

    /// <summary>Kestrel's and the kernel's memory for a connection is not counted, so the number of connections is limited.</summary>
    [Fact]
    public async Task One_connection_beyond_the_limit_is_closed()
    {
        await using TestServer server = await TestServer.StartAsync(
            fixture.Database, settings: new Dictionary<string, string?> { [Server.Http.HttpSettings.ConnectionsKey] = "2" });
        RawConnection first = await RawConnection.OpenAsync(server);
        Assert.Equal(200, await AskAsync(first));
        await using RawConnection second = await RawConnection.OpenAsync(server);
        Assert.Equal(200, await AskAsync(second));
        await using RawConnection third = await RawConnection.OpenAsync(server);
        await Assert.ThrowsAnyAsync<IOException>(() => AskAsync(third));
        Assert.Equal(200, await AskAsync(second));

        // Its slot is free as soon as the server has noticed its end.
        await first.DisposeAsync();
        int status = 0;
        for (int attempt = 0; status == 0; attempt++)
        {
            Assert.InRange(attempt, 0, AttemptsMax);
            await using RawConnection next = await RawConnection.OpenAsync(server);
            try
            {
                status = await AskAsync(next);
            }
            catch (IOException)
            {
                // Not yet.
            }
        }

        Assert.Equal(200, status);
    }

    [Theory]
    [InlineData("many")]
    [InlineData("0")]
    [InlineData("100001")]
    public async Task A_number_of_connections_that_makes_no_sense_stops_the_start(string connections)
    {
        Server.ConfigurationException refused = await Assert.ThrowsAsync<Server.ConfigurationException>(() => TestServer.StartAsync(
            fixture.Database, settings: new Dictionary<string, string?> { [Server.Http.HttpSettings.ConnectionsKey] = connections }));
        Assert.Contains($"Http__Connections is {connections}: set it to", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_read_is_held_no_longer()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using TestServer server = await fixture.StartAsync(time, "Production", isHttp2: false);
        ResponseMemory memory = Memory(server);
        using SlowConnection reader = await SlowConnection.GetAsync(server.Client.BaseAddress!, Target(server, "Production"));
        (_, IReadOnlyDictionary<string, string> headers) = await reader.ReadHeadAsync();
        long length = long.Parse(headers["Content-Length"], System.Globalization.CultureInfo.InvariantCulture);

        for (int quarter = 1; quarter <= 3; quarter++)
        {
            await reader.ReadBodyAsync(length / 4);
            long read = reader.BodyBytes;
            await UntilAsync(
                () => memory.Held <= length - read + 2 * Limits.ResponsePieceBytes,
                () => $"{memory.Held} bytes are held of {length} though {read} were read.");
        }

        await reader.ReadBodyAsync(length - reader.BodyBytes);
        Assert.Equal(length, reader.BodyBytes);
        await UntilAsync(() => memory.Held == 0, () => $"{memory.Held} bytes are held of what was read.");
    }

    [Theory]
    [InlineData("br")]
    [InlineData("gzip")]
    public async Task A_compressed_answer_is_whole_and_its_encoder_is_held_by_nobody(string encoding)
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using TestServer server = await fixture.StartAsync(time, "Production", isHttp2: false);
        ResponseMemory memory = Memory(server);
        string target = Target(server, "Production");
        string plain = await server.Client.GetStringAsync(target);
        using SlowConnection reader = await SlowConnection.GetAsync(server.Client.BaseAddress!, target, $"Accept-Encoding: {encoding}");
        (int status, IReadOnlyDictionary<string, string> headers) = await reader.ReadHeadAsync();
        Assert.Equal((200, encoding), (status, headers["Content-Encoding"]));

        // The length is known: the body was encoded whole, and only its unsent rest is held.
        long length = long.Parse(headers["Content-Length"], System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(length, 1, plain.Length - 1);
        Assert.InRange(memory.Held, 0, length + Limits.ResponsePieceBytes);
        using var body = new MemoryStream(await reader.ReadBodyAsync(length));
        await using Stream decoded =
            encoding == "br" ? new BrotliStream(body, CompressionMode.Decompress) : new GZipStream(body, CompressionMode.Decompress);
        using var text = new StreamReader(decoded);
        Assert.Equal(plain, await text.ReadToEndAsync());
        await UntilAsync(() => memory.Held == 0, () => $"{memory.Held} bytes are held of what was read.");
    }

    [Fact]
    public async Task HEAD_has_the_length_of_GET_and_holds_nothing()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using TestServer server = await fixture.StartAsync(time, "Production", isHttp2: false);
        string target = Target(server, "Production");
        long length = (await server.Client.GetByteArrayAsync(target)).Length;
        using var head = new HttpRequestMessage(HttpMethod.Head, target);
        using HttpResponseMessage answer = await server.Client.SendAsync(head);
        Assert.Equal(length, answer.Content.Headers.ContentLength);
        await UntilAsync(() => Memory(server).Held == 0, () => "A HEAD holds bytes.");
    }

    private static async Task<int> AskAsync(RawConnection connection)
    {
        await connection.SendAsync(RawConnection.Post("""{"query":"{ cities { slug } }"}"""));
        return (await connection.ReadAsync()).Status;
    }

    private static async Task AssertAnswersOthersAsync(TestServer server, string environment)
    {
        string target = environment == "Production" ? server.PersistedUrl("Cities") : "/graphql?query={cities{slug}}";
        for (int i = 0; i < 20; i++)
        {
            Assert.Contains("\"slug\":\"nyc\"", await server.Client.GetStringAsync(target), StringComparison.Ordinal);
        }
    }

    private static async Task AssertRecoversAsync(TestServer server, string environment, int connections)
    {
        ResponseMemory memory = Memory(server);
        await UntilAsync(() => memory.Held == 0, () => $"{memory.Held} bytes are held though nobody reads.");
        Assert.Equal(connections, server.Warnings.Count(w => w.Contains("had not read its answer", StringComparison.Ordinal)));
        Assert.Empty(server.Errors);
        using JsonDocument json = JsonDocument.Parse(await server.Client.GetStringAsync(Target(server, environment)));
        Assert.Equal(Rows, json.RootElement.GetProperty("data").GetProperty("serviceRequests").GetProperty("nodes").GetArrayLength());
    }
}
