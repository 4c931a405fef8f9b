namespace CityHelper.Engine.Transport.Http;

/// <summary>Settings of GraphQL over HTTP.</summary>
public sealed class GraphQLHttpOptions
{
    /// <summary>Milliseconds that a request may take in all; a batch counts as one.</summary>
    public int RequestTimeoutMs { get; init; } = Limits.RequestTimeoutMs;

    /// <summary>Requests of one JSON array, at most <see cref="Limits.BatchRequestsMax"/>; 0 refuses arrays.</summary>
    public int BatchRequestsMax { get; init; }

    /// <summary>
    /// Whether <see cref="GraphQLHttpHandler.DebugHeader"/> has an effect: for developers of the server. It shows strangers how their
    /// requests are executed, and how to make them expensive.
    /// </summary>
    public bool WithAccessPaths { get; init; }
}
