using System.Net;
using System.Net.Sockets;
using CityHelper.Engine.Writing;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace CityHelper.Server.Http;

/// <summary>Bounds what a connection may hold of the server, whatever is sent over it.</summary>
internal static class ConnectionLimits
{
    /// <summary>
    /// Bounds the kernel's send buffer of a connection. By default it grows up to 4 MB (<c>tcp_wmem</c>), which count towards a container's
    /// memory too.
    /// </summary>
    public static void Apply(SocketTransportOptions sockets) => sockets.CreateBoundListenSocket = endpoint =>
    {
        Socket socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        if (endpoint is IPEndPoint)
        {
            // Accepted connections inherit it from the listening socket.
            socket.SendBufferSize = Limits.SocketSendBytes;
        }

        return socket;
    };

    /// <summary>Bounds the number of connections, and what Kestrel keeps for each.</summary>
    /// <param name="kestrel">The server's options.</param>
    /// <param name="connectionsMax">Connections at once; a further one is closed as soon as it is accepted.</param>
    public static void Apply(KestrelServerOptions kestrel, int connectionsMax)
    {
        KestrelServerLimits limits = kestrel.Limits;
        limits.MaxConcurrentConnections = connectionsMax;

        // Kestrel counts connections upgraded to another protocol apart from the others, and gives their place to the next one. So there
        // may be as many WebSockets as connections, and as many others beside them.
        limits.MaxConcurrentUpgradedConnections = connectionsMax;
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

    // HTTP/2 streams see the features of their connection.
    private static Task CountAsync(ConnectionContext connection, ResponseMemory memory, ConnectionDelegate next)
    {
        connection.Features.Set(memory.OpenConnection());
        return next(connection);
    }
}
