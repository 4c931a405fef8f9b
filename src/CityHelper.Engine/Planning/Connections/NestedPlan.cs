using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Planning.Similar;

namespace CityHelper.Engine.Planning.Connections;

/// <summary>One nested list of a root's plan.</summary>
/// <param name="parent">The number of the list that contains it, -1 for the root's own rows.</param>
internal abstract class NestedPlan(int parent)
{
    public int Parent { get; } = parent;

    /// <summary>Whether its pages are read from the list's end.</summary>
    public virtual bool Backward => false;

    /// <summary>How many locations its rows are selected in.</summary>
    public virtual int Outputs => 1;
}

/// <summary>A list of the newest rows.</summary>
/// <param name="parent">The number of the list that contains it.</param>
/// <param name="last">How many rows; null when not given.</param>
/// <param name="coordinate">The field, as errors name it.</param>
internal sealed class NestedListPlan(int parent, InputNode? last, string coordinate) : NestedPlan(parent)
{
    public InputNode? Last { get; } = last;

    public string Coordinate { get; } = coordinate;
}

/// <summary>The rows whose areas contain the row's point.</summary>
/// <param name="parent">The number of the list that contains it.</param>
internal sealed class AroundPlan(int parent) : NestedPlan(parent);

/// <summary>A nested connection: the same arguments for each parent.</summary>
/// <param name="parent">The number of the list that contains it.</param>
internal sealed class NestedConnectionPlan(int parent) : NestedPlan(parent)
{
    public required ConnectionArguments Arguments { get; init; }

    public required ConnectionQuestion Question { get; init; }

    public required CompiledFilter Filter { get; init; }

    /// <summary>The column of its rows that references the parent.</summary>
    public required string ChildColumn { get; init; }

    public required int OutputCount { get; init; }

    public override bool Backward => Question.Backward;

    public override int Outputs => OutputCount;
}

/// <summary>A list of rows similar to each row of another list.</summary>
/// <param name="parent">The number of the list that contains it.</param>
/// <param name="arguments">How many, and how near.</param>
internal sealed class SimilarListPlan(int parent, SimilarArguments arguments) : NestedPlan(parent)
{
    public SimilarArguments Arguments { get; } = arguments;
}
