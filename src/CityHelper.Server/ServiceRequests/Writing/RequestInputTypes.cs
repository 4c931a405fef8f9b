using CityHelper.Data.Model;
using CityHelper.Engine.Schema;
using GraphQL.Types;

namespace CityHelper.Server.ServiceRequests.Writing;

/// <summary>A new request.</summary>
internal sealed record ReportServiceRequestInput(string City, string Category) : RequestInput
{
    public PlaceInput? Location { get; init; }

    public string? Address { get; init; }

    public string? Title { get; init; }

    public string? Description { get; init; }
}

/// <summary>A new status.</summary>
internal sealed record UpdateServiceRequestStatusInput(string Id, ServiceRequestStatus Status) : ExistingRequestInput(Id)
{
    public string? Note { get; init; }

    public string? Resolution { get; init; }
}

/// <summary>An agency.</summary>
internal sealed record AssignServiceRequestInput(string Id, string Agency) : ExistingRequestInput(Id)
{
    public string? Note { get; init; }
}

/// <summary>What is right. What is left out stays.</summary>
internal sealed record CorrectServiceRequestInput(string Id) : ExistingRequestInput(Id)
{
    public string? Category { get; init; }

    public Optional<PlaceInput?> Location { get; init; }

    public Optional<string?> Address { get; init; }

    public Optional<string?> Title { get; init; }

    public Optional<string?> Description { get; init; }
}

/// <summary>A public note.</summary>
internal sealed record AddServiceRequestNoteInput(string Id, string Note) : ExistingRequestInput(Id);

/// <summary>The request that tells the same.</summary>
internal sealed record MergeDuplicateInput(string Id, string DuplicateOf) : ExistingRequestInput(Id)
{
    public string? Note { get; init; }
}

/// <summary>A source's key.</summary>
internal sealed record LinkServiceRequestInput(string Id, string ExternalId) : ExistingRequestInput(Id);

/// <summary>The request to redact.</summary>
internal sealed record RedactServiceRequestInput(string Id) : ExistingRequestInput(Id);

/// <summary>The members that inputs have in common.</summary>
internal static class RequestInputFields
{
    private const string Key =
        "A key of your choice, such as a UUID, so that the mutation can be sent again without being done again: for 24 hours it answers "
            + "what it did the first time. Keys of different clients are different.";

    public static readonly string NoteText = $"A public note for the request's history, at most {Data.Limits.TextCharsMax} characters.";

    public static void Existing<T>(this MutationInputType<T> input)
        where T : ExistingRequestInput
    {
        input.Field<NonNullGraphType<IdGraphType>>("id").Description("The request's `id`.");
        input.Field<IntGraphType>("version").Description(
            "The `version` of the request that you have seen: the mutation is refused if the request changed since. Left out, it is not "
                + "compared.");
        input.Field<StringGraphType>("idempotencyKey").Description(Key);
    }

    public static void RequiredKey<T>(this MutationInputType<T> input)
        where T : RequestInput => input.Field<NonNullGraphType<StringGraphType>>("idempotencyKey").Description(Key);
}

internal sealed class ReportServiceRequestInputType : MutationInputType<ReportServiceRequestInput>
{
    public ReportServiceRequestInputType()
    {
        Name = "ReportServiceRequestInput";
        Description = "A new request. It needs a location or an address.";
        Field<NonNullGraphType<StringGraphType>>("city").Description("The city's slug, such as `nyc`.");
        Field<NonNullGraphType<StringGraphType>>("category").Description("The category's code, such as `noise-residential`.");
        Field<PositionInput>("location").Description("Where it is, within the city.");
        Field<StringGraphType>("address").Description($"Street address or intersection, at most {Data.Limits.LineCharsMax} characters.");
        Field<StringGraphType>("title").Description(
            $"What it is about in a few words, at most {Data.Limits.LineCharsMax} characters. Public.");
        Field<StringGraphType>("description").Description($"What is wrong, at most {Data.Limits.TextCharsMax} characters. Public.");
        this.RequiredKey();
    }
}

internal sealed class UpdateServiceRequestStatusInputType : MutationInputType<UpdateServiceRequestStatusInput>
{
    public UpdateServiceRequestStatusInputType()
    {
        Name = "UpdateServiceRequestStatusInput";
        Description = "A request's new status.";
        this.Existing();
        Field<NonNullGraphType<UpperSnakeEnumType<ServiceRequestStatus>>>("status").Description(
            "The new status. DUPLICATE is set by `mergeDuplicate` alone.");
        Field<StringGraphType>("note").Description(RequestInputFields.NoteText);
        Field<StringGraphType>("resolution").Description(
            $"What was done about it, at most {Data.Limits.TextCharsMax} characters. Public. Left out, the present text stays.");
    }
}

internal sealed class AssignServiceRequestInputType : MutationInputType<AssignServiceRequestInput>
{
    public AssignServiceRequestInputType()
    {
        Name = "AssignServiceRequestInput";
        Description = "The agency that has a request from now on. An open request becomes assigned.";
        this.Existing();
        Field<NonNullGraphType<StringGraphType>>("agency").Description("The agency's code, such as `NYPD`.");
        Field<StringGraphType>("note").Description(RequestInputFields.NoteText);
    }
}

internal sealed class CorrectServiceRequestInputType : MutationInputType<CorrectServiceRequestInput>
{
    public CorrectServiceRequestInputType()
    {
        Name = "CorrectServiceRequestInput";
        Description = "What is right. Members that are left out stay as they are; null clears them.";
        this.Existing();
        Field<StringGraphType>("category").Description("The code of its category. Null leaves it, like leaving it out.");
        Field<PositionInput>("location").Description("Where it is, within the city.");
        Field<StringGraphType>("address").Description($"Street address or intersection, at most {Data.Limits.LineCharsMax} characters.");
        Field<StringGraphType>("title").Description(
            $"What it is about in a few words, at most {Data.Limits.LineCharsMax} characters. Public.");
        Field<StringGraphType>("description").Description($"What is wrong, at most {Data.Limits.TextCharsMax} characters. Public.");
    }
}

internal sealed class AddServiceRequestNoteInputType : MutationInputType<AddServiceRequestNoteInput>
{
    public AddServiceRequestNoteInputType()
    {
        Name = "AddServiceRequestNoteInput";
        Description = "A public note for a request's history.";
        this.Existing();
        Field<NonNullGraphType<StringGraphType>>("note").Description(RequestInputFields.NoteText);
    }
}

internal sealed class MergeDuplicateInputType : MutationInputType<MergeDuplicateInput>
{
    public MergeDuplicateInputType()
    {
        Name = "MergeDuplicateInput";
        Description = "A request, and the one that tells the same. Its own duplicates follow it.";
        this.Existing();
        Field<NonNullGraphType<IdGraphType>>("duplicateOf").Description(
            "The `id` of the request that stays. If it is a duplicate itself, the request that it is a duplicate of stays.");
        Field<StringGraphType>("note").Description(RequestInputFields.NoteText);
    }
}

internal sealed class LinkServiceRequestInputType : MutationInputType<LinkServiceRequestInput>
{
    public LinkServiceRequestInputType()
    {
        Name = "LinkServiceRequestInput";
        Description = "The key under which the city's source system knows a request: from then on its imports update it.";
        this.Existing();
        Field<NonNullGraphType<StringGraphType>>("externalId").Description(
            $"The source system's key, at most {Data.Limits.NameCharsMax} characters.");
    }
}

internal sealed class RedactServiceRequestInputType : MutationInputType<RedactServiceRequestInput>
{
    public RedactServiceRequestInputType()
    {
        Name = "RedactServiceRequestInput";
        Description = "A request whose texts, address, location and notes are to be removed for good.";
        this.Existing();
    }
}
