using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using CityHelper.Engine;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Transport.WebSockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace CityHelper.Tests.Engine.WebSockets;

/// <summary>The state machine of graphql-transport-ws, with a clock of its own and operations that end when the test says so.</summary>
public sealed class SocketSessionTests : IAsyncDisposable
{
    private const string Init = """{"type":"connection_init"}""";

    private readonly FakeTimeProvider _time = new();
    private readonly FakeSocket _socket = new();
    private readonly FakeRequests _requests = new();
    private readonly SocketConnection _connection;
    private readonly SocketSession _session;
    private readonly Task _running;

    public SocketSessionTests()
    {
        _connection = new SocketConnection(_socket, () => { }, _time, NullLogger.Instance);
        _session = new SocketSession(_connection, _requests, _time);
        _running = _session.RunAsync();
    }

    /// <summary>Whatever a test did, the session ends with its socket, and nothing is left behind.</summary>
    public async ValueTask DisposeAsync()
    {
        _requests.ReleaseAll();
        _socket.Abort();
        await _running.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(0, _requests.Running);
        Assert.Empty(_requests.Failures);
        Assert.False(_socket.HasMixed);
        _session.Dispose();
        _connection.Dispose();
        _socket.Dispose();
    }

    [Theory]
    [InlineData(4401, Subscribe1)]
    [InlineData(4429, Init, Init)]
    [InlineData(4401, """{"type":"connection_init","payload":{"apiKey":"unknown"}}""")]
    [InlineData(4400, """{"type":"connection_init","payload":[]}""")]
    [InlineData(4400, Init, "no JSON")]
    [InlineData(4400, Init, """{"type":"subscribe","id":"","payload":{"query":"{ a }"}}""")]
    [InlineData(4400, Init, """{"type":"next","id":"1","payload":{}}""")]
    [InlineData(4409, Init, Subscribe1, Subscribe1)]
    public async Task What_breaks_the_protocol_ends_the_socket(int code, params string[] messages)
    {
        foreach (string message in messages)
        {
            _socket.Send(message);
        }

        Assert.Equal(code, (await _socket.EndAsync()).Code);
        await _running.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task The_id_that_is_taken_is_told()
    {
        await InitialiseAsync();
        _socket.Send(Subscribe1);
        _socket.Send(Subscribe1);
        Assert.Equal((4409, "Subscriber for 1 already exists"), await _socket.EndAsync());
    }

    [Fact]
    public async Task Bytes_end_the_socket()
    {
        _socket.Send([1], WebSocketMessageType.Binary, isLast: true);
        Assert.Equal(4400, (await _socket.EndAsync()).Code);
    }

    [Fact]
    public async Task A_client_that_does_not_say_who_it_is_is_sent_away()
    {
        _socket.Send("""{"type":"ping"}""");
        Assert.Equal("""{"type":"pong"}""", await _socket.ReadAsync());
        _time.Advance(Limits.SocketInitTimeMax);
        Assert.Equal((4408, "Connection initialisation timeout"), await _socket.EndAsync());
    }

    [Fact]
    public async Task One_that_did_stays()
    {
        await InitialiseAsync();
        _time.Advance(Limits.SocketInitTimeMax);
        await AssertAliveAsync();
    }

    [Fact]
    public async Task A_server_that_stops_takes_no_client()
    {
        _requests.IsDraining = true;
        _socket.Send(Init);
        Assert.Equal((1013, "Try again later"), await _socket.EndAsync());
    }

    [Fact]
    public async Task A_client_with_too_many_sockets_is_sent_away()
    {
        _requests.IsFull = true;
        _socket.Send(Init);
        Assert.Equal((1013, "Try again later"), await _socket.EndAsync());
    }

    [Fact]
    public async Task A_ping_is_answered_with_its_payload()
    {
        _socket.Send("""{"type":"ping","payload":{"a":[1, 2]}}""");
        Assert.Equal("""{"type":"pong","payload":{"a":[1, 2]}}""", await _socket.ReadAsync());
        _socket.Send("""{"type":"ping","payload":null}""");
        Assert.Equal("""{"type":"pong","payload":null}""", await _socket.ReadAsync());
    }

    [Fact]
    public async Task A_client_that_answers_no_ping_is_sent_away_and_may_come_back()
    {
        await InitialiseAsync();
        for (int ping = 0; ping < Limits.SocketPingsMax; ping++)
        {
            _time.Advance(Limits.KeepAliveInterval);
            Assert.Equal("""{"type":"ping"}""", await _socket.ReadAsync());
        }

        _time.Advance(Limits.KeepAliveInterval);
        Assert.Equal(1001, (await _socket.EndAsync()).Code);
    }

    [Fact]
    public async Task One_that_answers_stays()
    {
        await InitialiseAsync();
        for (int ping = 0; ping < 3 * Limits.SocketPingsMax; ping++)
        {
            _time.Advance(Limits.KeepAliveInterval);
            Assert.Equal("""{"type":"ping"}""", await _socket.ReadAsync());
            _socket.Send("""{"type":"pong"}""");
            await AssertAliveAsync();
        }
    }

    [Fact]
    public async Task An_operation_has_a_result_and_an_end_and_its_id_is_free_then()
    {
        await InitialiseAsync();
        for (int time = 0; time < 2; time++)
        {
            _socket.Send(Subscribe1);
            _requests.Release("1");
            Assert.Equal("""{"id":"1","type":"next","payload":{"extensions":{"operationCost":{"fieldCost":0,"typeCost":0}}}}""",
                await _socket.ReadAsync());
            Assert.Equal("""{"id":"1","type":"complete"}""", await _socket.ReadAsync());
        }
    }

    [Fact]
    public async Task A_refused_one_has_an_array_of_errors_and_no_end()
    {
        await InitialiseAsync();
        _socket.Send(Subscribe("r\"e"));
        _requests.Release("r\"e", new PageSizeNegativeError("first", "Query.rows"));
        string message = await _socket.ReadAsync();
        Assert.StartsWith("""{"id":"r\u0022e","type":"error","payload":[{"message":""", message, StringComparison.Ordinal);
        await AssertAliveAsync();
    }

    [Fact]
    public async Task A_client_that_ends_an_operation_hears_no_more_of_it()
    {
        await InitialiseAsync();
        _socket.Send(Subscribe1);
        await _requests.StartedAsync("1");
        _socket.Send("""{"type":"complete","id":"1"}""");
        _socket.Send("""{"type":"complete","id":"1"}""");
        _socket.Send("""{"type":"complete","id":"never heard of"}""");
        await _requests.DroppedAsync("1");
        await AssertAliveAsync();
    }

    [Fact]
    public async Task A_refused_subscription_that_may_be_asked_again_ends_the_socket_and_a_query_does_not()
    {
        await InitialiseAsync();
        _socket.Send(Subscribe1);
        _requests.Release("1", new OverloadedError(1));
        Assert.Contains("OVERLOADED", await _socket.ReadAsync(), StringComparison.Ordinal);
        _requests.AreSubscriptions = true;
        _socket.Send(Subscribe("2"));
        _requests.Release("2", new PageSizeNegativeError("first", "Query.rows"));
        Assert.StartsWith("""{"id":"2","type":"error",""", await _socket.ReadAsync(), StringComparison.Ordinal);
        _socket.Send(Subscribe("3"));
        _requests.Release("3", new OverloadedError(1));
        Assert.Equal((1013, "Try again later"), await _socket.EndAsync());
    }

    [Fact]
    public async Task There_are_only_so_many_operations()
    {
        await InitialiseAsync();
        for (int i = 0; i < Limits.SocketOperationsMax; i++)
        {
            _socket.Send(Subscribe($"{i}"));
        }

        _socket.Send(Subscribe("one more"));
        string refused = await _socket.ReadAsync();
        Assert.StartsWith("""{"id":"one more","type":"error",""", refused, StringComparison.Ordinal);
        Assert.Contains("TOO_MANY_OPERATIONS", refused, StringComparison.Ordinal);
        _requests.Release("7");
        await _socket.ReadAsync();
        Assert.Equal("""{"id":"7","type":"complete"}""", await _socket.ReadAsync());
        _socket.Send(Subscribe("one more"));
        await _requests.StartedAsync("one more");
        Assert.False(_socket.HasMore);
    }

    [Fact]
    public async Task Nothing_more_is_read_for_a_client_that_takes_nothing_and_then_it_is_cut_off()
    {
        await InitialiseAsync();
        _requests.ReleaseAll();
        _socket.IsStuck = true;
        const int Sent = 1_000;
        for (int i = 0; i < Sent; i++)
        {
            _socket.Send(Subscribe($"{i}"));
            _socket.Send("""{"type":"ping"}""");
        }

        await _requests.StartedAsync("0");
        while (!_socket.IsAborted)
        {
            Assert.InRange(_requests.Started, 1, Limits.SocketAnswersMax);
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(1);
        }

        await _running.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_message_in_pieces_has_a_size()
    {
        await InitialiseAsync();
        byte[] piece = new byte[1_000];
        Array.Fill(piece, (byte)' ');
        for (int sent = 0; sent <= Limits.RequestBytesMax; sent += piece.Length)
        {
            _socket.Send(piece, WebSocketMessageType.Text, isLast: false);
        }

        Assert.Equal(1009, (await _socket.EndAsync()).Code);
        Assert.InRange(_socket.BufferMax, 1, 2 * Limits.RequestBytesMax);
    }

    [Fact]
    public async Task The_largest_message_is_read_and_its_buffer_is_not_kept()
    {
        await InitialiseAsync();
        string ping = """{"type":"ping"}""";
        _socket.Send(Encoding.UTF8.GetBytes(ping.PadRight(Limits.RequestBytesMax)), WebSocketMessageType.Text, isLast: true);
        Assert.Equal("""{"type":"pong"}""", await _socket.ReadAsync());
    }

    [Fact]
    public async Task A_client_that_does_not_confirm_the_end_is_cut_off()
    {
        _socket.Confirms = false;
        _socket.Send("no JSON");
        Assert.Equal(4400, (await _socket.EndAsync()).Code);
        Assert.False(_socket.IsAborted);
        while (!_socket.IsAborted)
        {
            _time.Advance(Limits.SocketCloseTimeMax);
            await Task.Delay(1);
        }

        await _running.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_client_that_leaves_ends_its_operations()
    {
        await InitialiseAsync();
        _socket.Send(Subscribe1);
        await _requests.StartedAsync("1");
        _socket.Leave();
        await _requests.DroppedAsync("1");
        Assert.Equal(1000, (await _socket.EndAsync()).Code);
        await _running.WaitAsync(TimeSpan.FromSeconds(30));
    }

    private const string Subscribe1 = """{"id":"1","type":"subscribe","payload":{"query":"{ a }"}}""";

    private static string Subscribe(string id) => Subscribe1.Replace("\"1\"", $"\"{id.Replace("\"", "\\\"", StringComparison.Ordinal)}\"",
        StringComparison.Ordinal);

    private async Task InitialiseAsync()
    {
        _socket.Send(Init);
        Assert.Equal("""{"type":"connection_ack"}""", await _socket.ReadAsync());
    }

    private async Task AssertAliveAsync()
    {
        _socket.Send("""{"type":"ping","payload":{"are":"you there"}}""");
        Assert.Equal("""{"type":"pong","payload":{"are":"you there"}}""", await _socket.ReadAsync());
    }

    /// <summary>Operations that end when they are released.</summary>
    private sealed class FakeRequests : ISocketRequests
    {
        private readonly ConcurrentDictionary<string, TaskCompletionSource<RequestError?>> _ends = new();
        private readonly ConcurrentDictionary<string, TaskCompletionSource> _started = new();
        private readonly ConcurrentDictionary<string, TaskCompletionSource> _dropped = new();
        private volatile bool _isReleased;
        private int _running;
        private int _count;

        public bool IsDraining { get; set; }

        public bool AreSubscriptions { get; set; }

        public int Running => Volatile.Read(ref _running);

        public int Started => Volatile.Read(ref _count);

        public ConcurrentQueue<Exception> Failures { get; } = [];

        public ClientProfile? Identify(string? key, string? name) =>
            key == "unknown" ? null : new ClientProfile("tests", ClientMode.FreeText);

        public bool IsFull { get; set; }

        public bool TryCount(ClientProfile client) => !IsFull;

        public void Failed(Exception cause) => Failures.Enqueue(cause);

        public async Task<SocketAnswer> RunAsync(SocketMessage message, ClientProfile client, CancellationToken unwanted)
        {
            string id = message.Id;
            Interlocked.Increment(ref _running);
            Interlocked.Increment(ref _count);
            Of(_started, id).TrySetResult();
            try
            {
                RequestError? error = _isReleased ? null : await End(id).Task.WaitAsync(unwanted);
                _ends.TryRemove(id, out _);
                return new SocketAnswer(
                    error is null ? OperationResult.CostOnly(default, CityHelper.Engine.Writing.MemoryLease.Uncounted)
                        : OperationResult.Refused(error),
                    AreSubscriptions);
            }
            catch (OperationCanceledException)
            {
                Of(_dropped, id).TrySetResult();
                throw;
            }
            finally
            {
                Interlocked.Decrement(ref _running);
            }
        }

        public void Release(string id, RequestError? error = null) => End(id).TrySetResult(error);

        public void ReleaseAll()
        {
            _isReleased = true;
            foreach (string id in _ends.Keys)
            {
                Release(id);
            }
        }

        public Task StartedAsync(string id) => Of(_started, id).Task.WaitAsync(TimeSpan.FromSeconds(30));

        public Task DroppedAsync(string id) => Of(_dropped, id).Task.WaitAsync(TimeSpan.FromSeconds(30));

        private TaskCompletionSource<RequestError?> End(string id) =>
            _ends.GetOrAdd(id, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));

        private static TaskCompletionSource Of(ConcurrentDictionary<string, TaskCompletionSource> signals, string id) =>
            signals.GetOrAdd(id, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
    }
}
