using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Writing;

namespace CityHelper.Engine.Planning.Figures;

/// <summary>Figures or clusters: of a partition, of an area in it, or of the area that the row above stands for.</summary>
/// <param name="field">Its name and writer.</param>
/// <param name="question">What is asked.</param>
/// <param name="arguments">Its arguments.</param>
/// <param name="filter">The compiled filter.</param>
internal sealed class FigurePlan(FieldWriter field, FigureQuestion question, FigureArguments arguments, CompiledFilter filter) : RootPlan(field)
{
    public FigureQuestion Question { get; } = question;

    public FigureArguments Arguments { get; } = arguments;

    public CompiledFilter Filter { get; } = filter;

    /// <summary>Whether counters can tell what is asked: they know nothing but the dimensions and the time.</summary>
    public bool IsCountable { get; } = question.IsRange && filter.Conditions
        .Where(c => c.Columns is not [var column] || column != question.Counted.Rows.Access.Created!.Column.Name)
        .All(c => c.Columns.All(column => question.Counted.Dimensions.Any(d => d.Column == column)));

    /// <summary>
    /// Whether the rows can be counted from packs: here, where no condition of SQL can be asked, and no geodesic be computed.
    /// </summary>
    public bool IsPackable { get; init; }

    /// <summary>Arguments of fields within: how many groups they return.</summary>
    public IReadOnlyList<(string Coordinate, InputNode First)> GroupLimits { get; init; } = [];

    /// <summary>The argument of clusters; null for figures.</summary>
    public InputNode? Zoom { get; init; }
}

/// <summary>The arguments of figures, null where not given.</summary>
/// <param name="Coordinate">The field, as errors name it.</param>
/// <param name="Partition">The argument that names the partition; null below a row.</param>
/// <param name="Area">The area.</param>
internal sealed record FigureArguments(string Coordinate, NamedPartition? Partition, AreaArgument? Area);
