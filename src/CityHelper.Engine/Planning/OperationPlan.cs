using CityHelper.Engine.Execution;
using CityHelper.Engine.Pricing;
using CityHelper.Engine.Types;
using GraphQLParser.AST;

namespace CityHelper.Engine.Planning;

/// <summary>A compiled operation: immutable, shared by all requests whose variables have the same shape.</summary>
/// <param name="Roots">The fields of the answer's <c>data</c>, in order.</param>
/// <param name="Cache">How long an answer without errors may be kept.</param>
/// <param name="MetaFields">The selections of <c>__schema</c> and <c>__type</c>, which GraphQL.NET answers.</param>
/// <param name="Price">What it costs, given how long its lists are.</param>
/// <param name="Fields">How many fields it writes, those of all types that an object may be of.</param>
internal sealed record OperationPlan(
    IReadOnlyList<RootPlan> Roots, CachePolicy Cache, IReadOnlyList<GraphQLField> MetaFields, OperationPrice Price, int Fields)
{
    /// <summary>Cancelled when the plan is kept no longer: statements that are made for it then are not kept either.</summary>
    public CancellationTokenSource Life { get; } = new();

    /// <summary>The tables that it may read, by name: what its bindings declare, given the signature of its variables.</summary>
    public required IReadOnlyCollection<string> Tables { get; init; }

    /// <summary>Whether it adds up rows or counters, however many there are.</summary>
    public bool AddsUp { get; } = Roots.Any(root => root.AddsUp);
}

/// <summary>One root of a plan: a field of <c>Query</c>, or a connection of the partition that a root's row stands for.</summary>
/// <param name="field">Its name, and the writer that assembles its value from what was read.</param>
internal class RootPlan(FieldWriter field)
{
    public FieldWriter Field { get; } = field;

    /// <summary>What it reads, in the order of the batch: nested lists before the rows that hold them.</summary>
    public IReadOnlyList<StatementPlan> Statements { get; init; } = [];

    /// <summary>What is asked once, however often a page is completed: whether there are rows beside it.</summary>
    public IReadOnlyList<StatementPlan> Probes { get; init; } = [];

    /// <summary>The exact count, which runs last in the batch under a time limit of its own.</summary>
    public StatementPlan? Count { get; init; }

    /// <summary>Figures of rows, which run with the counts.</summary>
    public IReadOnlyList<StatementPlan> Figures { get; init; } = [];

    /// <summary>The nested lists, by their numbers.</summary>
    public IReadOnlyList<NestedPlan> Nested { get; init; } = [];

    /// <summary>The connections of the partition that the row stands for.</summary>
    public IReadOnlyList<RootPlan> Below { get; init; } = [];

    /// <summary>Whether a page is read from its list's end.</summary>
    public bool Backward { get; init; }

    /// <summary>Whether the rows may be many, when no page says how many.</summary>
    public int RowsMax { get; init; } = 1;

    /// <summary>All statements there may be in a batch.</summary>
    public virtual int StatementCount => Statements.Count + Probes.Count + Figures.Count + (Count is null ? 0 : 1) + Below.Sum(b => b.StatementCount);

    /// <summary>Whether figures or an exact count are read, also of nested lists: they add up whatever is there.</summary>
    public virtual bool AddsUp => Count is not null || Figures.Count > 0 || Statements.Any(statement => statement.AddsUp) || Below.Any(below => below.AddsUp);

    /// <summary>Checks the arguments' values and fills the run, or sets its error.</summary>
    public async ValueTask BindAsync(RootRun run, CancellationToken cancellation)
    {
        run.PageRows = RowsMax;
        await BindOwnAsync(run, cancellation);
        if (run.Error is not null || run.IsAbsent)
        {
            return;
        }

        foreach (NestedPlan nested in Nested)
        {
            await nested.BindAsync(run, cancellation);
        }

        foreach (RootRun below in run.Below)
        {
            below.Partition = run.Partition;
            below.AreaKey = run.AreaKey;
            await below.Plan.BindAsync(below, cancellation);
        }
    }

    protected virtual ValueTask BindOwnAsync(RootRun run, CancellationToken cancellation) => ValueTask.CompletedTask;
}

/// <summary>A meta field, whose JSON GraphQL.NET made.</summary>
internal sealed class MetaRootPlan(FieldWriter field) : RootPlan(field);
