using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;
using CityHelper.Engine.Writing;
using GraphQL;
using GraphQL.Types;

namespace CityHelper.Engine.Planning.Statistics;

/// <summary>
/// Plans statistics: one statement for all counts (and one for packed blocks), one for counts by time, one for overdue rows, one for
/// durations (exact or from counters, as a request's rows are few or many), and one for each small table whose rows are shown.
/// </summary>
internal sealed class AggregatePlanner(RowPlanner rows, SelectionCollector collector)
{
    private readonly List<(string Coordinate, InputNode First)> _groupLimits = [];
    private readonly HashSet<CountDimension> _dimensions = [];
    private readonly HashSet<string> _units = [];
    private bool _counts;
    private bool _overdue;
    private bool _durations;
    private int _references;

    /// <summary>Plans statistics.</summary>
    /// <param name="field">The field.</param>
    /// <param name="definition">Its definition.</param>
    /// <param name="binding">What is counted.</param>
    /// <param name="parent">The type that has the field.</param>
    public AggregatePlan Plan(CollectedField field, FieldType definition, AggregateBinding binding, string parent)
    {
        (AggregateQuestion question, AggregateArguments arguments, CompiledFilter filter) = Question(
            field, definition, binding.Counted, binding.Tenant, binding.OfArea, parent);
        var type = (IObjectGraphType)definition.ResolvedType!.GetNamedType();
        AggregateRootWriter writer = new AggregateRootWriter(Stats(type, field, binding.Counted));
        bool isPackable = question is { IsRange: true, Area: AreaKind.Viewport or AreaKind.Surface }
            && filter.Conditions.All(c => c.Columns is [var column] && column == binding.Counted.Rows.Access.Created!.Column.Name);
        return new AggregatePlan(Planner.Writer(field, definition, writer), question, arguments, filter)
        {
            Statements = rows.Statements,
            Nested = rows.Nested,
            GroupLimits = _groupLimits,
            Aggregates = [.. Statements(question, isPackable)],
            IsPackable = isPackable,
        };
    }

    /// <summary>Plans clusters.</summary>
    public AggregatePlan Plan(CollectedField field, FieldType definition, ClusterBinding binding, string parent)
    {
        (AggregateQuestion question, AggregateArguments arguments, CompiledFilter filter) = Question(
            field, definition, binding.Counted, binding.Tenant, ofArea: false, parent);
        var type = (ClusterType)definition.ResolvedType!.GetNamedType();
        AggregateListWriter list = new AggregateListWriter(
            context => context.Root.Aggregates.Clusters.Select(c => new AggregateItem(null, c.TopKey, default, c.Count, c)),
            Cluster(type, field, binding.Top, question));
        return new AggregatePlan(
            Planner.Writer(field, definition, new AggregateRootWriter(new ClusterLimitWriter(list))), question, arguments, filter)
        {
            Statements = rows.Statements,
            Nested = rows.Nested,
            Aggregates = [new ClusterStatement(question, binding.Top)],
            Zoom = rows.Argument(field, definition, AggregateFields.ZoomArgument),
        };
    }

    private (AggregateQuestion Question, AggregateArguments Arguments, CompiledFilter Filter) Question(
        CollectedField field, FieldType definition, CountedRows counted, TenantArgument? tenant, bool ofArea, string parent)
    {
        GridColumns grid = counted.Rows.Access.Grid!;
        AreaArgument? area = ofArea ? new AreaArgument(null, grid)
            : rows.GivenArgument(field, definition, ConnectionBinding.AreaArgument) is { } within ? new AreaArgument(within, grid)
            : null;
        InputNode? where = rows.GivenArgument(field, definition, ConnectionBinding.FilterArgument);
        var filter = new CompiledFilter(counted.Rows, where);
        bool isPlaced = filter.Conditions.Any(c => c.Columns.Contains(grid.Point));
        return (
            new AggregateQuestion(counted, where, area?.Kind, isPlaced),
            new AggregateArguments($"{parent}.{definition.Name}", rows.Tenant(field, definition, tenant), area),
            filter);
    }

    private IEnumerable<StatementPlan> Statements(AggregateQuestion question, bool isPackable)
    {
        if (_counts)
        {
            CountDimension[] dimensions = [.. question.Counted.Dimensions.Where(_dimensions.Contains)];
            yield return new CountStatement(question, dimensions);

            if (isPackable)
            {
                // After the counters, to whose counts it adds.
                yield return new BlockStatement(question, dimensions);
            }
        }

        if (_units.Count > 0)
        {
            yield return new PeriodStatement(question, [.. StatsType.Periods.Select(p => p.Unit).Where(_units.Contains)]);
        }

        if (_overdue)
        {
            yield return new OverdueStatement(question);
        }

        if (_durations)
        {
            yield return new ExactDurationStatement(question);
            yield return new EstimatedDurationStatement(question);
        }
    }

    private ObjectWriter Stats(IObjectGraphType type, CollectedField field, CountedRows counted) =>
        new([.. collector.Collect(type, field.SelectionSets)
            .Select(part => RowPlanner.Field(part, nonNull: true, Aggregate(type, part, counted)))]);

    private ValueWriter Aggregate(IObjectGraphType type, CollectedField part, CountedRows counted)
    {
        switch (part.Name)
        {
            case "__typename":
                return RowPlanner.TypeName(type);
            case StatsType.Total:
                _counts = true;
                return new AggregateNumberWriter(c => c.Root.Aggregates.Total);
            case StatsType.Open:
                return Open(counted);
            case StatsType.Overdue:
                _overdue = true;
                return new AggregateNumberWriter(c => c.Root.Aggregates.Overdue);
            case StatsType.Duration:
                _durations = true;
                return Durations(type, part);
        }

        if (StatsType.Periods.FirstOrDefault(p => p.Field == part.Name) is { Unit: { } unit })
        {
            _units.Add(unit);
            return new AggregateListWriter(
                c => c.Root.Aggregates.ByPeriod[unit].Select(p => new AggregateItem(null, null, p.Period, p.Count, default)),
                Item(type, part, ("period", new AggregatePeriodWriter())));
        }

        return Groups(type, part, counted, counted.Dimensions.First(d => StatsType.FieldOf(d) == part.Name));
    }

    private AggregateNumberWriter Open(CountedRows counted)
    {
        _counts = true;
        _dimensions.Add(counted.Dimensions.First(d => d.Column == counted.Done.Status));
        return new AggregateNumberWriter(c =>
            c.Root.Aggregates.ByDimension[counted.Done.Status].Where(g => counted.Done.OpenLabels.Contains(g.Label)).Sum(g => g.Count));
    }

    private AggregateListWriter Groups(IObjectGraphType type, CollectedField part, CountedRows counted, CountDimension dimension)
    {
        _counts = true;
        _dimensions.Add(dimension);
        FieldType definition = type.Fields.Find(part.Name)!;
        InputNode? first = rows.GivenArgument(part, definition, StatsType.First);
        if (first is not null)
        {
            _groupLimits.Add(($"{type.Name}.{part.Name}", first));
        }

        if (FieldBinding.Of(counted.Rows.Row.Fields.Find(dimension.Field)!) is ReferenceBinding reference)
        {
            // Selected under several aliases, it is read once for each.
            var item = (IObjectGraphType)definition.ResolvedType!.GetNamedType();
            return new AggregateListWriter(c => GroupsOf(c, dimension, first), ReferenceItem(item, part, reference));
        }

        return new AggregateListWriter(c => GroupsOf(c, dimension, first), Item(type, part, (dimension.Field, new AggregateLabelWriter())));
    }

    private static IEnumerable<AggregateItem> GroupsOf(WriteContext context, CountDimension dimension, InputNode? first)
    {
        int groups = first?.Evaluate(context.Root.Variables) as int? ?? Limits.AggregateGroupsMax;
        return context.Root.Aggregates.ByDimension[dimension.Column]
            .Take(groups)
            .Select(g => new AggregateItem(g.Label, g.Key, default, g.Count, default));
    }

    private ObjectWriter ReferenceItem(IObjectGraphType item, CollectedField part, ReferenceBinding reference) =>
        new([.. collector.Collect(item, part.SelectionSets).Select(f => f.Name switch
        {
            "__typename" => RowPlanner.Field(f, nonNull: true, RowPlanner.TypeName(item)),
            "count" => RowPlanner.Field(f, nonNull: true, Count),
            _ => Reference(item, f, reference),
        })]);

    private ObjectWriter Item(IObjectGraphType type, CollectedField part, (string Name, ValueWriter Value) shown)
    {
        var item = (IObjectGraphType)type.Fields.Find(part.Name)!.ResolvedType!.GetNamedType();
        return new ObjectWriter([.. collector.Collect(item, part.SelectionSets).Select(f => RowPlanner.Field(f, nonNull: true, f.Name switch
        {
            "__typename" => RowPlanner.TypeName(item),
            "count" => Count,
            _ when f.Name == shown.Name => shown.Value,
            _ => throw new InvalidOperationException($"{item.Name}.{f.Name} has no writer."),
        }))]);
    }

    private static AggregateNumberWriter Count { get; } = new(c => c.Aggregate.Count);

    // Reads all rows of the small table, a few hundred: which of them are shown is known only afterwards.
    private FieldWriter Reference(IObjectGraphType item, CollectedField field, ReferenceBinding reference)
    {
        FieldType definition = item.Fields.Find(field.Name)!;
        int number = _references++;
        var select = new SelectPlan(new RowsOfTenantSource(reference.Target));
        int key = select.Expression(SelectPlan.Row, reference.Target.RowKey(SelectPlan.Row), [reference.Target.RowColumn]);
        ObjectWriter row = rows.Row(select, (IObjectGraphType)definition.ResolvedType!.GetNamedType(), field.SelectionSets);
        rows.Add(new ReferenceStatement(number, select, key, row));
        return RowPlanner.Field(field, definition.ResolvedType is NonNullGraphType, new AggregateReferenceWriter(number));
    }

    private ObjectWriter Durations(IObjectGraphType type, CollectedField part)
    {
        var duration = (IObjectGraphType)type.Fields.Find(part.Name)!.ResolvedType!.GetNamedType();
        return new ObjectWriter([.. collector.Collect(duration, part.SelectionSets).Select(f => f.Name switch
        {
            "__typename" => RowPlanner.Field(f, nonNull: true, RowPlanner.TypeName(duration)),
            "count" => RowPlanner.Field(f, nonNull: true, new AggregateNumberWriter(c => c.Root.Aggregates.Durations.Count)),
            "medianSeconds" => RowPlanner.Field(f, nonNull: false, new AggregateRealWriter(s => s.Durations.MedianSeconds)),
            "p90Seconds" => RowPlanner.Field(f, nonNull: false, new AggregateRealWriter(s => s.Durations.P90Seconds)),
            "relativeError" => RowPlanner.Field(f, nonNull: true, new AggregateRealWriter(s => s.Durations.RelativeError)),
            _ => throw new InvalidOperationException($"{duration.Name}.{f.Name} has no writer."),
        })]);
    }

    private ObjectWriter Cluster(ClusterType type, CollectedField field, CountDimension top, AggregateQuestion question)
    {
        var reference = (ReferenceBinding)FieldBinding.Of(question.Counted.Rows.Row.Fields.Find(top.Field)!)!;
        return new ObjectWriter([.. collector.Collect(type, field.SelectionSets).Select(f => f.Name switch
        {
            "__typename" => RowPlanner.Field(f, nonNull: true, RowPlanner.TypeName(type)),
            ClusterType.Count => RowPlanner.Field(f, nonNull: true, Count),
            ClusterType.Location => RowPlanner.Field(f, nonNull: true, Centre(type, f)),
            ClusterType.Bounds => RowPlanner.Field(f, nonNull: true, new ClusterBoundsWriter()),
            _ => Reference(type, f, reference),
        })]);
    }

    private ObjectWriter Centre(ClusterType type, CollectedField field)
    {
        var point = (IObjectGraphType)type.Fields.Find(ClusterType.Location)!.ResolvedType!.GetNamedType();
        ValueWriter Part(CollectedField part) => part.Name switch
        {
            "__typename" => RowPlanner.TypeName(point),
            "type" => new ConstantWriter("\"Point\""u8.ToArray()),
            "crs" => new ConstantWriter("4326"u8.ToArray()),
            "bbox" => new ClusterCentreWriter(PointPart.Box),
            "coordinates" => new ClusterCentreWriter(PointPart.Coordinates),
            _ => throw new InvalidOperationException($"{point.Name}.{part.Name} has no writer."),
        };
        return new ObjectWriter(
            [.. collector.Collect(point, field.SelectionSets).Select(part => RowPlanner.Field(part, nonNull: true, Part(part)))]);
    }
}
