using CityHelper.Data.ServiceRequests;
using CityHelper.Engine;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Server.Changes;
using NetTopologySuite.Geometries;

namespace CityHelper.Server.ServiceRequests.Writing;

/// <summary>The mutations of requests. What is legal stands in <see cref="RequestDecisions"/> and <see cref="RequestWrites"/>.</summary>
internal sealed class ServiceRequestMutations(
    MutationFields mutations, RequestWriter writer, ReportRate rate, ChangeSignals signals, ITenantDirectory cities)
{
    private static readonly Type[] s_always =
    [
        typeof(IdempotencyKeyInvalidError), typeof(IdempotencyKeyReusedError), typeof(TextInvalidError), typeof(TextTooLongError),
    ];

    private static readonly Type[] s_existing =
    [
        .. s_always, typeof(RequestIdInvalidError), typeof(ServiceRequestNotFoundError), typeof(VersionStaleError),
        typeof(RequestRedactedError),
    ];

    public void Add()
    {
        Add<ReportServiceRequestInput>(
            "reportServiceRequest", typeof(ReportServiceRequestInputType), WriteAccess.Report,
            "Reports a new request. What it says is public.",
            [
                .. s_always, typeof(CityUnknownError), typeof(CategoryUnknownError), typeof(LocationInvalidError),
                typeof(LocationMissingError), typeof(LocationOutsideCityError), typeof(TooManyReportsError),
            ],
            ReportAsync,
            rate);
        Add<UpdateServiceRequestStatusInput>(
            "updateServiceRequestStatus", typeof(UpdateServiceRequestStatusInputType), WriteAccess.All,
            "Sets the status of a request. The same status with a note is a note; without one it changes nothing.",
            [.. s_existing, typeof(TransitionNotAllowedError)],
            Existing<UpdateServiceRequestStatusInput>(UpdateStatus));
        Add<AssignServiceRequestInput>(
            "assignServiceRequest", typeof(AssignServiceRequestInputType), WriteAccess.All,
            "Gives a request to an agency.",
            [.. s_existing, typeof(AgencyUnknownError), typeof(RequestEndedError)],
            Existing<AssignServiceRequestInput>(Assign));
        Add<CorrectServiceRequestInput>(
            "correctServiceRequest", typeof(CorrectServiceRequestInputType), WriteAccess.All,
            "Corrects what a request says and where it is.",
            [.. s_existing, typeof(CategoryUnknownError), typeof(LocationInvalidError), typeof(LocationOutsideCityError)],
            Existing<CorrectServiceRequestInput>(Correct));
        Add<AddServiceRequestNoteInput>(
            "addServiceRequestNote", typeof(AddServiceRequestNoteInputType), WriteAccess.All,
            "Adds a public note to a request's history.",
            s_existing,
            Existing<AddServiceRequestNoteInput>(AddNote));
        Add<MergeDuplicateInput>(
            "mergeDuplicate", typeof(MergeDuplicateInputType), WriteAccess.All,
            "Makes a request a duplicate of another one of its city.",
            [.. s_existing, typeof(DuplicateCircleError), typeof(TooManyDuplicatesError)],
            Existing<MergeDuplicateInput>(Merge));
        Add<LinkServiceRequestInput>(
            "linkServiceRequest", typeof(LinkServiceRequestInputType), WriteAccess.All,
            "Links a request to that of the city's source system, so that its next import updates it instead of adding another.",
            [.. s_existing, typeof(ExternalIdTakenError), typeof(AlreadyLinkedError)],
            Existing<LinkServiceRequestInput>(Link));
        Add<RedactServiceRequestInput>(
            "redactServiceRequest", typeof(RedactServiceRequestInputType), WriteAccess.All,
            "Removes texts, address, location and notes of a request for good. No import brings them back.",
            s_existing,
            Existing<RedactServiceRequestInput>(Redact));
    }

    private void Add<TInput>(
        string name,
        Type inputType,
        WriteAccess access,
        string description,
        IReadOnlyList<Type> errors,
        Func<TInput, InputCheck, CancellationToken, ValueTask<RequestWrite>> plan,
        ReportRate? bound = null)
        where TInput : RequestInput =>
        mutations.Add(
            name,
            inputType,
            typeof(ServiceRequestType),
            access,
            description,
            errors,
            new RequestMutation<TInput>(writer, plan, signals, bound));

    // The cause of an event is the mutation's name.
    private async ValueTask<RequestWrite> ReportAsync(ReportServiceRequestInput input, InputCheck check, CancellationToken cancellation)
    {
        if (await cities.FindAsync(input.City, cancellation) is not { } city)
        {
            check.Add(new CityUnknownError(input.City));
            city = default;
        }

        if (input.Location is null && input.Address is null)
        {
            check.Add(new LocationMissingError());
        }

        return RequestWrites.Report(city, input.Category, new RequestState
        {
            CityId = city,
            Id = 0,
            Version = 1,
            Status = Data.Model.ServiceRequestStatus.Open,
            CategoryId = 0,
            Title = check.Text("title", input.Title, Data.Limits.LineCharsMax),
            Description = check.Text("description", input.Description, Data.Limits.TextCharsMax),
            Address = check.Text("address", input.Address, Data.Limits.LineCharsMax),
            Location = check.Place(input.Location),
        }, "reportServiceRequest");
    }

    private static RequestWrite UpdateStatus(UpdateServiceRequestStatusInput input, short city, long id, InputCheck check)
    {
        string? note = Note(input.Note, check);
        string? resolution = check.Text("resolution", input.Resolution, Data.Limits.TextCharsMax);
        return RequestWrite.OfOne(
            city, id, input.Version, "updateServiceRequestStatus",
            (known, at) => RequestDecisions.SetStatus(known, at, input.Status, note, resolution));
    }

    private static RequestWrite Assign(AssignServiceRequestInput input, short city, long id, InputCheck check) =>
        RequestWrites.Assign(city, id, input.Version, input.Agency, Note(input.Note, check), "assignServiceRequest");

    private static RequestWrite Correct(CorrectServiceRequestInput input, short city, long id, InputCheck check)
    {
        string? address = check.Text("address", input.Address.Or(null), Data.Limits.LineCharsMax);
        string? title = check.Text("title", input.Title.Or(null), Data.Limits.LineCharsMax);
        string? description = check.Text("description", input.Description.Or(null), Data.Limits.TextCharsMax);
        Point? location = check.Place(input.Location.Or(null));
        return RequestWrites.Correct(city, id, input.Version, input.Category, known => known with
        {
            Address = input.Address.IsGiven ? address : known.Address,
            Title = input.Title.IsGiven ? title : known.Title,
            Description = input.Description.IsGiven ? description : known.Description,
            Location = input.Location.IsGiven ? location : known.Location,
        }, "correctServiceRequest");
    }

    private static RequestWrite AddNote(AddServiceRequestNoteInput input, short city, long id, InputCheck check)
    {
        string note = Note(input.Note, check)!;
        return RequestWrite.OfOne(
            city, id, input.Version, "addServiceRequestNote", (known, _) => RequestDecisions.AddNote(known, note));
    }

    private static RequestWrite Merge(MergeDuplicateInput input, short city, long id, InputCheck check)
    {
        (short otherCity, long other) = check.Request("duplicateOf", input.DuplicateOf);
        if (otherCity != city && check.Errors.Count == 0)
        {
            check.Add(new RequestIdInvalidError("duplicateOf"));
        }

        return RequestWrites.Merge(city, id, input.Version, other, Note(input.Note, check), "mergeDuplicate");
    }

    private static RequestWrite Link(LinkServiceRequestInput input, short city, long id, InputCheck check)
    {
        string externalId = check.Text("externalId", input.ExternalId, Data.Limits.NameCharsMax)!;
        return RequestWrites.Link(city, id, input.Version, externalId, "linkServiceRequest");
    }

    private static RequestWrite Redact(RedactServiceRequestInput input, short city, long id, InputCheck check) =>
        RequestWrites.Redact(city, id, input.Version, "redactServiceRequest");

    private static string? Note(string? note, InputCheck check) => check.Text("note", note, Data.Limits.TextCharsMax);

    private static Func<TInput, InputCheck, CancellationToken, ValueTask<RequestWrite>> Existing<TInput>(
        Func<TInput, short, long, InputCheck, RequestWrite> plan)
        where TInput : ExistingRequestInput => (input, check, _) =>
        {
            (short city, long id) = check.Request("id", input.Id);
            return ValueTask.FromResult(plan(input, city, id, check));
        };
}
