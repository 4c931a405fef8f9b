namespace CityHelper.Engine.Clients;

/// <summary>
/// The operations that the servers of a cluster share, beside those of their manifest files. Each text that it returns hashes to the id of
/// the call. A store that does not answer in time counts as empty: a server goes on with its files.
/// </summary>
public interface IOperationStore
{
    /// <summary>Finds an operation that was published while servers run.</summary>
    /// <param name="id">The SHA-256 of its text, lower-case hex.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <returns>The operation, or null.</returns>
    ValueTask<StoredOperation?> FindPublishedAsync(string id, CancellationToken cancellation);

    /// <summary>Finds the text that any client registered under an id, or null. Renews its time to live.</summary>
    /// <param name="id">The SHA-256 of the text, lower-case hex.</param>
    /// <param name="cancellation">Ends the call.</param>
    ValueTask<string?> FindRegisteredAsync(string id, CancellationToken cancellation);

    /// <summary>Counts a text against its client's quota, once a day, without storing it.</summary>
    /// <param name="client">The client whose quota it counts against.</param>
    /// <param name="id">The SHA-256 of the text, lower-case hex.</param>
    /// <param name="quotaPerDay">Texts that the client may send in a day.</param>
    /// <param name="cancellation">Ends the call.</param>
    ValueTask<Registration> CountAsync(string client, string id, int quotaPerDay, CancellationToken cancellation);

    /// <summary>Stores a text for all servers, for a limited time; it counts as in <see cref="CountAsync"/>.</summary>
    /// <param name="client">The client whose quota it counts against.</param>
    /// <param name="id">The SHA-256 of <paramref name="text"/>, lower-case hex.</param>
    /// <param name="text">The document.</param>
    /// <param name="quotaPerDay">New texts that the client may register in a day.</param>
    /// <param name="cancellation">Ends the call.</param>
    ValueTask<Registration> RegisterAsync(string client, string id, string text, int quotaPerDay, CancellationToken cancellation);
}

/// <summary>A published operation.</summary>
/// <param name="Id">The SHA-256 of <paramref name="Text"/>, lower-case hex.</param>
/// <param name="Name">The operation's name.</param>
/// <param name="Client">The client that it belongs to, such as <c>web</c>.</param>
/// <param name="Text">The document.</param>
public sealed record StoredOperation(string Id, string Name, string Client, string Text);

/// <summary>The outcome of a registration.</summary>
public enum Registration
{
    /// <summary>The text is stored or counted, now or earlier.</summary>
    Kept,

    /// <summary>The client has used up its quota.</summary>
    QuotaExceeded,

    /// <summary>The store does not answer.</summary>
    Unavailable,
}
