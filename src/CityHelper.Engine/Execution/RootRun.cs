using CityHelper.Engine.Admission;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Operations;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Figures;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Execution;

/// <summary>One root of a plan in one request: the values its statements are bound to, and what they returned.</summary>
internal sealed class RootRun : IDisposable
{
    private long _heldPairs;

    /// <param name="variables">The request's variables.</param>
    /// <param name="plan">The root.</param>
    /// <param name="memory">Where the bytes of the answer are counted.</param>
    /// <param name="planLife">Cancelled when the operation's plan is kept no longer.</param>
    public RootRun(VariableValues variables, RootPlan plan, MemoryLease memory, CancellationToken planLife)
    {
        Memory = memory;
        Variables = variables;
        Plan = plan;
        PlanLife = planLife;
        Nested = [.. plan.Nested.Select(_ => new NestedRun(memory))];
        Below = [.. plan.Below.Select(p => new RootRun(variables, p, memory, planLife))];
        Rows.Backward = plan.Backward;
    }

    public VariableValues Variables { get; }

    /// <summary>Where the bytes of the rows are counted.</summary>
    public MemoryLease Memory { get; }

    public RootPlan Plan { get; }

    /// <summary>Cancelled when the operation's plan is kept no longer.</summary>
    public CancellationToken PlanLife { get; }

    /// <summary>Why the field is not read at all.</summary>
    public RequestError? Error { get; set; }

    /// <summary>The key of the partition that is read.</summary>
    public short Partition { get; set; }

    /// <summary>The rows that are looked up by global id.</summary>
    public long[] RowKeys { get; set; } = [];

    /// <summary>Whether the row is known not to be there, so that nothing is read.</summary>
    public bool IsAbsent { get; set; }

    /// <summary>The meta fields' answer.</summary>
    public MetaAnswer Meta { get; set; } = MetaAnswer.None;

    /// <summary>Rows that the page may hold.</summary>
    public int PageRows { get; set; } = 1;

    /// <summary>Rows that the page still lacks.</summary>
    public int RowsMissing => PageRows - Rows.Count;

    /// <summary>Rows that the nested lists may hold together.</summary>
    public long NestedRows { get; set; }

    /// <summary>The row the page starts behind, in the order of the list.</summary>
    public CursorPosition? After { get; set; }

    /// <summary>The row the page ends before, in the order of the list.</summary>
    public CursorPosition? Before { get; set; }

    /// <summary>The keys that are read.</summary>
    public KeyRanges Keys { get; set; } = null!;

    /// <summary>Where rows are looked for; null for everywhere.</summary>
    public Area? Area { get; set; }

    public CellCover Cover { get; set; } = CellCover.None;

    /// <summary>Positions of its geometries that were computed with where the request is answered.</summary>
    public long PositionsAtOnce { get; set; }

    /// <summary>What the conditions on areas that make nodes take together for one row at most.</summary>
    public SegmentPairs ComparedPairs { get; set; }

    /// <summary>Units of field cost beyond the price: of what no value tells by its size, and is counted when the root is bound.</summary>
    public double CountedCost { get; set; }

    /// <summary>The same with the connections below.</summary>
    public double CountedCostInAll
    {
        get
        {
            double all = CountedCost;
            foreach (RootRun below in Below)
            {
                all += below.CountedCostInAll;
            }

            return all;
        }
    }

    /// <summary>Counts pairs of positions, of a client's geometry and of areas, for what all of them cost and for one row at most.</summary>
    /// <param name="pairs">What a condition holds against each other over all areas.</param>
    /// <param name="most">What it may hold against each other for one of them.</param>
    /// <param name="weight">What a pair weighs.</param>
    /// <returns>False when the conditions of one row are more than <see cref="Limits.MeasuredPairsMax"/> together.</returns>
    public bool TryCountPairs(long pairs, long most, double weight)
    {
        CountedCost += pairs * weight;
        _heldPairs += most;
        return _heldPairs <= Limits.MeasuredPairsMax;
    }

    /// <summary>When the request was bound, for what is asked of the clock.</summary>
    public DateTimeOffset Moment { get; set; }

    /// <summary>The form that was chosen for the rows.</summary>
    public Access Access { get; set; } = Access.Only;

    /// <summary>Signs the cursors of this question; null when neither given nor asked for.</summary>
    public CursorSeal? Cursors { get; set; }

    /// <summary>What the root statement's rows became.</summary>
    public RowSet Rows { get; } = new();

    /// <summary>The rows of <c>nodes</c>, each a row of its own, by their keys.</summary>
    public Dictionary<long, RowOutput> RowsByKey { get; } = [];

    /// <summary>What <c>node</c> and <c>nodes</c> asked for, in the order of the ids.</summary>
    public IReadOnlyList<(RequestError? Error, GraphQL.DataLoader.IDataLoaderResult<Loading.NodeRow?>? Row)> AskedNodes { get; set; } = [];

    /// <summary>What <c>node</c> and <c>nodes</c> found, in the order of the ids.</summary>
    public IReadOnlyList<Loading.NodeResult> Nodes { get; set; } = [];

    /// <summary>The nested lists, by their numbers.</summary>
    public NestedRun[] Nested { get; }

    /// <summary>The connections of the partition that this root's row stands for.</summary>
    public RootRun[] Below { get; }

    /// <summary>This run and, if its row may be there, those below it.</summary>
    public IEnumerable<RootRun> All => Error is null && !IsAbsent ? Below.SelectMany(b => b.All).Prepend(this) : [this];

    /// <summary>The place and time of the root's figures; null when it has none.</summary>
    public FigureScope? Figures { get; set; }

    /// <summary>The figures that were read.</summary>
    public FigureSet FigureSet { get; } = new();

    /// <summary>The area of an id, when the run's area is one; its shape is that of <see cref="Area"/>.</summary>
    public Bindings.KeptArea? KeptArea { get; set; }

    /// <summary>The key of the area that the row above stands for; null without one.</summary>
    public long? AreaKey { get; set; }

    /// <summary>Why there is no total count.</summary>
    public RequestError? TotalCountError { get; set; }

    /// <summary>Opens the rest of the keys when the window gave fewer rows than the page and the one behind it.</summary>
    /// <returns>False when there is nothing left to look at.</returns>
    public bool TryWiden()
    {
        if (Error is not null || IsAbsent || Rows.HasMore || Keys is null || Keys.Window == KeyRange.All || Keys.WasWidened)
        {
            return false;
        }

        // The window is open at the end that is read first.
        Keys.Window = Keys.Window.High == long.MaxValue
            ? new KeyRange(long.MinValue, Keys.Window.Low)
            : new KeyRange(Keys.Window.High, long.MaxValue);
        Keys.WasWidened = true;
        foreach (NestedRun nested in Nested)
        {
            nested.Batch++;
        }

        return true;
    }

    public void Dispose()
    {
        Rows.Dispose();
        foreach (RowOutput row in RowsByKey.Values)
        {
            row.Json.Dispose();
        }

        foreach (RowOutput row in FigureSet.References.Values.SelectMany(rows => rows.Values))
        {
            row.Json.Dispose();
        }

        foreach (NestedRun nested in Nested)
        {
            nested.Dispose();
        }

        foreach (RootRun below in Below)
        {
            below.Dispose();
        }
    }
}
