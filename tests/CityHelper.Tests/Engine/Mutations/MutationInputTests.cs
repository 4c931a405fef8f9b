using CityHelper.Data.Model;
using CityHelper.Engine.Schema;
using Xunit;

namespace CityHelper.Tests.Engine.Mutations;

public sealed class MutationInputTests : IDisposable
{
    private readonly MutationFixture _engine = new();

    public void Dispose() => _engine.Dispose();

    private const string ByVariable = "mutation($input: ChangeRowInput!) { changeRow(input: $input) { cursor } }";

    [Fact]
    public async Task Values_arrive_typed_from_variables()
    {
        ChangeRowInput input = await InputAsync(ByVariable, """
            {"input":{"id":7,"status":"IN_PROGRESS","note":"a","others":["OPEN","DUPLICATE"],"at":"2026-01-02T03:04:05+01:00","count":4,
            "weight":2,"place":{"longitude":-74,"latitude":40.5}}}
            """);
        Assert.Equal(("7", ServiceRequestStatus.InProgress, "a"), (input.Id, input.Status, input.Note.Value));
        Assert.Equal([ServiceRequestStatus.Open, ServiceRequestStatus.Duplicate], input.Others.Value!);
        Assert.Equal(new DateTime(2026, 1, 2, 2, 4, 5, DateTimeKind.Utc), input.At);
        Assert.Equal(DateTimeKind.Utc, input.At!.Value.Kind);
        Assert.Equal((4, 2.0, new Place(-74, 40.5)), (input.Count, input.Weight, input.Place));
    }

    [Fact]
    public async Task Values_arrive_typed_from_a_literal_with_variables_in_it()
    {
        ChangeRowInput input = await InputAsync(
            "mutation($status: ServiceRequestStatus!, $note: String, $count: Int) { changeRow(input: {id: \"x\", status: $status, note: "
                + "$note, count: $count, others: [CLOSED], at: \"2026-01-02T03:04:05Z\", place: {longitude: 1, latitude: 2}}) { cursor } }",
            """{"status":"CLOSED","count":null}""");
        Assert.Equal((ServiceRequestStatus.Closed, false, (int?)null), (input.Status, input.Note.IsGiven, input.Count));
        Assert.Equal((1.5, new Place(1, 2)), (input.Weight, input.Place));
        Assert.Equal([ServiceRequestStatus.Closed], input.Others.Value!);
    }

    [Theory]
    [InlineData("""{"input":{"id":"1","status":"OPEN"}}""", false)]
    [InlineData("""{"input":{"id":"1","status":"OPEN","note":null,"others":null}}""", true)]
    public async Task What_is_left_out_differs_from_null(string variables, bool isGiven)
    {
        ChangeRowInput input = await InputAsync(ByVariable, variables);
        Assert.Equal((isGiven, isGiven), (input.Note.IsGiven, input.Others.IsGiven));
        Assert.Equal(isGiven ? null : "old", input.Note.Or("old"));
        Assert.Equal((null, null, 1.5, null), (input.At, input.Count, input.Weight, input.Place));
    }

    [Theory]
    [InlineData("""{"input":{"id":"1","status":"LOST"}}""", "Variable `$input`.status is no ServiceRequestStatus.")]
    [InlineData("""{"input":{"id":"1"}}""", "Variable `$input`.status is missing: send a ServiceRequestStatus!.")]
    public async Task An_invalid_input_is_refused_before_the_handler(string variables, string message)
    {
        Assert.Contains(message, await _engine.RunAsync(ByVariable, variables), StringComparison.Ordinal);
        Assert.Empty(_engine.Mutations.Change.Calls);
    }

    [Fact]
    public void A_member_that_is_left_out_has_no_value()
    {
        Assert.Throws<InvalidOperationException>(() => default(Optional<int>).Value);
        Assert.Equal(4, ((Optional<int>)4).Value);
    }

    private async Task<ChangeRowInput> InputAsync(string text, string variables)
    {
        await _engine.RunAsync(text, variables);
        return Assert.Single(_engine.Mutations.Change.Calls).Input;
    }
}
