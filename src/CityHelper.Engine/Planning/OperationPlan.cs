using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Writing;
using GraphQLParser.AST;

namespace CityHelper.Engine.Planning;

/// <summary>A compiled operation: immutable, shared by all requests whose variables have the same signature.</summary>
/// <param name="Roots">The fields of the response's <c>data</c>, in order.</param>
/// <param name="Cache">How long a response without errors may be cached.</param>
/// <param name="MetaFields">The selections of <c>__schema</c> and <c>__type</c>, which GraphQL.NET executes.</param>
/// <param name="Fields">How many fields it writes; where an object may have several types, the fields of all of them.</param>
internal sealed record OperationPlan(IReadOnlyList<RootPlan> Roots, CachePolicy Cache, IReadOnlyList<GraphQLField> MetaFields, int Fields)
{
    /// <summary>
    /// The tables that it may read, by name: those that its bindings declare for the signature of its variables. Every batch also reads
    /// those of the log.
    /// </summary>
    public required IReadOnlyCollection<string> Tables { get; init; }

    /// <summary>Lists and rows that no argument of a root names: what they show is known only when the rows beside them are read.</summary>
    public required IReadOnlyCollection<FurtherRows> Further { get; init; }

    /// <summary>Whether it aggregates rows or counters whose number nothing bounds.</summary>
    public bool IsAggregate { get; } = Roots.Any(root => root.IsAggregate);

    /// <summary>Whether its variables tell about a person: then they must not stand in an address, which caches and logs keep.</summary>
    public bool IsPersonal { get; } = Roots.Any(root => root.IsPersonal);

    /// <summary>The subscription; null for another operation.</summary>
    public SubscriptionPlan? Subscription { get; } = Roots is [SubscriptionPlan subscription] ? subscription : null;

    /// <summary>The access that a client needs: the most that any of its mutations needs.</summary>
    public WriteAccess Writes { get; } = Roots.OfType<MutationPlan>().Select(root => root.Binding.Access).DefaultIfEmpty().Max();
}

/// <summary>One root of a plan: a field of the operation's root type, or a connection or statistics nested in a tenant's row.</summary>
/// <param name="field">Its name, and the writer that builds its value from what was read.</param>
internal class RootPlan(FieldWriter field)
{
    private readonly IReadOnlyList<StatementPlan> _statements = [];
    private readonly bool _showsLog;

    public FieldWriter Field { get; } = field;

    /// <summary>What it reads, in the order of the batch: nested lists precede the rows that contain them.</summary>
    public IReadOnlyList<StatementPlan> Statements
    {
        get => _statements;
        init
        {
            _statements = value;
            _showsLog = value.Any(statement => statement.ShowsLog);
        }
    }

    /// <summary>What is asked once, however often a page is completed: whether rows precede or follow it.</summary>
    public IReadOnlyList<StatementPlan> Probes { get; init; } = [];

    /// <summary>The exact count. It runs last in the batch, with its own time limit.</summary>
    public StatementPlan? Count { get; init; }

    /// <summary>Aggregates of rows, which run with the counts.</summary>
    public IReadOnlyList<StatementPlan> Aggregates { get; init; } = [];

    /// <summary>The nested lists, by their numbers.</summary>
    public IReadOnlyList<NestedPlan> Nested { get; init; } = [];

    /// <summary>The connections and statistics nested in a tenant's row.</summary>
    public IReadOnlyList<RootPlan> NestedRoots { get; init; } = [];

    /// <summary>Whether the page is read from the end of its list.</summary>
    public bool Backward { get; init; }

    /// <summary>The most rows, where no page size is given.</summary>
    public int RowsMax { get; init; } = 1;

    /// <summary>Whether its rows show log positions.</summary>
    public virtual bool ShowsLog => _showsLog;

    /// <summary>Whether its arguments tell about a person.</summary>
    public virtual bool IsPersonal => false;

    /// <summary>The most statements that it may have in a batch, without the one that reads log positions for all roots.</summary>
    public virtual int StatementCount =>
        Statements.Count + Probes.Count + Aggregates.Count + (Count is null ? 0 : 1) + NestedRoots.Sum(b => b.StatementCount);

    /// <summary>Whether it reads statistics or exact counts, nested ones too: nothing bounds how many rows they aggregate.</summary>
    public virtual bool IsAggregate =>
        Count is not null
        || Aggregates.Count > 0
        || Statements.Any(statement => statement.IsAggregate)
        || NestedRoots.Any(nested => nested.IsAggregate);
}

/// <summary>A meta field, whose JSON GraphQL.NET produced.</summary>
internal sealed class MetaRootPlan(FieldWriter field) : RootPlan(field);
