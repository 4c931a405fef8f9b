namespace CityHelper.Engine.Database;

/// <summary>A replica, by the address that its connections have.</summary>
/// <param name="Host">The host, as configured.</param>
/// <param name="Port">The port.</param>
public sealed record ReplicaServer(string Host, int Port)
{
    /// <inheritdoc />
    public override string ToString() => $"{Host}:{Port}";
}

/// <summary>Where the batches of an answer are read from.</summary>
/// <param name="mayUseReplicas">Whether a replica may be read from; else all is read from the primary.</param>
internal sealed class ReadSource(bool mayUseReplicas)
{
    /// <summary>Whether a replica may be read from.</summary>
    public bool MayUseReplicas => mayUseReplicas;

    /// <summary>The replica that a batch was read from, the first of several; null for none.</summary>
    public ReplicaServer? Replica { get; set; }

    /// <summary>
    /// Whether a replica failed. The rows so far belong to no whole answer: nothing more is read, and the answer is read again from the
    /// primary.
    /// </summary>
    public bool HasFailed { get; set; }

    /// <summary>
    /// Whether a batch ended with an error that the client is told, such as a timeout: on the primary it would end so too, and cost as
    /// much.
    /// </summary>
    public bool HasError { get; set; }
}
