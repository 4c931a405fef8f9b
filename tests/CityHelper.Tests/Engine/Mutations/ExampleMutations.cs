using System.ComponentModel;
using CityHelper.Data.Model;
using CityHelper.Engine;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Server.ServiceRequests;
using GraphQL.Types;

namespace CityHelper.Tests.Engine.Mutations;

/// <summary>The input of <c>changeRow</c>: a member of each kind.</summary>
/// <param name="Id">An id.</param>
/// <param name="Status">An enum.</param>
internal sealed record ChangeRowInput(string Id, ServiceRequestStatus Status)
{
    public Optional<string?> Note { get; init; }

    public Optional<IReadOnlyList<ServiceRequestStatus>?> Others { get; init; }

    public DateTime? At { get; init; }

    public int? Count { get; init; }

    public double Weight { get; init; }

    public Place? Place { get; init; }
}

internal sealed record Place(double Longitude, double Latitude);

internal sealed record AddRowInput(string Title);

internal sealed class ChangeRowInputType : MutationInputType<ChangeRowInput>
{
    public ChangeRowInputType()
    {
        Name = "ChangeRowInput";
        Description = "A change.";
        Field<NonNullGraphType<IdGraphType>>("id").Description("Which row.");
        Field<NonNullGraphType<UpperSnakeEnumType<ServiceRequestStatus>>>("status").Description("Its status.");
        Field<StringGraphType>("note").Description("Its note.");
        Field<ListGraphType<NonNullGraphType<UpperSnakeEnumType<ServiceRequestStatus>>>>("others").Description("Others.");
        Field<DateTimeType>("at").Description("When.");
        Field<IntGraphType>("count").Description("How many.");
        Field<NonNullGraphType<FloatGraphType>>("weight").Description("How much.").DefaultValue(1.5);
        Field<PositionInput>("place").Description("Where.");
    }
}

internal sealed class AddRowInputType : MutationInputType<AddRowInput>
{
    public AddRowInputType()
    {
        Name = "AddRowInput";
        Description = "A row.";
        Field<NonNullGraphType<StringGraphType>>("title").Description("Its title.");
    }
}

[Description("The row is gone.")]
internal sealed record RowGoneError(string Id) : MutationError($"There is no row {Id}.");

[Description("The status cannot follow.")]
internal sealed record StatusNotAllowedError(ServiceRequestStatus Status) : MutationError("The status cannot follow: send another.")
{
    [Description("What can follow.")]
    public IReadOnlyList<ServiceRequestStatus> Allowed { get; } = [ServiceRequestStatus.InProgress, ServiceRequestStatus.Closed];

    [Description("The current one.")]
    public ServiceRequestStatus? Current { get; } = ServiceRequestStatus.InProgress;

    [Description("A text that is not there.")]
    public string? Reason { get; }

    [Description("How often it changed.")]
    public int Changes { get; } = 3;

    [Description("Whether it is closed.")]
    public bool IsClosed { get; } = true;

    [Description("When it changed.")]
    public DateTime Since { get; } = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    public string Internal { get; } = "not a field";
}

/// <summary>A handler that answers as a test says, and remembers what it was called with.</summary>
internal sealed class FakeHandler<TInput>(Func<TInput, Task<MutationOutcome>> answer) : IMutationHandler<TInput>
{
    public List<(TInput Input, MutationCaller Caller, CancellationToken Cancellation)> Calls { get; } = [];

    public Func<TInput, Task<MutationOutcome>> Answer { get; set; } = answer;

    public Task<MutationOutcome> HandleAsync(TInput input, MutationCaller caller, CancellationToken cancellation)
    {
        Calls.Add((input, caller, cancellation));
        return Answer(input);
    }
}

/// <summary>Two mutations: one for all mutations' access, with errors; one that anybody may send, without.</summary>
internal sealed class ExampleMutations
{
    public FakeHandler<ChangeRowInput> Change { get; } = new(_ => Task.FromResult(MutationOutcome.Refused(new RowGoneError("7"))));

    public FakeHandler<AddRowInput> Add { get; } = new(_ => Task.FromResult(MutationOutcome.Done(1, 2, position: null)));

    public ObjectGraphType Declare(DatabaseModel database)
    {
        var mutation = new ObjectGraphType { Name = "Mutation", Description = "What can be changed." };
        var fields = new MutationFields(mutation, database);
        fields.Add(
            "changeRow",
            typeof(ChangeRowInputType),
            typeof(ServiceRequestType),
            WriteAccess.All,
            "Changes a row.",
            [typeof(RowGoneError), typeof(StatusNotAllowedError)],
            Change);
        fields.Add("addRow", typeof(AddRowInputType), typeof(ServiceRequestType), WriteAccess.Report, "Adds a row.", [], Add);
        return mutation;
    }
}
