using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Writing;
using GraphQLParser.AST;

namespace CityHelper.Engine.Planning;

/// <summary>A compiled operation: immutable, shared by all requests whose variables have the same shape.</summary>
/// <param name="Roots">The fields of the answer's <c>data</c>, in order.</param>
/// <param name="Cache">How long an answer without errors may be kept.</param>
/// <param name="MetaFields">The selections of <c>__schema</c> and <c>__type</c>, which GraphQL.NET answers.</param>
/// <param name="Fields">How many fields it writes, those of all types that an object may be of.</param>
internal sealed record OperationPlan(IReadOnlyList<RootPlan> Roots, CachePolicy Cache, IReadOnlyList<GraphQLField> MetaFields, int Fields)
{
    /// <summary>The tables that it may read, by name: what its bindings declare, given the signature of its variables.</summary>
    public required IReadOnlyCollection<string> Tables { get; init; }

    /// <summary>Whether it adds up rows or counters, however many there are.</summary>
    public bool AddsUp { get; } = Roots.Any(root => root.AddsUp);
}

/// <summary>One root of a plan: a field of the operation's type, or a connection of the partition that a root's row stands for.</summary>
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

    /// <summary>Rows at most, where no page says how many.</summary>
    public int RowsMax { get; init; } = 1;

    /// <summary>All statements there may be in a batch.</summary>
    public virtual int StatementCount => Statements.Count + Probes.Count + Figures.Count + (Count is null ? 0 : 1) + Below.Sum(b => b.StatementCount);

    /// <summary>Whether figures or an exact count are read, also of nested lists: they add up whatever is there.</summary>
    public virtual bool AddsUp => Count is not null || Figures.Count > 0 || Statements.Any(statement => statement.AddsUp) || Below.Any(below => below.AddsUp);
}

/// <summary>A meta field, whose JSON GraphQL.NET made.</summary>
internal sealed class MetaRootPlan(FieldWriter field) : RootPlan(field);
