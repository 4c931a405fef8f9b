using CityHelper.Data.Model;
using CityHelper.Engine;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Server.ServiceRequests;
using GraphQL.Types;
using Xunit;

namespace CityHelper.Tests.Engine.Mutations;

/// <summary>What cannot be declared is said at start.</summary>
public sealed class MutationDeclarationTests : IDisposable
{
    private readonly MutationFixture _engine = new();

    public void Dispose() => _engine.Dispose();

    [Fact]
    public void An_input_of_another_class_is_refused() =>
        AssertRefused("derive it from MutationInputType<AddRowInput>", input: typeof(ChangeRowInputType));

    [Fact]
    public void A_mutation_needs_an_access() => AssertRefused("it needs an access", access: WriteAccess.None);

    [Fact]
    public void A_row_has_a_table() => AssertRefused("PageInfoType has no table", row: typeof(PageInfoType));

    [Theory]
    [InlineData(typeof(string), "derive it from MutationError")]
    [InlineData(typeof(BareError), "give it a [Description]")]
    [InlineData(typeof(Misnamed), "let its name end with Error")]
    public void An_error_is_a_described_class_of_its_kind(Type error, string message) => AssertRefused(message, error: error);

    [Theory]
    [InlineData(typeof(Complete), null)]
    [InlineData(typeof(WithoutTitle), "WithoutTitle has neither a constructor's parameter nor a property with a setter for X.title.")]
    [InlineData(typeof(NotNullable), "X.count may be null, which Int32 cannot hold: make the member nullable.")]
    [InlineData(typeof(TooMany), "X has no field for TooMany's `Other`.")]
    [InlineData(typeof(NoList), "X.tags is a list, and Int32 is none.")]
    public void A_class_has_a_member_for_each_field(Type type, string? message)
    {
        var input = new InputObjectGraphType { Name = "X" };
        input.AddField(new FieldType { Name = "title", ResolvedType = new NonNullGraphType(new StringGraphType()) });
        input.AddField(new FieldType { Name = "count", ResolvedType = new IntGraphType() });
        input.AddField(new FieldType
        {
            Name = "tags",
            ResolvedType = new NonNullGraphType(new ListGraphType(new NonNullGraphType(new StringGraphType()))),
        });
        Exception? refusal = Record.Exception(() => new TypedInput(type, input));
        Assert.Equal(message, refusal?.Message);
    }

    [Theory]
    [InlineData(typeof(RowGoneError), "ROW_GONE")]
    [InlineData(typeof(StatusNotAllowedError), "STATUS_NOT_ALLOWED")]
    public void The_code_of_an_error_is_its_name(Type error, string code) => Assert.Equal(code, MutationError.CodeOf(error));

    [Fact]
    public void A_refusal_says_why() => Assert.Throws<ArgumentException>(() => MutationOutcome.Refused());

    private void AssertRefused(
        string message, Type? input = null, Type? row = null, WriteAccess access = WriteAccess.All, Type? error = null)
    {
        var fields = new MutationFields(new ObjectGraphType { Name = "Mutation" }, _engine.Get<DatabaseModel>());
        ArgumentException refusal = Assert.Throws<ArgumentException>(() => fields.Add(
            "addRow",
            input ?? typeof(AddRowInputType),
            row ?? typeof(ServiceRequestType),
            access,
            "Adds a row.",
            error is null ? [] : [error],
            _engine.Mutations.Add));
        Assert.Contains(message, refusal.Message, StringComparison.Ordinal);
    }

    private sealed record BareError() : MutationError("");

    [System.ComponentModel.Description("Misnamed.")]
    private sealed record Misnamed() : MutationError("");

    private sealed record Complete(string Title, IReadOnlyList<string> Tags, ServiceRequestStatus Status = ServiceRequestStatus.Open)
    {
        public Optional<int?> Count { get; init; }
    }

    private sealed record WithoutTitle(int? Count, string[] Tags);

    private sealed record NotNullable(string Title, int Count, string[] Tags);

    private sealed record TooMany(string Title, int? Count, string[] Tags, string Other);

    private sealed record NoList(string Title, int? Count, int Tags);
}
