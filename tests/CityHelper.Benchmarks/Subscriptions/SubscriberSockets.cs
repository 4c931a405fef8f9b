using System.Diagnostics;
using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace CityHelper.Benchmarks.Subscriptions;

/// <summary>An event that has arrived.</summary>
/// <param name="Request">The global id of its request.</param>
/// <param name="At">When its last byte was there, as <see cref="Stopwatch.GetTimestamp"/>.</param>
internal readonly record struct Arrival(string Request, long At);

/// <summary>WebSockets that speak graphql-transport-ws, with any number of subscriptions each.</summary>
internal sealed class SubscriberSockets : Subscribers
{
    /// <summary>What a page that shows requests selects. One text, so all subscriptions of it share the bytes of an event.</summary>
    public const string Query =
        "subscription Watched($city: String!, $viewport: ViewportInput!) { onServiceRequestChanged(city: $city, "
        + "within: { viewport: $viewport }) { kind cursor id status previousStatus serviceRequest { id title status updatedAt "
        + "location { coordinates } } } }";

    private const string Protocol = "graphql-transport-ws";

    /// <summary>An event of <see cref="Query"/> fits.</summary>
    private const int BufferBytes = 2 * 1024;

    private static readonly byte[] s_init = """{"type":"connection_init"}"""u8.ToArray();
    private static readonly byte[] s_pong = """{"type":"pong"}"""u8.ToArray();

    private readonly List<ClientWebSocket> _sockets = [];
    private readonly List<List<Arrival>> _arrivals = [];
    private readonly bool _keeps;
    private int _begun;
    private long _resyncs;

    private SubscriberSockets(bool keeps) => _keeps = keeps;

    /// <summary>RESYNCs that arrived, the first events of the subscriptions among them.</summary>
    public long Resyncs => Interlocked.Read(ref _resyncs);

    /// <summary>The events that arrived, if they are kept; not while some arrive.</summary>
    public IEnumerable<Arrival> Arrivals => _arrivals.SelectMany(arrivals => arrivals);

    /// <summary>Opens sockets without subscriptions.</summary>
    /// <param name="server">The server.</param>
    /// <param name="count">How many.</param>
    /// <param name="keepsArrivals">Whether the moment of each event is kept.</param>
    public static async Task<SubscriberSockets> OpenAsync(Uri server, int count, bool keepsArrivals = false)
    {
        var sockets = new SubscriberSockets(keepsArrivals);
        var address = new UriBuilder(server) { Scheme = Uri.UriSchemeWs, Path = "/graphql" };
        for (int i = 0; i < count; i++)
        {
            var socket = new ClientWebSocket();
            socket.Options.AddSubProtocol(Protocol);
            socket.Options.KeepAliveInterval = TimeSpan.Zero;
            sockets._sockets.Add(socket);
            await socket.ConnectAsync(address.Uri, sockets.Leaving);
            await sockets.SendAsync(socket, s_init);
            List<Arrival> arrivals = [];
            sockets._arrivals.Add(arrivals);
            var buffer = new byte[BufferBytes];
            await socket.ReceiveAsync(buffer.AsMemory(), sockets.Leaving);
            _ = Task.Run(() => sockets.ReadAsync(() => sockets.ReadAsync(socket, buffer, arrivals)));
        }

        return sockets;
    }

    /// <summary>Adds subscriptions to areas, to the sockets in turn.</summary>
    public Task SubscribeAsync(string city, IReadOnlyList<DrawnArea> areas) => BeginAsync(areas.Count, i =>
    {
        int number = _begun++;
        var message = new
        {
            id = number.ToString(CultureInfo.InvariantCulture),
            type = "subscribe",
            payload = new { query = Query, variables = VariablesOf(city, areas[i]) },
        };
        return SendAsync(_sockets[number % _sockets.Count], JsonSerializer.SerializeToUtf8Bytes(message));
    });

    /// <summary>The variables of <see cref="Query"/>.</summary>
    public static object VariablesOf(string city, DrawnArea area) => new
    {
        city,
        viewport = new { west = area.West, south = area.South, east = area.East, north = area.North },
    };

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _sockets.ForEach(socket => socket.Dispose());
    }

    private async Task ReadAsync(ClientWebSocket socket, byte[] buffer, List<Arrival> arrivals)
    {
        int length = 0;
        while (true)
        {
            ValueWebSocketReceiveResult got = await socket.ReceiveAsync(buffer.AsMemory(length), Leaving);
            if (got.MessageType == WebSocketMessageType.Close)
            {
                throw new InvalidOperationException($"A socket was closed: {socket.CloseStatus} {socket.CloseStatusDescription}");
            }

            length += got.Count;
            if (!got.EndOfMessage)
            {
                continue;
            }

            long at = Stopwatch.GetTimestamp();
            if (!TakeEvent(buffer.AsSpan(0, length), at, arrivals))
            {
                await SendAsync(socket, s_pong);
            }

            length = 0;
        }
    }

    // Whatever else comes is a ping. The members are found by their names: the selection has them in this order.
    private bool TakeEvent(ReadOnlySpan<byte> message, long at, List<Arrival> arrivals)
    {
        if (message.IndexOf("\"type\":\"ping\""u8) >= 0)
        {
            return false;
        }

        ReadOnlySpan<byte> kind = Behind(message, "\"kind\":\""u8);
        if (kind.IsEmpty)
        {
            throw new InvalidOperationException($"The server has sent no event: {Encoding.UTF8.GetString(message)}");
        }

        if (kind.StartsWith("RESYNC"u8))
        {
            Interlocked.Increment(ref _resyncs);
        }
        else if (_keeps)
        {
            ReadOnlySpan<byte> id = Behind(kind, "\"id\":\""u8);
            arrivals.Add(new(Encoding.UTF8.GetString(id[..id.IndexOf((byte)'"')]), at));
        }

        Count(1);
        return true;
    }

    private static ReadOnlySpan<byte> Behind(ReadOnlySpan<byte> text, ReadOnlySpan<byte> name) =>
        text.IndexOf(name) is >= 0 and var at ? text[(at + name.Length)..] : [];

    private async Task SendAsync(ClientWebSocket socket, byte[] message) =>
        await socket.SendAsync(message.AsMemory(), WebSocketMessageType.Text, endOfMessage: true, Leaving);
}
