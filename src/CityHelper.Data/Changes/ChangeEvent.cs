using CityHelper.Data.Model;
using NetTopologySuite.Geometries;

namespace CityHelper.Data.Changes;

/// <summary>An event of a city's change log: one row of the table <c>change</c>.</summary>
/// <param name="CityId">The city; 0 for what belongs to no city.</param>
/// <param name="Number">Its number, dense in the city.</param>
/// <param name="Epoch">The epoch in which it was numbered.</param>
/// <param name="EventId">A UUID of version 7, drawn by the writer.</param>
/// <param name="Kind">What it is about.</param>
public sealed record ChangeEvent(short CityId, long Number, int Epoch, Guid EventId, ChangeKind Kind)
{
    /// <summary>Whether nobody may go on showing what was there before.</summary>
    public bool IsUrgent { get; init; }

    /// <summary>Its log position.</summary>
    public ChangePosition Position => new(Epoch, Number);

    /// <summary>What tells this row of the log from any other, also from one that has the same number in another history.</summary>
    public ChangeIdentity Identity => new(EventId, NumberedAt);

    /// <summary>What changed it: <c>import</c>, <c>service</c>, or the name of a mutation.</summary>
    public string Cause { get; init; } = "";

    /// <summary>When the writer appended it, before its commit.</summary>
    public DateTime RecordedAt { get; init; }

    /// <summary>When it was numbered, after the writer's commit.</summary>
    public DateTime NumberedAt { get; init; }

    /// <summary>The request; null for other kinds.</summary>
    public long? ServiceRequestId { get; init; }

    /// <summary>The request's version after the change.</summary>
    public int? Version { get; init; }

    /// <summary>The request before the change; null for a new one, and after a redaction.</summary>
    public ChangedRequest? Before { get; init; }

    /// <summary>The request after the change; null for a removed one, and after a redaction.</summary>
    public ChangedRequest? After { get; init; }

    /// <summary>The cells of zoom 14 that it touches, where it names no request.</summary>
    public IReadOnlyList<long> Cells { get; init; } = [];

    /// <summary>Whether it touches more than it names.</summary>
    public bool IsAll { get; init; }
}

/// <summary>Which row of the log it is.</summary>
/// <remarks>
/// The id alone does not say it. A database that is restored to an earlier state may number the same events again in another order: the
/// newest then has its old number, and two before it have changed places. Numbered at the same microsecond they are not.
/// </remarks>
/// <param name="EventId">The event.</param>
/// <param name="NumberedAt">When it was numbered, by the database's clock.</param>
public readonly record struct ChangeIdentity(Guid EventId, DateTime NumberedAt);

/// <summary>What an event says of a request.</summary>
/// <param name="Status">Its status.</param>
/// <param name="CategoryId">Its category.</param>
/// <param name="AgencyId">Its agency; null without one.</param>
/// <param name="Location">Its place, SRID 4326, longitude first; null without one.</param>
public sealed record ChangedRequest(ServiceRequestStatus Status, int CategoryId, int? AgencyId, Point? Location);
