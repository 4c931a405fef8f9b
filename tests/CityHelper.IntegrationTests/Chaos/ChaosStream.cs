using System.Text.Json;
using CityHelper.IntegrationTests.Subscriptions;

namespace CityHelper.IntegrationTests.Chaos;

/// <summary>A subscription of one who watches, over one of both transports.</summary>
internal abstract class ChaosStream : IAsyncDisposable
{
    /// <summary>The next event. However the stream ends is an exception.</summary>
    public abstract Task<StreamEvent> NextAsync();

    /// <summary>Cuts the connection; who waits for an event gets an exception.</summary>
    public abstract void Cut();

    public abstract ValueTask DisposeAsync();

    /// <summary>Over server-sent events.</summary>
    public static async Task<ChaosStream> OverEventsAsync(HttpClient client, string query, object variables) =>
        new OfEvents(await SseStream.PostAsync(client, query, variables));

    private sealed class OfEvents(SseStream stream) : ChaosStream
    {
        public override Task<StreamEvent> NextAsync() => stream.NextAsync();

        public override void Cut() => stream.Response.Dispose();

        public override ValueTask DisposeAsync() => stream.DisposeAsync();
    }
}

/// <summary>A WebSocket that subscribes, leaves, and subscribes again.</summary>
/// <param name="socket">The connection, whose client is known.</param>
internal sealed class ChaosSocket(RawSocket socket) : ChaosStream
{
    private int _operation;

    private string Id => $"{_operation}";

    /// <summary>Opens one.</summary>
    public static async Task<ChaosSocket> OpenAsync(Uri server) => new(await RawSocket.OpenKnownAsync(server));

    /// <summary>Subscribes.</summary>
    public Task SubscribeAsync(string query, object variables)
    {
        _operation++;
        return socket.SubscribeAsync(Id, query, variables);
    }

    /// <summary>Ends the subscription, and keeps the connection.</summary>
    public Task LeaveAsync() => socket.SendAsync(new { id = Id, type = "complete" });

    public override async Task<StreamEvent> NextAsync()
    {
        while (true)
        {
            JsonElement message = await socket.ReadAsync();
            if (message.GetProperty("id").GetString() != Id)
            {
                // What was on its way when it left the subscription before.
                continue;
            }

            return message.GetProperty("type").GetString() == "next"
                ? StreamEvent.Of(message.GetProperty("payload").GetProperty("data"))
                : throw new InvalidOperationException($"{message}");
        }
    }

    public override void Cut() => socket.Cut();

    public override ValueTask DisposeAsync() => socket.DisposeAsync();
}
