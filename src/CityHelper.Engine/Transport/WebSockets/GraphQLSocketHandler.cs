using System.Diagnostics;
using System.Globalization;
using System.Net.WebSockets;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Telemetry;
using CityHelper.Engine.Transport.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Logging;

namespace CityHelper.Engine.Transport.WebSockets;

/// <summary>What all WebSockets share.</summary>
/// <param name="Clients">Identifies clients.</param>
/// <param name="Pipeline">Runs operations.</param>
/// <param name="Sender">Sends refusals of the upgrade, and counts the bytes of answers.</param>
/// <param name="Register">All sockets.</param>
/// <param name="Options">How long a request may take.</param>
/// <param name="Time">The clock.</param>
/// <param name="Logger">The log.</param>
internal sealed record SocketTools(
    IClientDirectory Clients, Pipeline Pipeline, ResponseSender Sender, SocketRegister Register, GraphQLHttpOptions Options,
    TimeProvider Time, ILogger<GraphQLSocketHandler> Logger);

/// <summary>Opens WebSockets, and serves those that speak graphql-transport-ws.</summary>
/// <param name="tools">What all sockets share.</param>
internal sealed class GraphQLSocketHandler(SocketTools tools)
{
    /// <summary>
    /// The only subprotocol. Its predecessor, which libraries call <c>graphql-ws</c>, has other messages: a server that accepts its name
    /// and speaks this one runs operations of clients that never said who they are.
    /// </summary>
    public const string Subprotocol = "graphql-transport-ws";

    /// <summary>Whether a request wants to become a WebSocket.</summary>
    public static bool IsAskedBy(HttpContext http) => http.Features.Get<IHttpWebSocketFeature>() is { IsWebSocketRequest: true };

    /// <summary>Handles such a request, until the socket has ended.</summary>
    /// <remarks>
    /// (1) refuse pages of other hosts   (2) take a slot, or refuse   (3) upgrade   (4) refuse other protocols, over the socket: clients
    /// read its code and not a status   (5) serve
    /// </remarks>
    public async Task HandleAsync(HttpContext http)
    {
        if (SocketOrigin.IsRefused(http.Request, tools.Clients)) // (1)
        {
            LogMessages.SocketRefused(tools.Logger, http.Request.Headers.Origin.ToString(), "it is not the host's own and no client's");
            await RefuseAsync(http, new OriginNotAllowedError());
            return;
        }

        using SocketSlot? slot = tools.Register.TryEnter(); // (2)
        if (slot is null)
        {
            await RefuseAsync(http, new OverloadedError(Limits.StreamRetrySeconds));
            return;
        }

        bool isSpoken = http.WebSockets.WebSocketRequestedProtocols.Contains(Subprotocol, StringComparer.Ordinal);
        using WebSocket? socket = await AcceptAsync(http, isSpoken); // (3)
        if (socket is null)
        {
            http.Response.Clear();
            await RefuseAsync(http, new OverloadedError(Limits.StreamRetrySeconds));
            return;
        }

        await ServeAsync(http, socket, slot, isSpoken);
    }

    private async Task ServeAsync(HttpContext http, WebSocket socket, SocketSlot slot, bool isSpoken)
    {
        long start = Stopwatch.GetTimestamp();
        using var connection = new SocketConnection(socket, http.Abort, tools.Time, tools.Logger);
        slot.Take(connection);
        if (isSpoken)
        {
            using var session = new SocketSession(connection, new SocketRequests(http, slot, tools), tools.Time);
            await session.RunAsync(); // (5)
        }
        else
        {
            await RefuseProtocolAsync(connection); // (4)
        }

        const int Broken = 1006;
        LogMessages.SocketClosed(
            tools.Logger,
            connection.Closed?.Code ?? Broken,
            Stopwatch.GetElapsedTime(start).TotalSeconds,
            connection.Closed?.Reason ?? "the client has left");
    }

    private static async Task RefuseProtocolAsync(SocketConnection connection)
    {
        connection.Close(SocketClose.SubprotocolNotAcceptable);
        while (!(await connection.ReadAsync()).IsOver)
        {
        }

        await connection.FinishAsync();
    }

    private static async Task<WebSocket?> AcceptAsync(HttpContext http, bool isSpoken)
    {
        Unbind(http);
        try
        {
            return await http.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext
            {
                SubProtocol = isSpoken ? Subprotocol : null,

                // The protocol's own pings are answered by what reads messages, and those of frames by the network stack: it would not
                // show that a client hangs. And one kind is enough.
                KeepAliveInterval = Timeout.InfiniteTimeSpan,
            });
        }
        catch (InvalidOperationException) when (!http.Response.HasStarted)
        {
            // Kestrel has as many upgraded connections as it may.
            return null;
        }
    }

    // A socket is no response with an end, and no body with a length; whoever serves it sees to slow readers and large messages.
    private static void Unbind(HttpContext http)
    {
        http.Features.Set(EndlessResponse.Instance);
        if (http.Features.Get<IHttpMinResponseDataRateFeature>() is { } response)
        {
            response.MinDataRate = null;
        }

        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } request)
        {
            request.MinDataRate = null;
        }

        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }
    }

    private async Task RefuseAsync(HttpContext http, RequestError error)
    {
        http.Response.StatusCode = error.Status ?? StatusCodes.Status400BadRequest;
        http.Response.ContentType = AcceptHeader.Text(ResponseMediaType.Json);
        http.Response.Headers.CacheControl = "no-store";
        if (error.RetryAfterSeconds is { } seconds)
        {
            http.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        using OperationResult refused = OperationResult.Refused(error);
        await tools.Sender.SendAsync(http, refused.Json);
    }
}
