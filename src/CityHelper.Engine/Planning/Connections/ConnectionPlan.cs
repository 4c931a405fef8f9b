using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Writing;

namespace CityHelper.Engine.Planning.Connections;

/// <summary>A page of a connection: of the tenant that an argument names, or of the parent row that is a tenant.</summary>
/// <param name="field">Its name and writer.</param>
internal sealed class ConnectionPlan(FieldWriter field) : RootPlan(field)
{
    public required ConnectionQuestion Question { get; init; }

    public required ConnectionArguments Arguments { get; init; }

    /// <summary>The argument that names the tenant, and its value; null when nested in a row.</summary>
    public required NamedTenant? Tenant { get; init; }

    public required CompiledFilter Filter { get; init; }

    /// <summary>Whether cursors are selected.</summary>
    public required bool NeedsCursors { get; init; }
}
