using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Writing;

namespace CityHelper.Engine.Planning.Nearby;

/// <summary>A page of the rows around a position.</summary>
/// <param name="field">Its name and writer.</param>
internal sealed class NearbyPlan(FieldWriter field) : RootPlan(field)
{
    public required NearbyQuestion Question { get; init; }

    /// <summary>The arguments that other connections have too.</summary>
    public required ConnectionArguments Arguments { get; init; }

    public required NamedTenant Tenant { get; init; }

    public required CompiledFilter Filter { get; init; }

    /// <summary>Whether cursors are selected.</summary>
    public required bool NeedsCursors { get; init; }
}
