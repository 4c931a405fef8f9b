using System.Globalization;
using System.Net.Sockets;
using System.Text;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Caching;

/// <summary>
/// A hit and a 304 allocate little, from Kestrel's first byte to its last. Collecting it costs all requests, and unlike time it can be
/// measured on a busy machine.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class HitAllocationTests(PostgresFixture postgres, ITestOutputHelper output) : IAsyncLifetime
{
    /// <summary>
    /// Bytes of a hit. Measured: 1,471, most of them the host's span and log scope, routing, and texts of the request; 1,930 with a log of
    /// every request, and with that 3,254 when <c>Accept</c> was parsed and a timer set each time.
    /// </summary>
    private const int HitBytesMax = 1_520;

    /// <summary>Bytes of a 304. Measured: 1,432; it has no body to count.</summary>
    private const int NotModifiedBytesMax = 1_480;

    private const int Requests = 2_000;

    /// <summary>
    /// The least counts: what else happens in the process only adds, such as the JIT and the follower of the change log. Code that the JIT
    /// has not optimised yet allocates 72 bytes more, and on a busy machine it takes seconds until it has.
    /// </summary>
    private const int RoundsMax = 150;

    private TestServer _server = null!;

    public async Task InitializeAsync()
    {
        // As a server logs. Messages about every request, which tests read, would be most of what a hit allocates.
        _server = await TestServer.StartAsync(await ReadingFixture.DatabaseAsync(postgres), services: services =>
            services.Configure<LoggerFilterOptions>(options => options
                .AddFilter("CityHelper", LogLevel.Information)
                .AddFilter("Microsoft.AspNetCore", LogLevel.Warning)));
        await PublishedHitTests.FollowedAsync(_server, RequestRows.City);
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData(200, HitBytesMax)]
    [InlineData(304, NotModifiedBytesMax)]
    public async Task A_hit_and_a_304_allocate_little(int status, int bytesMax)
    {
        string address = _server.PersistedUrl("ServiceRequestDetail", new { city = "nyc", id = ReadingFixture.Id(7) });
        CacheAnswer first = await CacheAnswer.GetAsync(_server.Client, address);
        Assert.Equal(CacheAnswer.Stored, first.CacheStatus);

        string condition = status == 304 ? $"If-None-Match: {first.ETag}\r\n" : "";
        byte[] request = Encoding.ASCII.GetBytes(
            $"GET {address} HTTP/1.1\r\nHost: localhost\r\nAccept: application/graphql-response+json, application/json;q=0.9\r\n"
            + $"Accept-Encoding: gzip, deflate, br\r\nUser-Agent: test\r\n{condition}\r\n");
        using var connection = new Connection(_server.Client.BaseAddress!);
        string head = connection.Open(request);
        Assert.StartsWith($"HTTP/1.1 {status.ToString(CultureInfo.InvariantCulture)}", head, StringComparison.Ordinal);
        Assert.Contains($"Cache-Status: {CacheAnswer.Hit}\r\n", head, StringComparison.Ordinal);

        double least = double.MaxValue;
        for (int round = 0; round < RoundsMax && least > bytesMax; round++)
        {
            least = Math.Min(least, BytesOf(connection, request));
        }

        output.WriteLine($"{status}: {least:F0} bytes");
        Assert.InRange(least, 0, bytesMax);
    }

    private static double BytesOf(Connection connection, byte[] request)
    {
        long before = GC.GetTotalAllocatedBytes(precise: true);
        for (int i = 0; i < Requests; i++)
        {
            connection.Ask(request);
        }

        return (double)(GC.GetTotalAllocatedBytes(precise: true) - before) / Requests;
    }

    /// <summary>A connection that allocates nothing: it knows the length of the answer, which is the same each time.</summary>
    private sealed class Connection : IDisposable
    {
        private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        private readonly byte[] _buffer = new byte[64 * 1024];
        private int _length;

        public Connection(Uri server) => _socket.Connect(server.Host, server.Port);

        /// <summary>Sends the first request.</summary>
        /// <returns>The head of its answer.</returns>
        public string Open(byte[] request)
        {
            _socket.Send(request);
            int received = 0;
            int head;
            while ((head = _buffer.AsSpan(0, received).IndexOf("\r\n\r\n"u8)) < 0)
            {
                received += _socket.Receive(_buffer.AsSpan(received));
            }

            string text = Encoding.ASCII.GetString(_buffer, 0, head + 2);
            string? length = text.Split("\r\n").FirstOrDefault(line => line.StartsWith("Content-Length: ", StringComparison.Ordinal));
            _length = head + 4 + (length is null ? 0 : int.Parse(length["Content-Length: ".Length..], CultureInfo.InvariantCulture));
            Receive(_length - received);
            return text;
        }

        /// <summary>Sends a request whose answer is as long as the first.</summary>
        public void Ask(byte[] request)
        {
            _socket.Send(request);
            Receive(_length);
        }

        public void Dispose() => _socket.Dispose();

        private void Receive(int bytes)
        {
            for (int left = bytes; left > 0;)
            {
                left -= _socket.Receive(_buffer.AsSpan(0, Math.Min(left, _buffer.Length)));
            }
        }
    }
}
