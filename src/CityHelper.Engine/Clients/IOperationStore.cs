namespace CityHelper.Engine.Clients;

/// <summary>
/// The operations that the servers of a cluster know in common, beside those of their files. What it returns hashes to the id it was asked
/// for. A store that does not answer in time is as one that holds nothing: a server goes on with its files.
/// </summary>
public interface IOperationStore
{
    /// <summary>An operation that was published while servers run.</summary>
    /// <param name="id">The SHA-256 of its text, lower-case hex.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <returns>It, or null.</returns>
    ValueTask<StoredOperation?> FindPublishedAsync(string id, CancellationToken cancellation);

    /// <summary>The text that some client registered under an id, or null. It lives on for its time once more.</summary>
    /// <param name="id">The SHA-256 of the text, lower-case hex.</param>
    /// <param name="cancellation">Ends the call.</param>
    ValueTask<string?> FindRegisteredAsync(string id, CancellationToken cancellation);

    /// <summary>Counts a text against the quota of its client, once a day, and keeps nothing.</summary>
    /// <param name="client">Whose quota it counts against.</param>
    /// <param name="id">The SHA-256 of the text, lower-case hex.</param>
    /// <param name="quotaPerDay">Texts that the client may send in a day.</param>
    /// <param name="cancellation">Ends the call.</param>
    ValueTask<Registration> CountAsync(string client, string id, int quotaPerDay, CancellationToken cancellation);

    /// <summary>Keeps a text for all servers, for a time; it counts as in <see cref="CountAsync"/>.</summary>
    /// <param name="client">Whose quota it counts against.</param>
    /// <param name="id">The SHA-256 of <paramref name="text"/>, lower-case hex.</param>
    /// <param name="text">The document.</param>
    /// <param name="quotaPerDay">New texts that the client may register in a day.</param>
    /// <param name="cancellation">Ends the call.</param>
    ValueTask<Registration> RegisterAsync(string client, string id, string text, int quotaPerDay, CancellationToken cancellation);
}

/// <summary>A published operation.</summary>
/// <param name="Id">The SHA-256 of <paramref name="Text"/>, lower-case hex.</param>
/// <param name="Name">The operation's name.</param>
/// <param name="Client">Whose it is: <c>web</c>.</param>
/// <param name="Text">The document.</param>
public sealed record StoredOperation(string Id, string Name, string Client, string Text);

/// <summary>What became of a text that a client registered.</summary>
public enum Registration
{
    /// <summary>It is kept or counted, now or since before.</summary>
    Kept,

    /// <summary>The client has sent as many as it may.</summary>
    QuotaExceeded,

    /// <summary>The store does not answer.</summary>
    Unavailable,
}
