namespace CityHelper.Engine.Transport.Http;

/// <summary>What a host may choose of the HTTP surface.</summary>
public sealed class GraphQLHttpOptions
{
    /// <summary>Milliseconds that a request may take in all, a batch of requests too.</summary>
    public int RequestTimeoutMs { get; init; } = Limits.RequestTimeoutMs;

    /// <summary>Requests that one JSON array may hold, at most <see cref="Limits.BatchRequestsMax"/>; 0 refuses arrays.</summary>
    public int BatchRequestsMax { get; init; }

    /// <summary>
    /// Whether <see cref="GraphQLHttpHandler.DebugHeader"/> is heard: for who works on the server. It tells strangers how their question is
    /// read, and how to make it dear.
    /// </summary>
    public bool TellsForms { get; init; }
}
