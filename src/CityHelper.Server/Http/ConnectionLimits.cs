using System.Net;
using System.Net.Sockets;
using CityHelper.Engine.Writing;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace CityHelper.Server.Http;

/// <summary>What a connection may hold of the server, whatever is sent over it.</summary>
internal static class ConnectionLimits
{
    /// <summary>
    /// Bounds what the kernel keeps of answers for a connection; left to itself it takes up to 4 MB (<c>tcp_wmem</c>), which count for a
    /// container too.
    /// </summary>
    public static void Apply(SocketTransportOptions sockets) => sockets.CreateBoundListenSocket = endpoint =>
    {
        Socket socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        if (endpoint is IPEndPoint)
        {
            // Connections inherit it from the socket that accepts them.
            socket.SendBufferSize = Limits.SocketSendBytes;
        }

        return socket;
    };

    /// <summary>Bounds how many connections there are, and what Kestrel keeps for each.</summary>
    /// <param name="kestrel">The server's options.</param>
    /// <param name="connectionsMax">Connections at once; one more is closed as soon as it is accepted.</param>
    public static void Apply(KestrelServerOptions kestrel, int connectionsMax)
    {
        KestrelServerLimits limits = kestrel.Limits;
        limits.MaxConcurrentConnections = connectionsMax;

        // Those that change to another protocol, which nothing here offers, are counted apart and no longer among the others.
        limits.MaxConcurrentUpgradedConnections = 0;
        limits.MaxRequestBodySize = Engine.Limits.RefusedBytesMax;
        limits.MaxResponseBufferSize = Limits.ConnectionBufferBytes;
        limits.MinResponseDataRate = new MinDataRate(Limits.ResponseBytesPerSecondMin, Limits.ResponseRateGrace);
        limits.Http2.MaxStreamsPerConnection = Limits.Http2StreamsMax;
        limits.Http2.InitialStreamWindowSize = Limits.Http2StreamWindowBytes;
        limits.Http2.InitialConnectionWindowSize = Limits.Http2ConnectionWindowBytes;
        limits.Http2.KeepAlivePingDelay = Limits.Http2PingDelay;

        var memory = kestrel.ApplicationServices.GetRequiredService<ResponseMemory>();
        kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Use(next => connection => CountAsync(connection, memory, next)));
    }

    // Streams of HTTP/2 see the features of their connection.
    private static Task CountAsync(ConnectionContext connection, ResponseMemory memory, ConnectionDelegate next)
    {
        connection.Features.Set(memory.OpenConnection());
        return next(connection);
    }
}
