using CityHelper.Data.Model;

namespace CityHelper.Data.ServiceRequests;

/// <summary>What came of a write.</summary>
public abstract record WriteOutcome
{
    private WriteOutcome()
    {
    }

    /// <summary>It is committed, now or by an earlier write with the same key.</summary>
    /// <param name="RequestId">The request.</param>
    /// <param name="EventId">Its event; null when nothing changed.</param>
    public sealed record Done(long RequestId, Guid? EventId) : WriteOutcome
    {
        /// <summary>The event's place in the log; null when it is not numbered yet, or no longer there.</summary>
        public (int Epoch, long Number)? Position { get; init; }

        /// <summary>Whether an earlier write with the same key did it.</summary>
        public bool IsRepetition { get; init; }
    }

    /// <summary>Nothing was written.</summary>
    /// <param name="Why">Why not.</param>
    public sealed record Refused(WriteRefusal Why) : WriteOutcome;
}

/// <summary>Why a write is refused.</summary>
public abstract record WriteRefusal
{
    private WriteRefusal()
    {
    }

    /// <summary>The city has no such request.</summary>
    /// <param name="RequestId">The id.</param>
    public sealed record NotFound(long RequestId) : WriteRefusal;

    /// <summary>The request changed since the writer saw it.</summary>
    /// <param name="Current">Its version now.</param>
    public sealed record VersionStale(int Current) : WriteRefusal;

    /// <summary>The key was used for another input.</summary>
    public sealed record KeyReused : WriteRefusal;

    /// <summary>The status may not follow the request's status.</summary>
    /// <param name="From">The request's status.</param>
    /// <param name="To">The wanted one.</param>
    /// <param name="Allowed">Those that may follow.</param>
    public sealed record TransitionNotAllowed(
        ServiceRequestStatus From, ServiceRequestStatus To, IReadOnlyList<ServiceRequestStatus> Allowed) : WriteRefusal;

    /// <summary>The city has no category of the code.</summary>
    public sealed record CategoryUnknown(string Code) : WriteRefusal;

    /// <summary>The city has no agency of the code.</summary>
    public sealed record AgencyUnknown(string Code) : WriteRefusal;

    /// <summary>The place is outside the city's bounds.</summary>
    public sealed record LocationOutsideCity : WriteRefusal;

    /// <summary>The request has ended, and nobody can have it.</summary>
    /// <param name="Status">Its status.</param>
    public sealed record Ended(ServiceRequestStatus Status) : WriteRefusal;

    /// <summary>The request is redacted: nothing of it is written again.</summary>
    public sealed record Redacted : WriteRefusal;

    /// <summary>A request would be a duplicate of itself, at once or at the end of a chain.</summary>
    public sealed record DuplicateCircle : WriteRefusal;

    /// <summary>The request has more duplicates than one write may move.</summary>
    /// <param name="Number">How many.</param>
    public sealed record TooManyDuplicates(int Number) : WriteRefusal;

    /// <summary>The external id is that of another request.</summary>
    /// <param name="RequestId">The other request.</param>
    public sealed record ExternalIdTaken(long RequestId) : WriteRefusal;

    /// <summary>The request has another external id.</summary>
    /// <param name="ExternalId">The id that it has.</param>
    public sealed record AlreadyLinked(string ExternalId) : WriteRefusal;
}
