using CityHelper.Engine.Execution;
using CityHelper.Engine.Types;
using GraphQLParser.AST;

namespace CityHelper.Engine.Planning;

/// <summary>A compiled operation: immutable, shared by all requests whose variables have the same shape.</summary>
/// <param name="Roots">The fields of the answer's <c>data</c>, in order.</param>
/// <param name="Cache">How long an answer without errors may be kept.</param>
/// <param name="MetaFields">The selections of <c>__schema</c> and <c>__type</c>, which GraphQL.NET answers.</param>
internal sealed record OperationPlan(IReadOnlyList<RootPlan> Roots, CachePolicy Cache, IReadOnlyList<GraphQLField> MetaFields);

/// <summary>One root field of a plan.</summary>
/// <param name="field">Its name, and the writer that assembles its value from what was read.</param>
/// <param name="statements">What it reads, in the order of the batch.</param>
internal class RootPlan(FieldWriter field, IReadOnlyList<StatementPlan> statements)
{
    public FieldWriter Field { get; } = field;

    public IReadOnlyList<StatementPlan> Statements { get; } = statements;

    /// <summary>The exact count, which runs last in the batch under a time limit of its own.</summary>
    public StatementPlan? Count { get; init; }

    /// <summary>Checks the arguments' values and fills the run, or sets its error.</summary>
    public virtual ValueTask BindAsync(RootRun run, CancellationToken cancellation) => ValueTask.CompletedTask;
}

/// <summary>A meta field, whose JSON GraphQL.NET made.</summary>
internal sealed class MetaRootPlan(FieldWriter field) : RootPlan(field, []);
