using GraphQL.Types;

namespace CityHelper.Engine.Schema;

/// <summary>The <c>Node</c> of the Relay conventions: whatever has a global id (conventions §6).</summary>
public sealed class NodeInterface : InterfaceGraphType
{
    public NodeInterface()
    {
        Name = "Node";
        Description = "The node interface is implemented by entities that have a global unique identifier.";
        Field<NonNullGraphType<IdGraphType>>("id").Description("The global id.");
    }
}
