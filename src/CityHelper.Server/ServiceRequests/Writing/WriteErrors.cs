using System.ComponentModel;
using CityHelper.Data.Model;
using CityHelper.Engine;

namespace CityHelper.Server.ServiceRequests.Writing;

[Description("There is no such request.")]
internal sealed record ServiceRequestNotFoundError(
    [property: Description("The id that was sent.")] string Request)
    : MutationError("There is no such request: it may have been removed. Read it again by its `id`.");

[Description("The request changed since it was read.")]
internal sealed record VersionStaleError(
    [property: Description("The request's version now.")] int CurrentVersion)
    : MutationError("The request changed since it was read: read it again, and send its `version` if the change still applies.");

[Description("The idempotency key was used for another input.")]
internal sealed record IdempotencyKeyReusedError()
    : MutationError("The idempotency key was used for another mutation or another input: send a new key.");

[Description("The idempotency key cannot be used.")]
internal sealed record IdempotencyKeyInvalidError()
    : MutationError($"An idempotency key has 1 to {Data.Limits.IdempotencyKeyCharsMax} characters: send a UUID.");

[Description("The status may not follow the request's status.")]
internal sealed record TransitionNotAllowedError(
    [property: Description("The request's status.")] ServiceRequestStatus From,
    [property: Description("The status that was sent.")] ServiceRequestStatus To,
    [property: Description("The statuses that may follow.")] IReadOnlyList<ServiceRequestStatus> Allowed)
    : MutationError("The status may not follow the request's status: send one of `allowed`.");

[Description("The city has no such category.")]
internal sealed record CategoryUnknownError(
    [property: Description("The code that was sent.")] string Category)
    : MutationError("The city has no category of this code: ask for `city { categories }` to see the codes there are.");

[Description("The city has no such agency.")]
internal sealed record AgencyUnknownError(
    [property: Description("The code that was sent.")] string Agency)
    : MutationError("The city has no agency of this code: ask for `city { agencies }` to see the codes there are.");

[Description("There is no such city.")]
internal sealed record CityUnknownError(
    [property: Description("The slug that was sent.")] string City)
    : MutationError("There is no such city: ask for `cities` to see the slugs there are.");

[Description("The location is outside the city.")]
internal sealed record LocationOutsideCityError()
    : MutationError("The location is outside the city's bounds: longitude comes first, and both are in degrees.");

[Description("The location is no place on the earth.")]
internal sealed record LocationInvalidError()
    : MutationError("A location has a longitude of -180 to 180 and a latitude of -90 to 90.");

[Description("A report needs a place.")]
internal sealed record LocationMissingError()
    : MutationError("Give a `location`, an `address`, or both: otherwise nobody finds the place.");

[Description("The client reported too many requests in this minute.")]
internal sealed record TooManyReportsError(
    [property: Description("Seconds until it may report again.")] int RetryAfterSeconds)
    : MutationError("Too many requests were reported in this minute: send it again after `retryAfterSeconds`, with the same key.");

[Description("A text cannot be stored.")]
internal sealed record TextInvalidError(
    [property: Description("The member of the input.")] string Member)
    : MutationError($"`{Member}` is empty, or has characters that no text has: send other text, or leave it out.");

[Description("A text is too long.")]
internal sealed record TextTooLongError(
    [property: Description("The member of the input.")] string Member,
    [property: Description("The most characters it may have, in UTF-16.")] int Max)
    : MutationError($"`{Member}` has more than {Max} characters: shorten it.");

[Description("An id is not that of a request.")]
internal sealed record RequestIdInvalidError(
    [property: Description("The member of the input.")] string Member)
    : MutationError($"`{Member}` is not the id of a request: send the `id` of a `ServiceRequest`, of the same city where there are two.");

[Description("The request has ended.")]
internal sealed record RequestEndedError(
    [property: Description("Its status.")] ServiceRequestStatus Status)
    : MutationError("The request has ended, so nobody can have it: set its status to OPEN first.");

[Description("The request is redacted.")]
internal sealed record RequestRedactedError()
    : MutationError("The request is redacted: neither texts nor places of it are written again.");

[Description("A request would be a duplicate of itself.")]
internal sealed record DuplicateCircleError()
    : MutationError("A request cannot be a duplicate of itself, or of one of its own duplicates: exchange the two.");

[Description("The request has too many duplicates.")]
internal sealed record TooManyDuplicatesError()
    : MutationError($"The request has more than {Data.Limits.DuplicatesMax} duplicates: merge the other request into this one.");

[Description("The external id is that of another request.")]
internal sealed record ExternalIdTakenError(
    [property: Description("The other request's id.")] string Other)
    : MutationError("The external id is that of another request: merge the two, or check the id.");

[Description("The request is linked already.")]
internal sealed record AlreadyLinkedError(
    [property: Description("The external id that it has.")] string ExternalId)
    : MutationError("The request has another external id, which stays: check which request is meant.");
