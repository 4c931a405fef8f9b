using CityHelper.Data.Model;
using CityHelper.Data.ServiceRequests;
using CityHelper.Engine;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Schema;
using CityHelper.Server.Changes;

namespace CityHelper.Server.ServiceRequests.Writing;

/// <summary>Handles a mutation of requests: checks its input, writes, and says what came of it.</summary>
/// <param name="writer">Writes.</param>
/// <param name="plan">Makes the write of an input; the check collects what is wrong, and the write is then not run.</param>
/// <param name="signals">Told of the change, so that this server follows it at once.</param>
/// <param name="rate">Bounds how often a client may; null where nothing does.</param>
internal sealed class RequestMutation<TInput>(
    RequestWriter writer,
    Func<TInput, InputCheck, CancellationToken, ValueTask<RequestWrite>> plan,
    ChangeSignals signals,
    ReportRate? rate = null)
    : IMutationHandler<TInput>
    where TInput : RequestInput
{
    public async Task<MutationOutcome> HandleAsync(TInput input, MutationCaller caller, CancellationToken cancellation)
    {
        var check = new InputCheck();
        check.Key(input.IdempotencyKey);
        RequestWrite write = await plan(input, check, cancellation);
        if (check.Errors.Count > 0)
        {
            return MutationOutcome.Refused([.. check.Errors]);
        }

        ReportTurn? turn = rate?.Take(caller.Client);
        if (turn?.WaitSeconds is { } seconds)
        {
            return MutationOutcome.Refused(new TooManyReportsError(seconds));
        }

        if (input.IdempotencyKey is { } key)
        {
            write = write with { Key = new IdempotencyKey(caller.Client, key, InputHash.Of(input)) };
        }

        // The turn of a write that failed is not given back: it may be committed all the same.
        WriteOutcome outcome = await writer.WriteAsync(write, cancellation);
        if (turn is { } taken && outcome is not WriteOutcome.Done { IsRepetition: false })
        {
            rate!.GiveBack(taken);
        }

        return outcome switch
        {
            WriteOutcome.Done done => Done(write.CityId, done),
            WriteOutcome.Refused refused => MutationOutcome.Refused(ErrorOf(refused.Why, write.CityId)),
            var other => throw new InvalidOperationException($"{other.GetType().Name} is no outcome."),
        };
    }

    private MutationOutcome Done(short city, WriteOutcome.Done done)
    {
        if (done.Position is not var (epoch, number))
        {
            return MutationOutcome.Done(city, done.RequestId, position: null);
        }

        signals.Tell(city, new(epoch, number));
        return MutationOutcome.Done(city, done.RequestId, new LogPosition(epoch, number));
    }

    private static MutationError ErrorOf(WriteRefusal why, short city) => why switch
    {
        WriteRefusal.NotFound missing => new ServiceRequestNotFoundError(IdOf(city, missing.RequestId)),
        WriteRefusal.VersionStale stale => new VersionStaleError(stale.Current),
        WriteRefusal.KeyReused => new IdempotencyKeyReusedError(),
        WriteRefusal.TransitionNotAllowed transition => new TransitionNotAllowedError(transition.From, transition.To, transition.Allowed),
        WriteRefusal.CategoryUnknown unknown => new CategoryUnknownError(unknown.Code),
        WriteRefusal.AgencyUnknown unknown => new AgencyUnknownError(unknown.Code),
        WriteRefusal.LocationOutsideCity => new LocationOutsideCityError(),
        WriteRefusal.Ended ended => new RequestEndedError(ended.Status),
        WriteRefusal.Redacted => new RequestRedactedError(),
        WriteRefusal.DuplicateCircle => new DuplicateCircleError(),
        WriteRefusal.TooManyDuplicates => new TooManyDuplicatesError(),
        WriteRefusal.ExternalIdTaken taken => new ExternalIdTakenError(IdOf(city, taken.RequestId)),
        WriteRefusal.AlreadyLinked linked => new AlreadyLinkedError(linked.ExternalId),
        _ => throw new ArgumentOutOfRangeException(nameof(why), why, "Nobody tells clients of this refusal."),
    };

    private static string IdOf(short city, long request) => new GlobalId(nameof(ServiceRequest), city, request).ToString();
}
