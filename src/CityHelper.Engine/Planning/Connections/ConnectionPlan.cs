using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Writing;

namespace CityHelper.Engine.Planning.Connections;

/// <summary>A connection's page: of the partition that an argument names, or of the one that the row above stands for.</summary>
/// <param name="field">Its name and writer.</param>
internal sealed class ConnectionPlan(FieldWriter field) : RootPlan(field)
{
    public required ConnectionQuestion Question { get; init; }

    public required ConnectionArguments Arguments { get; init; }

    /// <summary>The argument of the partition and its value; null below a row.</summary>
    public required NamedPartition? Partition { get; init; }

    public required CompiledFilter Filter { get; init; }

    /// <summary>Whether cursors are selected.</summary>
    public required bool NeedsCursors { get; init; }
}
