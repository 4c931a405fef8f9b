using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Writing;

namespace CityHelper.Engine.Planning.Statistics;

/// <summary>Statistics or clusters: of a tenant, of an area in it, or of the parent row's area.</summary>
/// <param name="field">Its name and writer.</param>
/// <param name="question">What is asked.</param>
/// <param name="arguments">Its arguments.</param>
/// <param name="filter">The compiled filter.</param>
internal sealed class AggregatePlan(FieldWriter field, AggregateQuestion question, AggregateArguments arguments, CompiledFilter filter)
    : RootPlan(field)
{
    public AggregateQuestion Question { get; } = question;

    public AggregateArguments Arguments { get; } = arguments;

    public CompiledFilter Filter { get; } = filter;

    /// <summary>Whether counters can answer the question: they hold only the dimensions and the time.</summary>
    public bool IsCountable { get; } = question.IsRange && filter.Conditions
        .Where(c => c.Columns is not [var column] || column != question.Counted.Rows.Access.Created!.Column.Name)
        .All(c => c.Columns.All(column => question.Counted.Dimensions.Any(d => d.Column == column)));

    /// <summary>
    /// Whether the rows can be counted from packed blocks: in this process, which evaluates no SQL condition and computes no geodesic.
    /// </summary>
    public bool IsPackable { get; init; }

    /// <summary>Whether the answer changes with the clock: it judges due times.</summary>
    public bool DependsOnTime => Aggregates.Any(statement => statement is OverdueStatement);

    /// <summary>Arguments of nested fields that limit how many groups they return.</summary>
    public IReadOnlyList<(string Coordinate, InputNode First)> GroupLimits { get; init; } = [];

    /// <summary>The zoom argument of clusters; null for statistics.</summary>
    public InputNode? Zoom { get; init; }
}

/// <summary>The arguments of statistics, null where not given.</summary>
/// <param name="Coordinate">The field, as errors name it.</param>
/// <param name="Tenant">The argument that names the tenant; null when nested in a row.</param>
/// <param name="Area">The area.</param>
internal sealed record AggregateArguments(string Coordinate, NamedTenant? Tenant, AreaArgument? Area);
