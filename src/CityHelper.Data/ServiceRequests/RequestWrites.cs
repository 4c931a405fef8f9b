using System.Security.Cryptography;
using CityHelper.Data.Model;

namespace CityHelper.Data.ServiceRequests;

/// <summary>
/// The writes that need more than one request's columns: reports, merges, links, redactions, codes of categories and agencies.
/// </summary>
public static class RequestWrites
{
    /// <summary>How reports come in.</summary>
    public const string ReportChannel = "ONLINE";

    /// <summary>Reports a new request.</summary>
    /// <param name="cityId">The city.</param>
    /// <param name="category">The category's code.</param>
    /// <param name="report">Texts, address and place; its other columns are ignored.</param>
    /// <param name="cause">The name of the mutation.</param>
    public static RequestWrite Report(short cityId, string category, RequestState report, string cause) =>
        new(cityId, cause, async (transaction, cancellation) =>
        {
            if (await transaction.CategoryAsync(category, cancellation) is not { } categoryId)
            {
                return new WriteOutcome.Refused(new WriteRefusal.CategoryUnknown(category));
            }

            if (report.Location is { } location && !await transaction.IsInCityAsync(location, cancellation))
            {
                return new WriteOutcome.Refused(new WriteRefusal.LocationOutsideCity());
            }

            for (int probe = 0; probe < Limits.IdProbesMax; probe++)
            {
                // A random id of the moment: several servers need no agreement. One of 2^21 is taken once in two million pairs.
                long id = RequestId.Floor(transaction.At) | (uint)RandomNumberGenerator.GetInt32((int)RequestId.ImportedBit);
                RequestState request = report with { Id = id, CategoryId = categoryId };
                if (await transaction.InsertAsync(request, ReportChannel, cancellation) is { } eventId)
                {
                    return new WriteOutcome.Done(id, eventId);
                }
            }

            throw new InvalidOperationException("A report found no free id.");
        });

    /// <summary>Gives a request to an agency.</summary>
    /// <param name="cityId">The city.</param>
    /// <param name="requestId">The request.</param>
    /// <param name="version">The version that the writer has seen; null when it does not matter.</param>
    /// <param name="agency">The agency's code.</param>
    /// <param name="note">A public note for the history.</param>
    /// <param name="cause">The name of the mutation.</param>
    public static RequestWrite Assign(short cityId, long requestId, int? version, string agency, string? note, string cause) =>
        new(cityId, cause, async (transaction, cancellation) =>
        {
            (RequestState? known, WriteRefusal? refusal) = await transaction.LockAsync(requestId, version, cancellation);
            if (known is null)
            {
                return new WriteOutcome.Refused(refusal!);
            }

            return await transaction.AgencyAsync(agency, cancellation) is { } agencyId
                ? await transaction.ApplyAsync(known, RequestDecisions.Assign(known, transaction.At, agencyId, note), cancellation)
                : new WriteOutcome.Refused(new WriteRefusal.AgencyUnknown(agency));
        });

    /// <summary>Corrects what a request says.</summary>
    /// <param name="cityId">The city.</param>
    /// <param name="requestId">The request.</param>
    /// <param name="version">The version that the writer has seen; null when it does not matter.</param>
    /// <param name="category">The code of its new category; null to leave it.</param>
    /// <param name="correct">Its new texts, address and place.</param>
    /// <param name="cause">The name of the mutation.</param>
    public static RequestWrite Correct(
        short cityId, long requestId, int? version, string? category, Func<RequestState, RequestState> correct, string cause) =>
        new(cityId, cause, async (transaction, cancellation) =>
        {
            (RequestState? known, WriteRefusal? refusal) = await transaction.LockAsync(requestId, version, cancellation);
            if (known is null)
            {
                return new WriteOutcome.Refused(refusal!);
            }

            int categoryId = known.CategoryId;
            if (category is not null)
            {
                if (await transaction.CategoryAsync(category, cancellation) is not { } found)
                {
                    return new WriteOutcome.Refused(new WriteRefusal.CategoryUnknown(category));
                }

                categoryId = found;
            }

            RequestState corrected = correct(known) with { CategoryId = categoryId };
            bool isPlaced = corrected.Location is not null && !ReferenceEquals(corrected.Location, known.Location);
            return isPlaced && !await transaction.IsInCityAsync(corrected.Location!, cancellation)
                ? new WriteOutcome.Refused(new WriteRefusal.LocationOutsideCity())
                : await transaction.ApplyAsync(known, RequestDecisions.Correct(known, _ => corrected), cancellation);
        });

    /// <summary>
    /// Makes a request a duplicate of another one, or of what that one is a duplicate of. Its own duplicates become duplicates of the same
    /// request, so that a chain has one step.
    /// </summary>
    /// <param name="cityId">The city.</param>
    /// <param name="requestId">The request that becomes a duplicate.</param>
    /// <param name="version">The version that the writer has seen; null when it does not matter.</param>
    /// <param name="duplicateOf">The request that tells the same.</param>
    /// <param name="note">A public note for the history.</param>
    /// <param name="cause">The name of the mutation.</param>
    public static RequestWrite Merge(short cityId, long requestId, int? version, long duplicateOf, string? note, string cause) =>
        new(cityId, cause, (transaction, cancellation) =>
            new DuplicateMerge(transaction, requestId, version, duplicateOf, note).RunAsync(cancellation));

    /// <summary>Gives a request the external id under which a source knows it: from then on imports update it.</summary>
    /// <param name="cityId">The city.</param>
    /// <param name="requestId">The request.</param>
    /// <param name="version">The version that the writer has seen; null when it does not matter.</param>
    /// <param name="externalId">The external id.</param>
    /// <param name="cause">The name of the mutation.</param>
    public static RequestWrite Link(short cityId, long requestId, int? version, string externalId, string cause) =>
        new(cityId, cause, async (transaction, cancellation) =>
        {
            (RequestState? known, WriteRefusal? refusal) = await transaction.LockAsync(requestId, version, cancellation);
            if (known is null)
            {
                return new WriteOutcome.Refused(refusal!);
            }

            if (known.ExternalId is { } present)
            {
                return present == externalId
                    ? new WriteOutcome.Done(known.Id, null)
                    : new WriteOutcome.Refused(new WriteRefusal.AlreadyLinked(present));
            }

            long owner = await transaction.ClaimExternalIdAsync(externalId, known.Id, cancellation);
            return owner == known.Id
                ? await transaction.ApplyAsync(
                    known, new Decision.Change(known with { ExternalId = externalId }) { KeepsSourceTime = true }, cancellation)
                : new WriteOutcome.Refused(new WriteRefusal.ExternalIdTaken(owner));
        });

    /// <summary>Removes texts, address, place and notes of a request for good.</summary>
    /// <param name="cityId">The city.</param>
    /// <param name="requestId">The request.</param>
    /// <param name="version">The version that the writer has seen; null when it does not matter.</param>
    /// <param name="cause">The name of the mutation.</param>
    public static RequestWrite Redact(short cityId, long requestId, int? version, string cause) =>
        new(cityId, cause, async (transaction, cancellation) =>
        {
            (RequestState? known, WriteRefusal? refusal) = await transaction.LockAsync(requestId, version, cancellation);
            if (known is null)
            {
                return new WriteOutcome.Refused(refusal!);
            }

            return RequestDecisions.Redact(known, transaction.At) is Decision.Change change
                ? new WriteOutcome.Done(known.Id, await transaction.RedactAsync(change, cancellation))
                : new WriteOutcome.Done(known.Id, null);
        });
}
