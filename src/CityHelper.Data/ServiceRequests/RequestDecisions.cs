using CityHelper.Data.Model;
using NetTopologySuite.Geometries;

namespace CityHelper.Data.ServiceRequests;

/// <summary>What each kind of write does to a request, and when it is legal. Pure.</summary>
public static class RequestDecisions
{
    /// <summary>Sets the status. The same status with a note is a note; without one it changes nothing.</summary>
    /// <param name="known">The request.</param>
    /// <param name="at">The time of the change.</param>
    /// <param name="status">The new status.</param>
    /// <param name="note">A public note for the history.</param>
    /// <param name="resolution">What was done about it; null leaves the present text.</param>
    public static Decision SetStatus(
        RequestState known, DateTime at, ServiceRequestStatus status, string? note = null, string? resolution = null)
    {
        if ((note ?? resolution) is not null && known.RedactedAt is not null)
        {
            return new Decision.Refusal(new WriteRefusal.Redacted());
        }

        if (status != known.Status && !StatusTransitions.From(known.Status).Contains(status))
        {
            return new Decision.Refusal(new WriteRefusal.TransitionNotAllowed(
                known.Status, status, StatusTransitions.From(known.Status)));
        }

        RequestState changed = (status == known.Status ? known : known.WithStatus(status, at)) with
        {
            Resolution = resolution ?? known.Resolution,
        };
        return Changed(known, changed, note);
    }

    /// <summary>Gives the request to an agency. An open one becomes assigned; one that has ended is nobody's any more.</summary>
    /// <param name="known">The request.</param>
    /// <param name="at">The time of the change.</param>
    /// <param name="agencyId">The agency.</param>
    /// <param name="note">A public note for the history.</param>
    public static Decision Assign(RequestState known, DateTime at, int agencyId, string? note = null)
    {
        if (note is not null && known.RedactedAt is not null)
        {
            return new Decision.Refusal(new WriteRefusal.Redacted());
        }

        if (StatusTransitions.IsEnded(known.Status))
        {
            return new Decision.Refusal(new WriteRefusal.Ended(known.Status));
        }

        ServiceRequestStatus status = known.Status == ServiceRequestStatus.Open ? ServiceRequestStatus.Assigned : known.Status;
        return Changed(known, known.WithStatus(status, at) with { AgencyId = agencyId }, note);
    }

    /// <summary>Corrects what the request says.</summary>
    /// <param name="known">The request.</param>
    /// <param name="correct">Its new columns.</param>
    public static Decision Correct(RequestState known, Func<RequestState, RequestState> correct)
    {
        if (known.RedactedAt is not null)
        {
            return new Decision.Refusal(new WriteRefusal.Redacted());
        }

        RequestState changed = correct(known);
        // Geometries compare by reference; equal places are no change.
        return Changed(known, IsSame(known.Location, changed.Location) ? changed with { Location = known.Location } : changed, note: null);
    }

    /// <summary>Adds a public note to the history.</summary>
    public static Decision AddNote(RequestState known, string note) => known.RedactedAt is null
        ? new Decision.Change(known, note)
        : new Decision.Refusal(new WriteRefusal.Redacted());

    /// <summary>Removes texts, address and place for good.</summary>
    public static Decision Redact(RequestState known, DateTime at) => known.RedactedAt is not null
        ? new Decision.Nothing()
        : new Decision.Change(known with
        {
            Title = null,
            Description = null,
            Address = null,
            Location = null,
            Resolution = null,
            RedactedAt = at,
        });

    private static Decision Changed(RequestState known, RequestState changed, string? note) =>
        changed == known && note is null ? new Decision.Nothing() : new Decision.Change(changed, note);

    private static bool IsSame(Point? left, Point? right) => left is null ? right is null : right is not null && left.EqualsExact(right);
}
