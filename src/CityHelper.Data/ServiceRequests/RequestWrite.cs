namespace CityHelper.Data.ServiceRequests;

/// <summary>A write that somebody wants.</summary>
/// <param name="CityId">The city.</param>
/// <param name="Cause">The name of the mutation, which the events carry.</param>
/// <param name="RunAsync">
/// Runs in a transaction: locks what it needs, decides, writes. A refusal rolls everything back. A deadlock repeats it, so it has no other
/// effects.
/// </param>
public sealed record RequestWrite(
    short CityId, string Cause, Func<RequestTransaction, CancellationToken, Task<WriteOutcome>> RunAsync)
{
    /// <summary>Makes the write repeatable; null when it is not.</summary>
    public IdempotencyKey? Key { get; init; }

    /// <summary>A change of one request, decided on its columns alone.</summary>
    /// <param name="cityId">The city.</param>
    /// <param name="requestId">The request.</param>
    /// <param name="version">The version that the writer has seen; null when it does not matter.</param>
    /// <param name="cause">The name of the mutation.</param>
    /// <param name="decide">Decides what becomes of it; the second argument is the time of the change.</param>
    public static RequestWrite OfOne(
        short cityId, long requestId, int? version, string cause, Func<RequestState, DateTime, Decision> decide) =>
        new(cityId, cause, async (transaction, cancellation) =>
        {
            (RequestState? known, WriteRefusal? refusal) = await transaction.LockAsync(requestId, version, cancellation);
            return known is null
                ? new WriteOutcome.Refused(refusal!)
                : await transaction.ApplyAsync(known, decide(known, transaction.At), cancellation);
        });
}

/// <summary>A client's name for one write, so that it can be sent again without being done again.</summary>
/// <param name="Client">The client's name: keys of different clients are different.</param>
/// <param name="Key">The key, of the client's choice.</param>
/// <param name="InputHash">SHA-256 of the canonical input.</param>
public sealed record IdempotencyKey(string Client, string Key, byte[] InputHash);

/// <summary>What becomes of a request.</summary>
public abstract record Decision
{
    private Decision()
    {
    }

    /// <summary>It changes.</summary>
    /// <param name="State">Its new columns.</param>
    /// <param name="Note">A public note for its history.</param>
    public sealed record Change(RequestState State, string? Note = null) : Decision
    {
        /// <summary>
        /// Whether the next import is compared with the time before this change, as after a link to the source's request.
        /// </summary>
        public bool KeepsSourceTime { get; init; }
    }

    /// <summary>It stays as it is.</summary>
    public sealed record Nothing : Decision;

    /// <summary>The write is not legal.</summary>
    /// <param name="Why">Why not.</param>
    public sealed record Refusal(WriteRefusal Why) : Decision;
}
